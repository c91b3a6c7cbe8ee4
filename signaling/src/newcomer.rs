//! A connection between its acceptance and its request.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::pending::Place;
use crate::quota::Permit;

/// A connection that has not asked for anything yet. Its request carries it as an extension.
#[derive(Debug)]
pub(crate) struct Newcomer {
    pub(crate) place: Arc<Place>,
    pub(crate) source: Source,
    /// The address of ours at which it came in.
    pub(crate) arrived_at: SocketAddr,
}

/// Whom a connection counts for.
#[derive(Debug)]
pub(crate) enum Source {
    /// It counts already, as long as this lives.
    Counted(Arc<Permit>),
    /// This trusted proxy has still to say for whom, in the headers of the request.
    Proxy(IpAddr),
}
