//! Pictures that are seen again a while after they were shown.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::picture::{Captured, Picture, Pool};
use media::scale::Scaler;
use media::units::Size;

/// The pictures of the last moments, oldest first. Bounded in number by [`SPACING`], in size by
/// [`LARGEST`]: about 55 MB for two seconds.
#[derive(Debug)]
pub(crate) struct Reel {
    delay: Duration,
    pictures: VecDeque<Captured>,
    /// Pictures before this moment are left out.
    takes_from: Option<Instant>,
    scaler: Scaler,
    pool: Pool,
}

impl Reel {
    /// An empty one.
    pub(crate) fn new(delay: Duration) -> Self {
        Self {
            delay,
            pictures: VecDeque::new(),
            takes_from: None,
            scaler: Scaler::sharp(),
            pool: Pool::new(),
        }
    }

    /// A picture is shown. What is beyond one in each [`SPACING`] is left out; one that comes early
    /// after some that came late is not.
    pub(crate) fn add(&mut self, shown: Captured) {
        let Captured { picture, at } = shown;
        let takes_from = *self.takes_from.get_or_insert(at - TOLERANCE);
        if at < takes_from {
            return;
        }
        self.takes_from = Some((at - TOLERANCE).max(takes_from) + SPACING);
        let picture = self.fit(picture);
        self.pictures.push_back(Captured { picture, at });
    }

    /// When the next picture is seen again.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.pictures.front().map(|it| it.at + self.delay)
    }

    /// The newest picture that was shown [`Self::delay`] ago or longer. Those before it are gone, as
    /// a camera that comes too late leaves pictures out.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Arc<Picture>> {
        let mut due = None;
        while self.next().is_some_and(|at| at <= now) {
            due = self.pictures.pop_front().map(|it| it.picture);
        }
        due
    }

    fn fit(&mut self, picture: Arc<Picture>) -> Arc<Picture> {
        let size = picture.size().within_pixels_of(LARGEST);
        if size.pixels() >= picture.size().pixels() {
            return picture;
        }
        let Ok(small) = self.pool.make::<Infallible>(size, |small| {
            self.scaler.scale(&picture, small);
            Ok(())
        });
        small
    }
}

/// Larger pictures are made smaller: two seconds of raw HD would be 83 MB.
const LARGEST: Size = Size::new(960, 540);

/// The mean time between pictures that are kept: a little less than there is between those of 30 per
/// second, so that none of these is left out.
const SPACING: Duration = Duration::from_millis(30);

/// How much too early a picture may come: pictures of a network and of real cameras do not keep time.
const TOLERANCE: Duration = Duration::from_millis(60);

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const DELAY: Duration = Duration::from_secs(2);

    fn shown(at: Instant, mark: u8) -> Captured {
        let mut picture = Picture::black(Size::new(64, 36));
        picture.data_mut()[0] = mark;
        let picture = Arc::new(picture);
        Captured { picture, at }
    }

    fn mark(picture: Option<Arc<Picture>>) -> Option<u8> {
        picture.map(|it| it.data()[0])
    }

    #[test]
    fn each_picture_is_seen_once_the_delay_after_it_was_shown() {
        let start = Instant::now();
        let mut reel = Reel::new(DELAY);
        assert_eq!(reel.next(), None);
        for number in 0..90_u8 {
            reel.add(shown(start + 33 * u32::from(number) * MS, number));
        }
        for number in 0..90_u8 {
            let due = start + 33 * u32::from(number) * MS + DELAY;
            assert_eq!(reel.next(), Some(due));
            assert_eq!(mark(reel.due(due - MS)), None);
            assert_eq!(mark(reel.due(due)), Some(number));
        }
        assert_eq!(reel.next(), None);
    }

    #[test]
    fn who_comes_late_sees_the_newest_and_no_burst() {
        let start = Instant::now();
        let mut reel = Reel::new(DELAY);
        for number in 0..4 {
            reel.add(shown(start + 40 * u32::from(number) * MS, number));
        }
        assert_eq!(mark(reel.due(start + DELAY + 90 * MS)), Some(2));
        assert_eq!(mark(reel.due(start + DELAY + 90 * MS)), None);
        assert_eq!(mark(reel.due(start + DELAY + 120 * MS)), Some(3));
    }

    #[test]
    fn thirty_pictures_a_second_that_do_not_keep_time_all_come_back() {
        let start = Instant::now();
        let mut reel = Reel::new(DELAY);
        for number in 0..60_u8 {
            let early = if number % 2 == 0 { 0 } else { 25 };
            let at = 33 * u32::from(number) + 25 - early;
            reel.add(shown(start + at * MS, number));
        }
        assert_eq!(reel.pictures.len(), 60);
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let start = Instant::now();
        let mut reel = Reel::new(DELAY);
        let large = Arc::new(Picture::black(Size::HD));
        let mut bytes = 0;
        // 240 pictures a second, seen again as they are due.
        for number in 0..4 * 240 {
            let at = start + number * Duration::from_micros(4_167);
            let picture = Arc::clone(&large);
            reel.add(Captured { picture, at });
            reel.due(at);
            let kept = reel.pictures.iter().map(|it| it.picture.data().len());
            bytes = kept.sum::<usize>().max(bytes);
        }
        assert!(bytes < 60_000_000, "{bytes} bytes");
        let seen = reel.due(start + 4 * DELAY).unwrap();
        assert_eq!(seen.size(), LARGEST);
    }
}
