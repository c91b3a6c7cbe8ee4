//! Raw pictures in files: YUV4MPEG2 (the format of `ffmpeg -pix_fmt yuv420p clip.y4m`).
//!
//! Reads and writes 8-bit 4:2:0 only, through any [`Read`], [`Seek`] and [`Write`]. A file may
//! come from anywhere: sizes are checked before anything is allocated.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};

use thiserror::Error;

use crate::picture::Picture;
use crate::units::Size;

/// Why a file cannot be read.
#[derive(Debug, Error)]
pub enum Error {
    /// The first line is not that of a YUV4MPEG2 file.
    #[error("not a YUV4MPEG2 file")]
    NotY4m,
    /// Something in the first line cannot be understood.
    #[error("bad header field {0:?}")]
    BadField(String),
    /// Another chroma format than 8-bit 4:2:0.
    #[error("chroma format {0:?} is not supported, only 8-bit 4:2:0 is")]
    Unsupported(String),
    /// A size that no picture can have here.
    #[error("pictures of {0} are not supported: both sides must be even, at most {max}", max = Size::MAX.width)]
    BadSize(Size),
    /// A picture does not start where one should.
    #[error("a picture is damaged")]
    BadFrame,
    /// There is not a single whole picture.
    #[error("no picture in the file")]
    Empty,
    /// The file cannot be read.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
}

/// Reads pictures one after another.
pub struct Reader<R> {
    source: BufReader<R>,
    size: Size,
    fps: f32,
    first_frame: u64,
}

impl<R: Read + Seek> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When `source` is no YUV4MPEG2 file that can be used.
    pub fn new(source: R) -> Result<Self, Error> {
        let mut source = BufReader::with_capacity(READ_AHEAD, source);
        let header = line(&mut source, LONGEST_HEADER)?.ok_or(Error::NotY4m)?;
        let header = Header::parse(&header)?;
        let first_frame = source.stream_position()?;
        Ok(Self {
            source,
            size: header.size,
            fps: header.fps,
            first_frame,
        })
    }

    /// The size of all pictures.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Pictures per second.
    #[must_use]
    pub const fn fps(&self) -> f32 {
        self.fps
    }

    /// Reads the next picture; false at the end of the file, also when its last picture is cut
    /// off.
    ///
    /// # Errors
    /// When the file is damaged or cannot be read.
    ///
    /// # Panics
    /// When `picture` has another size than [`Reader::size`].
    pub fn read(&mut self, picture: &mut Picture) -> Result<bool, Error> {
        assert_eq!(
            picture.size(),
            self.size,
            "the caller asks for the size first"
        );
        let Some(head) = line(&mut self.source, LONGEST_FRAME_HEADER)? else {
            return Ok(false);
        };
        if head != b"FRAME" && !head.starts_with(b"FRAME ") {
            return Err(Error::BadFrame);
        }
        match self.source.read_exact(picture.data_mut()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the next picture, or the first one after the last.
    ///
    /// # Errors
    /// When the file is damaged, cannot be read or has no picture.
    ///
    /// # Panics
    /// When `picture` has another size than [`Reader::size`].
    pub fn read_looped(&mut self, picture: &mut Picture) -> Result<(), Error> {
        if self.read(picture)? {
            return Ok(());
        }
        self.source.seek(SeekFrom::Start(self.first_frame))?;
        if self.read(picture)? {
            Ok(())
        } else {
            Err(Error::Empty)
        }
    }
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({} at {})", self.size, self.fps)
    }
}

/// Writes pictures one after another.
#[derive(Debug)]
pub struct Writer<W> {
    sink: W,
    size: Size,
}

impl<W: Write> Writer<W> {
    /// Writes the first line. Give it a buffered sink.
    ///
    /// # Errors
    /// When `sink` cannot be written.
    pub fn new(mut sink: W, size: Size, fps: u32) -> io::Result<Self> {
        let Size { width, height } = size;
        writeln!(
            sink,
            "YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420mpeg2"
        )?;
        Ok(Self { sink, size })
    }

    /// The size of all pictures.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Writes one picture.
    ///
    /// # Errors
    /// When the sink cannot be written, or `picture` has another size.
    pub fn write(&mut self, picture: &Picture) -> io::Result<()> {
        if picture.size() != self.size {
            let why = format!("a picture of {} in a file of {}", picture.size(), self.size);
            return Err(io::Error::new(ErrorKind::InvalidInput, why));
        }
        self.sink.write_all(b"FRAME\n")?;
        self.sink.write_all(picture.data())
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

struct Header {
    size: Size,
    fps: f32,
}

impl Header {
    fn parse(line: &[u8]) -> Result<Self, Error> {
        let line = std::str::from_utf8(line).map_err(|_| Error::NotY4m)?;
        let mut fields = line.split(' ').filter(|it| !it.is_empty());
        if fields.next() != Some("YUV4MPEG2") {
            return Err(Error::NotY4m);
        }
        let (mut width, mut height, mut fps) = (None, None, DEFAULT_FPS);
        for field in fields {
            let bad = || Error::BadField(field.into());
            let mut letters = field.chars();
            let tag = letters.next().ok_or_else(bad)?;
            let value = letters.as_str();
            match tag {
                'W' => width = Some(value.parse::<u32>().map_err(|_| bad())?),
                'H' => height = Some(value.parse::<u32>().map_err(|_| bad())?),
                'F' => fps = rate(value).ok_or_else(bad)?,
                'C' if !CHROMA.contains(&value) => return Err(Error::Unsupported(value.into())),
                // Interlacing, aspect, comments and extensions change nothing here.
                _ => {}
            }
        }
        let (Some(width), Some(height)) = (width, height) else {
            return Err(Error::NotY4m);
        };
        let size = Size::new(width, height);
        if size.is_valid() {
            Ok(Self { size, fps })
        } else {
            Err(Error::BadSize(size))
        }
    }
}

/// A rate such as `30000:1001`; `0:0` is unknown.
fn rate(text: &str) -> Option<f32> {
    let (above, below) = text.split_once(':')?;
    let (above, below) = (above.parse::<u32>().ok()?, below.parse::<u32>().ok()?);
    if above == 0 || below == 0 {
        return Some(DEFAULT_FPS);
    }
    let fps = (f64::from(above) / f64::from(below)) as f32;
    (LEAST_FPS..=MOST_FPS).contains(&fps).then_some(fps)
}

/// One line without its end, at most `longest` bytes; `None` at the end of the file.
fn line<R: BufRead>(source: &mut R, longest: u64) -> Result<Option<Vec<u8>>, Error> {
    let mut line = Vec::new();
    source.take(longest).read_until(b'\n', &mut line)?;
    match line.pop() {
        Some(b'\n') => Ok(Some(line)),
        Some(_) if line.len() as u64 + 1 == longest => Err(Error::BadFrame),
        Some(_) | None => Ok(None),
    }
}

/// Names of 8-bit 4:2:0; they differ in where chroma samples lie, by less than a pixel.
const CHROMA: [&str; 4] = ["420", "420jpeg", "420mpeg2", "420paldv"];

const DEFAULT_FPS: f32 = 30.0;
const LEAST_FPS: f32 = 1.0;
const MOST_FPS: f32 = 240.0;

/// Writers put some fields of few letters there, comments at worst.
const LONGEST_HEADER: u64 = 1024;
const LONGEST_FRAME_HEADER: u64 = 256;

/// A good part of a picture at once.
const READ_AHEAD: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn clip(pictures: u8) -> Vec<u8> {
        let size = Size::new(16, 8);
        let mut writer = Writer::new(Vec::new(), size, 25).unwrap();
        for number in 0..pictures {
            let mut picture = Picture::black(size);
            picture.data_mut().fill(number);
            writer.write(&picture).unwrap();
        }
        writer.sink
    }

    fn open(bytes: &[u8]) -> Result<Reader<Cursor<Vec<u8>>>, Error> {
        Reader::new(Cursor::new(bytes.to_vec()))
    }

    #[test]
    fn what_is_written_is_read_again_and_again() {
        let mut reader = open(&clip(3)).unwrap();
        assert_eq!((reader.size(), reader.fps()), (Size::new(16, 8), 25.0));
        let mut picture = Picture::black(reader.size());
        for number in 0..10 {
            reader.read_looped(&mut picture).unwrap();
            assert!(picture.data().iter().all(|it| *it == number % 3));
        }
    }

    #[test]
    fn headers_of_other_writers_are_understood() {
        let header = b"YUV4MPEG2 W640 H272 F30000:1001 Ip A0:0 C420jpeg XYSCSS=420JPEG XCOLORRANGE=LIMITED\n";
        let reader = open(header).unwrap();
        assert_eq!(reader.size(), Size::new(640, 272));
        assert!((reader.fps() - 29.97).abs() < 0.01);
        assert!((open(b"YUV4MPEG2 W2 H2\n").unwrap().fps() - 30.0).abs() < 0.01);
    }

    #[test]
    fn each_fault_has_its_name() {
        assert!(matches!(open(b""), Err(Error::NotY4m)));
        assert!(matches!(open(b"RIFF....WAVE\n"), Err(Error::NotY4m)));
        assert!(matches!(open(b"YUV4MPEG2 W640\n"), Err(Error::NotY4m)));
        assert!(matches!(open(b"YUV4MPEG2 W640 Hx\n"), Err(Error::BadField(it)) if it == "Hx"));
        assert!(
            matches!(open(b"YUV4MPEG2 W4 H4 C444\n"), Err(Error::Unsupported(it)) if it == "444")
        );
        assert!(matches!(
            open(b"YUV4MPEG2 W641 H480\n"),
            Err(Error::BadSize(_))
        ));
        assert!(matches!(
            open(b"YUV4MPEG2 W99998 H99998\n"),
            Err(Error::BadSize(_))
        ));
        let mut picture = Picture::black(Size::new(16, 8));
        let mut empty = open(&clip(0)).unwrap();
        assert!(matches!(empty.read_looped(&mut picture), Err(Error::Empty)));
        let mut damaged = clip(2);
        let second = damaged.len() - 6 - Picture::len_of(Size::new(16, 8));
        damaged[second] = b'X';
        let mut damaged = open(&damaged).unwrap();
        assert!(damaged.read(&mut picture).unwrap());
        assert!(matches!(damaged.read(&mut picture), Err(Error::BadFrame)));
    }

    #[test]
    fn a_cut_off_end_is_an_end() {
        let whole = clip(2);
        let mut reader = open(&whole[..whole.len() - 10]).unwrap();
        let mut picture = Picture::black(reader.size());
        assert!(reader.read(&mut picture).unwrap());
        assert!(!reader.read(&mut picture).unwrap());
        reader.read_looped(&mut picture).unwrap();
        assert!(picture.data().iter().all(|it| *it == 0));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            head in "(YUV4MPEG2 )?([WHFC][0-9:]{0,6} ){0,5}\n?", rest: Vec<u8>
        ) {
            let bytes = [head.as_bytes(), &rest].concat();
            if let Ok(mut reader) = open(&bytes) {
                let mut picture = Picture::black(reader.size());
                while let Ok(true) = reader.read(&mut picture) {}
            }
        }
    }
}
