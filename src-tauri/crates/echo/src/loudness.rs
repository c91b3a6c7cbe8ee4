//! How loud a sound was, moment by moment, and whether one sound is another one later.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use media::backend::audio::SAMPLE_RATE_HZ;

/// The energy of each [`STEP`] of the last ten seconds. Written by one device's callback, which
/// neither allocates nor blocks; read by whoever compares.
pub(crate) struct Loudness {
    epoch: Instant,
    /// The number of a step in the upper half, the bits of its energy in the lower: who reads knows
    /// whether the step was written or is of the loop before.
    steps: Box<[AtomicU64]>,
}

/// Adds up one step after another. The end of a [`Loudness`] that a callback owns.
#[derive(Debug, Default)]
pub(crate) struct Step {
    number: u32,
    sum: f32,
    count: u16,
}

/// What one sound has of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Match {
    /// How much later it is.
    pub(crate) lag: Duration,
    /// How alike the two are, -1 to 1: Pearson's correlation of their loudness in decibels.
    pub(crate) similarity: f32,
    /// How much louder it is, decibels, where both were told.
    pub(crate) gain_db: f32,
}

impl Loudness {
    /// Nothing was loud yet.
    pub(crate) fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            steps: (0..STEPS).map(|_| AtomicU64::new(UNKNOWN)).collect(),
        }
    }

    /// Nothing was loud any more.
    pub(crate) fn forget(&self) {
        for step in &self.steps {
            step.store(UNKNOWN, Ordering::Relaxed);
        }
    }

    /// Takes in samples that sound from `at` on.
    pub(crate) fn push(&self, step: &mut Step, samples: &[f32], at: Instant) {
        let Some(since) = at.checked_duration_since(self.epoch) else {
            return;
        };
        let first = since.as_nanos() * u128::from(SAMPLE_RATE_HZ) / 1_000_000_000;
        for (position, sample) in (first..).zip(samples) {
            // Wraps after a year and four months.
            let number = (position / SAMPLES_PER_STEP) as u32;
            if number != step.number {
                self.keep(step);
                *step = Step {
                    number,
                    ..Step::default()
                };
            }
            step.sum += sample * sample;
            step.count += 1;
        }
    }

    /// Whether there were ups and downs in the last [`COMPARED`] steps before `now`, as of speech.
    pub(crate) fn is_lively(&self, now: Instant) -> bool {
        let steps = self.compared(now).into_iter().flatten();
        let known: Vec<f32> = steps.filter_map(|it| self.decibels(it)).collect();
        deviation(&known) > FLAT
    }

    fn keep(&self, step: &Step) {
        if step.count == 0 {
            return;
        }
        let energy = step.sum / f32::from(step.count);
        let value = u64::from(step.number) << 32 | u64::from(energy.to_bits());
        self.steps[step.number as usize % STEPS].store(value, Ordering::Relaxed);
    }

    /// Decibels around this step; `None` where nothing was heard or said then.
    fn decibels(&self, number: u32) -> Option<f32> {
        let first = number.checked_sub(AROUND)?;
        let energies = (first..=number + AROUND).filter_map(|it| self.energy(it));
        let (count, sum) = energies.fold((0_u8, 0.0), |(count, sum), it| (count + 1, sum + it));
        let mean = sum / f32::from(count);
        (u32::from(count) > AROUND).then(|| 10.0 * mean.max(QUIET).log10())
    }

    /// The energy of this step, if it is known.
    fn energy(&self, number: u32) -> Option<f32> {
        let value = self.steps[number as usize % STEPS].load(Ordering::Relaxed);
        let energy = f32::from_bits(value as u32);
        let known = value >> 32 == u64::from(number) && value != UNKNOWN;
        (known && energy.is_finite()).then_some(energy)
    }

    /// Where in this sound, up to `now`, the `earlier` one is found again, between `least` and
    /// `most` after it. `None` where one of them is missing, or has no ups and downs to tell it by.
    pub(crate) fn find(
        &self,
        earlier: &Self,
        now: Instant,
        [least, most]: [Duration; 2],
    ) -> Option<Match> {
        let steps = self.compared(now)?;
        let lags = in_steps(least)..=in_steps(most);
        let at = |lag: u32| {
            let both = |number: u32| {
                let before = earlier.decibels(number.checked_sub(lag)?)?;
                Some((self.decibels(number)?, before))
            };
            let (ours, theirs): (Vec<f32>, Vec<f32>) = steps.clone().filter_map(both).unzip();
            let similarity = similarity(&ours, &theirs).filter(|_| ours.len() >= ENOUGH)?;
            Some(Match {
                lag: STEP * lag,
                similarity,
                gain_db: mean(&ours) - mean(&theirs),
            })
        };
        let matches: Vec<Match> = lags.filter_map(at).collect();
        first_peak(&matches)
    }
}

impl Loudness {
    /// The last finished steps before `now`.
    fn compared(&self, now: Instant) -> Option<Range<u32>> {
        let end = in_steps(now.checked_duration_since(self.epoch)?).checked_sub(UNFINISHED)?;
        Some(end.checked_sub(COMPARED)?..end)
    }
}

impl std::fmt::Debug for Loudness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loudness").finish_non_exhaustive()
    }
}

fn in_steps(time: Duration) -> u32 {
    u32::try_from(time.as_millis() / STEP.as_millis()).unwrap_or(u32::MAX)
}

/// The first of the peaks that are about as high as the highest. A sound that repeats itself, as a
/// clock or somebody who counts, is alike at several lags; the echo is the first of them.
fn first_peak(matches: &[Match]) -> Option<Match> {
    let peaks = matches.windows(3).filter_map(|around| match around {
        [before, it, after] => {
            (before.similarity <= it.similarity && it.similarity >= after.similarity).then_some(*it)
        }
        _ => None,
    });
    let highest = peaks.clone().map(|it| it.similarity).reduce(f32::max)?;
    let mut high = peaks.filter(|it| it.similarity >= ABOUT_AS_HIGH * highest);
    high.next()
}

/// Pearson's correlation; `None` where one of the two hardly changes.
fn similarity(a: &[f32], b: &[f32]) -> Option<f32> {
    let (mean_a, mean_b) = (mean(a), mean(b));
    let products = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b));
    let covariance = products.sum::<f32>() / a.len() as f32;
    let (change_a, change_b) = (deviation(a), deviation(b));
    (change_a > FLAT && change_b > FLAT).then(|| covariance / (change_a * change_b))
}

/// Standard deviation; 0 of nothing.
fn deviation(of: &[f32]) -> f32 {
    let mean = mean(of);
    let squares = of.iter().map(|it| (it - mean).powi(2)).sum::<f32>();
    (squares / of.len().max(1) as f32).sqrt()
}

fn mean(of: &[f32]) -> f32 {
    of.iter().sum::<f32>() / of.len().max(1) as f32
}

/// The time of one value: shorter than any sound of speech.
const STEP: Duration = Duration::from_millis(10);
const SAMPLES_PER_STEP: u128 = SAMPLE_RATE_HZ as u128 / 100;

/// Ten seconds: what is compared, and what was said two seconds and more before it.
const STEPS: usize = 1000;

/// What stands for a step of which nothing is known.
const UNKNOWN: u64 = u64::MAX;

/// Steps that are compared: two seconds, in which somebody who counts aloud says three words.
const COMPARED: u32 = 200;

/// Steps on either side that a value is the mean of: a jitter buffer moves sound by as much while it
/// adapts, and the steps of two devices do not begin together.
const AROUND: u32 = 2;

/// Steps that both sounds must have of those: a device that came too late leaves some out.
const ENOUGH: usize = 150;

/// The last steps: a microphone tells of them later, a speaker earlier.
const UNFINISHED: u32 = 15;

/// Energy below which all is equally quiet: -50 dB. A codec does not keep the ups and downs of what
/// is quieter, and no room is.
const QUIET: f32 = 1e-5;

/// How high a peak is beside the highest that can be the echo: what repeats itself is some hundredths
/// off by chance.
const ABOUT_AS_HIGH: f32 = 0.9;

/// Decibels, standard deviation: below it a sound has no ups and downs to be told by, as silence and
/// steady noise have none.
const FLAT: f32 = 3.0;

#[cfg(test)]
mod tests {
    use media::synthetic::voice::Voice;

    use super::*;

    const BOUNDS: [Duration; 2] = [Duration::from_millis(2000), Duration::from_millis(3500)];

    /// Six seconds of sound in chunks of some samples, as a device tells of it.
    fn told(loudness: &Loudness, from: Instant, chunk: usize, sample: impl Fn(u64) -> f32) {
        let mut step = Step::default();
        for first in (0..6 * 48_000).step_by(chunk) {
            let samples: Vec<f32> = (0..chunk as u64).map(|it| sample(first + it)).collect();
            let at = from + Duration::from_nanos(first * 1_000_000_000 / 48_000);
            loudness.push(&mut step, &samples, at);
        }
    }

    /// A tone whose loudness jumps about as syllables do, and never repeats itself.
    fn speech(position: u64) -> f32 {
        let syllable = (position / 6_000 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60;
        let loud = syllable as f32 / 30.0;
        if position % 90 < 45 { loud } else { -loud }
    }

    fn found(late: Duration, sample: impl Fn(u64) -> f32) -> Match {
        let epoch = Instant::now();
        let (said, heard) = (Loudness::new(epoch), Loudness::new(epoch));
        told(&said, epoch, 480, &sample);
        told(&heard, epoch + late, 441, |it| sample(it) / 2.0);
        let now = epoch + late + Duration::from_secs(6);
        heard.find(&said, now, BOUNDS).unwrap()
    }

    #[test]
    fn speech_is_found_again_half_as_loud_and_to_ten_milliseconds() {
        for late_ms in [2_040, 2_230, 2_770, 3_310] {
            let late = Duration::from_millis(late_ms);
            let found = found(late, speech);
            assert!(found.similarity > 0.9, "{found:?}");
            assert!((-7.0..-4.0).contains(&found.gain_db), "6 dB: {found:?}");
            assert!(found.lag.abs_diff(late) <= STEP, "{found:?}, not {late:?}");
        }
    }

    #[test]
    fn of_a_voice_that_repeats_itself_every_half_second_the_first_echo_counts() {
        let voice = Voice::new();
        for late_ms in [2_040, 2_110, 2_480] {
            let late = Duration::from_millis(late_ms);
            let found = found(late, |it| voice.sample_at(it));
            assert!(found.lag.abs_diff(late) <= STEP, "{found:?}, not {late:?}");
        }
    }

    #[test]
    fn another_sound_is_not_taken_for_the_voice() {
        let voice = Voice::new();
        let epoch = Instant::now();
        let (said, heard) = (Loudness::new(epoch), Loudness::new(epoch));
        told(&said, epoch, 480, |it| voice.sample_at(it));
        // Knocks of another beat.
        told(&heard, epoch, 480, |it| {
            if it % 17_000 < 900 { 0.5 } else { 0.001 }
        });
        let found = heard.find(&said, epoch + Duration::from_secs(6), BOUNDS);
        assert!(found.is_none_or(|it| it.similarity < 0.5), "{found:?}");
    }

    #[test]
    fn what_another_device_took_in_before_is_not_found_again() {
        let epoch = Instant::now();
        let (said, heard) = (Loudness::new(epoch), Loudness::new(epoch));
        told(&said, epoch, 480, speech);
        told(&heard, epoch + BOUNDS[0], 480, speech);
        let now = epoch + Duration::from_secs(8);
        assert!(heard.find(&said, now, BOUNDS).is_some());
        said.forget();
        assert!(!said.is_lively(epoch + Duration::from_secs(6)));
        assert_eq!(heard.find(&said, now, BOUNDS), None);
    }

    #[test]
    fn where_nobody_speaks_nothing_is_found() {
        let epoch = Instant::now();
        let (said, heard) = (Loudness::new(epoch), Loudness::new(epoch));
        assert_eq!(heard.find(&said, epoch, BOUNDS), None);
        told(&said, epoch, 480, |_| 0.0);
        told(
            &heard,
            epoch,
            480,
            |it| if it % 2 == 0 { 1e-4 } else { -1e-4 },
        );
        let now = epoch + Duration::from_secs(6);
        assert_eq!(heard.find(&said, now, BOUNDS), None);
        // All of it is long ago.
        let later = epoch + Duration::from_secs(60);
        assert_eq!(heard.find(&said, later, BOUNDS), None);
    }
}
