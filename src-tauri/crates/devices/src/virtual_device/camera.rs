//! A camera that paints or replays its pictures.
//!
//! A picture is painted before its moment, so that it can be handed over exactly at it, with a
//! stamp of that very moment on it. A camera that comes too late leaves pictures out, as a real
//! one does, and never hands over two in a burst; the numbers in the stamp count them all.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

use media::backend::camera::PictureSink;
use media::backend::device::{DeviceError, DeviceInfo};
use media::picture::{Captured, Picture, Pool};
use media::synthetic::pattern::Pattern;
use media::synthetic::stamp::Stamp;
use media::units::Size;

use crate::clock;
use crate::thread::{Running, Stop, Stopped};

/// Makes the pictures of one camera.
pub(crate) trait Painter: Send + 'static {
    /// The size of all its pictures. The camera delivers them as they are; who shows or encodes
    /// them brings them to another size, so that no shape is cropped or stretched here.
    fn size(&self) -> Size;

    /// Paints the picture of the moment `at` after the start over all of `picture`.
    fn paint(&mut self, at: Duration, picture: &mut Picture) -> Result<(), DeviceError>;
}

impl Painter for Pattern {
    fn size(&self) -> Size {
        Self::size(self)
    }

    fn paint(&mut self, at: Duration, picture: &mut Picture) -> Result<(), DeviceError> {
        Self::paint(self, at, picture);
        Ok(())
    }
}

/// Whether a camera draws the [`Stamp`] over its pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamping {
    /// On every picture.
    Stamped,
    /// On none.
    Plain,
}

/// Starts a camera whose pictures `painter` makes, `fps` in a second.
pub(crate) fn start(
    info: DeviceInfo,
    fps: f32,
    stamping: Stamping,
    painter: impl Painter,
    sink: Box<dyn PictureSink>,
) -> Result<Running, DeviceError> {
    let mut camera = Camera {
        size: painter.size(),
        stamping,
        painter,
        sink,
        pool: Pool::new(),
    };
    let beat = Beat::new(fps);
    Running::start(info, "camera", move |stop| match camera.run(beat, &stop) {
        End::Stopped => {}
        End::Failed(error) => camera.sink.failed(error),
    })
}

struct Camera<P> {
    size: Size,
    stamping: Stamping,
    painter: P,
    sink: Box<dyn PictureSink>,
    pool: Pool,
}

enum End {
    Stopped,
    Failed(DeviceError),
}

impl From<Stopped> for End {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl<P: Painter> Camera<P> {
    /// Hands over pictures until the camera is stopped or fails; says which.
    fn run(&mut self, mut beat: Beat, stop: &Stop) -> End {
        loop {
            if let Err(end) = self.picture(&mut beat, stop) {
                return end;
            }
        }
    }

    fn picture(&mut self, beat: &mut Beat, stop: &Stop) -> Result<(), End> {
        let number = beat.next(Instant::now());
        let deadline = beat.at(number);
        let mut at = deadline;
        let picture = self.pool.make(self.size, |picture| {
            self.painter
                .paint(beat.offset(number), picture)
                .map_err(End::Failed)?;
            stop.wait_until(deadline)?;
            at = Instant::now();
            match self.stamping {
                Stamping::Stamped => Stamp::new(number, clock::nanos_at(at)).write(picture),
                Stamping::Plain => {}
            }
            Ok::<_, End>(())
        })?;
        self.sink.picture(Captured { picture, at });
        Ok(())
    }
}

/// The moments at which a camera delivers.
#[derive(Debug)]
struct Beat {
    start: Instant,
    fps: f64,
    next: u64,
}

impl Beat {
    /// A beat of `fps` that starts at a random moment within one interval: the pictures of two
    /// cameras that open together do not come together, as those of real ones do not.
    fn new(fps: f32) -> Self {
        let fps = if fps.is_finite() {
            f64::from(fps).clamp(1.0, 120.0)
        } else {
            30.0
        };
        let random = RandomState::new().build_hasher().finish();
        let phase = (random % 1000) as f64 / 1000.0 / fps;
        Self {
            start: Instant::now() + Duration::from_secs_f64(phase),
            fps,
            next: 0,
        }
    }

    /// The number of the next picture that can still come in time.
    fn next(&mut self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.start).as_secs_f64() * self.fps;
        let number = self.next.max(passed.ceil() as u64);
        self.next = number + 1;
        number
    }

    fn at(&self, number: u64) -> Instant {
        self.start + self.offset(number)
    }

    fn offset(&self, number: u64) -> Duration {
        Duration::from_secs_f64(number as f64 / self.fps)
    }
}

#[cfg(test)]
mod tests;
