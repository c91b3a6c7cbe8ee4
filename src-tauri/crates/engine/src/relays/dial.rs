//! How a link to a relay is made: over the network, or in a simulation.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use identity::{Address, Identity, RelayUrlError};
use signal_client::{CallNumber, Config, Link, LinkEvent, LinkState, SendError};
use tokio::sync::mpsc;

/// A link and its events.
pub type Dialled = (Box<dyn RelayConnection>, mpsc::Receiver<LinkEvent>);

/// Makes links to relays.
pub trait Dialer: Send + Sync + fmt::Debug {
    /// Starts a link to the relay at this URL and returns at once.
    ///
    /// # Errors
    /// When the URL cannot be that of a relay.
    fn dial(
        &self,
        url: &str,
        identity: Arc<Identity>,
        config: Config,
    ) -> Result<Dialled, RelayUrlError>;
}

/// One link to one relay, with the methods of [`Link`]. Dropping it ends the connection.
pub trait RelayConnection: Send + Sync + fmt::Debug {
    /// [`Link::state`], now.
    fn state(&self) -> LinkState;

    /// [`Link::send`].
    ///
    /// # Errors
    /// When the link does not take it.
    fn send(&self, to: Address, payload: Bytes) -> Result<(), SendError>;

    /// [`Link::room`].
    fn room(&self) -> usize;

    /// [`Link::reconnect`].
    fn reconnect(&self);

    /// [`Link::probe`].
    fn probe(&self);

    /// [`Link::set_urgent`].
    fn set_urgent(&self, is_urgent: bool);

    /// [`Link::disconnect`].
    fn disconnect(&self);

    /// [`Link::ask_access`].
    ///
    /// # Errors
    /// When the link does not take it.
    fn ask_access(&self, call: CallNumber, with: Address) -> Result<(), SendError>;

    /// [`Link::release_access`].
    ///
    /// # Errors
    /// When the link does not take it.
    fn release_access(&self, call: CallNumber) -> Result<(), SendError>;

    /// [`Link::close`].
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Links over the network.
#[derive(Clone, Copy, Debug)]
pub struct SignalClient;

impl Dialer for SignalClient {
    fn dial(
        &self,
        url: &str,
        identity: Arc<Identity>,
        config: Config,
    ) -> Result<Dialled, RelayUrlError> {
        let (link, events) = Link::connect_with(url, identity, config)?;
        Ok((Box::new(link), events))
    }
}

impl RelayConnection for Link {
    fn state(&self) -> LinkState {
        *Self::state(self).borrow()
    }

    fn send(&self, to: Address, payload: Bytes) -> Result<(), SendError> {
        Self::send(self, to, payload)
    }

    fn room(&self) -> usize {
        Self::room(self)
    }

    fn reconnect(&self) {
        Self::reconnect(self);
    }

    fn probe(&self) {
        Self::probe(self);
    }

    fn set_urgent(&self, is_urgent: bool) {
        Self::set_urgent(self, is_urgent);
    }

    fn disconnect(&self) {
        Self::disconnect(self);
    }

    fn ask_access(&self, call: CallNumber, with: Address) -> Result<(), SendError> {
        Self::ask_access(self, call, with)
    }

    fn release_access(&self, call: CallNumber) -> Result<(), SendError> {
        Self::release_access(self, call)
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Self::close(*self).boxed()
    }
}
