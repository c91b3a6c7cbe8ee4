//! Sound in files: WAVE (RIFF), as microphones' recordings come and as the file speaker writes.
//!
//! Reads integer and float samples of any usual width, rate and number of channels into one
//! channel, whatever the phase of the channels; writes 16-bit mono. A file may come from anywhere:
//! nothing is allocated because a header says so.
//!
//! ```
//! use std::io::Cursor;
//!
//! use media::synthetic::wav::{self, Writer};
//!
//! let mut file = Cursor::new(Vec::new());
//! let mut writer = Writer::new(&mut file, 48_000)?;
//! writer.write(&[0.0, 0.5])?;
//! writer.flush()?;
//!
//! let recording = wav::read(file.get_ref().as_slice())?;
//! assert_eq!((recording.rate_hz, recording.samples.len()), (48_000, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod format;
mod mix;

use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};

use thiserror::Error;

use self::format::{Format, INTEGER};
use self::mix::Mix;

/// Why a file cannot be read.
#[derive(Debug, Error)]
pub enum Error {
    /// The file does not start like a WAVE file.
    #[error("not a WAVE file")]
    NotWav,
    /// There is no description of the samples before them.
    #[error("no format before the samples")]
    NoFormat,
    /// Samples of a kind that cannot be read.
    #[error("samples of format {format} with {bits} bits are not supported")]
    Unsupported {
        /// Format tag (1 is integer, 3 is float).
        format: u16,
        /// Bits per sample.
        bits: u16,
    },
    /// A rate or a number of channels that no recording has.
    #[error("{channels} channels at {rate_hz} Hz are not supported")]
    BadLayout {
        /// Channels.
        channels: u16,
        /// Samples per second.
        rate_hz: u32,
    },
    /// More than is held in memory.
    #[error("longer than {MOST_MINUTES} minutes")]
    TooLong,
    /// There is not a single sample.
    #[error("no sound in the file")]
    Empty,
    /// The file cannot be read.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
}

/// A recording, mixed to one channel.
#[derive(Clone, PartialEq)]
pub struct Wav {
    /// Samples per second.
    pub rate_hz: u32,
    /// The samples, -1 to 1.
    pub samples: Vec<f32>,
}

impl std::fmt::Debug for Wav {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Wav({} samples at {} Hz)",
            self.samples.len(),
            self.rate_hz
        )
    }
}

/// Reads a whole file. Give it a buffered source.
///
/// # Errors
/// When `source` is no WAVE file that can be used.
pub fn read(mut source: impl Read) -> Result<Wav, Error> {
    let mut riff = [0; 12];
    source.read_exact(&mut riff).map_err(|_| Error::NotWav)?;
    if &riff[..4] != b"RIFF" || &riff[8..] != b"WAVE" {
        return Err(Error::NotWav);
    }
    let mut format = None;
    loop {
        let Some((id, len)) = chunk(&mut source)? else {
            return Err(if format.is_some() {
                Error::Empty
            } else {
                Error::NoFormat
            });
        };
        match &id {
            b"fmt " => format = Some(read_format(&mut source, len)?),
            b"data" => return read_samples(format.ok_or(Error::NoFormat)?, source, len),
            _ => skip(&mut source, u64::from(len) + u64::from(len % 2))?,
        }
    }
}

/// Writes 16-bit mono sound. The file can be read at any time after [`Writer::flush`], also when
/// it was never finished.
#[derive(Debug)]
pub struct Writer<W: Write + Seek> {
    sink: W,
    written: u32,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a file of `rate_hz` samples per second. Give it a buffered sink.
    ///
    /// # Errors
    /// When `sink` cannot be written.
    pub fn new(mut sink: W, rate_hz: u32) -> io::Result<Self> {
        sink.write_all(b"RIFF\0\0\0\0WAVEfmt ")?;
        sink.write_all(&16_u32.to_le_bytes())?;
        sink.write_all(&INTEGER.to_le_bytes())?;
        sink.write_all(&1_u16.to_le_bytes())?;
        sink.write_all(&rate_hz.to_le_bytes())?;
        sink.write_all(&(rate_hz * 2).to_le_bytes())?;
        sink.write_all(&2_u16.to_le_bytes())?;
        sink.write_all(&16_u16.to_le_bytes())?;
        sink.write_all(b"data\0\0\0\0")?;
        let mut writer = Self { sink, written: 0 };
        writer.flush()?;
        Ok(writer)
    }

    /// Writes samples; those beyond -1 to 1 are clipped.
    ///
    /// # Errors
    /// When the sink cannot be written, or after 12 hours of 48 kHz, which no WAVE file holds.
    pub fn write(&mut self, samples: &[f32]) -> io::Result<()> {
        let bytes = u32::try_from(samples.len() * 2)
            .ok()
            .and_then(|it| self.written.checked_add(it));
        self.written = bytes
            .filter(|it| *it < u32::MAX - HEADER_LEN)
            .ok_or_else(|| io::Error::new(ErrorKind::FileTooLarge, "WAVE files end at 4 GiB"))?;
        for sample in samples {
            let level = (sample * 32_767.0).round().clamp(-32_768.0, 32_767.0) as i16;
            self.sink.write_all(&level.to_le_bytes())?;
        }
        Ok(())
    }

    /// Writes out what is buffered and brings the lengths in the header up to date.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.seek(SeekFrom::Start(4))?;
        self.sink
            .write_all(&(self.written + HEADER_LEN - 8).to_le_bytes())?;
        self.sink.seek(SeekFrom::Start(u64::from(HEADER_LEN) - 4))?;
        self.sink.write_all(&self.written.to_le_bytes())?;
        self.sink.seek(SeekFrom::End(0))?;
        self.sink.flush()
    }
}

fn read_format(source: &mut impl Read, len: u32) -> Result<Format, Error> {
    let mut head = [0; Format::LONGEST];
    let known = (len as usize).min(head.len());
    source.read_exact(&mut head[..known])?;
    skip(source, u64::from(len) + u64::from(len % 2) - known as u64)?;
    Format::parse(&head[..known])
}

/// Reads at most `len` bytes of samples; a length that was never filled in means all.
fn read_samples(format: Format, source: impl Read, len: u32) -> Result<Wav, Error> {
    let frame = format.frame_len();
    let most = (format.rate_hz * 60 * MOST_MINUTES) as usize;
    let len = if len == 0 { u32::MAX } else { len };
    let mut source = source.take(u64::from(len));
    let mut mix = Mix::new(format.channels);
    let (mut block, mut channels) = (vec![0; frame * BLOCK], Vec::new());
    let mut samples = Vec::new();
    loop {
        let filled = fill(&mut source, &mut block)?;
        if filled < frame {
            break;
        }
        channels.clear();
        channels.extend(format.samples(&block[..filled - filled % frame]));
        mix.add(&channels, &mut samples);
        if samples.len() > most {
            return Err(Error::TooLong);
        }
    }
    if samples.is_empty() {
        return Err(Error::Empty);
    }
    Ok(Wav {
        rate_hz: format.rate_hz,
        samples,
    })
}

/// Name and length of the next chunk; `None` at the end.
fn chunk(source: &mut impl Read) -> Result<Option<([u8; 4], u32)>, Error> {
    let mut head = [0; 8];
    if fill(source, &mut head)? < head.len() {
        return Ok(None);
    }
    let [a, b, c, d, len @ ..] = head;
    Ok(Some(([a, b, c, d], u32::from_le_bytes(len))))
}

fn skip(source: &mut impl Read, len: u64) -> Result<(), Error> {
    io::copy(&mut source.take(len), &mut io::sink())?;
    Ok(())
}

/// Fills `block` as far as the source goes.
fn fill(source: &mut impl Read, block: &mut [u8]) -> Result<usize, Error> {
    let mut filled = 0;
    while filled < block.len() {
        match source.read(&mut block[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(filled)
}

const HEADER_LEN: u32 = 44;

/// A loop of speech is rarely longer, and ten minutes at 48 kHz are 115 MB of memory.
const MOST_MINUTES: u32 = 10;

/// Frames read at a time.
const BLOCK: usize = 4096;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn file(format: u16, channels: u16, rate_hz: u32, bits: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        bytes.extend(format.to_le_bytes());
        bytes.extend(channels.to_le_bytes());
        bytes.extend(rate_hz.to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend(bits.to_le_bytes());
        bytes.extend(b"data");
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = Writer::new(&mut bytes, 48_000).unwrap();
        writer.write(&[0.0, 0.5, -0.5, 2.0]).unwrap();
        writer.flush().unwrap();
        writer.write(&[0.25]).unwrap();
        writer.flush().unwrap();
        let wav = read(bytes.get_ref().as_slice()).unwrap();
        assert_eq!(wav.rate_hz, 48_000);
        for (read, written) in wav.samples.iter().zip([0.0, 0.5, -0.5, 1.0, 0.25]) {
            assert!((read - written).abs() < 1e-3);
        }
        assert_eq!(wav.samples.len(), 5);
    }

    #[test]
    fn every_width_means_the_same_sound() {
        let half = |format, bits, data: &[u8]| {
            let wav = read(file(format, 1, 16_000, bits, data).as_slice()).unwrap();
            assert!(
                (wav.samples[0] - 0.5).abs() < 0.01,
                "{format} {bits}: {}",
                wav.samples[0]
            );
        };
        half(1, 8, &[192]);
        half(1, 16, &[0, 64]);
        half(1, 24, &[0, 0, 64]);
        half(1, 32, &[0, 0, 0, 64]);
        half(3, 32, &0.5_f32.to_le_bytes());
        half(3, 64, &0.5_f64.to_le_bytes());
    }

    #[test]
    fn channels_are_mixed_and_a_torn_end_is_dropped() {
        let wav = read(file(1, 2, 44_100, 16, &[0, 64, 0, 0, 0, 32, 0, 32, 9]).as_slice()).unwrap();
        assert_eq!(wav.samples, [0.25, 0.25]);
    }

    #[test]
    fn a_stereo_recording_in_opposite_phase_is_heard() {
        let frames = (0..30_000_i16).flat_map(|at| [at % 320 * 100, -(at % 320) * 100]);
        let data: Vec<u8> = frames.flat_map(i16::to_le_bytes).collect();
        let wav = read(file(1, 2, 48_000, 16, &data).as_slice()).unwrap();
        let peak = wav
            .samples
            .iter()
            .fold(0.0_f32, |peak, it| peak.max(it.abs()));
        assert!(peak > 0.9, "{peak}");
    }

    #[test]
    fn each_fault_has_its_name() {
        assert!(matches!(read(&b"RIFF"[..]), Err(Error::NotWav)));
        assert!(matches!(read(&b"YUV4MPEG2 W4 H4"[..]), Err(Error::NotWav)));
        assert!(matches!(
            read(&b"RIFF\0\0\0\0WAVEdata\0\0\0\0"[..]),
            Err(Error::NoFormat)
        ));
        let broken = |channels, rate, bits| read(file(1, channels, rate, bits, &[0; 8]).as_slice());
        assert!(matches!(
            broken(1, 48_000, 12),
            Err(Error::Unsupported {
                format: 1,
                bits: 12
            })
        ));
        assert!(matches!(
            broken(0, 48_000, 16),
            Err(Error::BadLayout { .. })
        ));
        assert!(matches!(broken(1, 7, 16), Err(Error::BadLayout { .. })));
        assert!(matches!(
            read(file(1, 1, 8000, 16, &[]).as_slice()),
            Err(Error::Empty)
        ));
        let long = vec![0; (4000 * 60 * MOST_MINUTES + 9000) as usize];
        assert!(matches!(
            read(file(1, 1, 4000, 8, &long).as_slice()),
            Err(Error::TooLong)
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            format in 0..4_u16, channels: u16, rate in 3000..50_000_u32, bits in 0..9_u16,
            data: Vec<u8>, cut in 0..80_usize
        ) {
            let bytes = file(format, channels, rate, bits * 8, &data);
            let _ = read(&bytes[..bytes.len() - cut.min(bytes.len())]);
            let _ = read(data.as_slice());
        }
    }
}
