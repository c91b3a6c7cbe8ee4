//! Media straight from one machine to the other: ICE, DTLS-SRTP and SCTP by webrtc-rs.
//!
//! [`PeerToPeer::open`](MediaTransport::open) sets one peer connection up and starts its session
//! task, which owns everything and is the only one to steer the library. Frames go out through a
//! writer task and come in through one task per stream. All of them end with the session, and all
//! of them, the library's own included, log inside the span `call{id}`.

mod candidate;
mod migrate;
mod parcel;
mod selected;
mod session;
mod setup;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use futures::future::BoxFuture;
use media::transport::{MediaTransport, OpenParams, Session, TransportError};
use tracing::Instrument;

pub use media::transport::IceServer;

pub use self::parcel::{BadParcel, ClockOffsets, Negotiation};

use self::setup::Setup;
use crate::peer;

/// The label of the channel of the call's messages.
const CONTROL: &str = "control";

/// The label of the channel of large transfers.
const BULK: &str = "bulk";

/// What a peer-to-peer transport is set up with.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// STUN and TURN servers.
    pub ice_servers: Vec<IceServer>,
    /// The only local address to use; all that reach a network when `None`.
    pub bind: Option<IpAddr>,
}

/// Never shows servers, which may be private, or credentials.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("ice_servers", &self.ice_servers.len())
            .finish_non_exhaustive()
    }
}

/// Opens sessions over webrtc-rs.
#[derive(Debug)]
pub struct PeerToPeer {
    setup: Setup,
}

impl PeerToPeer {
    /// A transport of these settings. Sessions must be opened inside a tokio runtime.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let setup = Setup {
            config,
            ..Setup::default()
        };
        Self { setup }
    }
}

impl MediaTransport for PeerToPeer {
    fn open(&self, params: OpenParams) -> BoxFuture<'static, Result<Session, TransportError>> {
        let setup = self.setup.clone();
        let span = peer::session::span(params.call);
        let inside = span.clone();
        let opening = async move {
            let built = Box::pin(setup::build(&setup, &params, inside.clone())).await?;
            Ok(session::start(built, &params, inside))
        };
        Box::pin(opening.instrument(span))
    }
}
