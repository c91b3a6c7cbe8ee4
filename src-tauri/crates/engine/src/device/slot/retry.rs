//! When a device that failed in a call is tried again.

/// Counts beats of the control task, a tenth of a second each: after 1, 2, 4 and 8 seconds, then
/// every 10. A device that comes and goes is no fresh start: only one that worked for a while is.
#[derive(Debug)]
pub(super) struct Retry {
    /// Beats from a failure to the next attempt.
    pause: u32,
    /// Beats since the failure.
    waited: u32,
    /// Beats since the device began to work.
    worked: u32,
}

impl Retry {
    /// A beat without the device. Says whether it is time for an attempt, which counts as begun.
    pub(super) fn is_due(&mut self) -> bool {
        self.worked = 0;
        self.waited += 1;
        let due = self.waited >= self.pause;
        if due {
            self.waited = 0;
            self.pause = (2 * self.pause).min(LONGEST);
        }
        due
    }

    /// A beat with the device at work.
    pub(super) fn works(&mut self) {
        self.worked += 1;
        self.waited = 0;
        if self.worked >= STEADY {
            self.pause = FIRST;
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            pause: FIRST,
            waited: 0,
            worked: 0,
        }
    }
}

/// One second: a sound server that restarts takes about as long.
const FIRST: u32 = 10;

/// Ten seconds: an attempt costs little, and who gets up to plug a device in waits no longer.
const LONGEST: u32 = 100;

/// Five seconds without a failure.
const STEADY: u32 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    fn beats_until_due(retry: &mut Retry) -> u32 {
        (1..).find(|_| retry.is_due()).unwrap()
    }

    #[test]
    fn attempts_come_after_1_2_4_8_and_then_every_10_seconds() {
        let mut retry = Retry::default();
        let pauses: Vec<_> = (0..6).map(|_| beats_until_due(&mut retry)).collect();
        assert_eq!(pauses, [10, 20, 40, 80, 100, 100]);
    }

    #[test]
    fn only_a_device_that_stays_makes_the_next_pause_short_again() {
        let mut retry = Retry::default();
        assert_eq!(beats_until_due(&mut retry), 10);
        retry.works();
        assert_eq!(beats_until_due(&mut retry), 20, "it came and went");
        for _ in 0..STEADY {
            retry.works();
        }
        assert_eq!(beats_until_due(&mut retry), 10);
    }
}
