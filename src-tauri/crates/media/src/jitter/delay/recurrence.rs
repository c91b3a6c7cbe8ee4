//! Which delays are to be expected again.
//!
//! A delay that came once is expected no more after most of a second without another one like it:
//! its cause is gone. One that keeps coming back is expected for twice as long as it stayed away of
//! late, so that the buffer stands still on a path with regular spikes.

use crate::time::TimeDelta;

/// Remembers for each height, in steps of 10 ms, when it was last reached.
#[derive(Debug)]
pub(super) struct Recurrence {
    /// How much sound or picture has come: what stays away while nothing is sent tells nothing.
    received: TimeDelta,
    rungs: [Rung; RUNGS],
}

/// What is known of the delays of one height and above.
#[derive(Clone, Copy, Debug, Default)]
struct Rung {
    /// When the last one came, in terms of what has been received.
    last: Option<TimeDelta>,
    /// How long they stayed away at most before they came back.
    away: TimeDelta,
}

impl Recurrence {
    pub(super) fn new() -> Self {
        Self {
            received: TimeDelta::ZERO,
            rungs: [Rung::default(); RUNGS],
        }
    }

    /// Takes the delay of something `length` long.
    pub(super) fn add(&mut self, delay: TimeDelta, length: TimeDelta) {
        self.received = self.received + length;
        let reached = (delay / STEP).clamp(0, RUNGS as i64 - 1) as usize;
        for rung in &mut self.rungs[..=reached] {
            rung.reached(self.received);
        }
    }

    /// Whether delays of this height keep coming back.
    pub(super) fn recurs(&self, delay: TimeDelta) -> bool {
        let reached = (delay / STEP).clamp(0, RUNGS as i64 - 1) as usize;
        self.rungs[reached].away > TimeDelta::ZERO
    }

    /// The height below which all delays are to be expected again.
    pub(super) fn expected(&self) -> TimeDelta {
        let quiet = |rung: &Rung| !rung.is_expected(self.received);
        let lowest_quiet = self.rungs[1..].iter().position(quiet);
        STEP * (lowest_quiet.unwrap_or(RUNGS) as i64 + 1)
    }
}

impl Rung {
    fn reached(&mut self, now: TimeDelta) {
        let Some(last) = self.last.replace(now) else {
            return;
        };
        let away = now - last;
        if away > UNRELATED {
            self.away = TimeDelta::ZERO;
        } else if away > ONE_EVENT {
            let faded = TimeDelta::from_micros(self.away.micros() / 8 * 7);
            self.away = away.max(faded);
        }
    }

    fn is_expected(&self, now: TimeDelta) -> bool {
        let last = self.last.unwrap_or_default();
        now - last <= (self.away * 2).max(CALM)
    }
}

/// Steps of 10 ms: nobody hears less.
const STEP: TimeDelta = TimeDelta::from_millis(10);
/// Up to 300 ms.
const RUNGS: usize = 31;

/// So long without a delay is the end of its cause, if it was not away before: of the two seconds
/// after which a disturbance shall be heard no more, enough are left to make up for it.
const CALM: TimeDelta = TimeDelta::from_millis(800);

/// Delays this close together have one cause.
const ONE_EVENT: TimeDelta = TimeDelta::from_millis(100);

/// Events this far apart have nothing to do with each other: what comes less often is not waited
/// for anyway, for then it is a few packets in a hundred.
const UNRELATED: TimeDelta = TimeDelta::from_millis(8000);

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: TimeDelta = TimeDelta::from_millis(20);

    /// What is expected after each of these delays.
    fn expected_after(delays_ms: impl Iterator<Item = i64>) -> Vec<i64> {
        let mut recurrence = Recurrence::new();
        delays_ms
            .map(|delay| {
                recurrence.add(TimeDelta::from_millis(delay), PACKET);
                recurrence.expected().micros() / 1000
            })
            .collect()
    }

    #[test]
    fn a_single_event_is_expected_for_less_than_a_second() {
        let after = expected_after((0..400).map(|it| if it == 200 { 150 } else { 5 }));
        assert_eq!(after[199], 10);
        assert_eq!(after[200..241], [160; 41]);
        assert_eq!(after[241], 10);
    }

    #[test]
    fn what_comes_back_is_expected_for_twice_as_long_as_it_stayed_away() {
        let spike = |it: i64| if it % 100 == 99 { 150 } else { 5 };
        let after = expected_after((0..1200).map(|it| if it < 1000 { spike(it) } else { 5 }));
        assert_eq!(after[200..1199], [160; 999]);
        assert_eq!(after[1199], 160);
    }

    #[test]
    fn a_burst_of_jitter_leaves_with_its_smallest_delays() {
        // The highest delays stay away for longer within the burst than it takes to end.
        let burst = |it: i64| if it % 60 == 0 { 200 } else { 30 + it % 5 * 10 };
        let after = expected_after((0..400).map(|it| if it < 300 { burst(it) } else { 5 }));
        assert!(after[299] >= 70);
        assert_eq!(after[341], 10);
    }
}
