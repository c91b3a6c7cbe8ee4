//! When to encode a picture of a shared screen, and how finely.
//!
//! Sharp text first, pictures per second second. While something moves, each picture is encoded so
//! that text stays legible, and the next one waits until the rate has paid for it. Once all stands
//! still the same picture is sent again, ever finer, until it is as good as perfect; after that it
//! costs next to nothing: a picture now and then says that nothing was missed.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use media::rate::screen::Schedule;
//! use media::units::Bitrate;
//!
//! let (mut schedule, mut now) = (Schedule::new(), Instant::now());
//! let rate = Bitrate::from_kbps(2_000);
//! schedule.changed(now);
//! let mut finer = Vec::new();
//! while let Some(due) = schedule.due().filter(|it| *it < now + Duration::from_secs(1)) {
//!     now = now.max(due);
//!     finer.push(schedule.take(now).unwrap());
//!     schedule.encoded(now, 20_000, rate, finer.len() == 1);
//! }
//! assert!(finer.is_sorted_by(|a, b| a > b), "{finer:?}");
//! // Then it rests.
//! assert!(schedule.due().unwrap() >= now + Duration::from_secs(1));
//! ```

use std::time::{Duration, Instant};

use crate::units::Bitrate;

/// Decides for one shared screen.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Since when the screen shows something that was not encoded yet.
    changed_at: Option<Instant>,
    /// How finely moving pictures are encoded.
    moving_qp: u8,
    /// How finely the coarsest part of what the other side sees is encoded.
    sent_qp: u8,
    /// What the pass that was [taken](Self::take) last is for.
    pass: Pass,
    /// When the last picture was encoded.
    encoded_at: Option<Instant>,
    /// When the rate has paid for all that was sent.
    paid_at: Option<Instant>,
    /// How long the rate paid for the last picture.
    price: Duration,
}

/// What a picture is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Something new is to be seen.
    Change,
    /// The same, finer.
    Finer,
    /// The same once more.
    Again,
}

impl Default for Schedule {
    fn default() -> Self {
        Self::new()
    }
}

impl Schedule {
    /// How finely the first picture is encoded: legible, and about a second's worth of rate.
    pub const FIRST_QP: u8 = 34;

    /// Nothing was shown yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            changed_at: None,
            moving_qp: Self::FIRST_QP,
            sent_qp: BEST_QP,
            pass: Pass::Again,
            encoded_at: None,
            paid_at: None,
            price: Duration::ZERO,
        }
    }

    /// The screen shows something else.
    pub fn changed(&mut self, now: Instant) {
        self.changed_at.get_or_insert(now);
    }

    /// When to encode next; `None` while there was nothing to show.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let Some(encoded_at) = self.encoded_at else {
            return self.changed_at;
        };
        let paid_at = self.paid_at.unwrap_or(encoded_at);
        Some(match self.next_pass() {
            Pass::Change => {
                let paid = paid_at.checked_sub(CREDIT).unwrap_or(paid_at);
                paid.max(encoded_at + Duration::from_secs(1).div_f32(MOST_FPS))
            }
            // What moves again soon shall not wait for something that nobody looks at any more: the
            // dearer the last picture was, the longer the screen has to have stood still.
            Pass::Finer => paid_at.max(encoded_at + SETTLED) + self.price,
            Pass::Again => encoded_at + REST,
        })
    }

    /// How finely to encode the newest picture now; `None` when it is not due yet.
    #[must_use]
    pub fn take(&mut self, now: Instant) -> Option<u8> {
        let is_due = self.due().is_some_and(|due| now >= due);
        is_due.then(|| self.take_now())
    }

    /// The same, due or not: a keyframe is asked for. `None` while there was nothing to show.
    #[must_use]
    pub fn take_for_keyframe(&mut self, now: Instant) -> Option<u8> {
        self.due()?;
        // What is perfect is coarse again for a moment, or it would come seconds later.
        self.changed(now);
        Some(self.take_now())
    }

    /// The picture that was taken last took so many bytes. A keyframe takes the place of all that
    /// was sent before.
    pub fn encoded(&mut self, now: Instant, bytes: usize, rate: Bitrate, keyframe: bool) {
        let bits = bytes as f64 * 8.0;
        self.price = Duration::from_secs_f64((bits / rate.bps().max(1) as f64).min(MOST_PRICE_S));
        self.paid_at = Some(self.paid_at.map_or(now, |it| it.max(now)) + self.price);
        self.encoded_at = Some(now);
        if self.pass == Pass::Change && !keyframe {
            self.follow_price();
        }
    }

    /// The picture that was taken last did not leave.
    pub fn lost(&mut self, now: Instant) {
        self.changed(now);
    }

    fn take_now(&mut self) -> u8 {
        self.pass = self.next_pass();
        self.sent_qp = match self.pass {
            Pass::Change => self.moving_qp.max(FINER_FROM),
            Pass::Finer => finer(self.sent_qp),
            Pass::Again => self.sent_qp,
        };
        self.changed_at = None;
        self.sent_qp
    }

    const fn next_pass(&self) -> Pass {
        if self.changed_at.is_some() {
            Pass::Change
        } else if self.sent_qp > BEST_QP {
            Pass::Finer
        } else {
            Pass::Again
        }
    }

    /// Moving pictures become coarser while too few of them can be paid for, and finer again.
    fn follow_price(&mut self) {
        let price = self.price.as_secs_f32();
        self.moving_qp = if price * LEAST_FPS > 4.0 {
            self.moving_qp + 3
        } else if price * LEAST_FPS > 1.0 {
            self.moving_qp + 1
        } else if price * MOST_FPS < 0.5 {
            self.moving_qp - 1
        } else {
            self.moving_qp
        }
        .clamp(FINER_FROM, COARSEST_QP);
    }
}

/// How finely to encode next what stands still. From [`FINER_FROM`] it goes to the best at once.
const fn finer(qp: u8) -> u8 {
    if qp <= FINER_FROM {
        BEST_QP
    } else if qp < FINER_FROM + STEP {
        FINER_FROM
    } else {
        qp - STEP
    }
}

/// Pictures per second at the most: what eyes are used to.
pub const MOST_FPS: f32 = 30.0;

/// Fewer pictures than this per second look like a slide show: then they become coarser.
const LEAST_FPS: f32 = 15.0;

/// The coarsest at which text can be read without effort.
const COARSEST_QP: u8 = 38;

/// How finely a screen is sent that stands still: beyond this nobody sees a difference.
const BEST_QP: u8 = 16;

/// What stands still and was sent as coarsely as this or coarser is encoded anew by OpenH264, which
/// leaves out unchanged parts that had a quantiser of 26 or less.
const FINER_FROM: u8 = 28;

/// Half of what is left of the error.
const STEP: u8 = 6;

/// After this long without a change the screen stands still: longer than between two lines that
/// somebody scrolls, shorter than anybody waits for a page to become sharp.
const SETTLED: Duration = Duration::from_millis(150);

/// A screen that stands still is sent again after this long, all of it unchanged: a few hundred
/// bytes, by which the other side notices that a packet before was lost.
const REST: Duration = Duration::from_secs(2);

/// A change goes out although the rate has not paid for the one before, when it is only about this
/// much: what somebody types shall not wait behind what they typed before.
const CREDIT: Duration = Duration::from_millis(150);

/// No picture is worth a longer wait, in seconds: the rate may be higher by then.
const MOST_PRICE_S: f64 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::some_instant;

    const RATE: Bitrate = Bitrate::from_kbps(2_000);
    const MS: Duration = Duration::from_millis(1);

    /// What one second of pictures costs that are all new, each of `bytes` at the first quantiser and
    /// half of it six steps higher: how many pictures, and how coarse they became.
    fn moving(bytes: f64) -> (usize, u8) {
        let start = some_instant();
        let (mut schedule, mut pictures, mut last) = (Schedule::new(), 0, 0);
        for ms in 0..11_000_u32 {
            let now = start + MS * ms;
            if ms % 33 == 0 {
                schedule.changed(now);
            }
            if let Some(qp) = schedule.take(now) {
                let steps = (f64::from(Schedule::FIRST_QP) - f64::from(qp)) / 6.0;
                let bytes = (bytes * steps.exp2()) as usize;
                schedule.encoded(now, bytes, RATE, last == 0);
                if ms >= 10_000 {
                    pictures += 1;
                }
                last = qp;
            }
        }
        (pictures, last)
    }

    #[test]
    fn little_that_moves_is_smooth_and_fine() {
        let (pictures, qp) = moving(2_000.0);
        assert!(pictures >= 28 && qp <= 30, "{pictures} at {qp}");
    }

    #[test]
    fn much_that_moves_is_coarser_first_and_slower_then_but_always_legible() {
        let (pictures, qp) = moving(20_000.0);
        assert!(pictures >= 14 && qp <= COARSEST_QP, "{pictures} at {qp}");
        let (pictures, qp) = moving(100_000.0);
        assert!((2..8).contains(&pictures), "{pictures}");
        assert_eq!(qp, COARSEST_QP);
    }

    #[test]
    fn what_stands_still_becomes_perfect_and_rests() {
        let start = some_instant();
        let mut schedule = Schedule::new();
        assert_eq!((schedule.due(), schedule.take(start)), (None, None));
        schedule.changed(start);
        let mut sent = Vec::new();
        for ms in 0..20_000_u32 {
            let now = start + MS * ms;
            if let Some(qp) = schedule.take(now) {
                let bytes = if qp > BEST_QP { 20_000 } else { 200 };
                schedule.encoded(now, bytes, RATE, sent.is_empty());
                sent.push((ms, qp));
            }
        }
        let finer: Vec<u8> = sent.iter().map(|it| it.1).take(4).collect();
        assert_eq!(finer, [34, 28, 16, 16], "{sent:?}");
        assert!(sent[2].0 < 1000, "sharp at once: {sent:?}");
        assert_eq!(sent.len(), 3 + 9, "then it rests: {sent:?}");
    }

    #[test]
    fn a_keyframe_is_sent_at_once_and_becomes_perfect_again() {
        let start = some_instant();
        let mut schedule = Schedule::new();
        assert_eq!(schedule.take_for_keyframe(start), None, "nothing to show");
        schedule.changed(start);
        assert!(schedule.take(start).is_some());
        schedule.encoded(start, 1_000_000, RATE, true);
        assert!(schedule.take_for_keyframe(start).is_some());
        schedule.encoded(start + MS, 1_000_000, RATE, true);
        let due = schedule.due().unwrap();
        assert!(due > start + Duration::from_secs(7), "both are paid for");
        assert_eq!(schedule.take(due), Some(FINER_FROM));
    }

    #[test]
    fn a_picture_that_did_not_leave_is_sent_again() {
        let start = some_instant();
        let mut schedule = Schedule::new();
        schedule.changed(start);
        schedule.take(start).unwrap();
        schedule.encoded(start, 0, RATE, true);
        schedule.lost(start);
        assert!(schedule.due().unwrap() <= start + 34 * MS);
    }
}
