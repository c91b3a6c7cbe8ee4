//! The network of this machine as a session sees it.

use std::fmt;
use std::net::IpAddr;

use futures::stream::BoxStream;
use media::network::NetworkWatch;

use crate::network::{Interface, Snapshot, SystemNetwork};

/// What a session asks of the network of its machine.
pub(crate) trait LocalNetwork: Send + Sync + fmt::Debug {
    /// The addresses to use now, best first; none when there is no network. Takes a fraction of a
    /// millisecond.
    fn usable(&self) -> Vec<IpAddr>;

    /// The interfaces that there are now, by which addresses are near or far. Takes as long.
    fn interfaces(&self) -> Vec<Interface>;

    /// An item when it is worth to ask again.
    fn changes(&self) -> BoxStream<'static, ()>;
}

/// The network as the system says that it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct System {
    /// The only address to use, where one was chosen.
    pub(crate) only: Option<IpAddr>,
}

impl LocalNetwork for System {
    fn usable(&self) -> Vec<IpAddr> {
        let now = Snapshot::take();
        match self.only {
            Some(only) => Vec::from_iter(now.has(only).then_some(only)),
            None => now.usable(),
        }
    }

    fn interfaces(&self) -> Vec<Interface> {
        Interface::all()
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        SystemNetwork.changes()
    }
}
