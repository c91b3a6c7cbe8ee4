//! Moves playout towards the target delay by removing or repeating sound, a period of the voice
//! at a time.

use std::time::{Duration, Instant};

use super::phase::Phase;
use super::stretch::{self, Pace};
use super::{JitterBuffer, PULL};
use crate::backend::codec::AudioDecoder;
use crate::time::TimeDelta;

impl JitterBuffer {
    /// Removes or repeats a little if playout is later or earlier than it should be.
    pub(super) fn adapt(&mut self, now: Instant, decoder: &mut dyn AudioDecoder) {
        // 1. Not while sound is concealed, and not so often that it is heard.
        let resting = self.stretch_after.is_some_and(|after| now < after);
        if resting || self.phase != Phase::Running || self.concealed > 0 {
            return;
        }
        // 2. How much more slack than aimed at the packets have that come latest.
        let Some(lowest) = self.slack.lowest() else {
            return;
        };
        let excess = lowest - self.target();
        // 3. Too much: play faster. Too little: play slower.
        let pace = if excess.abs() > FAR {
            Pace::Fast
        } else {
            Pace::Gentle
        };
        let stretched = if excess >= TimeDelta::ZERO {
            self.speed_up(now, excess, pace, decoder)
        } else if excess < -TOLERANCE {
            self.slow_down(pace)
        } else {
            false
        };
        if stretched {
            let pause = match pace {
                Pace::Gentle => GENTLE_INTERVAL,
                Pace::Fast => FAST_INTERVAL,
            };
            self.stretch_after = Some(now + pause);
        }
    }

    /// Removes up to `excess` of sound. Packets are decoded when a pull needs them, every 10 ms:
    /// what lies decoded beyond whole pulls serves nobody and can always go; beyond that, whole
    /// pulls of the excess can.
    fn speed_up(
        &mut self,
        now: Instant,
        excess: TimeDelta,
        pace: Pace,
        decoder: &mut dyn AudioDecoder,
    ) -> bool {
        // 1. How much may go.
        let spare = self.decoded.len() % PULL;
        let pulls = ((excess - TOLERANCE).max(TimeDelta::ZERO) / PULL_TIME) as usize;
        let removable = (spare + pulls * PULL).min(stretch::LONGEST);
        if removable < stretch::SHORTEST {
            return false;
        }
        // 2. Decode as far ahead as the search for a fitting cut looks.
        while self.decoded.len() < PULL + removable + stretch::OVERLAP && self.next_is_here() {
            self.step(now, decoder);
        }
        // 3. Cut, and note by how many pulls later packets are decoded sooner.
        let most = removable.min(self.decoded.len().saturating_sub(PULL));
        let Some(removed) = self.decoded.remove(most, pace) else {
            return false;
        };
        self.counts.removed(removed);
        let sooner = removed.saturating_sub(spare).div_ceil(PULL) as i64;
        self.slack.shift(PULL_TIME * -sooner);
        true
    }

    /// Repeats a period of the sound played last.
    fn slow_down(&mut self, pace: Pace) -> bool {
        let spare = self.decoded.len() % PULL;
        let Some(repeated) = self.decoded.repeat(stretch::LONGEST, pace) else {
            return false;
        };
        self.counts.inserted(repeated);
        let later = ((spare + repeated) / PULL) as i64;
        self.slack.shift(PULL_TIME * later);
        true
    }
}

const PULL_TIME: TimeDelta = TimeDelta::from_millis(10);

/// 2 ms: without it, playout would go to and fro between two pulls.
const TOLERANCE: TimeDelta = TimeDelta::from_millis(2);

/// 80 ms off the target, quality gives way to speed.
const FAR: TimeDelta = TimeDelta::from_millis(80);

/// Stretches closer together than this are heard as trembling.
const GENTLE_INTERVAL: Duration = Duration::from_millis(80);
const FAST_INTERVAL: Duration = Duration::from_millis(30);
