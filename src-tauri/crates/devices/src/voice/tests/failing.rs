//! Libraries that fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use media::backend::voice::{VoiceProcessor, VoiceSettings};

use super::Frame;
use crate::voice::stage::{Around, Filter};
use crate::voice::{Chain, filters};

/// Halves what it hears, and fails from its frame `at` on.
#[derive(Debug)]
struct Fragile {
    at: u32,
    heard: u32,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum How {
    Panics,
    PanicsWhenPlayed,
    PanicsWhenLetGo,
    GivesNoNumbers,
}

impl Filter for Fragile {
    fn played(&mut self, _: &Frame) {
        assert!(
            self.how != How::PanicsWhenPlayed || self.heard < self.at,
            "as the test asks"
        );
    }

    fn process(&mut self, frame: &mut Frame, _: &Around<'_>) {
        self.heard += 1;
        if self.heard >= self.at {
            assert!(
                self.how != How::Panics && self.how != How::PanicsWhenLetGo,
                "as the test asks"
            );
            if self.how == How::GivesNoNumbers {
                frame[7] = f32::NAN;
            }
        }
        for sample in frame {
            *sample *= 0.5;
        }
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(self.how != How::PanicsWhenLetGo, "as the test asks");
    }
}

/// A processor whose echo canceller is fragile, and how many of them were made.
pub(super) fn fragile(at: u32, how: How) -> (Chain, Arc<AtomicU32>) {
    let made = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&made);
    let settings = VoiceSettings {
        echo_cancellation: true,
        ..VoiceSettings::UNPROCESSED
    };
    let mut filters = filters();
    filters.echo = Box::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Box::new(Fragile { at, heard: 0, how })
    });
    (Chain::new(settings, filters), made)
}

/// What comes out of a steady sound, the last sample of each frame.
pub(super) fn run(chain: &mut Chain, frames: usize) -> Vec<f32> {
    (0..frames)
        .map(|_| {
            chain.played(&[0.25; 480]);
            let mut frame = [0.5; 480];
            chain.process(&mut frame, Duration::ZERO);
            assert!(
                frame.iter().all(|it| (0.2..=0.51).contains(it)),
                "{frame:?}"
            );
            frame[479]
        })
        .collect()
}

#[test]
fn sound_passes_while_a_library_that_failed_waits() {
    for how in [
        How::Panics,
        How::PanicsWhenPlayed,
        How::PanicsWhenLetGo,
        How::GivesNoNumbers,
    ] {
        let (mut chain, made) = fragile(10, how);
        let sent = run(&mut chain, 60);
        assert_eq!(sent[5], 0.25, "{how:?}: it is heard");
        assert_eq!(sent[12], 0.5, "{how:?}: sound passes without it");
        assert_eq!(chain.delay(), Duration::ZERO);
        assert_eq!(made.load(Ordering::Relaxed), 1, "{how:?}");
        // A second later it is tried again.
        let sent = run(&mut chain, 60);
        assert_eq!(made.load(Ordering::Relaxed), 2, "{how:?}");
        assert!(sent.contains(&0.25), "{how:?}: it is heard again");
    }
}

#[test]
fn a_library_that_fails_again_and_again_is_left_alone() {
    let (mut chain, made) = fragile(1, How::Panics);
    run(&mut chain, 100 * 60);
    assert_eq!(
        made.load(Ordering::Relaxed),
        4,
        "at once, after 1, 5 and 30 s"
    );
    run(&mut chain, 100 * 60);
    assert_eq!(made.load(Ordering::Relaxed), 4);
    // Another device is another chance, and so is the user's switch.
    chain.microphone_restarts();
    assert_eq!(made.load(Ordering::Relaxed), 5);
    run(&mut chain, 100 * 60);
    assert_eq!(made.load(Ordering::Relaxed), 5, "for one try");
    chain.set(VoiceSettings::UNPROCESSED);
    chain.set(VoiceSettings::SPEECH);
    assert_eq!(made.load(Ordering::Relaxed), 6);
}

#[test]
fn one_library_that_fails_leaves_the_others_at_work() {
    let (mut chain, _) = fragile(1, How::Panics);
    chain.set(VoiceSettings::SPEECH);
    for _ in 0..20 {
        chain.process(&mut [0.1; 480], Duration::ZERO);
    }
    assert_eq!(
        chain.delay(),
        Duration::from_millis(10),
        "noise is suppressed still"
    );
}

#[test]
fn a_library_that_cannot_even_be_made_is_tried_again() {
    let tried = Arc::new(AtomicU32::new(0));
    let mut filters = filters();
    let counted = Arc::clone(&tried);
    filters.noise = Box::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        panic!("as the test asks")
    });
    let mut chain = Chain::new(VoiceSettings::SPEECH, filters);
    for _ in 0..400 {
        chain.process(&mut [0.1; 480], Duration::ZERO);
    }
    assert_eq!(tried.load(Ordering::Relaxed), 2, "at once and after 1 s");
    assert_eq!(chain.delay(), Duration::from_millis(9));
}
