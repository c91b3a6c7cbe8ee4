use std::sync::mpsc;
use std::time::Duration;

use media::picture::Captured;
use media::synthetic::y4m;

use super::*;

struct Told(mpsc::Sender<Captured>);

impl ScreenSink for Told {
    fn picture(&mut self, captured: Captured) {
        let _ = self.0.send(captured);
    }

    fn hidden(&mut self, _: bool) {}

    fn ended(&mut self, error: ScreenError) {
        panic!("{error}");
    }
}

#[test]
fn a_clip_that_stands_still_is_one_picture() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("still.y4m");
    let file = std::fs::File::create(&path).unwrap();
    let size = Size::new(64, 36);
    let mut writer = y4m::Writer::new(file, size, 10).unwrap();
    for _ in 0..3 {
        writer.write(&Picture::black(size)).unwrap();
    }
    writer.flush().unwrap();
    let id = SourceId(format!("file:{}", path.display()));
    let looks = screens().thumbnail(&id, Size::new(32, 18)).unwrap();
    assert_eq!(looks.size(), Size::new(32, 18));
    let (told, pictures) = mpsc::channel();
    let stream = screens().open(&id, Box::new(Told(told))).unwrap();
    assert_eq!(stream.source().name, "still.y4m");
    let first = pictures.recv_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(first.picture.size(), size);
    assert!(pictures.recv_timeout(Duration::from_millis(500)).is_err());
    drop(stream);
    assert!(pictures.try_recv().is_err(), "nothing of it is left");
}

#[test]
fn the_test_picture_is_opened_only_when_it_is_named() {
    if let Ok(sources) = screens().list() {
        assert!(sources.iter().all(|it| it.id.0 != "synthetic"));
    }
    let (told, pictures) = mpsc::channel();
    let id = SourceId("synthetic".to_owned());
    let _stream = screens().open(&id, Box::new(Told(told))).unwrap();
    for _ in 0..3 {
        let moving = pictures.recv_timeout(Duration::from_secs(5)).unwrap();
        assert_eq!(moving.picture.size(), Size::FULL_HD);
    }
}
