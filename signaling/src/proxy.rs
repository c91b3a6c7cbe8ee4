//! Whose connection it is when a reverse proxy stands before the relay.
//!
//! Without this every client would count as the proxy: one source, one share of the places. A
//! proxy says for whom it speaks in one of two ways, the PROXY protocol before the first byte
//! ([`header`]) or HTTP headers ([`forwarded`]). Either is believed from trusted addresses only:
//! anybody can write such a header, and with it could count as somebody else.

use std::net::IpAddr;

pub(crate) mod forwarded;
pub(crate) mod header;
mod network;

pub use network::{Network, NetworkError};

/// The reverse proxies before a relay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Where they connect from. Empty: nobody is believed.
    pub trusted: Vec<Network>,
    /// Whether they begin each connection with a PROXY header (version 1 or 2). One that does not
    /// is refused; anybody else who does is, too.
    pub header: bool,
}

impl Proxies {
    /// Whether what comes from this address may say for whom it speaks.
    pub(crate) fn trust(&self, ip: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(ip))
    }
}
