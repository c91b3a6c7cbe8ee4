//! Moves playout towards the target delay by removing or repeating sound, a period of the voice
//! at a time.
//!
//! Near the target a stretch is rare and only where nobody hears it. What is far too late is
//! played a third faster, and what is quiet goes as fast as it comes, so that a quarter of a
//! second is made up for within one. Pitch stays as it is: whole periods go.

use std::time::{Duration, Instant};

use super::phase::Phase;
use super::stretch::{self, Pace};
use super::{JitterBuffer, PULL};
use crate::backend::audio::SAMPLE_RATE_HZ;
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
        let Some(least) = self.slack.least_transit() else {
            return;
        };
        let excess = self.delay.beyond_fastest(least) - self.target();
        // 3. Too much: play faster. Too little: play slower.
        let rest = if excess >= TimeDelta::ZERO {
            self.speed_up(now, excess, decoder)
        } else if excess < -TOLERANCE {
            self.slow_down(-excess)
        } else {
            None
        };
        if let Some(rest) = rest {
            self.stretch_after = Some(now + rest);
        }
    }

    /// Removes up to `excess` of sound; gives how long sound is left alone after that. Packets are
    /// decoded when a pull needs them, every 10 ms: what lies decoded beyond whole pulls serves
    /// nobody and can always go; beyond that, whole pulls of the excess can.
    fn speed_up(
        &mut self,
        now: Instant,
        excess: TimeDelta,
        decoder: &mut dyn AudioDecoder,
    ) -> Option<Duration> {
        // 1. How much may go.
        let spare = self.decoded.len() % PULL;
        let pulls = ((excess - TOLERANCE).max(TimeDelta::ZERO) / PULL_TIME) as usize;
        let removable = (spare + pulls * PULL).min(stretch::LONGEST);
        if removable < stretch::SHORTEST {
            return None;
        }
        // 2. Decode as far ahead as the search for a fitting cut looks.
        while self.decoded.len() < PULL + removable + stretch::OVERLAP && self.next_is_here() {
            self.step(now, decoder);
        }
        // 3. Cut, and note by how many pulls later packets are decoded sooner.
        let most = removable.min(self.decoded.len().saturating_sub(PULL));
        let pace = self.pace(excess > LATE);
        let Some(cut) = self.decoded.remove(most, pace) else {
            self.unfit += 1;
            return None;
        };
        self.fitted(pace);
        self.counts.removed(cut.lag);
        let sooner = cut.lag.saturating_sub(spare).div_ceil(PULL) as i64;
        self.slack.shift(PULL_TIME * -sooner);
        Some(if cut.quiet {
            Duration::ZERO
        } else {
            rest_after(cut.lag, pace)
        })
    }

    /// Repeats a period of the sound played last; gives how long sound is left alone after that.
    fn slow_down(&mut self, lack: TimeDelta) -> Option<Duration> {
        let spare = self.decoded.len() % PULL;
        let pace = self.pace(lack > EARLY);
        let Some(repeated) = self.decoded.repeat(stretch::LONGEST, pace) else {
            self.unfit += 1;
            return None;
        };
        self.fitted(pace);
        self.counts.inserted(repeated);
        let later = ((spare + repeated) / PULL) as i64;
        self.slack.shift(PULL_TIME * later);
        Some(rest_after(repeated, pace))
    }

    /// Sound was stretched. Where no good cut was found, none will be found at once either.
    const fn fitted(&mut self, pace: Pace) {
        self.unfit = match pace {
            Pace::Gentle | Pace::Fast => 0,
            Pace::AnyCut => HASTY_PULLS - 1,
        };
    }

    const fn pace(&self, far: bool) -> Pace {
        let patience = if far { HASTY_PULLS } else { PATIENT_PULLS };
        match far {
            _ if self.unfit >= patience => Pace::AnyCut,
            true => Pace::Fast,
            false => Pace::Gentle,
        }
    }
}

/// How long sound is left alone after `stretched` samples were removed or repeated.
fn rest_after(stretched: usize, pace: Pace) -> Duration {
    match pace {
        Pace::Gentle => GENTLE_REST,
        Pace::Fast | Pace::AnyCut => {
            Duration::from_secs_f64(FAST_RATIO * stretched as f64 / f64::from(SAMPLE_RATE_HZ))
        }
    }
}

const PULL_TIME: TimeDelta = TimeDelta::from_millis(10);

/// 2 ms: without it, playout would go to and fro between two pulls.
const TOLERANCE: TimeDelta = TimeDelta::from_millis(2);

/// 30 ms too late, which a listener may notice beside the picture, quality gives way to speed.
const LATE: TimeDelta = TimeDelta::from_millis(30);

/// 80 ms too early, too: until then what comes late is concealed, a little of it.
const EARLY: TimeDelta = TimeDelta::from_millis(80);

/// Stretches closer together than this are heard as trembling.
const GENTLE_REST: Duration = Duration::from_millis(80);

/// A third of the sound goes at most when in haste: words are still understood.
const FAST_RATIO: f64 = 2.0;

/// 50 ms in haste without a good cut, or half a second without haste: the sound has no pitch, and
/// then one cut sounds like any other.
const HASTY_PULLS: u32 = 5;
const PATIENT_PULLS: u32 = 50;
