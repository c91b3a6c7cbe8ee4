//! A microphone that says a loop in real time.
//!
//! At monotonic time `t` it hears the sample at `t` modulo the length of the loop, so the position
//! of a sound tells when it was said. As with a sound card, 10 ms are handed over when they are
//! complete; a thread that woke late hands over what it owes at once, and loses sound only when it
//! owes more than a sound card would keep.

use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::backend::audio::{SAMPLE_RATE_HZ, SampleSink};
use media::backend::device::{DeviceError, DeviceInfo};
use media::synthetic::voice::Voice;
use media::synthetic::wav::{self, Wav};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, WindowFunction};

use super::disk;
use super::ticks::Ticks;
use crate::clock;
use crate::thread::{Running, Stop};

/// One period of sound, mono at 48 kHz, never empty.
#[derive(Clone, Debug)]
pub(crate) struct Loop(Arc<[f32]>);

impl Loop {
    /// A loop of `samples`; `None` when there are none.
    pub(crate) fn new(samples: Vec<f32>) -> Option<Self> {
        (!samples.is_empty()).then(|| Self(samples.into()))
    }

    /// The recording in the WAV file `path`, at our rate.
    pub(crate) fn open(path: &Path) -> Result<Self, DeviceError> {
        let recording = wav::read(BufReader::new(disk::open(path)?))
            .map_err(|error| disk::cannot_read(path, &error))?;
        let samples = resample(recording)?;
        Self::new(samples).ok_or_else(|| disk::cannot_read(path, &"no sound in the file"))
    }

    /// The synthetic voice.
    pub(crate) fn voice() -> Self {
        Self(Voice::new().samples().into())
    }

    /// Fills `out` with what is heard from `at` on.
    fn fill(&self, at: Instant, out: &mut [f32]) {
        let position = u128::from(clock::nanos_at(at)) * u128::from(SAMPLE_RATE_HZ) / 1_000_000_000;
        let mut from = (position % self.0.len() as u128) as usize;
        let mut rest = out;
        while !rest.is_empty() {
            let (now, later) = rest.split_at_mut(rest.len().min(self.0.len() - from));
            now.copy_from_slice(&self.0[from..from + now.len()]);
            (from, rest) = (0, later);
        }
    }
}

/// The whole of `recording` at 48 kHz.
fn resample(recording: Wav) -> Result<Vec<f32>, DeviceError> {
    if recording.rate_hz == SAMPLE_RATE_HZ {
        return Ok(recording.samples);
    }
    let failed = |why: &dyn std::fmt::Display| DeviceError::Failed(format!("resample: {why}"));
    let ratio = f64::from(SAMPLE_RATE_HZ) / f64::from(recording.rate_hz);
    let parameters = SincInterpolationParameters::new(256, WindowFunction::BlackmanHarris2);
    let mut resampler = Async::new_sinc(ratio, 1.0, &parameters, 1024, 1, FixedAsync::Input)
        .map_err(|it| failed(&it))?;
    let len = recording.samples.len();
    let input = InterleavedSlice::new(&recording.samples[..], 1, len).map_err(|it| failed(&it))?;
    let mut samples = vec![0.0; resampler.process_all_needed_output_len(len)];
    let room = samples.len();
    let mut output = InterleavedSlice::new_mut(&mut samples, 1, room).map_err(|it| failed(&it))?;
    let (_, made) = resampler
        .process_all_into_buffer(&input, &mut output, len, None)
        .map_err(|it| failed(&it))?;
    samples.truncate(made);
    Ok(samples)
}

/// Starts a microphone that hears `said`.
pub(crate) fn start(
    info: DeviceInfo,
    said: Loop,
    mut sink: Box<dyn SampleSink>,
) -> Result<Running, DeviceError> {
    Running::start(info, "microphone", move |stop| {
        run(&said, sink.as_mut(), &stop)
    })
}

fn run(said: &Loop, sink: &mut dyn SampleSink, stop: &Stop) {
    let mut ticks = Ticks::new(Instant::now(), KEPT);
    let mut chunk = [0.0; Ticks::SAMPLES];
    loop {
        let heard_from = ticks.next(Instant::now()).at;
        let complete = heard_from + Ticks::LEN;
        if stop.wait_until(complete).is_err() {
            return;
        }
        said.fill(heard_from, &mut chunk);
        sink.samples(&chunk, heard_from);
    }
}

/// What sound cards keep for a late reader, about.
const KEPT: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
