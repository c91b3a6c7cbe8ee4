//! A connection between its acceptance and its request.

use std::fmt;
use std::future::{self, Future};
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
    /// Where the connection came from: of a client that no proxy speaks for, its own address.
    pub(crate) came_from: SocketAddr,
}

/// Whether a connection from there is taken in at all.
#[derive(Clone)]
pub(crate) struct Gate(Arc<dyn Fn(IpAddr) -> bool + Send + Sync>);

impl Gate {
    pub(crate) fn new(admits: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(admits))
    }

    pub(crate) fn admits(&self, source: IpAddr) -> bool {
        (self.0)(source)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

/// Whom a connection counts for.
#[derive(Debug)]
pub(crate) enum Source {
    /// It counts already, as long as this lives.
    Counted(Arc<Permit>),
    /// This trusted proxy has still to say for whom, in the headers of the request.
    Proxy(IpAddr),
}

impl Source {
    /// Waits until the connection has to make room for another one.
    pub(crate) fn evicted(&self) -> impl Future<Output = ()> + use<> {
        let permit = match self {
            Self::Counted(permit) => Some(Arc::clone(permit)),
            Self::Proxy(_) => None,
        };
        async move {
            match permit {
                Some(permit) => permit.evicted().await,
                None => future::pending().await,
            }
        }
    }
}
