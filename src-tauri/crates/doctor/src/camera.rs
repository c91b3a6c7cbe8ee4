//! Whether the camera gives pictures. Blocks, so it runs on a thread that may.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use engine::view::DeviceProblem;
use media::backend::camera::{CameraBackend, PictureSink, VideoMode};
use media::backend::device::DeviceError;
use media::picture::{Captured, Picture};
use media::units::Size;

use crate::finding::Finding;
use crate::subjects::Device;

/// Opens the camera and looks at its first pictures.
pub(crate) fn look(camera: Device<dyn CameraBackend>) -> Finding {
    let Device::Try { backend, chosen } = camera else {
        return Finding::DeviceInUseHere;
    };
    let (sender, events) = sync_channel(WAITING);
    let mode = VideoMode {
        size: Size::HD,
        fps: 30.0,
    };
    let stream = match backend.open(chosen.as_ref(), mode, Box::new(Sink(sender))) {
        Ok(stream) => stream,
        Err(error) => return failed(&error),
    };
    let name = stream.info().name;
    match first(&events) {
        First::Good(size) => Finding::CameraWorks {
            name,
            kind: stream.info().kind,
            width: size.width,
            height: size.height,
        },
        First::OneColour => Finding::CameraCovered { name },
        First::Nothing => Finding::DeviceSilent { name },
        First::Failed(error) => failed(&error),
    }
}

fn failed(error: &DeviceError) -> Finding {
    Finding::DeviceFails {
        problem: DeviceProblem::from(error),
    }
}

enum First {
    Good(Size),
    OneColour,
    Nothing,
    Failed(DeviceError),
}

/// The first picture that shows something, or what there is instead.
fn first(events: &Receiver<Event>) -> First {
    let until = Instant::now() + PATIENCE;
    let mut seen = First::Nothing;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match events.recv_timeout(left) {
            Ok(Event::Picture(picture)) if is_one_colour(&picture) => seen = First::OneColour,
            Ok(Event::Picture(picture)) => return First::Good(picture.size()),
            Ok(Event::Failed(error)) => return First::Failed(error),
            Err(_) => return seen,
        }
    }
}

/// Whether all of the picture is about equally bright. The noise of a sensor in the dark is above it.
fn is_one_colour(picture: &Picture) -> bool {
    let [luma, ..] = picture.planes();
    let (least, most) = luma.iter().fold((u8::MAX, 0), |(least, most), it| {
        (least.min(*it), most.max(*it))
    });
    most.saturating_sub(least) <= FLAT
}

struct Sink(SyncSender<Event>);

enum Event {
    Picture(Arc<Picture>),
    Failed(DeviceError),
}

impl PictureSink for Sink {
    fn picture(&mut self, captured: Captured) {
        // When full, the one that waits is looked at first.
        let _ = self.0.try_send(Event::Picture(captured.picture));
    }

    fn failed(&mut self, error: DeviceError) {
        let _ = self.0.try_send(Event::Failed(error));
    }
}

/// How long a camera that was opened may take to a good picture: many begin with some dark ones.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between the darkest and the brightest spot, of 219 steps: a switched-off camera gives one value.
const FLAT: u8 = 3;

/// Pictures and an error that wait to be looked at.
const WAITING: usize = 4;

#[cfg(test)]
mod tests {
    use devices::{CameraChoice, cameras};

    use super::*;

    fn looked(choice: CameraChoice) -> Finding {
        look(Device::Try {
            backend: cameras(choice),
            chosen: None,
        })
    }

    #[test]
    fn a_camera_that_gives_pictures_works() {
        let Finding::CameraWorks { width, height, .. } = looked(CameraChoice::Synthetic) else {
            panic!("it works")
        };
        assert!(width > 0 && height > 0);
    }

    #[test]
    fn no_camera_is_a_missing_one() {
        let problem = DeviceProblem::Missing;
        assert_eq!(looked(CameraChoice::None), Finding::DeviceFails { problem });
        assert_eq!(look(Device::InUse), Finding::DeviceInUseHere);
    }

    #[test]
    fn a_cover_is_told_from_a_dark_room() {
        let mut picture = Picture::black(Size::new(64, 36));
        assert!(is_one_colour(&picture));
        picture.planes_mut()[0][17] = 16 + FLAT + 1;
        assert!(!is_one_colour(&picture));
        let (sender, events) = sync_channel(WAITING);
        let captured = Captured {
            picture: Arc::new(Picture::black(Size::new(64, 36))),
            at: Instant::now(),
        };
        Sink(sender).picture(captured);
        assert!(matches!(first(&events), First::OneColour));
    }
}
