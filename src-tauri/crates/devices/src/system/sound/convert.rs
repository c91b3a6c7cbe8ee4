//! Between a device's sound (any rate, any number of channels, any sample format) and ours (48 kHz,
//! mono, `f32`). Runs in the device's callback: all memory is there before the first call.

mod channels;
mod resampling;

use std::time::{Duration, Instant};

use cpal::{Data, FromSample, I24, SampleFormat, SizedSample, U24};
use media::backend::audio::{SAMPLE_RATE_HZ, SampleSink, SampleSource};
use media::backend::device::DeviceError;

use self::channels::Loudest;
use self::resampling::Resampling;

/// Reads the samples of `$data` by `$slice` as what they are, and gives them to `$take`. Types that
/// are missing here are those that `config` never chooses.
macro_rules! with_samples {
    ($data:ident.$slice:ident, $samples:ident => $take:expr) => {
        match $data.sample_format() {
            SampleFormat::I8 => $data.$slice::<i8>().map(|$samples| $take),
            SampleFormat::I16 => $data.$slice::<i16>().map(|$samples| $take),
            SampleFormat::I24 => $data.$slice::<I24>().map(|$samples| $take),
            SampleFormat::I32 => $data.$slice::<i32>().map(|$samples| $take),
            SampleFormat::I64 => $data.$slice::<i64>().map(|$samples| $take),
            SampleFormat::U8 => $data.$slice::<u8>().map(|$samples| $take),
            SampleFormat::U16 => $data.$slice::<u16>().map(|$samples| $take),
            SampleFormat::U24 => $data.$slice::<U24>().map(|$samples| $take),
            SampleFormat::U32 => $data.$slice::<u32>().map(|$samples| $take),
            SampleFormat::U64 => $data.$slice::<u64>().map(|$samples| $take),
            SampleFormat::F32 => $data.$slice::<f32>().map(|$samples| $take),
            SampleFormat::F64 => $data.$slice::<f64>().map(|$samples| $take),
            _ => None,
        }
    };
}

/// From a microphone to its sink.
pub(super) struct Intake {
    channels: usize,
    rate_hz: u32,
    loudest: Loudest,
    resampling: Option<Resampling>,
    mono: Box<[f32]>,
}

impl Intake {
    /// For a microphone of `channels` at `rate_hz`.
    pub(super) fn new(channels: u16, rate_hz: u32) -> Result<Self, DeviceError> {
        Ok(Self {
            channels: usize::from(channels.max(1)),
            rate_hz,
            loudest: Loudest::new(usize::from(channels.max(1)), rate_hz),
            resampling: Resampling::between(rate_hz, SAMPLE_RATE_HZ)?,
            mono: vec![0.0; BLOCK].into(),
        })
    }

    /// Hands `data`, whose first frame was heard at `captured_at`, over to `sink`.
    pub(super) fn take_data(
        &mut self,
        data: &Data,
        captured_at: Instant,
        sink: &mut dyn SampleSink,
    ) {
        with_samples!(data.as_slice, samples => self.take(samples, captured_at, sink));
    }

    fn take<T>(&mut self, data: &[T], captured_at: Instant, sink: &mut dyn SampleSink)
    where
        T: SizedSample,
        f32: FromSample<T>,
    {
        let mut at = captured_at;
        for block in data.chunks(BLOCK * self.channels) {
            let frames = block.chunks_exact(self.channels);
            let len = frames.len();
            for (mono, frame) in self.mono.iter_mut().zip(frames) {
                *mono = self.loudest.take(frame);
            }
            let samples = &self.mono[..len];
            match &mut self.resampling {
                None => sink.samples(samples, at),
                Some(resampling) => resampling.take(samples, at, sink),
            }
            at += duration(len, self.rate_hz);
        }
    }
}

/// From a source to a speaker.
pub(super) struct Outlet {
    channels: usize,
    rate_hz: u32,
    resampling: Option<Resampling>,
    mono: Box<[f32]>,
}

impl Outlet {
    /// For a speaker of `channels` at `rate_hz`.
    pub(super) fn new(channels: u16, rate_hz: u32) -> Result<Self, DeviceError> {
        Ok(Self {
            channels: usize::from(channels.max(1)),
            rate_hz,
            resampling: Resampling::between(SAMPLE_RATE_HZ, rate_hz)?,
            mono: vec![0.0; BLOCK].into(),
        })
    }

    /// Fills `data`, whose first frame will be heard at `plays_at`, from `source`.
    pub(super) fn fill_data(
        &mut self,
        data: &mut Data,
        plays_at: Instant,
        source: &mut dyn SampleSource,
    ) {
        with_samples!(data.as_slice_mut, samples => self.fill(samples, plays_at, source));
    }

    fn fill<T>(&mut self, data: &mut [T], plays_at: Instant, source: &mut dyn SampleSource)
    where
        T: SizedSample + FromSample<f32>,
    {
        let mut at = plays_at;
        for block in data.chunks_mut(BLOCK * self.channels) {
            let frames = block.chunks_exact_mut(self.channels);
            let samples = &mut self.mono[..frames.len()];
            match &mut self.resampling {
                None => source.fill(samples, at),
                Some(resampling) => resampling.fill(samples, at, source),
            }
            at += duration(samples.len(), self.rate_hz);
            for (frame, sample) in frames.zip(samples) {
                frame.fill(T::from_sample(sample.clamp(-1.0, 1.0)));
            }
        }
    }
}

fn duration(samples: usize, rate_hz: u32) -> Duration {
    Duration::from_nanos(samples as u64 * 1_000_000_000 / u64::from(rate_hz.max(1)))
}

/// Frames that are converted at a time: 10 ms at 48 kHz.
const BLOCK: usize = 480;

#[cfg(test)]
mod tests;
