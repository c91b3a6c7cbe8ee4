//! What can be set about a link.

use std::net::SocketAddr;

use crate::timing::Timing;

/// Everything that can be set. The default is right for the relay that the user chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Where the link may go.
    pub reach: Reach,
    /// Where to connect, in order of preference, when the system's resolver shall not be asked
    /// for the host of the URL; empty to ask it. The URL still says the port's meaning, what a
    /// certificate must name and what is signed.
    pub addresses: Vec<SocketAddr>,
    /// Periods.
    pub timing: Timing,
}

/// Which addresses a link may connect to. What is checked is the resolved address that is then
/// connected to, so neither a name that resolves differently the second time nor a redirect,
/// which is not followed, leads anywhere else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Any: for a relay that the user chose.
    #[default]
    Anywhere,
    /// Any by `wss:`; by `ws:` only this machine and the networks that it is directly on. For a
    /// relay that an invite names: a stranger's link must not make this machine talk to servers
    /// deep in its owner's networks, nor send messages of a call in clear over the internet.
    EncryptedOrNearby,
}
