//! The sessions of a call: the one in use, and at most one that is set up to take over.
//!
//! A session whose path is lost is not repaired: another one is set up beside it, and the first of
//! the two to carry anything carries the call (make before break). The caller begins them all and
//! numbers them, so that both sides mean the same one.

use crate::ordered::{Received, Sent};
use crate::time::Timestamp;
use crate::timer::after;

/// All sessions of a call that are not closing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sessions {
    /// What media and messages go through.
    pub(crate) current: Session,
    /// Takes over when it connects.
    pub(crate) next: Option<Session>,
    /// The number of the one that was replaced last, open until the other side has been heard
    /// through its successor.
    pub(crate) previous: Option<u32>,
    /// Callee: one that the caller began too soon after the last one. It waits, with its parcels,
    /// until the pause is over.
    pub(crate) early: Option<Session>,
    /// The highest number so far.
    last: u32,
    /// When the session of that number was begun.
    begun_at: Timestamp,
}

/// One session, with what may be lost on the way between its two ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Session {
    pub(crate) number: u32,
    pub(crate) phase: Phase,
    /// Parcels of our end.
    pub(crate) sent: Sent<Vec<u8>>,
    /// Parcels of the other end, kept until ours is open.
    pub(crate) received: Received<Vec<u8>>,
    /// Whether some of them came since we said last which ones we have.
    pub(crate) owes_acknowledgement: bool,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// Not open yet: the user has not accepted, a session of the call before still closes, or the
    /// caller began it too soon.
    Waiting,
    /// Open: looks for a path, or has one.
    Open,
    /// Open still, but nothing brings it back.
    Dead,
}

impl Sessions {
    /// The first session, not yet open.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            current: Session::new(0, Phase::Waiting),
            next: None,
            previous: None,
            early: None,
            last: 0,
            begun_at: now,
        }
    }

    /// The highest number so far.
    pub(crate) fn last(&self) -> u32 {
        self.last
    }

    /// When the last session was begun long enough ago for another one.
    pub(crate) fn pause_ends(&self) -> Timestamp {
        self.begun_at + after::SESSION_PAUSE
    }

    /// Whether the last session was begun long enough ago for another one.
    pub(crate) fn has_paused(&self, now: Timestamp) -> bool {
        now >= self.pause_ends()
    }

    /// Sets a session up to take over, with the parcels that waited for it. Returns the one that it
    /// stands in for, to be closed.
    pub(crate) fn begin(&mut self, now: Timestamp, number: u32) -> Option<Session> {
        self.last = number;
        self.begun_at = now;
        let early = self.early.take_if(|it| it.number <= number);
        let waited = early.filter(|it| it.number == number);
        let session = waited.unwrap_or_else(|| Session::new(number, Phase::Waiting));
        self.next.replace(Session {
            phase: Phase::Open,
            ..session
        })
    }

    /// The session of this number, which waits until it may be begun. It takes the place of one with
    /// a lower number, which the caller has given up; none where a higher one waits.
    pub(crate) fn wait_for(&mut self, number: u32) -> Option<&mut Session> {
        if self.early.as_ref().is_none_or(|it| it.number < number) {
            self.early = Some(Session::new(number, Phase::Waiting));
        }
        self.early.as_mut().filter(|it| it.number == number)
    }

    /// How many sessions are open beside the one in use.
    pub(crate) fn beside(&self) -> usize {
        usize::from(self.previous.is_some()) + usize::from(self.next.is_some())
    }

    /// The session that was set up takes over. Returns the number of the one before the one that it
    /// replaces, if that is still open, to be closed.
    pub(crate) fn promote(&mut self) -> Option<u32> {
        let next = self.next.take()?;
        let replaced = std::mem::replace(&mut self.current, next);
        self.previous.replace(replaced.number)
    }

    /// The current or the next session, by its number.
    pub(crate) fn find(&mut self, number: u32) -> Option<&mut Session> {
        self.iter_mut().find(|it| it.number == number)
    }

    /// The current and the next session.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Session> {
        std::iter::once(&self.current).chain(&self.next)
    }

    /// The current and the next session.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        std::iter::once(&mut self.current).chain(&mut self.next)
    }

    /// The numbers of all that are open.
    pub(crate) fn open(&self) -> Vec<u32> {
        let open = self.iter().filter(|it| it.phase.is_open());
        self.previous
            .into_iter()
            .chain(open.map(|it| it.number))
            .collect()
    }
}

impl Session {
    fn new(number: u32, phase: Phase) -> Self {
        Self {
            number,
            phase,
            sent: Sent::default(),
            received: Received::default(),
            owes_acknowledgement: false,
        }
    }
}

impl Phase {
    /// Whether the driver holds such a session open.
    pub(crate) fn is_open(self) -> bool {
        match self {
            Self::Open | Self::Dead => true,
            Self::Waiting => false,
        }
    }
}
