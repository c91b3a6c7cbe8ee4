//! Speakers that nobody hears: one writes a WAV file in real time, one throws sound away.
//!
//! Both pull 10 ms at exact deadlines, as a sound card with an empty queue would. A thread that
//! woke a little late makes up for it; what is owed beyond that was silence in a real speaker, and
//! it is silence in the file, so that a position in the file always tells its time.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use media::backend::audio::{SAMPLE_RATE_HZ, SampleSource};
use media::backend::device::{DeviceError, DeviceInfo};

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
    let wav = Wav::create(path).map_err(|error| file_error(path, &error))?;
    start(info, Some(wav), source)
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
    wav: Option<Wav>,
    mut source: Box<dyn SampleSource>,
) -> Result<Running, DeviceError> {
    Running::start(info, "speaker", move |stop| {
        if let Err(error) = run(wav, source.as_mut(), &stop) {
            source.failed(error);
        }
    })
}

fn run(
    mut wav: Option<Wav>,
    source: &mut dyn SampleSource,
    stop: &Stop,
) -> Result<(), DeviceError> {
    let begin = Instant::now() + Ticks::LEN;
    let mut ticks = Ticks::new(begin, PATIENCE);
    let mut chunk = [0.0; Ticks::SAMPLES];
    write(&mut wav, |it| it.note_start(begin))?;
    loop {
        let tick = ticks.next(Instant::now());
        if stop.wait_until(tick.at).is_err() {
            return write(&mut wav, Wav::finish);
        }
        chunk.fill(0.0);
        for _ in 0..tick.missed {
            write(&mut wav, |it| it.append(&chunk))?;
        }
        source.fill(&mut chunk, tick.at);
        write(&mut wav, |it| it.append(&chunk))?;
    }
}

fn write(
    wav: &mut Option<Wav>,
    write: impl FnOnce(&mut Wav) -> io::Result<()>,
) -> Result<(), DeviceError> {
    let Some(wav) = wav else { return Ok(()) };
    write(wav).map_err(|error| file_error(&wav.path, &error))
}

/// A WAV file that grows; it can be read at any time up to its last second.
#[derive(Debug)]
struct Wav {
    path: PathBuf,
    file: BufWriter<File>,
    samples: u32,
}

impl Wav {
    fn create(path: &Path) -> io::Result<Self> {
        let file = BufWriter::new(File::create(path)?);
        let mut wav = Self {
            path: path.to_owned(),
            file,
            samples: 0,
        };
        wav.file.write_all(&wav.header())?;
        Ok(wav)
    }

    fn note_start(&self, at: Instant) -> io::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".start");
        std::fs::write(beside, clock::nanos_at(at).to_string())
    }

    fn append(&mut self, samples: &[f32]) -> io::Result<()> {
        for sample in samples {
            let level = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16;
            self.file.write_all(&level.to_le_bytes())?;
        }
        self.samples = self.samples.saturating_add(samples.len() as u32);
        if self.samples.is_multiple_of(SAMPLE_RATE_HZ) {
            self.finish()
        } else {
            Ok(())
        }
    }

    /// Writes what is there and a header that says so.
    fn finish(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let header = self.header();
        self.file.write_all(&header)?;
        self.file.seek(SeekFrom::End(0))?;
        self.file.flush()
    }

    /// The RIFF header for what was written so far.
    fn header(&self) -> Vec<u8> {
        let data_bytes = self.samples.saturating_mul(2);
        let mut header = Vec::with_capacity(44);
        header.extend(b"RIFF");
        header.extend(data_bytes.saturating_add(36).to_le_bytes());
        header.extend(b"WAVEfmt ");
        header.extend(16_u32.to_le_bytes());
        header.extend(1_u16.to_le_bytes()); // PCM
        header.extend(1_u16.to_le_bytes()); // channels
        header.extend(SAMPLE_RATE_HZ.to_le_bytes());
        header.extend((SAMPLE_RATE_HZ * 2).to_le_bytes());
        header.extend(2_u16.to_le_bytes()); // bytes per frame
        header.extend(16_u16.to_le_bytes()); // bits per sample
        header.extend(b"data");
        header.extend(data_bytes.to_le_bytes());
        header
    }
}

fn file_error(path: &Path, error: &io::Error) -> DeviceError {
    DeviceError::File {
        path: path.display().to_string(),
        why: error.to_string(),
    }
}

/// What a sound card's queue bridges.
const PATIENCE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests;
