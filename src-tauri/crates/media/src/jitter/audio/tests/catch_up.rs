//! How sound is when playout catches up: of the same pitch, without clicks, and soon live again.

use std::f32::consts::TAU;

use super::PACKET_MICROS;
use super::heard::{number_of, play_through};
use super::path::{Path, travel};
use crate::backend::codec::{AudioDecoder, AudioInput, CodecError};
use crate::testing::Dice;

/// What the other side's microphone hears, by sample.
type Source = fn(u64) -> f32;

/// Decodes packets of one source.
#[derive(Debug)]
struct Microphone {
    source: Source,
    next: u64,
}

impl AudioDecoder for Microphone {
    fn decode(&mut self, input: AudioInput<'_>, out: &mut [f32]) -> Result<usize, CodecError> {
        let samples = match input {
            AudioInput::Packet(payload) => {
                self.next = number_of(payload) * PACKET;
                PACKET as usize
            }
            AudioInput::Fec(_) | AudioInput::Lost => out.len(),
        };
        for sample in &mut out[..samples] {
            *sample = (self.source)(self.next);
            self.next += 1;
        }
        Ok(samples)
    }
}

/// What is heard of `source` when the path becomes 250 ms shorter after 10 s: all of it, and how
/// late it is at the end of each pull, milliseconds.
fn caught_up(source: Source) -> (Vec<f32>, Vec<f64>) {
    let path = Path::CLEAN.late(10.0, 1.0);
    let arrivals = travel(3, 16, &[(0, path.longer(250.0)), (10_000, path)]);
    let mut microphone = Microphone { source, next: 0 };
    let (mut sound, mut late) = (Vec::new(), Vec::new());
    play_through(arrivals, 15, &mut microphone, |pull, out| {
        sound.extend_from_slice(out);
        late.push(pull.told_ms.unwrap_or(f64::MAX));
    });
    (sound, late)
}

/// A vowel of this pitch.
fn vowel(at: u64, period: u64) -> f32 {
    let phase = (at % period) as f32 / period as f32;
    (1..9_u8)
        .map(|it| 0.2 / f32::from(it) * (TAU * (phase * f32::from(it)).fract()).sin())
        .sum()
}

/// Syllables of 200 ms with pauses of 100 ms.
fn speech(at: u64) -> f32 {
    let into = at % 14_400;
    if into < 9600 {
        let envelope = (into as f32 / 9600.0 * TAU / 2.0).sin();
        envelope * vowel(at, 400)
    } else {
        0.0
    }
}

fn noise(at: u64) -> f32 {
    0.2 * (Dice::new(at).roll() as f32 - 0.5)
}

/// By how much the sound bends from one sample to the next at most.
fn sharpest(sound: &[f32]) -> f32 {
    sound
        .windows(3)
        .map(|it| (it[0] - 2.0 * it[1] + it[2]).abs())
        .fold(0.0, f32::max)
}

/// Normalised correlation of sound with itself a period later.
fn likeness(sound: &[f32], period: usize) -> f32 {
    let (now, later) = (&sound[..sound.len() - period], &sound[period..]);
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    product(now, later) / (product(now, now) * product(later, later)).sqrt()
}

#[test]
fn vowels_keep_their_pitch_and_have_no_clicks() {
    let vowels: [(usize, Source); 3] = [
        (480, |at| vowel(at, 480)),
        (300, |at| vowel(at, 300)),
        (210, |at| vowel(at, 210)),
    ];
    for (period, source) in vowels {
        let (sound, _) = caught_up(source);
        let hasty = &sound[10 * 48_000..12 * 48_000];
        let natural = sharpest(&sound[6 * 48_000..9 * 48_000]);
        assert!(sharpest(hasty) < 1.5 * natural, "a click at {period}");
        for part in hasty.chunks(2400) {
            let alike = likeness(part, period);
            assert!(alike > 0.9, "{alike} a period of {period} later");
        }
    }
}

#[test]
fn no_more_than_a_third_of_a_vowel_goes() {
    let (_, late) = caught_up(|at| vowel(at, 400));
    let fastest = late[1005..]
        .windows(30)
        .map(|it| it[0] - it[29])
        .fold(0.0, f64::max);
    // A third of 450 ms that are played in 300.
    assert!((60.0..150.0).contains(&fastest), "{fastest} ms");
}

#[test]
fn pauses_are_made_up_for_first() {
    let (_, spoken) = caught_up(|at| vowel(at, 400));
    let (_, with_pauses) = caught_up(speech);
    let live_after = |late: &[f64]| late[1005..].iter().position(|it| *it < 70.0);
    let (spoken, with_pauses) = (live_after(&spoken), live_after(&with_pauses));
    assert!(with_pauses < spoken, "{with_pauses:?} {spoken:?}");
    assert!(with_pauses.is_some_and(|it| it < 60), "{with_pauses:?}");
}

#[test]
fn what_has_no_pitch_catches_up_too() {
    let (_, late) = caught_up(noise);
    let usual = late[1400];
    assert!(usual < 50.0, "{usual} ms");
    assert!(late[1200] < usual + 20.0, "{} ms", late[1200]);
}

const PACKET: u64 = PACKET_MICROS * 48 / 1000;
