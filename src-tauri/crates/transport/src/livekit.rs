//! Media through a LiveKit server: each side has a peer connection with the server, which passes on
//! what it cannot read.
//!
//! [`LiveKit::open`](MediaTransport::open) sets the connection up and starts its session task. The
//! session joins the room that its [`Access`](media::transport::Access) names, with its offer and
//! all its tracks at once, and greets the other side over the data channel: it is connected when
//! both have heard each other under the key that the offerer made. The key is told in a parcel,
//! which the server never sees.
//!
//! [`signal`] speaks with the server over a WebSocket, [`data`] is what data channels carry, and
//! [`e2ee`] encrypts frames so that the server sees none. None of the three knows WebRTC:
//! descriptions and candidates pass through as text. Formats: `livekit/protocol` (protobuf), protocol
//! number 15.
//!
//! Tokens, descriptions, addresses, identities and texts are [`Redacted`] wherever they are held, so
//! that no `Debug` and no log line shows them.

pub mod data;
pub mod e2ee;
#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(fuzzing)]
mod pieces;
pub mod signal;

mod agreement;
mod conversation;
mod keys;
mod proto;
mod redacted;
mod session;
mod setup;
mod speech;
mod tokens;

use std::net::IpAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use media::transport::{MediaTransport, OpenParams, Session, TransportError};
use tracing::Instrument as _;

pub use redacted::Redacted;

use self::setup::Setup;
use crate::peer;

/// What a transport over LiveKit is set up with.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The only local address to use; all that reach a network when `None`.
    pub bind: Option<IpAddr>,
}

/// Opens sessions over LiveKit servers.
#[derive(Debug)]
pub struct LiveKit {
    setup: Arc<Setup>,
}

impl LiveKit {
    /// A transport of these settings. Sessions must be opened inside a tokio runtime.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            setup: Arc::new(Setup::new(config)),
        }
    }
}

impl MediaTransport for LiveKit {
    fn open(&self, params: OpenParams) -> BoxFuture<'static, Result<Session, TransportError>> {
        let setup = Arc::clone(&self.setup);
        let span = peer::session::span(params.call);
        let inside = span.clone();
        let opening = async move {
            let built = Box::pin(setup::build(&setup, &params, inside.clone())).await?;
            Ok(session::start(built, &setup, params, inside))
        };
        Box::pin(opening.instrument(span))
    }
}
