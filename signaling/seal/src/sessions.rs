//! The established sessions: which one a conversation uses, and which ones are forgotten.

use std::time::{Duration, Instant};

use identity::Address;

use crate::frame::SessionId;
use crate::session::Session;

/// At most [`MAX_SESSIONS`] established sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    all: Vec<Session>,
    /// The conversation whose session outlives all others.
    active: Option<(Address, u64)>,
    /// The highest [`Session::rank`].
    rank: u64,
}

/// A call has one; the others are calls that somebody else tries meanwhile, and ended ones of which
/// a late message may come.
pub(crate) const MAX_SESSIONS: usize = 8;

impl Sessions {
    /// Names the conversation whose session outlives all others.
    pub(crate) const fn set_active(&mut self, conversation: Option<(Address, u64)>) {
        self.active = conversation;
    }

    /// Whether somebody is the other side of the active conversation.
    pub(crate) fn is_active_peer(&self, peer: Address) -> bool {
        self.active.is_some_and(|(who, _)| who == peer)
    }

    /// Whether this is the active conversation.
    pub(crate) fn is_active(&self, conversation: (Address, u64)) -> bool {
        self.active == Some(conversation)
    }

    /// A session by its name.
    pub(crate) fn find(&mut self, peer: Address, id: SessionId) -> Option<&mut Session> {
        self.all
            .iter_mut()
            .find(|it| it.peer == peer && it.id == id)
    }

    /// The session that a conversation's messages are sent through: the one that proved last to be
    /// alive and is not doubted.
    pub(crate) fn current(&mut self, conversation: (Address, u64)) -> Option<&mut Session> {
        self.all
            .iter_mut()
            .filter(|it| it.conversation() == conversation)
            .max_by_key(|it| (!it.doubted, it.rank))
    }

    /// Whether its conversation has no better session.
    pub(crate) fn is_current(&self, session: &Session) -> bool {
        self.all
            .iter()
            .filter(|it| it.conversation() == session.conversation())
            .all(|it| (!it.doubted, it.rank) <= (!session.doubted, session.rank))
    }

    /// Notes that a session proved to be alive: from now on its conversation goes through it. Both
    /// sides do so, which lets them meet in one when both began one at once.
    pub(crate) fn prove(&mut self, peer: Address, id: SessionId) {
        self.rank += 1;
        let rank = self.rank;
        if let Some(session) = self.find(peer, id).filter(|it| !it.doubted) {
            session.rank = rank;
        }
    }

    /// Takes a session in. Those of the same conversation only receive from now on, and not for
    /// long. When there is no room, the one goes that was not used for the longest time.
    pub(crate) fn insert(&mut self, now: Instant, mut session: Session) {
        self.rank += 1;
        session.rank = self.rank;
        for other in &mut self.all {
            if other.conversation() == session.conversation() {
                other.heard = now;
                if session.has_words() {
                    other.forget_words();
                }
            }
        }
        if self.all.len() == MAX_SESSIONS {
            self.evict();
        }
        self.all.push(session);
    }

    /// The session that is used by nobody, then one of another conversation than the active one.
    fn evict(&mut self) {
        let worth = |session: &Session| {
            let is_current = self.is_current(session);
            (
                is_current && self.is_active(session.conversation()),
                is_current,
                session.used,
            )
        };
        let least = self.all.iter().enumerate().min_by_key(|(_, it)| worth(it));
        if let Some(at) = least.map(|(at, _)| at) {
            self.all.swap_remove(at);
            tracing::debug!("a session was forgotten to make room for another");
        }
    }

    /// When a session is forgotten by itself; never that of the active conversation.
    fn expires(&self, session: &Session) -> Option<Instant> {
        if !self.is_current(session) {
            return Some(session.heard + REPLACED_LIFE);
        }
        (!self.is_active(session.conversation())).then(|| session.used + IDLE_LIFE)
    }

    /// When the next session is forgotten.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.all.iter().filter_map(|it| self.expires(it)).min()
    }

    /// Forgets what is too old.
    pub(crate) fn expire(&mut self, now: Instant) {
        let is_over = |it: &Session| self.expires(it).is_some_and(|at| at <= now);
        let over: Vec<_> = self.all.iter().map(is_over).collect();
        let mut over = over.into_iter();
        self.all.retain(|_| !over.next().unwrap_or(false));
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.all.len()
    }
}

/// How long a session that another one replaced may still receive what is on its way.
const REPLACED_LIFE: Duration = Duration::from_secs(10);

/// How long the keys of a conversation that is over are kept. Whoever sends in it later learns by a
/// RESET that they are gone, and gets its answer in a new session.
const IDLE_LIFE: Duration = Duration::from_secs(300);
