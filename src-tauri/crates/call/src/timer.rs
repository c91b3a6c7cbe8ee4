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
    /// Acknowledge parcels and texts.
    Acknowledge,
    /// Send texts again that the other side did not acknowledge, also a moment after the call.
    ResendTexts,
    /// The other side has said long ago that its user writes.
    Typing,
    /// What was said last in a call that is over has had time to arrive.
    LeaveChat,
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
    /// The path is away; set a new session up behind the call.
    Renew,
    /// Ask the caller again to begin a session.
    AskAgain,
    /// Begin the session that the caller began too soon.
    Join,
    /// The session that was replaced has been kept long enough.
    ClosePrevious,
    /// The path did not come back.
    GiveUp,
    /// Say again what was said of a recording, or stop waiting for an answer.
    Record,
    /// The ended screen has been seen.
    LeaveEnded,
    /// Invite the other side of the lost call again.
    Resume,
    /// The other side of the lost call did not come back.
    StopResuming,
    /// A call that rings for nobody to hear is due for the next thing that a ringing phone does.
    /// Belongs to no call of the user.
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
        ResendTexts,
        Typing,
        LeaveChat,
        Probe,
        Connect,
        Alive,
        PeerClosed,
        Lost,
        Renew,
        AskAgain,
        Join,
        ClosePrevious,
        GiveUp,
        Record,
        LeaveEnded,
        Resume,
        StopResuming,
        Quiet,
    }
}

impl Timer {
    fn index(self) -> usize {
        self as usize
    }

    /// Whether it goes with the user's call.
    fn is_of_call(self) -> bool {
        match self {
            Self::Quiet | Self::ResendTexts | Self::LeaveChat => false,
            Self::Ring
            | Self::NoRelay
            | Self::Repeat
            | Self::Resend
            | Self::Acknowledge
            | Self::Typing
            | Self::Probe
            | Self::Connect
            | Self::Alive
            | Self::PeerClosed
            | Self::Lost
            | Self::Renew
            | Self::AskAgain
            | Self::Join
            | Self::ClosePrevious
            | Self::GiveUp
            | Self::Record
            | Self::LeaveEnded
            | Self::Resume
            | Self::StopResuming => true,
        }
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

    /// Sessions that hold a new one back close at once, or within two seconds where something hangs.
    pub(crate) const MAKE_ROOM: Duration = Duration::from_millis(500);

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

    /// A phone in a call is woken each second, so one whose deadline is this late did nothing for
    /// about as long as it takes the other side to give up.
    pub(crate) const ASLEEP: Duration = GIVE_UP.saturating_sub(Duration::from_secs(2));

    /// What happened while a phone slept has been read by then.
    pub(crate) const JUST_WOKEN: Duration = Duration::from_secs(5);

    /// From the beginning of the silence until the caller sets a new session up behind the call. A
    /// path that was away for less comes back by itself, and sooner.
    pub(crate) const RENEW: Duration = Duration::from_millis(4500);

    /// The same for the callee. It can only ask the caller for one, so the caller goes first.
    pub(crate) const RENEW_CALLEE: Duration = Duration::from_millis(5500);

    /// A session is set up within a few seconds or never; by then a new network may be up.
    pub(crate) const RENEW_AGAIN: Duration = Duration::from_secs(5);

    /// The same for the callee, who lets the caller go first here too.
    pub(crate) const RENEW_AGAIN_CALLEE: Duration = Duration::from_secs(6);

    /// A round trip over a relay and the caller's admission of another session.
    pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(1);

    /// Sessions are begun no faster than this: addresses of a new network come one after the other,
    /// and each session costs sockets.
    pub(crate) const SESSION_PAUSE: Duration = Duration::from_millis(500);

    /// The other side is connected a round trip later at most, and says so through the new session.
    pub(crate) const CLOSE_PREVIOUS: Duration = Duration::from_secs(2);

    /// Below the patience of somebody who waits for it, and little traffic.
    pub(crate) const RESUME: Duration = Duration::from_secs(2);

    /// How long somebody who wants a lost call back waits for the other side.
    pub(crate) const STOP_RESUMING: Duration = Duration::from_secs(120);

    /// What is said of a recording is answered within a round trip.
    pub(crate) const RECORD_REPEAT: Duration = Duration::from_secs(1);

    /// Five questions that nothing comes back to: the other side knows nothing of recordings.
    pub(crate) const RECORD_UNHEARD: Duration = Duration::from_millis(5500);

    /// As long as a call rings: somebody who is in a call and does not answer looks elsewhere.
    pub(crate) const RECORD_NO_ANSWER: Duration = Duration::from_secs(45);

    /// Who refused is not asked again for so long.
    pub(crate) const ASK_TO_RECORD_AGAIN: Duration = Duration::from_secs(20);

    /// How often the other side is told that the user writes.
    pub(crate) const TYPING: Duration = Duration::from_secs(3);

    /// Two of those, so that one that is late changes nothing on the screen.
    pub(crate) const TYPING_LAPSES: Duration = Duration::from_secs(6);

    /// A text and its acknowledgement over a relay, and both once more.
    pub(crate) const LEAVE_CHAT: Duration = Duration::from_secs(3);

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
        for timer in Timer::ALL.iter().filter(|it| it.is_of_call()) {
            self.stop(*timer);
        }
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
