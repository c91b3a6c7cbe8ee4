//! Liveness: decides from what was heard whether the path stands. Pure; the session asks it.

use std::time::{Duration, Instant};

/// How long nothing at all is heard before the path counts as interrupted. The other side's ICE
/// checks come twice a second, so this is four of them lost in a row.
const SILENCE: Duration = Duration::from_secs(2);

/// How long a description of each side may be known without a path.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// How long an interruption may last. The call above gives up at the same age, and tries new
/// paths before.
pub(crate) const GONE: Duration = Duration::from_secs(45);

/// What the watchdog says of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Liveness {
    /// Not connected yet.
    Connecting,
    /// Connected and heard from.
    Alive,
    /// Connected once, silent now.
    Silent,
    /// No path was found, or it has been lost for too long. Final.
    Gone,
}

/// What it needs to know.
#[derive(Debug, Default)]
pub(crate) struct Watchdog {
    /// Since when both descriptions are known.
    pub(crate) negotiated: Option<Instant>,
    /// Since when the library says to be connected, across restarts.
    pub(crate) connected: Option<Instant>,
    /// Whether ICE says to have lost the path.
    pub(crate) ice_lost: bool,
}

impl Watchdog {
    /// The state at `now`, when something was `heard` last.
    pub(crate) fn judge(&self, now: Instant, heard: Instant) -> Liveness {
        let Some(connected) = self.connected else {
            let waited = self.negotiated.map(|it| now.saturating_duration_since(it));
            return match waited {
                Some(waited) if waited >= CONNECT_TIMEOUT => Liveness::Gone,
                _ => Liveness::Connecting,
            };
        };
        let silence = now.saturating_duration_since(heard.max(connected));
        if silence >= GONE {
            Liveness::Gone
        } else if silence >= SILENCE || self.ice_lost {
            Liveness::Silent
        } else {
            Liveness::Alive
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_waits_for_its_answer_but_not_for_its_path() {
        let start = Instant::now();
        let mut watchdog = Watchdog::default();
        let later = start + Duration::from_secs(300);
        assert_eq!(watchdog.judge(later, start), Liveness::Connecting);
        watchdog.negotiated = Some(start);
        assert_eq!(
            watchdog.judge(start + CONNECT_TIMEOUT / 2, start),
            Liveness::Connecting
        );
        assert_eq!(
            watchdog.judge(start + CONNECT_TIMEOUT, start),
            Liveness::Gone
        );
    }

    #[test]
    fn silence_interrupts_and_a_word_heals() {
        let start = Instant::now();
        let watchdog = Watchdog {
            connected: Some(start),
            ..Watchdog::default()
        };
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(watchdog.judge(at(1), start), Liveness::Alive);
        assert_eq!(watchdog.judge(at(3), start), Liveness::Silent);
        assert_eq!(watchdog.judge(at(3), at(2)), Liveness::Alive);
        assert_eq!(watchdog.judge(at(60), at(2)), Liveness::Gone);
        let lost = Watchdog {
            ice_lost: true,
            ..watchdog
        };
        assert_eq!(lost.judge(at(3), at(3)), Liveness::Silent);
    }
}
