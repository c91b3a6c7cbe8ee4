//! A camera's pictures from a YUV4MPEG2 file, in a loop and at the clip's own speed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use media::backend::device::DeviceError;
use media::picture::Picture;
use media::scale::Scaler;
use media::synthetic::y4m;
use media::units::Size;

use super::camera::Painter;

/// A clip that plays.
#[derive(Debug)]
pub(crate) struct Clip {
    path: PathBuf,
    reader: y4m::Reader<File>,
    /// The picture that was read last, and its number since the start.
    picture: Picture,
    number: Option<u64>,
    scaler: Scaler,
}

impl Clip {
    /// Opens the clip `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, DeviceError> {
        let file = File::open(path).map_err(|error| file_error(path, &error))?;
        let reader = y4m::Reader::new(file).map_err(|error| file_error(path, &error))?;
        let picture = Picture::black(reader.size());
        Ok(Self {
            path: path.to_owned(),
            reader,
            picture,
            number: None,
            scaler: Scaler::sharp(),
        })
    }

    /// The size of the pictures in the file.
    pub(crate) const fn size(&self) -> Size {
        self.reader.size()
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
                .map_err(|error| file_error(&self.path, &error))?;
        }
        if ahead > 0 {
            self.reader
                .read_looped(&mut self.picture)
                .map_err(|error| file_error(&self.path, &error))?;
        }
        self.number = Some(number);
        Ok(())
    }
}

impl Painter for Clip {
    fn paint(&mut self, at: Duration, picture: &mut Picture) -> Result<(), DeviceError> {
        // A moment that was rounded down must not show the picture before.
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

fn file_error(path: &Path, error: &dyn std::error::Error) -> DeviceError {
    DeviceError::File {
        path: path.display().to_string(),
        why: error.to_string(),
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
    fn clip(dir: &Path, count: u8) -> PathBuf {
        clip_at(dir, count, 10)
    }

    fn clip_at(dir: &Path, count: u8, fps: u32) -> PathBuf {
        let path = dir.join("clip.y4m");
        let file = BufWriter::new(File::create(&path).unwrap());
        let mut writer = y4m::Writer::new(file, SIZE, fps).unwrap();
        for number in 0..count {
            let mut picture = Picture::black(SIZE);
            picture.planes_mut()[0].fill(number * 10);
            writer.write(&picture).unwrap();
        }
        writer.flush().unwrap();
        path
    }

    fn shown(clip: &mut Clip, size: Size, millis: u64) -> u8 {
        let mut picture = Picture::black(size);
        clip.paint(Duration::from_millis(millis), &mut picture)
            .unwrap();
        let luma = picture.planes()[0];
        assert!(luma.iter().all(|it| it.abs_diff(luma[0]) <= 1));
        luma[0] / 10
    }

    #[test]
    fn a_clip_plays_at_its_own_speed_and_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut clip = Clip::open(&clip(dir.path(), 5)).unwrap();
        let moments = [0, 33, 66, 100, 133, 300, 466, 500, 633, 1000];
        let shown = moments.map(|it| shown(&mut clip, SIZE, it));
        assert_eq!(shown, [0, 0, 0, 1, 1, 3, 4, 0, 1, 0]);
    }

    #[test]
    fn a_fast_clip_plays_at_its_own_speed_too() {
        let dir = tempfile::tempdir().unwrap();
        let mut clip = Clip::open(&clip_at(dir.path(), 7, 1000)).unwrap();
        let shown = [0, 33, 66, 100, 133, 1132].map(|it| shown(&mut clip, SIZE, it));
        assert_eq!(shown, [0, 33, 66, 100, 133, 1132].map(|it| (it % 7) as u8));
    }

    #[test]
    fn a_clip_is_scaled_to_the_size_that_is_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let mut clip = Clip::open(&clip(dir.path(), 3)).unwrap();
        for size in [Size::new(128, 72), Size::new(32, 18), Size::new(64, 64)] {
            assert_eq!(shown(&mut clip, size, 200), 2);
        }
    }

    #[test]
    fn after_a_long_pause_a_clip_goes_on_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut clip = Clip::open(&clip(dir.path(), 5)).unwrap();
        shown(&mut clip, SIZE, 0);
        assert_eq!(shown(&mut clip, SIZE, 3_600_000), 1);
        assert_eq!(shown(&mut clip, SIZE, 3_600_100), 2);
    }

    #[test]
    fn a_file_that_is_no_clip_is_said_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("no.y4m");
        let says = |path: &Path| match Clip::open(path).unwrap_err() {
            DeviceError::File { path: named, why } => {
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
