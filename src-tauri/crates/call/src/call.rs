//! A call that is not over, from dialling or ringing to its end: what all its stages share.

use crate::controls::{Local, Remote};
use crate::id::{CallId, Peer};
use crate::liveness::Liveness;
use crate::parcels::{ReceivedParcels, SentParcels};
use crate::time::Timestamp;

/// A call that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) peer: Peer,
    /// Whether we called. The caller's session makes the offers.
    pub(crate) outgoing: bool,
    pub(crate) local: Local,
    pub(crate) remote: Remote,
    pub(crate) liveness: Liveness,
    /// Parcels of our session that may be lost.
    pub(crate) sent: SentParcels,
    /// How often they were sent again since the other side acknowledged any.
    pub(crate) resends: usize,
    /// Parcels of the other side's session, kept until ours is open.
    pub(crate) received: ReceivedParcels,
    /// Glare: our own call to the same person, which gave way to this one.
    pub(crate) instead_of: Option<CallId>,
}

impl Call {
    /// A call by us.
    pub(crate) fn outgoing(now: Timestamp, id: CallId, peer: Peer, video: bool) -> Self {
        Self::new(now, id, peer, true, video)
    }

    /// A call to us. Whether our camera will be on is known when the user accepts.
    pub(crate) fn incoming(now: Timestamp, id: CallId, peer: Peer) -> Self {
        Self::new(now, id, peer, false, false)
    }

    /// Whether this is that call with that person.
    pub(crate) fn is(&self, with: &str, id: CallId) -> bool {
        self.id == id && self.peer.address == with
    }

    fn new(now: Timestamp, id: CallId, peer: Peer, outgoing: bool, video: bool) -> Self {
        Self {
            id,
            peer,
            outgoing,
            local: Local::new(video),
            remote: Remote::new(),
            liveness: Liveness::new(now),
            sent: SentParcels::default(),
            resends: 0,
            received: ReceivedParcels::default(),
            instead_of: None,
        }
    }
}
