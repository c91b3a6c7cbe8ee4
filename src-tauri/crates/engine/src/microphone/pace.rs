//! When sound is heard or plays, by its samples and by what callbacks say of it.
//!
//! Samples come evenly, while what callbacks say jitters. But samples drift against the clock by
//! some parts in a million, and a device that was too late loses some, or stands still, without a
//! word: from then on all of them come later than their number says.

use std::time::Duration;

use media::time::{MediaTime, TimeDelta};

/// The time of one stream of sound.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the next sound comes if it goes on evenly; `None` before the first.
    next: Option<MediaTime>,
    off: Off,
    jitter: Jitter,
}

/// A stream that may have moved.
#[derive(Clone, Copy, Debug, Default)]
struct Off {
    /// For how long each sound was said to be off to the same side.
    lasts: Duration,
    /// By how much at least, and at most.
    least: TimeDelta,
    most: TimeDelta,
    /// How much of that was followed as if it was drift.
    followed: TimeDelta,
}

/// How far times were off lately without anything having moved.
#[derive(Clone, Copy, Debug, Default)]
struct Jitter {
    most: TimeDelta,
    /// For how long there was none of that size.
    age: Duration,
    /// The last step, and how long ago that was.
    step: Option<(TimeDelta, Duration)>,
}

/// How sound goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is the first.
    Begins,
    /// As it did.
    Even,
    /// So much later than the samples so far say, or earlier: some were lost, or came twice.
    Stepped(TimeDelta),
    /// After a time in which nothing came.
    Anew,
}

impl Pace {
    /// Another stream begins.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// When the next sound comes if it goes on evenly; `None` when nothing was taken yet.
    pub(super) const fn next(&self) -> Option<MediaTime> {
        self.next
    }

    /// When what is said to come at `told` really comes.
    pub(super) fn expect(&self, told: MediaTime) -> MediaTime {
        match self.next {
            Some(next) if told.since(next).abs() <= STOOD_STILL => next,
            Some(_) | None => told,
        }
    }

    /// Sound that is said to come at `told` has come, and lasts so long.
    pub(super) fn take(&mut self, told: MediaTime, lasts: Duration) -> Change {
        let Some(next) = self.next else {
            self.next = Some(told + lasts);
            return Change::Begins;
        };
        let off = told.since(next);
        if off.abs() > STOOD_STILL {
            self.forget();
            self.next = Some(told + lasts);
            return Change::Anew;
        }
        let drift = TimeDelta::from_micros(off.micros() / FOLLOWING);
        if let Some((by, followed)) = self.stepped(off, lasts) {
            self.next = Some(next + -followed + lasts);
            return Change::Stepped(by);
        }
        if self.off.lasts > Duration::ZERO {
            self.off.followed = self.off.followed + drift;
        }
        self.next = Some(next + drift + lasts);
        Change::Even
    }

    /// All that follows comes so much later.
    pub(super) fn shift(&mut self, by: TimeDelta) {
        self.next = self.next.map(|next| next + by);
    }

    /// By how much the stream has moved, once it is clear that it has, and how much of that was
    /// followed already.
    fn stepped(&mut self, off: TimeDelta, lasts: Duration) -> Option<(TimeDelta, TimeDelta)> {
        let off = off + self.off.followed;
        let same_side = off.micros().signum() == self.off.least.micros().signum();
        self.jitter.pass(lasts);
        if off.abs() < STEP {
            self.jitter.note(self.off.most);
            self.off = Off::default();
        } else if same_side {
            self.off.lasts += lasts;
            self.off.most = self.off.most.max(off.abs());
            if off.abs() < self.off.least.abs() {
                self.off.least = off;
            }
        } else {
            self.jitter.note(self.off.most);
            self.off = Off {
                lasts,
                least: off,
                most: off.abs(),
                followed: TimeDelta::ZERO,
            };
        }
        let Off {
            lasts,
            least,
            most,
            followed,
        } = self.off;
        if lasts < CERTAIN || least.abs() <= self.jitter.most {
            return None;
        }
        self.off = Off::default();
        if self.jitter.steps_back(least) {
            self.jitter.note(most);
            return None;
        }
        Some((least, followed))
    }
}

impl Jitter {
    fn pass(&mut self, time: Duration) {
        self.age += time;
        if self.age >= FADING {
            self.most = TimeDelta::from_micros(self.most.micros() / 2);
            self.age = Duration::ZERO;
        }
        self.step = self.step.map(|(by, age)| (by, age + time));
    }

    fn note(&mut self, off: TimeDelta) {
        // Much the same size counts: it is there still.
        if off.micros() * 4 >= self.most.micros() * 3 {
            self.age = Duration::ZERO;
        }
        self.most = self.most.max(off);
    }

    /// Notes a step, and says whether it takes back one of a moment ago: a device that lost sound
    /// does not find it again, so what it says of its delay goes up and down.
    fn steps_back(&mut self, by: TimeDelta) -> bool {
        let before = self.step.replace((by, Duration::ZERO));
        before.is_some_and(|(before, age)| {
            age < SWING && before.micros().signum() != by.micros().signum()
        })
    }
}

/// More than what a busy machine makes of the times that callbacks say: the device gave or took
/// nothing meanwhile.
const STOOD_STILL: TimeDelta = TimeDelta::from_millis(100);

/// What an echo canceller still has in its filter when an echo comes earlier by that much, and more
/// than the error of times that are told without a disturbance.
const STEP: TimeDelta = TimeDelta::from_millis(2);

/// How long a time has to be off for it to be no jitter: two callbacks of 4096 frames, and less
/// than a canceller needs to see by itself that an echo comes later.
const CERTAIN: Duration = Duration::from_millis(200);

/// How long jitter of one size is expected again; then of half of it.
const FADING: Duration = Duration::from_secs(60);

/// The longest half of a swing.
const SWING: Duration = Duration::from_secs(10);

/// Times are followed by this part of their error, each 10 or 20 ms: clocks that are 200 parts in a
/// million apart are followed within a quarter of a millisecond, and jitter of 10 ms moves little.
const FOLLOWING: i64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(10);

    /// What is said of frames that come so many microseconds off their time.
    fn changes(offs: impl IntoIterator<Item = i64>) -> Vec<Change> {
        let mut pace = Pace::default();
        let told = |(n, off): (i64, i64)| MediaTime::from_micros(10_000 * n + off);
        let take = |it| pace.take(told(it), FRAME);
        let changes = (0..).zip(offs).map(take);
        changes.filter(|it| *it != Change::Even).collect()
    }

    #[test]
    fn jitter_and_drift_are_no_steps() {
        let jitter = (0..1000).map(|n| [0, 9000, -7000, 3000][n as usize % 4]);
        assert_eq!(changes(jitter), [Change::Begins]);
        let late = (0..1000).map(|n| if n % 16 < 8 { 0 } else { 15_000 });
        assert_eq!(changes(late), [Change::Begins], "every other callback");
        // 300 parts in a million.
        assert_eq!(changes((0..10_000).map(|n| 3 * n)), [Change::Begins]);
        assert_eq!(changes((0..10_000).map(|n| -3 * n)), [Change::Begins]);
    }

    /// Random times of callbacks, each of which brings 85 ms of sound.
    #[test]
    fn jitter_of_large_callbacks_is_soon_known_as_such() {
        for most in [3_000, 5_000, 10_000] {
            let mut state = 7_u32;
            let mut said = 0;
            let offs = (0..60_000_u32).map(|n| {
                if n * 2 % 17 < 2 {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    said = i64::from(state >> 8) * 2 * most / (1 << 24) - most;
                }
                said
            });
            let found = changes(offs);
            assert!(found.len() <= 4, "{most}: {}", found.len());
        }
    }

    #[test]
    fn a_delay_that_goes_up_and_down_is_no_loss() {
        let swing = (0..60_000).map(|n| (f64::from(n) / 24.0).sin() * 3_000.0);
        let found = changes(swing.map(|it| it as i64));
        assert!(found.len() <= 2, "{found:?}");
    }

    #[test]
    fn lost_samples_are_a_step_once_that_is_clear() {
        for lost in [3_000, 12_400, 90_000, -12_400] {
            let offs = [0; 100].into_iter().chain([lost; 20]);
            let found = changes(offs);
            let [Change::Begins, Change::Stepped(by)] = found[..] else {
                panic!("{lost}: {found:?}");
            };
            let missed = (by.micros() - lost).abs();
            assert!(missed <= 100, "{lost}: {by:?}");
        }
    }

    #[test]
    fn a_stream_that_stood_still_begins_anew_at_once() {
        let offs = [0; 10].into_iter().chain([150_000; 20]);
        assert_eq!(changes(offs), [Change::Begins, Change::Anew]);
    }
}
