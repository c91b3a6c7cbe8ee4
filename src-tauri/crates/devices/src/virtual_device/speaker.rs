//! Speakers that nobody hears: one writes a WAV file in real time, one throws sound away.
//!
//! Both pull 10 ms at exact deadlines, as a sound card with an empty queue would. A thread that
//! woke a little late makes up for it; what is owed beyond that was silence in a real speaker, and
//! it is silence in the file, so that a position in the file always tells its time.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use media::backend::audio::{SAMPLE_RATE_HZ, SampleSource};
use media::backend::device::{DeviceError, DeviceInfo};
use media::synthetic::wav;

use super::disk;
use super::ticks::Ticks;
use crate::clock;
use crate::thread::{Running, Stop};

/// Starts a speaker that plays into the WAV file `path` (48 kHz, mono, 16 bit). Beside it, with
/// `.start` added to its name, goes a text with what the monotonic clock showed at the file's
/// first sample, in nanoseconds.
pub(crate) fn into_file(
    info: DeviceInfo,
    path: &Path,
    source: Box<dyn SampleSource>,
) -> Result<Running, DeviceError> {
    let recording = Recording::create(path)?;
    start(info, Some(recording), source)
}

/// Starts a speaker that nobody hears.
pub(crate) fn into_nothing(
    info: DeviceInfo,
    source: Box<dyn SampleSource>,
) -> Result<Running, DeviceError> {
    start(info, None, source)
}

fn start(
    info: DeviceInfo,
    recording: Option<Recording>,
    mut source: Box<dyn SampleSource>,
) -> Result<Running, DeviceError> {
    Running::start(info, "speaker", move |stop| {
        if let Err(error) = run(recording, source.as_mut(), &stop) {
            source.failed(error);
        }
    })
}

fn run(
    mut recording: Option<Recording>,
    source: &mut dyn SampleSource,
    stop: &Stop,
) -> Result<(), DeviceError> {
    let begin = Instant::now() + Ticks::LEN;
    let mut ticks = Ticks::new(begin, PATIENCE);
    let mut chunk = [0.0; Ticks::SAMPLES];
    if let Some(recording) = &recording {
        recording.note_start(begin)?;
    }
    loop {
        let tick = ticks.next(Instant::now());
        if stop.wait_until(tick.at).is_err() {
            return write(&mut recording, Recording::finish);
        }
        chunk.fill(0.0);
        for _ in 0..tick.missed {
            write(&mut recording, |it| it.append(&chunk))?;
        }
        source.fill(&mut chunk, tick.at);
        write(&mut recording, |it| it.append(&chunk))?;
    }
}

fn write(
    recording: &mut Option<Recording>,
    write: impl FnOnce(&mut Recording) -> io::Result<()>,
) -> Result<(), DeviceError> {
    let Some(recording) = recording else {
        return Ok(());
    };
    write(recording).map_err(|error| disk::cannot_write(&recording.path, &error))
}

/// A WAV file that grows; it can be read at any time up to its last second.
#[derive(Debug)]
struct Recording {
    path: PathBuf,
    writer: wav::Writer<BufWriter<File>>,
    /// Samples since the file was last made readable.
    unseen: usize,
}

impl Recording {
    fn create(path: &Path) -> Result<Self, DeviceError> {
        let file = BufWriter::new(disk::create(path)?);
        let writer = wav::Writer::new(file, SAMPLE_RATE_HZ)
            .map_err(|error| disk::cannot_write(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            writer,
            unseen: 0,
        })
    }

    fn note_start(&self, at: Instant) -> Result<(), DeviceError> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".start");
        let beside = PathBuf::from(beside);
        let text = clock::nanos_at(at).to_string();
        disk::create(&beside)?
            .write_all(text.as_bytes())
            .map_err(|error| disk::cannot_write(&beside, &error))
    }

    fn append(&mut self, samples: &[f32]) -> io::Result<()> {
        self.writer.write(samples)?;
        self.unseen += samples.len();
        if self.unseen < SAMPLE_RATE_HZ as usize {
            return Ok(());
        }
        self.unseen = 0;
        self.finish()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// What a sound card's queue bridges.
const PATIENCE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests;
