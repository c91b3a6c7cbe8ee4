//! Tells whether what the speaker plays is still in what is sent.
//!
//! A canceller cannot tell that by itself: an echo that comes before its sound, because a speaker
//! says its delay wrong, is to it somebody who talks. So the loudness of what was played is
//! compared with that of what is left, frame by frame, at all delays, earlier ones too. Somebody who
//! talks is loud at other moments than the speaker; an echo that nothing removes follows it.

use std::collections::VecDeque;

use media::level;

use super::Frame;

/// The loudness of the last seconds, in dB a frame.
#[derive(Debug, Default)]
pub(super) struct Leftover {
    /// What is to play from the next frame of the microphone on, as far as it was told.
    ahead: VecDeque<f32>,
    played: VecDeque<f32>,
    heard: VecDeque<f32>,
    left: VecDeque<f32>,
    /// Frames since the last look.
    since: usize,
    /// Looks in a row that found an echo.
    found: u32,
    removed: Option<bool>,
}

/// What one look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Too little was played.
    Nothing,
    Echo,
    NoEcho,
    /// Something between the two: somebody may be talking into an echo.
    Either,
}

impl Leftover {
    pub(super) fn played(&mut self, frame: &Frame) {
        if self.ahead.len() == MOST_AHEAD {
            self.ahead.pop_front();
        }
        self.ahead.push_back(loudness(frame));
    }

    /// The microphone heard `heard`, of which `left` is left.
    pub(super) fn heard(&mut self, heard: &Frame, left: &Frame) {
        let played = self.ahead.pop_front().unwrap_or(FLOOR_DB);
        keep(&mut self.played, played);
        keep(&mut self.heard, loudness(heard));
        keep(&mut self.left, loudness(left));
        self.since += 1;
        if self.since >= PAUSE && self.left.len() == KEPT {
            self.since = 0;
            self.judge();
        }
    }

    /// Whether it is gone; `None` while that is unknown.
    pub(super) fn removed(&self) -> Option<bool> {
        self.removed
    }

    fn judge(&mut self) {
        match self.look() {
            Look::Echo => {
                self.found += 1;
                if self.found >= CERTAIN {
                    self.removed = Some(false);
                }
            }
            Look::NoEcho => {
                self.found = 0;
                self.removed = Some(true);
            }
            Look::Nothing | Look::Either => self.found = 0,
        }
    }

    fn look(&mut self) -> Look {
        let played = &*self.played.make_contiguous();
        let heard = &*self.heard.make_contiguous();
        let left = &*self.left.make_contiguous();
        // What may have been heard earlier than it is said to play, or later.
        let middle = &played[EARLIEST..KEPT - LATEST];
        let audible = middle.iter().filter(|it| **it > AUDIBLE_DB).count();
        if audible * 3 < middle.len() {
            return Look::Nothing;
        }
        let loud = |of: &[f32]| of.iter().filter(|it| **it > AUDIBLE_DB).count();
        if loud(left) * 10 < left.len() {
            return Look::NoEcho;
        }
        let likest = (0..=LATEST + EARLIEST)
            .map(|delay| alike(middle, &left[delay..delay + middle.len()]))
            .fold(0.0, f32::max);
        let pairs = heard.iter().zip(left).filter(|it| *it.0 > AUDIBLE_DB);
        let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), (heard, left)| {
            (sum + heard - left, count + 1.0_f32)
        });
        let softer = sum / count.max(1.0);
        if likest > FOLLOWS && softer < REMOVED_DB {
            Look::Echo
        } else if likest < FOLLOWS_NOT || softer > REMOVED_DB * 2.0 {
            Look::NoEcho
        } else {
            Look::Either
        }
    }
}

fn keep(kept: &mut VecDeque<f32>, decibels: f32) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(decibels);
}

fn loudness(frame: &Frame) -> f32 {
    (10.0 * level::energy(frame).max(1e-12).log10()).max(FLOOR_DB)
}

/// Correlation of two stretches of equal length, 0 where one of them never changes.
fn alike(one: &[f32], other: &[f32]) -> f32 {
    let count = one.len() as f32;
    let mean = |of: &[f32]| of.iter().sum::<f32>() / count;
    let (of_one, of_other) = (mean(one), mean(other));
    let mut sums = [0.0_f32; 3];
    for (one, other) in one.iter().zip(other) {
        let (one, other) = (one - of_one, other - of_other);
        sums[0] += one * other;
        sums[1] += one * one;
        sums[2] += other * other;
    }
    let [both, one, other] = sums;
    both / (one * other).sqrt().max(1.0)
}

/// What is softer is not told apart: the noise of a room.
const FLOOR_DB: f32 = -60.0;

/// What is louder may be heard as an echo.
const AUDIBLE_DB: f32 = -52.0;

/// How much earlier than it is said to play something may be heard, in frames: 250 ms.
const EARLIEST: usize = 25;

/// And how much later: 450 ms, which is as far as AEC3 looks for it.
const LATEST: usize = 45;

/// 5.2 s, so that 4.5 s can be compared at each delay. In less, two people are loud at the same
/// moments by chance.
const KEPT: usize = 520;

/// A look each second.
const PAUSE: usize = 100;

/// Looks in a row: what a canceller needs to know a room is over by then.
const CERTAIN: u32 = 3;

/// As much as an echo in a room with much of it, which nobody talks into, follows its sound.
const FOLLOWS: f32 = 0.75;

/// Two who talk by turns or at once stay below.
const FOLLOWS_NOT: f32 = 0.5;

/// A canceller that works takes out more, one that does not less.
const REMOVED_DB: f32 = 6.0;

/// No lead is longer: the rest is what came while the microphone stood still.
const MOST_AHEAD: usize = 64;
