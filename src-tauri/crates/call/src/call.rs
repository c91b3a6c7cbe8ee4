//! A call that is not over, from dialling or ringing to its end: what all its stages share.

use crate::carrier::Carrier;
use crate::controls::{Local, Remote};
use crate::id::{CallId, Peer, SessionId};
use crate::liveness::Liveness;
use crate::receipts::Receipts;
use crate::recording::Recordings;
use crate::sessions::Sessions;
use crate::time::Timestamp;
use crate::timer::after;

/// A call that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) peer: Peer,
    /// Whether we called. The caller's sessions make the offers.
    pub(crate) outgoing: bool,
    /// What carries the media.
    pub(crate) carrier: Carrier,
    pub(crate) local: Local,
    pub(crate) remote: Remote,
    pub(crate) receipts: Receipts,
    pub(crate) recordings: Recordings,
    pub(crate) liveness: Liveness,
    pub(crate) sessions: Sessions,
    /// How often parcels were sent again since the other side acknowledged any.
    pub(crate) resends: usize,
    /// Glare: our own call to the same person, which gave way to this one.
    pub(crate) instead_of: Option<CallId>,
    /// When this phone was woken after it had slept for so long that the other side may have given
    /// up.
    pub(crate) woke_at: Option<Timestamp>,
}

impl Call {
    /// A call by us.
    pub(crate) fn outgoing(
        now: Timestamp,
        id: CallId,
        peer: Peer,
        carrier: Carrier,
        video: bool,
    ) -> Self {
        let mut call = Self::new(now, id, peer, carrier);
        call.outgoing = true;
        call.local = Local::new(video);
        call
    }

    /// A call to us. Whether our camera will be on is known when the user accepts.
    pub(crate) fn incoming(now: Timestamp, id: CallId, peer: Peer, carrier: Carrier) -> Self {
        Self::new(now, id, peer, carrier)
    }

    /// Whether this is that call with that person.
    pub(crate) fn is(&self, with: &str, id: CallId) -> bool {
        self.id == id && self.peer.address == with
    }

    /// Whether what is heard now may have been said while this phone slept.
    pub(crate) fn has_just_woken(&self, now: Timestamp) -> bool {
        self.woke_at
            .is_some_and(|at| now.since(at) <= after::JUST_WOKEN)
    }

    /// The session of this number.
    pub(crate) fn session(&self, number: u32) -> SessionId {
        SessionId {
            call: self.id,
            number,
        }
    }

    /// The session in use.
    pub(crate) fn current_session(&self) -> SessionId {
        self.session(self.sessions.current.number)
    }

    fn new(now: Timestamp, id: CallId, peer: Peer, carrier: Carrier) -> Self {
        Self {
            id,
            peer,
            outgoing: false,
            carrier,
            local: Local::new(false),
            remote: Remote::new(),
            receipts: Receipts::default(),
            recordings: Recordings::default(),
            liveness: Liveness::new(now),
            sessions: Sessions::new(now),
            resends: 0,
            instead_of: None,
            woke_at: None,
        }
    }
}
