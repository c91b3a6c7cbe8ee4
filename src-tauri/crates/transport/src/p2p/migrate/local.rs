//! The network of this machine as a session sees it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use futures::stream::BoxStream;
use media::network::NetworkWatch;

use crate::network::{Interface, Snapshot, SystemNetwork};

/// What a session asks of the network of its machine.
pub(crate) trait LocalNetwork: Send + Sync + fmt::Debug {
    /// The addresses to use now, any port of each, best first; none when there is no network. A
    /// link-local one of IPv6 that is `in_use` is among them while the machine has it. Takes a
    /// fraction of a millisecond.
    fn usable(&self, in_use: SocketAddr) -> Vec<SocketAddr>;

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
    fn usable(&self, in_use: SocketAddr) -> Vec<SocketAddr> {
        let now = Snapshot::take();
        match self.only {
            Some(only) => Vec::from_iter(now.bound(only)),
            None => now.usable(in_use),
        }
    }

    fn interfaces(&self) -> Vec<Interface> {
        Interface::all()
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        SystemNetwork.changes()
    }
}
