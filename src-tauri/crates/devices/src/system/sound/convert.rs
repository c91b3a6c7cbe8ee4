//! Between a device's sound (any rate, any number of channels, any sample format) and ours (48 kHz,
//! mono, `f32`). Runs in the device's callback: all memory is there before the first call.

use std::time::{Duration, Instant};

use cpal::{Data, FromSample, I24, SampleFormat, SizedSample, U24};
use media::backend::audio::{SAMPLE_RATE_HZ, SampleSink, SampleSource};
use media::backend::device::DeviceError;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

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
    resampling: Option<Resampling>,
    mono: Box<[f32]>,
}

impl Intake {
    /// For a microphone of `channels` at `rate_hz`.
    pub(super) fn new(channels: u16, rate_hz: u32) -> Result<Self, DeviceError> {
        Ok(Self {
            channels: usize::from(channels.max(1)),
            rate_hz,
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
                *mono = downmix(frame);
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

/// The mean of all channels: a voice is in all of them alike. A device's garbage (NaN, infinity)
/// becomes silence here, since it would live on in every filter behind.
fn downmix<T>(frame: &[T]) -> f32
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let sum: f32 = frame.iter().map(|it| it.to_sample::<f32>()).sum();
    let mean = sum / frame.len() as f32;
    if mean.is_finite() {
        mean.clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

/// Changes the rate of mono sound, 5 ms of input at a time.
struct Resampling {
    resampler: Async<f32>,
    from_hz: u32,
    to_hz: u32,
    input: Box<[f32]>,
    /// How much of `input` waits for the rest.
    filled: usize,
    /// When the first sample of `input` was heard.
    input_at: Instant,
    output: Box<[f32]>,
    /// What of `output` waits to be played.
    ready: std::ops::Range<usize>,
}

impl Resampling {
    /// `None` when there is nothing to change.
    fn between(from_hz: u32, to_hz: u32) -> Result<Option<Self>, DeviceError> {
        if from_hz == to_hz {
            return Ok(None);
        }
        let failed = |error: &dyn std::fmt::Display| {
            DeviceError::Format(format!("resample {from_hz} to {to_hz} Hz: {error}"))
        };
        // 64 taps delay by half as many samples, under a millisecond, and a voice needs no more.
        let mut parameters = SincInterpolationParameters::new(64, WindowFunction::BlackmanHarris2);
        parameters.interpolation = SincInterpolationType::Linear;
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        let chunk = (from_hz as usize / 200).max(1);
        let resampler = Async::new_sinc(ratio, 1.0, &parameters, chunk, 1, FixedAsync::Input)
            .map_err(|error| failed(&error))?;
        let output = vec![0.0; resampler.output_frames_max()].into();
        Ok(Some(Self {
            resampler,
            from_hz,
            to_hz,
            input: vec![0.0; chunk].into(),
            filled: 0,
            input_at: Instant::now(),
            output,
            ready: 0..0,
        }))
    }

    /// Takes what a microphone heard and hands over what that makes.
    fn take(&mut self, samples: &[f32], captured_at: Instant, sink: &mut dyn SampleSink) {
        let mut rest = samples;
        while !rest.is_empty() {
            if self.filled == 0 {
                let taken = samples.len() - rest.len();
                self.input_at = captured_at + duration(taken, self.from_hz);
            }
            let (now, later) = rest.split_at(rest.len().min(self.input.len() - self.filled));
            self.input[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            rest = later;
            if self.filled == self.input.len() {
                let made = self.convert();
                let delay = duration(self.resampler.output_delay(), self.to_hz);
                let at = self.input_at.checked_sub(delay).unwrap_or(self.input_at);
                sink.samples(&self.output[..made], at);
            }
        }
    }

    /// Fills `out` for a speaker, asking `source` for as much as that takes.
    fn fill(&mut self, out: &mut [f32], plays_at: Instant, source: &mut dyn SampleSource) {
        let mut at = plays_at;
        let mut rest = out;
        while !rest.is_empty() {
            if self.ready.is_empty() {
                let delay = duration(self.resampler.output_delay(), self.to_hz);
                source.fill(&mut self.input, at + delay);
                self.ready = 0..self.convert();
            }
            let len = rest.len().min(self.ready.len());
            let (now, later) = rest.split_at_mut(len);
            now.copy_from_slice(&self.output[self.ready.start..self.ready.start + len]);
            self.ready.start += len;
            at += duration(len, self.to_hz);
            rest = later;
        }
    }

    /// Converts the whole of `input`; how many samples of `output` that made, at least one.
    fn convert(&mut self) -> usize {
        self.filled = 0;
        let (input, output) = (&self.input[..], &mut self.output[..]);
        let (input_len, output_len) = (input.len(), output.len());
        let converted = InterleavedSlice::new(input, 1, input_len)
            .ok()
            .zip(InterleavedSlice::new_mut(output, 1, output_len).ok())
            .and_then(|(from, mut to)| {
                self.resampler
                    .process_into_buffer(&from, &mut to, None)
                    .ok()
            });
        match converted {
            Some((_, made)) if made > 0 => made,
            // Buffers have the sizes that the resampler asked for, so this is never heard.
            _ => {
                self.output[0] = 0.0;
                1
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
