//! A transport whose settings can change while the program runs: the next call uses the new one.

use std::sync::{Arc, PoisonError, RwLock};

use futures::future::BoxFuture;
use media::transport::{MediaTransport, OpenParams, Session, TransportError};

/// Stands for the transport of the moment.
#[derive(Debug)]
pub(crate) struct Exchange {
    present: RwLock<Arc<dyn MediaTransport>>,
}

impl Exchange {
    /// Stands for `first`.
    pub(crate) fn new(first: Arc<dyn MediaTransport>) -> Self {
        Self {
            present: RwLock::new(first),
        }
    }

    /// Opens sessions through `next` from now on; open ones stay as they are.
    pub(crate) fn replace(&self, next: Arc<dyn MediaTransport>) {
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

impl MediaTransport for Exchange {
    fn open(&self, params: OpenParams) -> BoxFuture<'static, Result<Session, TransportError>> {
        self.present
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .open(params)
    }
}
