//! Calls that are over, on their way to whoever remembers them.

use call::id::Peer;
use call::reason::EndReason;

/// A call that is over, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// With whom.
    pub peer: Peer,
    /// The relay that the link named by which we called them.
    pub relay: Option<String>,
    /// Who had called.
    pub outgoing: bool,
    /// Why it ended.
    pub reason: EndReason,
    /// How long media flowed, milliseconds; `None` when it never did.
    pub lasted_ms: Option<u64>,
}
