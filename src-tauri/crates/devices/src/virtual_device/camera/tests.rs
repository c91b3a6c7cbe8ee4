use std::sync::{Arc, Mutex};

use media::backend::device::DeviceStream as _;

use super::*;
use crate::virtual_device;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Seen>>>);

struct Seen {
    stamp: Option<Stamp>,
    at: Instant,
    arrived: Instant,
}

impl PictureSink for Kept {
    fn picture(&mut self, captured: Captured) {
        let size = captured.picture.size();
        let stamp = Stamp::read(captured.picture.planes()[0], size.width as usize, size);
        let seen = Seen {
            stamp,
            at: captured.at,
            arrived: Instant::now(),
        };
        self.0.lock().unwrap().push(seen);
    }

    fn failed(&mut self, error: DeviceError) {
        panic!("a virtual camera failed: {error}");
    }
}

const SIZE: Size = Size::new(640, 360);
const FPS: f32 = 30.0;

/// Everything that was seen, and how many pictures there was time for.
fn run(stamping: Stamping, painter: impl Painter, millis: u64) -> (Vec<Seen>, usize) {
    let kept = Kept::default();
    let opened = Instant::now();
    let sink = Box::new(kept.clone());
    let camera = start(
        virtual_device::synthetic_camera(),
        FPS,
        stamping,
        painter,
        sink,
    )
    .unwrap();
    assert_eq!(camera.info().name, "Test picture");
    std::thread::sleep(Duration::from_millis(millis));
    drop(camera);
    let most = (opened.elapsed().as_secs_f32() * FPS) as usize + 1;
    let seen = std::mem::take(&mut *kept.0.lock().unwrap());
    std::thread::sleep(Duration::from_millis(50));
    assert!(kept.0.lock().unwrap().is_empty(), "pictures after the end");
    (seen, most)
}

#[test]
fn pictures_come_at_their_rate_with_the_stamp_of_their_moment() {
    let (seen, most) = run(Stamping::Stamped, Pattern::new(SIZE), 1000);
    assert!(
        (most / 2..=most).contains(&seen.len()),
        "{} pictures",
        seen.len()
    );
    for pair in seen.windows(2) {
        let [before, after] = pair else {
            unreachable!("windows of two")
        };
        let (before, after) = (before.stamp.unwrap().frame(), after.stamp.unwrap().frame());
        assert!(after > before);
    }
    for picture in &seen {
        let age = picture
            .stamp
            .unwrap()
            .age_micros(clock::nanos_at(picture.at));
        assert!(
            age <= Stamp::CLOCK_UNIT_MICROS,
            "stamped {age} us before it was handed over"
        );
        assert!(picture.arrived >= picture.at);
    }
}

#[test]
fn a_plain_camera_carries_no_stamp() {
    let (seen, _) = run(Stamping::Plain, Pattern::new(SIZE), 200);
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|it| it.stamp.is_none()));
}

struct Slow(Pattern);

impl Painter for Slow {
    fn size(&self) -> Size {
        self.0.size()
    }

    fn paint(&mut self, at: Duration, picture: &mut Picture) -> Result<(), DeviceError> {
        std::thread::sleep(Duration::from_millis(45));
        Painter::paint(&mut self.0, at, picture)
    }
}

#[test]
fn a_slow_painter_loses_pictures_and_never_bursts() {
    let (seen, most) = run(Stamping::Stamped, Slow(Pattern::new(SIZE)), 1000);
    assert!((3..most).contains(&seen.len()), "{} pictures", seen.len());
    for pair in seen.windows(2) {
        let [before, after] = pair else {
            unreachable!("windows of two")
        };
        assert!(after.at.duration_since(before.at) > Duration::from_millis(30));
    }
    let number = |seen: &Seen| seen.stamp.unwrap().frame() as usize;
    let numbers = number(&seen[seen.len() - 1]) - number(&seen[0]);
    assert!(
        numbers > seen.len(),
        "{numbers} moments for {} pictures",
        seen.len()
    );
}

#[test]
fn a_beat_skips_what_is_past_and_keeps_its_phase() {
    let mut beat = Beat::new(50.0);
    assert!(beat.start > Instant::now() - Duration::from_millis(1));
    let start = beat.start;
    assert_eq!((beat.next(start), beat.next(start)), (0, 1));
    let late = start + Duration::from_millis(90);
    let number = beat.next(late);
    assert_eq!(
        (number, beat.at(number)),
        (5, start + Duration::from_millis(100))
    );
    assert_eq!(beat.next(late), 6);
}
