//! One channel out of many: the one that is loudest.
//!
//! A mean of channels would be silent where two are in opposite phase (a balanced input that is
//! read as stereo), and an eighth of the voice where one of eight microphones is in use. So the
//! loudest channel is taken alone. Loudness is the mean power of 10 ms around their own mean, so
//! that a channel with a constant offset is not loud. Another channel takes over by a cross-fade
//! of 10 ms, without a click, when it is four times as powerful and no quieter than a voice: in
//! pauses, when only noise is left to compare, nothing changes.

use cpal::{FromSample, SizedSample};

/// Follows the loudest channel of a microphone.
pub(super) struct Loudest {
    channels: Box<[Channel]>,
    /// Frames of one window, over which power is measured and channels are cross-faded.
    window: u32,
    /// Frames measured in the window so far.
    measured: u32,
    current: usize,
    fade: Option<Fade>,
    /// The power of what was said in the last seconds, by the loudest channel.
    usual: f32,
}

/// What is known of one channel.
#[derive(Clone, Copy, Default)]
struct Channel {
    /// Sum of the samples, and of their squares, in the window so far.
    sum: f32,
    squares: f32,
    /// Mean power of the last windows.
    power: f32,
}

/// From another channel to the current one.
#[derive(Clone, Copy)]
struct Fade {
    from: usize,
    /// Frames that have passed.
    passed: u32,
}

impl Loudest {
    /// For frames of `channels` samples.
    pub(super) fn new(channels: usize, rate_hz: u32) -> Self {
        Self {
            channels: vec![Channel::default(); channels].into(),
            window: (rate_hz / WINDOWS_PER_SECOND).max(1),
            measured: 0,
            current: 0,
            fade: None,
            usual: 0.0,
        }
    }

    /// What is heard of a frame with one sample of each channel. A device's garbage (NaN,
    /// infinity) becomes silence, since it would live on in every filter behind.
    pub(super) fn take<T>(&mut self, frame: &[T]) -> f32
    where
        T: SizedSample,
        f32: FromSample<T>,
    {
        let heard = self.heard(frame);
        if self.channels.len() > 1 {
            for (channel, sample) in self.channels.iter_mut().zip(frame) {
                let sample = level(*sample);
                channel.sum += sample;
                channel.squares += sample * sample;
            }
            self.measured += 1;
            if self.measured == self.window {
                self.measured = 0;
                self.weigh();
            }
        }
        heard
    }

    fn heard<T>(&mut self, frame: &[T]) -> f32
    where
        T: SizedSample,
        f32: FromSample<T>,
    {
        let of = |channel: usize| frame.get(channel).map_or(0.0, |it| level(*it));
        let to = of(self.current);
        let Some(fade) = &mut self.fade else {
            return to;
        };
        let from = of(fade.from);
        fade.passed += 1;
        let share = fade.passed as f32 / self.window as f32;
        if fade.passed == self.window {
            self.fade = None;
        }
        from + (to - from) * share
    }

    /// Ends a window: measures every channel's power, and changes to the loudest one if it clearly
    /// is.
    fn weigh(&mut self) {
        let frames = self.window as f32;
        for channel in &mut self.channels {
            let mean = channel.sum / frames;
            let power = (channel.squares / frames - mean * mean).max(0.0);
            channel.power += (power - channel.power) * LAST_WINDOW;
            (channel.sum, channel.squares) = (0.0, 0.0);
        }
        let powers = self.channels.iter().map(|it| it.power).enumerate();
        let Some((loudest, power)) = powers.max_by(|(_, a), (_, b)| a.total_cmp(b)) else {
            return;
        };
        self.usual = power.max(self.usual * KEPT);
        let clear = power > self.channels[self.current].power * CLEARLY;
        let said = power > FAINTEST && power > self.usual * OF_A_VOICE;
        if self.fade.is_none() && clear && said {
            self.fade = Some(Fade {
                from: self.current,
                passed: 0,
            });
            self.current = loudest;
        }
    }
}

/// A sample within -1 to 1.
fn level<T>(sample: T) -> f32
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let level = sample.to_sample::<f32>();
    if level.is_finite() {
        level.clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

/// 10 ms: two periods of the lowest voice, and shorter than any sound of speech.
const WINDOWS_PER_SECOND: u32 = 100;

/// The weight of the last window in a channel's power: a new speaker counts after 30 ms.
const LAST_WINDOW: f32 = 0.5;

/// What is left of the usual power after a window: half of it after two seconds, longer than a
/// pause for breath.
const KEPT: f32 = 0.9965;

/// -12 dB: the quiet sounds of a voice against its loud ones. Noise is below.
const OF_A_VOICE: f32 = 1.0 / 16.0;

/// 6 dB: far more than the same voice differs between two microphones of one device.
const CLEARLY: f32 = 4.0;

/// -80 dB of full scale: below is the noise of a microphone, not worth a change.
const FAINTEST: f32 = 1e-8;

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_HZ: u32 = 48_000;

    fn tone(at: usize) -> f32 {
        0.5 * (std::f32::consts::TAU * 200.0 * at as f32 / RATE_HZ as f32).sin()
    }

    /// What is heard of a second of frames of `N` channels.
    fn heard<const N: usize>(frame: impl Fn(usize) -> [f32; N]) -> Vec<f32> {
        let mut loudest = Loudest::new(N, RATE_HZ);
        (0..RATE_HZ as usize)
            .map(|at| loudest.take(&frame(at)))
            .collect()
    }

    fn level_of(samples: &[f32]) -> f32 {
        (samples.iter().map(|it| it * it).sum::<f32>() / samples.len() as f32).sqrt()
    }

    /// The largest step from one sample to the next.
    fn steepest(samples: &[f32]) -> f32 {
        samples
            .windows(2)
            .map(|it| (it[1] - it[0]).abs())
            .fold(0.0, f32::max)
    }

    fn mono() -> Vec<f32> {
        (0..RATE_HZ as usize).map(tone).collect()
    }

    #[test]
    fn channels_in_opposite_phase_are_heard_at_full_level() {
        assert_eq!(heard(|at| [tone(at), -tone(at)]), mono());
    }

    #[test]
    fn equal_channels_are_heard_as_they_are() {
        assert_eq!(heard(|at| [tone(at); 6]), mono());
    }

    #[test]
    fn one_loud_channel_of_eight_is_heard_at_full_level_after_20_ms() {
        for loud in 0..8 {
            let samples = heard(|at| {
                let mut frame = [0.0001; 8];
                frame[loud] = tone(at);
                frame
            });
            let settled = &samples[960..];
            assert!((level_of(settled) / level_of(&mono()) - 1.0).abs() < 0.01);
            assert!(steepest(&samples) < 1.1 * steepest(&mono()), "a click");
        }
    }

    #[test]
    fn a_constant_offset_is_not_loud() {
        let samples = heard(|at| [0.9, 0.2 * tone(at)]);
        assert!(level_of(&samples[960..]) < 0.1);
    }

    #[test]
    fn two_people_at_two_microphones_are_both_heard_without_a_click() {
        // They take turns every quarter of a second, with silence at the other microphone.
        let samples = heard(|at| {
            if (at / 12_000).is_multiple_of(2) {
                [tone(at), 0.0]
            } else {
                [0.0, tone(at)]
            }
        });
        assert!(steepest(&samples) < 1.2 * steepest(&mono()), "a click");
        for turn in samples.chunks(12_000) {
            let settled = level_of(&turn[2_400..]);
            assert!((settled / level_of(&mono()) - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn a_noisier_channel_does_not_take_over_in_a_pause() {
        // A second of speech beside noise at another microphone, and a second of pause.
        let noise = |at: usize| 0.05 * tone(7 * at);
        let mut loudest = Loudest::new(2, RATE_HZ);
        for at in 0..2 * RATE_HZ as usize {
            let voice = if at < RATE_HZ as usize {
                tone(at)
            } else {
                0.001 * tone(at)
            };
            loudest.take(&[voice, noise(at)]);
        }
        assert_eq!(loudest.current, 0);
    }

    #[test]
    fn channels_that_are_nearly_alike_never_flip() {
        // Each is twice as loud (6 dB less a little) for a while.
        let share = |at: usize, of: usize| if (at / 2_400) % 2 == of { 0.9 } else { 0.5 };
        let mut loudest = Loudest::new(2, RATE_HZ);
        let mut changes = 0;
        for at in 0..RATE_HZ as usize {
            let before = loudest.current;
            loudest.take(&[share(at, 0) * tone(at), share(at, 1) * tone(at)]);
            changes += usize::from(loudest.current != before);
        }
        assert_eq!(changes, 0);
    }

    #[test]
    fn garbage_is_silence() {
        let mut loudest = Loudest::new(2, RATE_HZ);
        assert_eq!(loudest.take(&[f32::NAN, 0.1]), 0.0);
        assert_eq!(loudest.take(&[f32::INFINITY, 0.1]), 0.0);
        assert_eq!(loudest.take(&[4.0, 0.1]), 1.0);
        assert_eq!(Loudest::new(1, RATE_HZ).take(&[-0.5]), -0.5);
    }
}
