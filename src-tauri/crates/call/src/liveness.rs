//! Whether the other side's program still runs, as far as can be told.
//!
//! A program that died leaves two traces: nothing is heard of it, and the relay, which sees its
//! connection break at once, cannot deliver to it and says that it was closed. A network that is
//! lost leaves only the first at first: the relay needs many seconds to notice, and says then that
//! it fell silent. So once media flowed, "undeliverable" ends a call only when the connection was
//! closed; one that fell silent means a lost network, and networks come back. Where no relay is
//! between, on a local network, this machine sees the connection break itself. A relay that knows
//! nothing of somebody may have been restarted, and they are on their way back to it.

use std::time::Duration;

use crate::input::Absence;
use crate::time::Timestamp;

/// Silence after which the other side is probed through signaling: what a dead path is shown after.
/// Sooner would ask for every gap of a wireless network.
pub(crate) const PROBE_AFTER: Duration = Duration::from_secs(2);

/// Silence after which a closed connection to a relay elsewhere is believed to mean a death. Reports
/// of the controls come once a second, so four in a row were lost, which is no accident.
const CLOSED_SILENCE: Duration = Duration::from_secs(5);

/// The same where this machine itself saw the program end. A dozen signs of life were lost; less
/// would let whoever forges a reset of a connection make use of a gap of the network.
const ENDED_SILENCE: Duration = Duration::from_secs(3);

/// Before media flows: for how long the relay must fail to deliver. A client whose link to the
/// relay breaks and comes back at once is away for less.
const GONE_AFTER: Duration = Duration::from_secs(2);

/// The same where the relay saw the connection being closed, and while media flows, when the call
/// has been silent for seconds already: two probes in a row, a second apart, are enough. One is not:
/// a client closes its connection also to make a better one.
const CLOSED_AFTER: Duration = Duration::from_millis(900);

/// Failed deliveries further apart than this are two absences, not one. Probes go out once a
/// second during an absence, so at least one between the two was delivered.
const ABSENCE_GAP: Duration = Duration::from_millis(2500);

/// When the other side was heard, and since when the relay cannot deliver to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Liveness {
    /// The last sign of life, whichever way it came.
    heard_at: Timestamp,
    /// Since when the session reports silence. None while it hears something.
    silent_since: Option<Timestamp>,
    undelivered: Option<Undelivered>,
}

/// The relay cannot deliver: nobody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Undelivered {
    first: Timestamp,
    last: Timestamp,
    /// What the relay said last.
    why: Absence,
}

impl Liveness {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            heard_at: now,
            silent_since: None,
            undelivered: None,
        }
    }

    /// A message came through signaling.
    pub(crate) fn on_message(&mut self, now: Timestamp) {
        self.heard_at = now;
        self.undelivered = None;
    }

    /// Something came through the session, or it found a path.
    pub(crate) fn on_session(&mut self, now: Timestamp) {
        *self = Self::new(now);
    }

    /// The session has heard nothing since then.
    pub(crate) fn on_silence(&mut self, since: Timestamp) {
        self.heard_at = self.heard_at.max(since);
        self.silent_since = Some(since);
    }

    /// The relay could not deliver.
    pub(crate) fn on_undeliverable(&mut self, now: Timestamp, why: Absence) {
        let first = match self.undelivered {
            Some(before) if now.since(before.last) <= ABSENCE_GAP => before.first,
            Some(_) | None => now,
        };
        let last = now;
        self.undelivered = Some(Undelivered { first, last, why });
    }

    /// How long nothing has been heard, whichever way, of a call in which media flowed. The session
    /// says when it hears nothing; while it says nothing, the other side is there.
    pub(crate) fn silence(&self, now: Timestamp) -> Duration {
        let since = self.silent_since.map(|since| since.max(self.heard_at));
        since.map_or(Duration::ZERO, |since| now.since(since))
    }

    /// Since when the session reports silence; none while it hears something.
    pub(crate) fn silent_since(&self) -> Option<Timestamp> {
        self.silent_since
    }

    /// Whether the relay failed to deliver lately.
    pub(crate) fn is_absent(&self, now: Timestamp) -> bool {
        self.undelivered
            .is_some_and(|it| now.since(it.last) <= ABSENCE_GAP)
    }

    /// Before media flows: whether the absence is long enough to be believed.
    pub(crate) fn is_gone(&self) -> bool {
        self.undelivered.is_some_and(|it| match it.why {
            Absence::Closed | Absence::Ended => it.lasted() >= CLOSED_AFTER,
            Absence::Silent | Absence::Unknown => it.lasted() >= GONE_AFTER,
        })
    }

    /// Once media flowed: whether an absence that is reported now means that the program died.
    pub(crate) fn has_died(&self, now: Timestamp) -> bool {
        let silence = self.silent_since.map_or(Duration::ZERO, |at| now.since(at));
        self.undelivered.is_some_and(|it| match it.why {
            Absence::Closed => silence >= CLOSED_SILENCE && it.lasted() >= CLOSED_AFTER,
            Absence::Ended => silence >= ENDED_SILENCE && it.lasted() >= CLOSED_AFTER,
            Absence::Silent | Absence::Unknown => false,
        })
    }
}

impl Undelivered {
    /// How long the relay has failed to deliver.
    fn lasted(&self) -> Duration {
        self.last.since(self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::after_start(Duration::from_millis(millis))
    }

    /// When a death is believed that is told twice a second, of a session that fell silent at once.
    fn believed(why: Absence) -> Option<u64> {
        let mut liveness = Liveness::new(at(0));
        (500..60_000).step_by(500).find(|millis| {
            liveness.on_silence(at(0));
            liveness.on_undeliverable(at(*millis), why);
            liveness.has_died(at(*millis))
        })
    }

    #[test]
    fn what_this_machine_saw_itself_is_believed_sooner_and_silence_never() {
        assert_eq!(believed(Absence::Ended), Some(3000));
        assert_eq!(believed(Absence::Closed), Some(5000));
        assert_eq!(believed(Absence::Silent), None);
        assert_eq!(believed(Absence::Unknown), None);
    }

    #[test]
    fn whoever_is_still_heard_has_not_died() {
        let mut liveness = Liveness::new(at(0));
        for millis in (0..60_000).step_by(500) {
            liveness.on_undeliverable(at(millis), Absence::Ended);
            assert!(!liveness.has_died(at(millis)));
            if millis % 2500 == 0 {
                liveness.on_session(at(millis));
            }
        }
    }

    #[test]
    fn what_is_said_once_is_not_believed() {
        let mut liveness = Liveness::new(at(0));
        liveness.on_silence(at(0));
        liveness.on_undeliverable(at(4000), Absence::Ended);
        assert!(!liveness.has_died(at(4000)) && !liveness.is_gone());
        liveness.on_undeliverable(at(4900), Absence::Ended);
        assert!(liveness.has_died(at(4900)) && liveness.is_gone());
    }
}
