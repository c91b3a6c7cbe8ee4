//! A file in the place of a camera gives the pictures that are in it, whatever their shape.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use devices::{CameraChoice, cameras};
use media::backend::camera::{PictureSink, VideoMode};
use media::backend::device::DeviceError;
use media::picture::{Captured, Picture};
use media::queue::{Queue, Slot};
use media::synthetic::y4m::Writer;
use media::units::Size;

const HD30: VideoMode = VideoMode {
    size: Size::HD,
    fps: 30.0,
};

struct Latest(Slot<Captured>);

impl PictureSink for Latest {
    fn picture(&mut self, captured: Captured) {
        self.0.push(captured);
    }

    fn failed(&mut self, _: DeviceError) {
        self.0.close();
    }
}

/// The first picture that a camera gives of a clip whose upper edge is white.
fn shown(size: Size) -> Result<Option<Captured>, Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let path: PathBuf = dir.path().join("clip.y4m");
    let mut picture = Picture::black(size);
    let edge = (size.height / 16).max(1) * size.width;
    picture.planes_mut()[0][..edge as usize].fill(235);
    Writer::new(File::create(&path)?, size, 30)?.write(&picture)?;

    let latest = Queue::slot();
    let camera = cameras(CameraChoice::File { path, stamp: false });
    let stream = camera.open(None, HD30, Box::new(Latest(latest.clone())))?;
    let first = latest.pop(Duration::from_secs(10));
    drop(stream);
    Ok(first.ok())
}

#[test]
fn a_clip_is_neither_cut_nor_enlarged() -> Result<(), Box<dyn std::error::Error>> {
    for (width, height, as_camera) in [
        (640, 480, (640, 480)),
        (480, 640, (480, 640)),
        (1600, 1200, (1108, 832)),
        (1080, 1920, (720, 1280)),
        (2560, 1080, (1478, 624)),
        (64, 64, (64, 64)),
        (2, 2, (16, 16)),
    ] {
        let size = Size::new(width, height);
        let first = shown(size)?.ok_or("no picture")?.picture;
        assert_eq!(first.size(), Size::new(as_camera.0, as_camera.1), "{size}");
        assert!(
            first.planes()[0][0] > 200,
            "the upper edge of {size} is missing"
        );
    }
    Ok(())
}
