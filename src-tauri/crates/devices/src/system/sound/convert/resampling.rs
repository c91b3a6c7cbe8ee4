//! From one sample rate to another, mono.

use std::time::Instant;

use media::backend::audio::{SampleSink, SampleSource};
use media::backend::device::DeviceError;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

use super::duration;

/// Changes the rate of mono sound, 5 ms of input at a time.
pub(super) struct Resampling {
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
    pub(super) fn between(from_hz: u32, to_hz: u32) -> Result<Option<Self>, DeviceError> {
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
    pub(super) fn take(
        &mut self,
        samples: &[f32],
        captured_at: Instant,
        sink: &mut dyn SampleSink,
    ) {
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
    pub(super) fn fill(
        &mut self,
        out: &mut [f32],
        plays_at: Instant,
        source: &mut dyn SampleSource,
    ) {
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
