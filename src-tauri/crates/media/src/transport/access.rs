//! Access to a server that carries sessions.

use std::fmt;
use std::future::Future;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use thiserror::Error;

/// What lets a session in at the server that carries it, as soon as somebody gives it. Clones wait
/// for the same.
#[derive(Clone)]
pub struct Access(Shared<BoxFuture<'static, Result<Credentials, NoAccess>>>);

/// Where a server is, and what it lets us in by.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `ws:` or `wss:`.
    pub url: String,
    /// Names the room and who we are there, for a short while.
    pub token: String,
}

/// Nobody gives access.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("nobody gives access to the server")]
pub struct NoAccess;

impl Access {
    /// What this future gives. It must end: a session waits for it.
    pub fn new(
        access: impl Future<Output = Result<Credentials, NoAccess>> + Send + 'static,
    ) -> Self {
        Self(access.boxed().shared())
    }

    /// Waits for it.
    ///
    /// # Errors
    /// When nobody gives it.
    pub async fn credentials(self) -> Result<Credentials, NoAccess> {
        self.0.await
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(…)")
    }
}

impl fmt::Debug for Credentials {
    /// Never shows a token, or a server, which may be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}
