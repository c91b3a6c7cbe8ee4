//! Raw pictures in files: YUV4MPEG2 (the format of `ffmpeg -pix_fmt yuv420p clip.y4m`).
//!
//! Reads 8-bit 4:2:0 and grey pictures and writes 4:2:0, through any [`Read`], [`Seek`] and
//! [`Write`]. A file may come from anywhere: sizes are checked before anything is allocated.
//!
//! ```
//! use std::io::Cursor;
//!
//! use media::picture::Picture;
//! use media::synthetic::y4m::{Reader, Writer};
//! use media::units::Size;
//!
//! let picture = Picture::black(Size::new(64, 48));
//! let mut file = Vec::new();
//! Writer::new(&mut file, picture.size(), 25)?.write(&picture)?;
//!
//! let mut reader = Reader::new(Cursor::new(file))?;
//! let mut read = Picture::black(reader.size());
//! assert!(reader.read(&mut read)?);
//! assert_eq!((reader.fps(), read), (25.0, picture));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod header;

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};

use thiserror::Error;

use self::header::{Chroma, Header};
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
    /// Another chroma format than 8-bit 4:2:0 or 8-bit grey.
    #[error("chroma format {0:?} is not supported, only 8-bit 4:2:0 is")]
    Unsupported(String),
    /// A size that no picture can have here.
    #[error("pictures of {0} are not supported: no side may be 0 or more than {max}", max = Size::MAX.width)]
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
    header: Header,
    first_frame: u64,
}

impl<R: Read + Seek> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When `source` is no YUV4MPEG2 file that can be used.
    pub fn new(source: R) -> Result<Self, Error> {
        let mut source = BufReader::with_capacity(READ_AHEAD, source);
        let header = match line(&mut source, LONGEST_HEADER)? {
            Line::Whole(line) => Header::parse(&line)?,
            Line::TooLong | Line::End => return Err(Error::NotY4m),
        };
        let first_frame = source.stream_position()?;
        Ok(Self {
            source,
            header,
            first_frame,
        })
    }

    /// The size of all pictures. Where a side of the file's is odd, it is one more: the last
    /// column or row is repeated, because 4:2:0 needs even sides.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.header.size()
    }

    /// Pictures per second, at most 1000: a file that claims more plays at that rate.
    #[must_use]
    pub const fn fps(&self) -> f32 {
        self.header.fps
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
            self.size(),
            "the caller asks for the size first"
        );
        if !self.frame_begins()? {
            return Ok(false);
        }
        match self.read_planes(picture) {
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

    /// Passes over the next picture, or the first one after the last, without reading its pixels.
    ///
    /// # Errors
    /// When the file is damaged, cannot be read or has no picture.
    pub fn skip_looped(&mut self) -> Result<(), Error> {
        if !self.frame_begins()? {
            self.source.seek(SeekFrom::Start(self.first_frame))?;
            if !self.frame_begins()? {
                return Err(Error::Empty);
            }
        }
        self.source.seek_relative(self.header.frame_len() as i64)?;
        Ok(())
    }

    /// Reads the line before a picture; false at the end of the file.
    fn frame_begins(&mut self) -> Result<bool, Error> {
        match line(&mut self.source, LONGEST_FRAME_HEADER)? {
            Line::Whole(line) if line == b"FRAME" || line.starts_with(b"FRAME ") => Ok(true),
            Line::Whole(_) | Line::TooLong => Err(Error::BadFrame),
            Line::End => Ok(false),
        }
    }

    fn read_planes(&mut self, picture: &mut Picture) -> io::Result<()> {
        let (stored, stride) = (self.header.stored, picture.size().width as usize);
        let [luma, u, v] = picture.planes_mut();
        if stored.width.is_multiple_of(2) {
            self.source
                .read_exact(&mut luma[..stride * stored.height as usize])?;
        } else {
            for row in luma.chunks_exact_mut(stride).take(stored.height as usize) {
                self.source.read_exact(&mut row[..stride - 1])?;
                row[stride - 1] = row[stride - 2];
            }
        }
        if !stored.height.is_multiple_of(2) {
            let end = luma.len();
            luma.copy_within(end - 2 * stride..end - stride, end - stride);
        }
        match self.header.chroma {
            // The file rounds the sides of these planes up, as the even picture has them.
            Chroma::Quarter => {
                self.source.read_exact(u)?;
                self.source.read_exact(v)
            }
            Chroma::None => {
                u.fill(NEUTRAL);
                v.fill(NEUTRAL);
                Ok(())
            }
        }
    }
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({} at {})", self.header.stored, self.header.fps)
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

/// What [`line()`] found.
enum Line {
    /// A line, without its end.
    Whole(Vec<u8>),
    /// No end of a line within the bound.
    TooLong,
    /// The end of the file, perhaps within a line.
    End,
}

/// Reads one line of at most `longest` bytes.
fn line<R: BufRead>(source: &mut R, longest: u64) -> Result<Line, Error> {
    let mut line = Vec::new();
    source.take(longest).read_until(b'\n', &mut line)?;
    let read = line.len() as u64;
    Ok(match line.pop() {
        Some(b'\n') => Line::Whole(line),
        Some(_) if read == longest => Line::TooLong,
        Some(_) | None => Line::End,
    })
}

/// Bounds of the lines in the file: some short fields, and comments at worst.
const LONGEST_HEADER: u64 = 1024;
const LONGEST_FRAME_HEADER: u64 = 256;

/// No colour.
const NEUTRAL: u8 = 128;

/// Bytes read at once: a good part of a picture.
const READ_AHEAD: usize = 256 * 1024;

#[cfg(test)]
mod tests;
