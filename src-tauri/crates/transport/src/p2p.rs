//! Media straight from one machine to the other: ICE, DTLS-SRTP and SCTP by webrtc-rs.
//!
//! [`PeerToPeer::open`](MediaTransport::open) sets one peer connection up and starts its session
//! task, which owns everything and is the only one to steer the library. Frames go out through a
//! writer task and come in through one task per stream. All of them end with the session.

mod congestion;
mod data;
mod events;
mod negotiate;
mod net;
mod pace;
mod peer;
mod receive;
mod report;
mod runtime;
mod send;
mod session;
mod stats;
mod tap;
mod watchdog;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use media::transport::{MediaTransport, OpenParams, Session, TransportError};

pub use negotiate::{BadParcel, ClockOffsets, Negotiation};
use runtime::{Names, SocketLayer};

/// What a peer-to-peer transport is set up with.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// STUN and TURN servers.
    pub ice_servers: Vec<IceServer>,
    /// The only local address to use; all that reach a network when `None`.
    pub bind: Option<IpAddr>,
}

/// A server that helps to find a path.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:` (RFC 7064) or `turn:` (RFC 7065), over UDP.
    pub url: String,
    /// For TURN, else empty.
    pub username: String,
    /// For TURN, else empty.
    pub credential: String,
}

/// Never shows servers, which may be private, or credentials.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("ice_servers", &self.ice_servers.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for IceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IceServer").finish_non_exhaustive()
    }
}

/// Opens sessions over webrtc-rs.
#[derive(Debug)]
pub struct PeerToPeer {
    config: Config,
    names: Arc<Names>,
    layer: Option<Arc<dyn SocketLayer>>,
}

impl PeerToPeer {
    /// A transport of these settings. Sessions must be opened inside a tokio runtime.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            names: Arc::default(),
            layer: None,
        }
    }
}

impl MediaTransport for PeerToPeer {
    fn open(&self, params: OpenParams) -> BoxFuture<'static, Result<Session, TransportError>> {
        let (config, names) = (self.config.clone(), Arc::clone(&self.names));
        let layer = self.layer.clone();
        Box::pin(async move {
            let peer = Box::pin(peer::build(&config, &params, names, layer)).await?;
            Ok(session::start(peer, &params))
        })
    }
}
