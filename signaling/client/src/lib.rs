//! One link to a relay that keeps itself up.
//!
//! [`Link`] is a handle to one task, the driver, which owns the socket, the session and the
//! outbox. It finds a way to the relay over all addresses of its name, proves our address, passes
//! messages both ways, notices a dead connection, comes back with growing jittered pauses and
//! resumes where it was: while the relay keeps the session no message is lost and none is doubled.
//! At most [`Link::CAPACITY`] messages wait to be sent and [`Link::EVENTS`] events to be taken.
//!
//! What must never happen here: a decision about a call; two proofs of one address at a time,
//! which would take over from each other; a connection to an address that [`Reach`] excludes; an
//! address, a URL or a message in a log line. The libraries beneath do log whole frames, so a
//! program filters its log by [`LOG_FILTER`].

#![warn(missing_docs)]

mod access;
mod backoff;
mod clock;
mod config;
mod connect;
mod dedup;
mod driver;
mod event;
mod ice;
mod link;
mod outbox;
mod timing;

pub use clock::date_of;
pub use config::{Config, Reach};
pub use event::{IceServer, IceServers, LinkEvent, LinkState, Problem};
pub use link::{Link, SendError};
pub use signal_wire::{Absence, CallNumber, LiveKitToken, MAX_PAYLOAD_BYTES, NoAccess};
pub use timing::Timing;

/// Directives for `tracing_subscriber::EnvFilter` that keep the libraries beneath from logging
/// frames, requests and addresses: a directive covers every target that starts like it. To be
/// appended to the filter of every program.
pub const LOG_FILTER: &str = "tungstenite=off,tokio_tungstenite=off,rustls=off,tokio_rustls=off";
