//! Moves playout towards the target delay by stretching sound, a period at a time.

use std::time::{Duration, Instant};

use super::refill::Phase;
use super::stretch::{self, Hurry};
use super::{JitterBuffer, PULL};
use crate::backend::codec::AudioDecoder;

impl JitterBuffer {
    /// Cuts out or repeats a little if playout is later or earlier than it should be.
    pub(super) fn adapt(&mut self, now: Instant, decoder: &mut dyn AudioDecoder) {
        let resting = self.stretch_after.is_some_and(|after| now < after);
        if resting || self.phase != Phase::Running || self.made_up > 0 {
            return;
        }
        let Some(lowest) = self.level.lowest() else {
            return;
        };
        let excess = lowest - self.target();
        let hurry = if excess > FAR { Hurry::Yes } else { Hurry::No };
        let stretched = if excess >= 0 {
            self.speed_up(now, excess, hurry, decoder)
        } else if excess < -TOLERANCE {
            self.slow_down(if excess < -FAR { Hurry::Yes } else { Hurry::No })
        } else {
            false
        };
        if stretched {
            let pause = match hurry {
                Hurry::No => CALM,
                Hurry::Yes => HASTY,
            };
            self.stretch_after = Some(now + pause);
        }
    }

    /// Packets have their turns on pulls, every 10 ms. What lies decoded beyond whole pulls is of
    /// no use to anybody and can always go; beyond that, whole pulls of the excess can.
    fn speed_up(
        &mut self,
        now: Instant,
        excess: i64,
        hurry: Hurry,
        decoder: &mut dyn AudioDecoder,
    ) -> bool {
        let spare = self.samples.len() % PULL;
        let pulls = ((excess - TOLERANCE).max(0) / PULL_MICROS) as usize;
        let removable = (spare + pulls * PULL).min(stretch::LONGEST);
        if removable < stretch::SHORTEST {
            return false;
        }
        while self.samples.len() < PULL + removable + stretch::OVERLAP && self.next_is_here() {
            self.step(now, decoder);
        }
        let most = removable.min(self.samples.len().saturating_sub(PULL));
        let Some(cut) = self.samples.cut(most, hurry) else {
            return false;
        };
        self.stats.removed_samples_for_acceleration += cut as u64;
        let sooner = cut.saturating_sub(spare).div_ceil(PULL) as i64;
        self.level.shift(-sooner * PULL_MICROS);
        true
    }

    fn slow_down(&mut self, hurry: Hurry) -> bool {
        let spare = self.samples.len() % PULL;
        let Some(repeated) = self.samples.repeat(stretch::LONGEST, hurry) else {
            return false;
        };
        self.stats.inserted_samples_for_deceleration += repeated as u64;
        let later = ((spare + repeated) / PULL) as i64;
        self.level.shift(later * PULL_MICROS);
        true
    }
}

const PULL_MICROS: i64 = 10_000;

/// 2 ms: without it, playout would go to and fro between two pulls.
const TOLERANCE: i64 = 2000;

/// 80 ms off the target, quality gives way to speed.
const FAR: i64 = 80_000;

/// Stretches closer together than this are heard as trembling.
const CALM: Duration = Duration::from_millis(80);
const HASTY: Duration = Duration::from_millis(30);
