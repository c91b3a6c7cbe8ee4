//! A camera's pictures from a YUV4MPEG2 file: in a loop, at the clip's own speed, in its own shape
//! and with no more pixels than were asked for.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use media::backend::device::DeviceError;
use media::picture::Picture;
use media::scale::Scaler;
use media::synthetic::y4m;
use media::units::Size;

use super::camera::Painter;
use super::disk;

/// A clip that plays.
#[derive(Debug)]
pub(crate) struct Clip {
    path: PathBuf,
    reader: y4m::Reader<File>,
    /// The picture that was read last, and its number since the start.
    picture: Picture,
    number: Option<u64>,
    /// What is delivered.
    size: Size,
    scaler: Scaler,
}

impl Clip {
    /// Opens the clip `path`, to be delivered with as many pixels as `bounds` has at most.
    pub(crate) fn open(path: &Path, bounds: Size) -> Result<Self, DeviceError> {
        let reader =
            y4m::Reader::new(disk::open(path)?).map_err(|error| disk::cannot_read(path, &error))?;
        let picture = Picture::black(reader.size());
        Ok(Self {
            path: path.to_owned(),
            size: reader.size().within_pixels_of(bounds),
            reader,
            picture,
            number: None,
            scaler: Scaler::sharp(),
        })
    }

    /// Reads on to picture `number`, counted over all rounds. Where that is far, what lies between
    /// is not worth passing over: the clip goes on from where it is.
    fn read_to(&mut self, number: u64) -> Result<(), DeviceError> {
        let ahead = self
            .number
            .map_or(number + 1, |it| number.saturating_sub(it));
        let a_second = (self.reader.fps() as u64).max(MOST_SKIPPED);
        let ahead = if ahead > a_second { 1 } else { ahead };
        for _ in 1..ahead {
            self.reader
                .skip_looped()
                .map_err(|error| disk::cannot_read(&self.path, &error))?;
        }
        if ahead > 0 {
            self.reader
                .read_looped(&mut self.picture)
                .map_err(|error| disk::cannot_read(&self.path, &error))?;
        }
        self.number = Some(number);
        Ok(())
    }
}

impl Painter for Clip {
    fn size(&self) -> Size {
        self.size
    }

    fn paint(&mut self, at: Duration, picture: &mut Picture) -> Result<(), DeviceError> {
        // A thousandth of a picture ahead: a time that was rounded down to just before a picture
        // belongs to that picture.
        let number = at.as_secs_f64() * f64::from(self.reader.fps()) + 0.001;
        self.read_to(number as u64)?;
        if picture.size() == self.picture.size() {
            picture.data_mut().copy_from_slice(self.picture.data());
        } else {
            self.scaler.scale(&self.picture, picture);
        }
        Ok(())
    }
}

/// About a second of a slow clip.
const MOST_SKIPPED: u64 = 30;

#[cfg(test)]
mod tests {
    use std::io::BufWriter;

    use super::*;

    const SIZE: Size = Size::new(64, 36);

    /// A clip of `count` pictures at 10 per second, each as bright as ten times its number.
    fn clip(dir: &Path, size: Size, count: u8) -> PathBuf {
        clip_at(dir, size, count, 10)
    }

    fn clip_at(dir: &Path, size: Size, count: u8, fps: u32) -> PathBuf {
        let path = dir.join("clip.y4m");
        let file = BufWriter::new(File::create(&path).unwrap());
        let mut writer = y4m::Writer::new(file, size, fps).unwrap();
        for number in 0..count {
            let mut picture = Picture::black(size);
            picture.planes_mut()[0].fill(number * 10);
            writer.write(&picture).unwrap();
        }
        writer.flush().unwrap();
        path
    }

    fn shown(clip: &mut Clip, millis: u64) -> u8 {
        let mut picture = Picture::black(clip.size());
        clip.paint(Duration::from_millis(millis), &mut picture)
            .unwrap();
        let luma = picture.planes()[0];
        assert!(luma.iter().all(|it| it.abs_diff(luma[0]) <= 1));
        luma[0] / 10
    }

    #[test]
    fn a_clip_plays_at_its_own_speed_and_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut clip = Clip::open(&clip(dir.path(), SIZE, 5), Size::HD).unwrap();
        let moments = [0, 33, 66, 100, 133, 300, 466, 500, 633, 1000];
        let shown = moments.map(|it| shown(&mut clip, it));
        assert_eq!(shown, [0, 0, 0, 1, 1, 3, 4, 0, 1, 0]);
    }

    #[test]
    fn a_fast_clip_plays_at_its_own_speed_too() {
        let dir = tempfile::tempdir().unwrap();
        let mut clip = Clip::open(&clip_at(dir.path(), SIZE, 7, 1000), Size::HD).unwrap();
        let shown = [0, 33, 66, 100, 133, 1132].map(|it| shown(&mut clip, it));
        assert_eq!(shown, [0, 33, 66, 100, 133, 1132].map(|it| (it % 7) as u8));
    }

    #[test]
    fn a_clip_of_any_shape_keeps_it() {
        let dir = tempfile::tempdir().unwrap();
        for (width, height) in [(64, 48), (36, 64), (64, 64), (84, 36), (640, 16)] {
            let size = Size::new(width, height);
            let mut clip = Clip::open(&clip(dir.path(), size, 3), Size::HD).unwrap();
            assert_eq!(clip.size(), size);
            assert_eq!(shown(&mut clip, 200), 2);
        }
    }

    #[test]
    fn after_a_long_pause_a_clip_goes_on_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut clip = Clip::open(&clip(dir.path(), SIZE, 5), Size::HD).unwrap();
        shown(&mut clip, 0);
        assert_eq!(shown(&mut clip, 3_600_000), 1);
        assert_eq!(shown(&mut clip, 3_600_100), 2);
    }

    #[test]
    fn a_file_that_is_no_clip_is_said_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("no.y4m");
        let says = |path: &Path| match Clip::open(path, Size::HD).unwrap_err() {
            DeviceError::File {
                path: named, why, ..
            } => {
                assert_eq!(named, path.display().to_string());
                why
            }
            other => panic!("{other}"),
        };
        assert!(says(&path).contains("No such file"));
        std::fs::write(&path, "RIFF").unwrap();
        assert_eq!(says(&path), "not a YUV4MPEG2 file");
    }
}
