//! What is really heard: sound that tells when it was captured.

use std::time::Duration;

use super::{Arrival, PACKET_MICROS, received};
use crate::backend::codec::{AudioDecoder, AudioInput, CodecError};
use crate::jitter::audio::{Config, JitterBuffer, PULL, Played};
use crate::testing::some_instant;

/// A decoder whose samples rise with the time of their capture, so that each says when it was.
#[derive(Debug, Default)]
struct Ramp {
    /// The sample after the last one, counted from the first ever captured.
    next: u64,
}

/// What was heard, by pull.
pub(super) struct Heard {
    pulls: Vec<Pull>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Pull {
    /// When it was taken, milliseconds after the start.
    pub(super) at_ms: f64,
    pub(super) played: Played,
    /// How long ago its sound was captured, milliseconds.
    pub(super) delay_ms: f64,
    /// The same as the buffer told it before.
    pub(super) told_ms: Option<f64>,
    pub(super) target_ms: f64,
}

/// Plays `arrivals` for `seconds`.
pub(super) fn hear(arrivals: Vec<Arrival>, seconds: u64) -> Heard {
    let mut pulls = Vec::new();
    play_through(arrivals, seconds, &mut Ramp::default(), |pull, out| {
        let delay_ms = delay_of(out, pull.at_ms);
        pulls.push(Pull { delay_ms, ..pull });
    });
    Heard { pulls }
}

/// Plays `arrivals` for `seconds` through a decoder; `each` sees every pull and its sound.
pub(super) fn play_through(
    mut arrivals: Vec<Arrival>,
    seconds: u64,
    decoder: &mut dyn AudioDecoder,
    mut each: impl FnMut(Pull, &[f32; PULL]),
) {
    arrivals.sort_by_key(|it| it.at);
    let (start, mut coming) = (some_instant(), arrivals.into_iter().peekable());
    let mut buffer = JitterBuffer::new(Config::default());
    for pull in 0..seconds * 100 {
        let now = pull * 10_000 + 3000;
        while let Some(arrival) = coming.next_if(|it| it.at <= now) {
            let _ = buffer.insert(received(&arrival, start));
        }
        let told = buffer.position();
        let mut out = [0.0; PULL];
        let played = buffer.pull(start + Duration::from_micros(now), decoder, &mut out);
        let at_ms = now as f64 / 1000.0;
        let pull = Pull {
            at_ms,
            played,
            delay_ms: 0.0,
            told_ms: told.map(|it| at_ms - it.time.micros() as f64 / 1000.0),
            target_ms: buffer.target_delay().as_secs_f64() * 1000.0,
        };
        each(pull, &out);
    }
}

/// The number that a payload of [`super::path::arrival`] carries.
pub(super) fn number_of(payload: &[u8]) -> u64 {
    let bytes = payload[2..6].try_into().expect("the payload has a number");
    u64::from(u32::from_be_bytes(bytes))
}

impl Heard {
    /// Mean delay of the sound between two moments, milliseconds; `None` without sound.
    pub(super) fn delay_ms(&self, from_ms: u64, to_ms: u64) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0);
        for pull in self.sound(from_ms, to_ms) {
            sum += pull.delay_ms;
            count += 1;
        }
        (count > 0).then(|| sum / f64::from(count))
    }

    /// Milliseconds after `from_ms` until the delay is no more than 20 ms above that of the other
    /// call at the same time, for good.
    pub(super) fn settles_after(&self, from_ms: u64, other: &Self) -> u64 {
        let end = self.pulls.len() as u64 * 10;
        (from_ms..end)
            .step_by(WINDOW_MS as usize)
            .filter(|at| {
                let delay = |call: &Self| call.delay_ms(*at, *at + WINDOW_MS);
                let usual = delay(other).or_else(|| other.delay_ms(from_ms, end));
                let (Some(here), Some(usual)) = (delay(self), usual) else {
                    return true;
                };
                here > usual + 20.0
            })
            .last()
            .map_or(0, |at| at + WINDOW_MS - from_ms)
    }

    /// The most that the buffer told wrong of the position of sound for two pulls in a row,
    /// milliseconds: a skip is only known once it is made.
    pub(super) fn misled_ms(&self, from_ms: u64, to_ms: u64) -> f64 {
        let errors: Vec<f64> = self
            .between(from_ms, to_ms)
            .map(|it| match (it.played, it.told_ms) {
                (Played::Sound, Some(told)) => (told - it.delay_ms).abs(),
                _ => 0.0,
            })
            .collect();
        let pairs = errors.windows(2).map(|it| it[0].min(it[1]));
        pairs.fold(0.0, f64::max)
    }

    /// Least and most of the target between two moments, milliseconds.
    pub(super) fn targets_ms(&self, from_ms: u64, to_ms: u64) -> (f64, f64) {
        self.between(from_ms, to_ms)
            .fold((f64::MAX, 0.0), |(least, most), it| {
                (it.target_ms.min(least), it.target_ms.max(most))
            })
    }

    /// Percent of the pulls between two moments that were concealed.
    pub(super) fn concealed_percent(&self, from_ms: u64, to_ms: u64) -> f64 {
        let (all, concealed) =
            self.between(from_ms, to_ms)
                .fold((0.0_f64, 0.0), |(all, concealed), it| {
                    let more = f64::from(u8::from(it.played == Played::Concealed));
                    (all + 1.0, concealed + more)
                });
        100.0 * concealed / all.max(1.0)
    }

    fn sound(&self, from_ms: u64, to_ms: u64) -> impl Iterator<Item = &Pull> {
        self.between(from_ms, to_ms)
            .filter(|it| it.played == Played::Sound)
    }

    fn between(&self, from_ms: u64, to_ms: u64) -> impl Iterator<Item = &Pull> {
        let span = from_ms as f64..to_ms as f64;
        self.pulls.iter().filter(move |it| span.contains(&it.at_ms))
    }
}

impl AudioDecoder for Ramp {
    fn decode(&mut self, input: AudioInput<'_>, out: &mut [f32]) -> Result<usize, CodecError> {
        let samples = match input {
            AudioInput::Packet(payload) => {
                self.next = number_of(payload) * PACKET;
                PACKET as usize
            }
            AudioInput::Fec(payload) => {
                self.next = number_of(payload).saturating_sub(1) * PACKET;
                out.len()
            }
            AudioInput::Lost => out.len(),
        };
        for sample in &mut out[..samples] {
            let share = (self.next % LOOP) as f64 / LOOP as f64;
            *sample = (LOWEST + SPAN * share) as f32;
            self.next += 1;
        }
        Ok(samples)
    }
}

/// How long ago the sound of a pull was captured. Looks at its middle, where no joint is.
fn delay_of(out: &[f32; PULL], at_ms: f64) -> f64 {
    let middle = PULL / 2;
    let share = (f64::from(out[middle]) - LOWEST) / SPAN;
    let loop_ms = LOOP as f64 / 48.0;
    let captured = share * loop_ms - middle as f64 / 48.0;
    (at_ms - captured).rem_euclid(loop_ms)
}

const PACKET: u64 = PACKET_MICROS * 48 / 1000;

/// 4 s: no delay is as long.
const LOOP: u64 = 4 * 48_000;
const LOWEST: f64 = 0.1;
const SPAN: f64 = 0.5;

/// Delays are means over this long: single pulls of a jittery path say little.
const WINDOW_MS: u64 = 400;
