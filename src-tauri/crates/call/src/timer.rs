//! Every deadline of a call, on one page.

use crate::time::Timestamp;

/// Why a phone wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Nobody answered.
    Ring,
    /// The relay has been away for too long to place a call.
    NoRelay,
    /// Send the invitation or the acceptance again: it may have been lost.
    Repeat,
    /// Send parcels again that the other side did not acknowledge.
    Resend,
    /// Acknowledge parcels.
    Acknowledge,
    /// Ask the relay, by a message to the other side, whether they are still there.
    Probe,
    /// No path for media was found after the answer.
    Connect,
    /// Tell the other side what is true of our controls; a sign of life too.
    Alive,
    /// The other side closed its session, and no message gave the reason.
    PeerClosed,
    /// The path has been away long enough to say so.
    Lost,
    /// The path is away; look for a new one.
    Restart,
    /// The path did not come back.
    GiveUp,
    /// The ended screen has been seen.
    LeaveEnded,
    /// A call that rings for nobody to hear is due for the next thing that a ringing phone does.
    /// The only one that belongs to no call of the user.
    Quiet,
}

all_variants! {
    /// In the order in which those that are due together fire.
    Timer {
        Ring,
        NoRelay,
        Repeat,
        Resend,
        Acknowledge,
        Probe,
        Connect,
        Alive,
        PeerClosed,
        Lost,
        Restart,
        GiveUp,
        LeaveEnded,
        Quiet,
    }
}

impl Timer {
    fn index(self) -> usize {
        self as usize
    }
}

/// How long after what each deadline is.
pub(crate) mod after {
    use std::time::Duration;

    /// From the answer to the end of the search for a path. A path takes well below a second, over
    /// a TURN server and a bad mobile link several; a person waits for no more than 20.
    pub(crate) const CONNECT: Duration = Duration::from_secs(20);

    /// From the beginning of the silence to the end of the call. A walk from one network to
    /// another or a router's restart takes 30 s; users give up sooner than in a minute.
    pub(crate) const GIVE_UP: Duration = Duration::from_secs(45);

    /// From the beginning of the silence until the user is told. Shorter gaps are everyday life of
    /// a wireless network.
    pub(crate) const LOST: Duration = Duration::from_secs(2);

    /// The callee rings this much longer than the caller waits. The caller's `over`, which gives
    /// the reason, arrives within it.
    pub(crate) const RING_MARGIN: Duration = Duration::from_secs(5);

    /// A client that just started needs about a second to reach its relay; after more than five
    /// the user should know what is wrong.
    pub(crate) const NO_RELAY: Duration = Duration::from_secs(5);

    /// Above any sane round trip through a relay, below anybody's patience.
    pub(crate) const REPEAT: Duration = Duration::from_secs(2);

    /// The pauses before parcels are sent again; the last one holds for all that follow. A second is
    /// above any sane round trip through a relay; a relay that is restarted is back within a few.
    pub(crate) const RESEND: [Duration; 3] = [
        Duration::from_secs(1),
        Duration::from_secs(2),
        Duration::from_secs(4),
    ];

    /// The parcels of a session come in a burst: one acknowledgement serves them all.
    pub(crate) const ACKNOWLEDGE: Duration = Duration::from_millis(50);

    /// The first failed delivery comes within 3 s of a crash, and 2 s more confirm it: a crash
    /// while it rings shows within 6 s.
    pub(crate) const PROBE: Duration = Duration::from_secs(3);

    /// How often to probe while the other side seems to be gone.
    pub(crate) const PROBE_AGAIN: Duration = Duration::from_secs(1);

    /// A report of the controls that is lost is made good within a second.
    pub(crate) const ALIVE: Duration = Duration::from_secs(1);

    /// The reason travels through the relay and may be slower than the session's close, which
    /// travels directly.
    pub(crate) const PEER_CLOSED: Duration = Duration::from_millis(300);

    /// From the beginning of the silence until the offering side looks for a new path. A restart gives
    /// the old path up, and a path that was away for less comes back by itself, and sooner.
    pub(crate) const RESTART: Duration = Duration::from_millis(4500);

    /// The same for the answering side. It can only ask for a new offer, so the offering side goes
    /// first.
    pub(crate) const RESTART_ANSWERER: Duration = Duration::from_millis(5500);

    /// A path is found within a few seconds or never; by then a new network may be up.
    pub(crate) const RESTART_AGAIN: Duration = Duration::from_secs(6);

    /// Time to read one sentence.
    pub(crate) const LEAVE_ENDED: Duration = Duration::from_secs(3);
}

/// The deadlines that are set now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Timers {
    due: [Option<Timestamp>; Timer::ALL.len()],
}

impl Timers {
    /// Sets or moves a deadline.
    pub(crate) fn set(&mut self, timer: Timer, at: Timestamp) {
        self.due[timer.index()] = Some(at);
    }

    /// Whether a deadline is set.
    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.due[timer.index()].is_some()
    }

    /// Forgets a deadline.
    pub(crate) fn stop(&mut self, timer: Timer) {
        self.due[timer.index()] = None;
    }

    /// Forgets all deadlines of the user's call.
    pub(crate) fn stop_call(&mut self) {
        let quiet = self.due[Timer::Quiet.index()];
        self.due = Default::default();
        self.due[Timer::Quiet.index()] = quiet;
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<(Timestamp, Timer)> {
        Timer::ALL
            .iter()
            .filter_map(|timer| Some((self.due[timer.index()]?, *timer)))
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
