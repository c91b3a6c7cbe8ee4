//! The one call of a phone, from dialling or ringing to its end: what all its states share.

use crate::controls::{Local, Remote};
use crate::id::{CallId, Peer};
use crate::inbox::Inbox;
use crate::presence::Presence;

/// A call that is not over.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) call: CallId,
    pub(crate) peer: Peer,
    /// Whether we called. The caller's session makes the offers.
    pub(crate) outgoing: bool,
    pub(crate) local: Local,
    pub(crate) remote: Remote,
    pub(crate) presence: Presence,
    pub(crate) session: Session,
    /// Parcels for a session that is not open yet.
    pub(crate) inbox: Inbox,
    /// Our own call to the same person that gave way to this one.
    pub(crate) instead_of: Option<CallId>,
}

/// How far the session of a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Session {
    /// Not to be opened yet.
    NotYet,
    /// To be opened as soon as the session of the call before is closed.
    Wanted,
    /// Opened.
    Open,
}

impl Line {
    pub(crate) fn new(call: CallId, peer: Peer, outgoing: bool, presence: Presence) -> Self {
        Self {
            call,
            peer,
            outgoing,
            local: Local::new(false),
            remote: Remote::new(),
            presence,
            session: Session::NotYet,
            inbox: Inbox::default(),
            instead_of: None,
        }
    }

    /// Whether this is that call with that person.
    pub(crate) fn is(&self, with: &str, call: CallId) -> bool {
        self.call == call && self.peer.address == with
    }
}
