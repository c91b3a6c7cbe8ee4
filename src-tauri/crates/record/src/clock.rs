//! Where what the other side captured lies on our own time.
//!
//! Their capture times count from a moment that only they know, by a clock that is some millionths
//! faster or slower than ours. What came fastest lately tells the distance: it arrived half a round
//! trip after it was captured. The distance follows that slowly, so that neither jitter nor a change
//! of the path shows in the recording as a jump.

use std::collections::VecDeque;
use std::time::Duration;

use media::time::MediaTime;

/// The other side's clock. Times are microseconds since the recording began, ours on the left.
#[derive(Debug, Default)]
pub(crate) struct TheirClock {
    /// Of the timeline that sound and pictures share.
    shared: Distance,
    /// Of each stream while it is not known how the two relate.
    alone: [Distance; 2],
    round_trip: Window,
}

/// What is known of one frame's time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Theirs.
    pub(crate) captured: MediaTime,
    /// Ours.
    pub(crate) arrived_us: i64,
    /// Whether `captured` is on the timeline that sound and pictures share.
    pub(crate) synchronised: bool,
}

impl TheirClock {
    /// When it was captured, in our time. `stream` is 0 or 1.
    pub(crate) fn place(&mut self, stream: usize, arrival: Arrival) -> i64 {
        let now = arrival.arrived_us;
        let on_the_way = self.round_trip.least().unwrap_or(0) / 2;
        let distance = if arrival.synchronised {
            &mut self.shared
        } else {
            &mut self.alone[stream % 2]
        };
        let captured = arrival.captured.micros();
        distance.note(now, now.saturating_sub(captured));
        captured.saturating_add(distance.follow(now, on_the_way))
    }

    /// A round trip takes this long at `now_us`.
    pub(crate) fn on_round_trip(&mut self, now_us: i64, round_trip: Duration) {
        let micros = i64::try_from(round_trip.as_micros()).unwrap_or(i64::MAX);
        self.round_trip.note(now_us, micros);
    }
}

/// What has to be added to their times.
#[derive(Debug, Default)]
struct Distance {
    /// Arrival less capture.
    transit: Window,
    /// In force, and when it was set last.
    current: Option<(i64, i64)>,
    /// When there was one for the first time.
    since: Option<i64>,
}

impl Distance {
    fn note(&mut self, now: i64, transit: i64) {
        let least = self.transit.least();
        if least.is_some_and(|it| transit.saturating_sub(it) > ANEW_US) {
            self.transit = Window::default();
        }
        self.transit.note(now, transit);
    }

    /// The distance at `now`, for packets that are this long on their way.
    fn follow(&mut self, now: i64, on_the_way: i64) -> i64 {
        let least = self.transit.least().unwrap_or(0);
        let wanted = least.saturating_sub(on_the_way);
        let since = *self.since.get_or_insert(now);
        let is_settled = now.saturating_sub(since) >= SETTLING_US;
        let followed = match self.current {
            Some((before, at))
                if is_settled && wanted.saturating_sub(before).saturating_abs() < JUMP_US =>
            {
                let passed = now.saturating_sub(at).clamp(0, 1_000_000);
                let most = passed * FOLLOW_US_PER_S / 1_000_000;
                before + (wanted - before).clamp(-most, most)
            }
            // Little is known yet, or their timeline begins anew.
            Some(_) | None => wanted,
        };
        // Steps below a microsecond would be lost: time counts on until there is one to make.
        let stays = self.current.is_some_and(|(it, _)| it == followed);
        if !stays || wanted == followed {
            self.current = Some((followed, now));
        }
        followed
    }
}

/// The least of what was noted in the last [`SLOTS`] times [`SLOT_US`].
#[derive(Debug, Default)]
struct Window {
    /// Number of the slot, and its least value; the newest last.
    slots: VecDeque<(i64, i64)>,
}

impl Window {
    fn note(&mut self, now: i64, value: i64) {
        let slot = now.div_euclid(SLOT_US);
        match self.slots.back_mut() {
            Some((last, least)) if *last >= slot => *least = value.min(*least),
            Some(_) | None => self.slots.push_back((slot, value)),
        }
        // What was noted before a long pause says nothing of now, but the newest slot is never empty.
        while self.slots.len() > 1
            && self
                .slots
                .front()
                .is_some_and(|(it, _)| *it <= slot - SLOTS)
        {
            self.slots.pop_front();
        }
    }

    fn least(&self) -> Option<i64> {
        self.slots.iter().map(|(_, least)| *least).min()
    }
}

/// Two seconds, of which ten are looked back at: within twenty seconds something comes without
/// delay, and two clocks part by no more than two milliseconds.
const SLOT_US: i64 = 2_000_000;
const SLOTS: i64 = 10;

/// How fast the distance changes: well above the difference of two clocks (0.2 ms a second at worst),
/// and what a listener does not hear when sound is stretched by it.
const FOLLOW_US_PER_S: i64 = 4_000;

/// As long as the first packets tell more than those before them.
const SETTLING_US: i64 = 3_000_000;

/// A larger error is no path and no drift.
const JUMP_US: i64 = 400_000;

/// Nothing is on its way for longer: their times count from another moment.
const ANEW_US: i64 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// An hour of packets, one each 20 ms, from a clock that is `ppm` faster than ours, over a path that
    /// takes `one_way` and up to 30 ms more.
    fn worst_error_of_an_hour(ppm: i64, one_way: impl Fn(i64) -> i64) -> i64 {
        let mut clock = TheirClock::default();
        let mut worst = 0;
        for number in 0..180_000_i64 {
            let captured = number * 20_000;
            let theirs = 7_000_000_000 + captured + captured * ppm / 1_000_000;
            let jitter = number * 7_919 % 31 * 1_000;
            let way = one_way(captured);
            let arrived_us = captured + way + jitter;
            if number % 50 == 0 {
                let round_trip = Duration::from_micros((2 * way).unsigned_abs());
                clock.on_round_trip(arrived_us, round_trip);
            }
            let arrival = Arrival {
                captured: MediaTime::from_micros(theirs),
                arrived_us,
                synchronised: true,
            };
            let placed = clock.place(0, arrival);
            // The first packets only had the fastest of themselves to go by.
            if number > 100 {
                worst = worst.max((placed - captured).abs());
            }
        }
        worst
    }

    #[test]
    fn an_hour_of_two_clocks_that_part_stays_together() {
        for ppm in [-200, -50, 0, 50, 200] {
            let worst = worst_error_of_an_hour(ppm, |_| 45_000);
            assert!(worst < 8_000, "{worst} us at {ppm} ppm");
        }
    }

    #[test]
    fn a_path_that_becomes_longer_moves_nobody_by_more_than_forty_milliseconds() {
        let changing = |at: i64| {
            if at / 300_000_000 % 2 == 0 {
                20_000
            } else {
                60_000
            }
        };
        let worst = worst_error_of_an_hour(100, changing);
        assert!(worst < 40_000, "{worst} us");
    }

    #[test]
    fn a_timeline_that_begins_anew_is_followed_at_once() {
        let mut clock = TheirClock::default();
        let mut place = |captured: i64, arrived_us: i64| {
            let captured = MediaTime::from_micros(captured);
            clock.place(
                1,
                Arrival {
                    captured,
                    arrived_us,
                    synchronised: false,
                },
            )
        };
        assert_eq!(place(50_000_000, 1_000), 1_000);
        assert_eq!(place(50_020_000, 21_000), 21_000);
        assert_eq!(place(9, 41_000), 41_000);
        assert_eq!(place(70_000_000, 61_000), 61_000);
    }

    #[test]
    fn any_times_are_placed_without_a_panic() {
        let mut clock = TheirClock::default();
        for captured in [i64::MIN, -1, 0, i64::MAX] {
            for arrived_us in [i64::MIN, 0, i64::MAX] {
                let captured = MediaTime::from_micros(captured);
                clock.place(
                    0,
                    Arrival {
                        captured,
                        arrived_us,
                        synchronised: true,
                    },
                );
            }
        }
    }
}
