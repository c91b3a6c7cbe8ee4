//! A transport whose settings can change while the program runs: the next call uses the new one.

use std::sync::{Arc, PoisonError, RwLock};

use futures::future::BoxFuture;
use media::transport::{MediaTransport, OpenParams, Session, TransportError};

/// Opens each session through the transport that was set last.
#[derive(Debug)]
pub(crate) struct ReplaceableTransport {
    current: RwLock<Arc<dyn MediaTransport>>,
}

impl ReplaceableTransport {
    /// Opens sessions through `first`.
    pub(crate) fn new(first: Arc<dyn MediaTransport>) -> Self {
        Self {
            current: RwLock::new(first),
        }
    }

    /// Opens sessions through `next` from now on; open ones stay as they are.
    pub(crate) fn replace(&self, next: Arc<dyn MediaTransport>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

impl MediaTransport for ReplaceableTransport {
    fn open(&self, params: OpenParams) -> BoxFuture<'static, Result<Session, TransportError>> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .open(params)
    }
}
