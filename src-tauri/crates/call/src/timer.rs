//! Every deadline of a call, on one page.

use std::time::Duration;

use crate::time::Timestamp;

/// Why a phone wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Nobody answered.
    Ring,
    /// The relay has been away for too long to place a call.
    NoRelay,
    /// Say the invitation or the answer again: it may have been lost.
    Repeat,
    /// Ask the relay, by a message to the other side, whether they are still there.
    Probe,
    /// No path for media was found after the answer.
    Connect,
    /// Tell the other side what is true of our controls; a sign of life too.
    Alive,
    /// The other side's session closed and nothing has been said about it.
    Unexplained,
    /// The path has been away long enough to say so.
    Lost,
    /// The path is away; look for a new one.
    Restart,
    /// The path did not come back.
    GiveUp,
    /// The ended screen has been seen.
    LeaveEnded,
}

impl Timer {
    /// All of them, in the order in which those that are due together fire.
    const ALL: [Self; 11] = [
        Self::Ring,
        Self::NoRelay,
        Self::Repeat,
        Self::Probe,
        Self::Connect,
        Self::Alive,
        Self::Unexplained,
        Self::Lost,
        Self::Restart,
        Self::GiveUp,
        Self::LeaveEnded,
    ];

    fn place(self) -> usize {
        self as usize
    }
}

/// How long each of them is.
pub(crate) mod after {
    use std::time::Duration;

    /// The callee rings this much longer than the caller waits, so that the caller's word, which
    /// tells the callee why, comes first.
    pub(crate) const RING_MARGIN: Duration = Duration::from_secs(5);

    /// A client that just started needs about a second to reach its relay; more than five and the
    /// user should know what is wrong.
    pub(crate) const NO_RELAY: Duration = Duration::from_secs(5);

    /// Above any sane round trip through a relay, below anybody's patience.
    pub(crate) const REPEAT: Duration = Duration::from_secs(2);

    /// With three answers of the relay a second apart, a crash while it rings shows within 6 s.
    pub(crate) const PROBE: Duration = Duration::from_secs(3);

    /// How often to probe while the other side seems to be gone.
    pub(crate) const PROBE_AGAIN: Duration = Duration::from_secs(1);

    /// A path takes well below a second, over a TURN server and a bad mobile link several.
    pub(crate) const CONNECT: Duration = Duration::from_secs(20);

    /// A lost change of the controls heals within a second.
    pub(crate) const ALIVE: Duration = Duration::from_secs(1);

    /// The last word travels through the relay, the news of a closed session directly.
    pub(crate) const UNEXPLAINED: Duration = Duration::from_millis(300);

    /// Shorter gaps are everyday life of a wireless network and pass unseen.
    pub(crate) const LOST: Duration = Duration::from_secs(2);

    /// When the offering side first looks for a new path.
    pub(crate) const RESTART: Duration = LOST;

    /// The answering side can only ask for a new path, so it lets the offering side go first.
    pub(crate) const RESTART_ANSWERER: Duration = Duration::from_secs(3);

    /// A path is found within a few seconds or never; by then a new network may be up.
    pub(crate) const RESTART_AGAIN: Duration = Duration::from_secs(6);

    /// A walk from one network to another or a router's restart takes 30 s; users give up sooner.
    pub(crate) const GIVE_UP: Duration = Duration::from_secs(45);

    /// Time to read one sentence.
    pub(crate) const LEAVE_ENDED: Duration = Duration::from_secs(3);
}

/// The deadlines that are set now.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: [Option<Timestamp>; Timer::ALL.len()],
}

impl Timers {
    /// Sets or moves a deadline.
    pub(crate) fn set(&mut self, timer: Timer, now: Timestamp, after: Duration) {
        self.due[timer.place()] = Some(now + after);
    }

    /// Forgets a deadline.
    pub(crate) fn stop(&mut self, timer: Timer) {
        self.due[timer.place()] = None;
    }

    /// Forgets all.
    pub(crate) fn stop_all(&mut self) {
        self.due = Default::default();
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<(Timestamp, Timer)> {
        Timer::ALL
            .into_iter()
            .filter_map(|timer| Some((self.due[timer.place()]?, timer)))
            .min_by_key(|(at, _)| *at)
    }

    /// Takes the earliest deadline that has passed.
    pub(crate) fn expired(&mut self, now: Timestamp) -> Option<Timer> {
        let (at, timer) = self.next()?;
        if at > now {
            return None;
        }
        self.stop(timer);
        Some(timer)
    }
}
