//! What one second is worth for each cause that can spoil it.

use std::time::Duration;

use super::{Arrival, Cause, Facts};
use crate::transport::ConnectionQuality;

/// Nothing is wrong.
pub(super) const BEST: f64 = 100.0;

/// The least for a direction in which something arrives: poor, and not lost. LiveKit's least.
pub(super) const LEAST: f64 = 30.0;

/// The score of a second for one cause.
pub(super) fn of(cause: Cause, facts: &Facts) -> f64 {
    let score = match cause {
        Cause::Silence => return arrival(facts.arrival),
        Cause::Loss => {
            let sound = percent(facts.audio_loss) * SOUND_LOSS;
            let pictures = percent(facts.video_loss) * PICTURE_LOSS;
            BEST - sound.max(pictures)
        }
        Cause::Rate => BEST + RATE * facts.rate.clamp(LEAST_RATE, 1.0).ln(),
        Cause::Delay => BEST - delay(facts.round_trip / 2),
        // What waiting adds to the way.
        Cause::Jitter => {
            let way = facts.round_trip / 2;
            BEST + delay(way) - delay(way.saturating_add(facts.buffer))
        }
        Cause::Concealment => BEST - percent(facts.concealed) * SOUND_LOSS,
        Cause::Freezes => BEST - percent(facts.frozen) * FROZEN,
        Cause::Server => facts.server.map_or(BEST, server),
    };
    // A figure that is none says nothing.
    if score.is_nan() {
        BEST
    } else {
        score.clamp(LEAST, BEST)
    }
}

fn arrival(arrival: Arrival) -> f64 {
    match arrival {
        Arrival::All => BEST,
        Arrival::Part => LEAST,
        Arrival::Nothing => 0.0,
    }
}

/// What a delay from mouth to ear costs, by the E-model as LiveKit has it.
fn delay(one_way: Duration) -> f64 {
    let ms = one_way.as_secs_f64() * 1000.0;
    if ms < 160.0 {
        ms / 40.0
    } else {
        (ms - 120.0) / 10.0
    }
}

/// A server tells changes only, so its word is in the middle of a level.
fn server(quality: ConnectionQuality) -> f64 {
    match quality {
        ConnectionQuality::Excellent => BEST,
        ConnectionQuality::Good => 70.0,
        ConnectionQuality::Poor | ConnectionQuality::Lost => LEAST,
    }
}

fn percent(share: f64) -> f64 {
    share.clamp(0.0, 1.0) * 100.0
}

/// Opus is excellent up to 2.5 % of loss, and good up to 7.5.
const SOUND_LOSS: f64 = 8.0;

/// Pictures are excellent up to 2 % of loss, and good up to 6.
const PICTURE_LOSS: f64 = 10.0;

/// A quarter of a second in which the picture stands still is the limit of excellent, three quarters
/// that of good.
const FROZEN: f64 = 0.8;

/// At 60 % of what good pictures need they become smaller (excellent), at 20 % a quarter as wide
/// (good): the ladder of [`crate::rate`].
const RATE: f64 = 38.0;

/// No rate at all has no logarithm.
const LEAST_RATE: f64 = 0.01;
