//! One end of a session as the search imagines it: it connects when an offer and its answer got
//! through and the machines reach each other, tells how long it has heard nothing, and closes.

use std::time::Duration;

use call::id::SessionId;
use call::time::Timestamp;

/// How often a silent session says so.
pub(crate) const REPORT: Duration = Duration::from_secs(1);

/// When ICE gives up its pair.
pub(crate) const ICE_DISCONNECTED: Duration = Duration::from_secs(5);

/// What the offering end gives the other one.
pub(crate) const OFFER: &[u8] = b"offer";

/// What the other one gives back.
pub(crate) const ANSWER: &[u8] = b"answer";

/// One phone's end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct End {
    pub(crate) id: SessionId,
    pub(crate) offerer: bool,
    pub(crate) phase: Phase,
    /// A machine has left the network that it was made for: it never hears anything any more.
    pub(crate) is_stranded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// Offer and answer are on their way.
    Negotiating,
    /// Both have arrived, as far as this end knows; a path is wanted.
    Checking,
    Connected {
        silence: Option<Silence>,
    },
    /// For good.
    Failed,
    /// Until the phone has heard that it is closed.
    Closing,
}

/// Nothing is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Silence {
    pub(crate) since: Timestamp,
    pub(crate) report_at: Timestamp,
}

impl End {
    pub(crate) fn new(id: SessionId, offerer: bool) -> Self {
        Self {
            id,
            offerer,
            phase: Phase::Negotiating,
            is_stranded: false,
        }
    }

    /// Whether it would hear the other end.
    pub(crate) fn is_ready(&self) -> bool {
        match self.phase {
            Phase::Checking | Phase::Connected { .. } => !self.is_stranded,
            Phase::Negotiating | Phase::Failed | Phase::Closing => false,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        match self.phase {
            Phase::Negotiating | Phase::Checking | Phase::Connected { .. } | Phase::Failed => true,
            Phase::Closing => false,
        }
    }

    /// Whether it may still fail.
    pub(crate) fn can_fail(&self) -> bool {
        self.is_open() && self.phase != Phase::Failed
    }

    /// Whether media flows.
    pub(crate) fn flows(&self) -> bool {
        self.phase == Phase::Connected { silence: None }
    }

    /// When it has something to tell.
    pub(crate) fn report_at(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Connected {
                silence: Some(silence),
            } => Some(silence.report_at),
            Phase::Negotiating
            | Phase::Checking
            | Phase::Connected { silence: None }
            | Phase::Failed
            | Phase::Closing => None,
        }
    }
}
