//! The seam to the local networks: over real sockets, or in a simulation.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use futures::future::BoxFuture;
use identity::{Address, Identity};
use tokio::sync::mpsc;

use crate::announcement::Announcement;

/// The local networks of a machine.
pub trait Lan: Send + Sync + fmt::Debug {
    /// Becomes a member: opens a relay of our own and begins to look for others. Nothing is said of
    /// us before [`Membership::announce`].
    fn join(&self, alias: &Identity) -> BoxFuture<'static, Result<Joined, LanError>>;
}

/// What a new member has.
#[derive(Debug)]
pub struct Joined {
    /// The TCP port of our relay, on every interface. We reach it as `ws://127.0.0.1:PORT`.
    pub port: u16,
    /// What is heard of others, and of ourselves. Whoever does not read it makes nothing grow: what
    /// does not fit is heard again later.
    pub heard: mpsc::Receiver<Heard>,
    /// What can be done.
    pub membership: Box<dyn Membership>,
}

/// A membership. Dropping it ends it without a goodbye.
pub trait Membership: Send + Sync + fmt::Debug {
    /// Announces this from now on, by every finder; `None` to say nothing.
    fn announce(&self, announcement: Option<Announcement>);

    /// Asks whoever is at these places for their announcement: a place that the user typed, that an
    /// invite names, or where somebody was last. The answer, if any, is [`Heard::Seen`] by
    /// [`FinderKind::Asked`].
    fn ask(&self, places: Vec<SocketAddr>);

    /// Where our relay can be reached now by others on our networks, the best first. At most
    /// [`Sighting::MAX_PLACES`].
    fn places(&self) -> Vec<SocketAddr>;

    /// The addresses of this machine changed: looks again, and announces again, at once.
    fn network_changed(&self);

    /// Says goodbye, closes the relay and releases all.
    fn leave(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Something was heard on the networks. All of it is a stranger's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A member announces itself.
    Seen(Sighting),
    /// A member says goodbye, or this finder does not hear it any more.
    Gone {
        /// Which member.
        alias: Address,
        /// Who says so; others may still hear it.
        finder: FinderKind,
    },
}

/// An announcement and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// What was said.
    pub announcement: Announcement,
    /// Where its relay may be reached, the best first, with the scope of link-local addresses.
    /// At most [`Self::MAX_CLAIMED`].
    pub places: Vec<SocketAddr>,
    /// Who heard it.
    pub finder: FinderKind,
    /// How long it holds unless it is heard again.
    pub lasts: Duration,
}

impl Sighting {
    /// A machine with several interfaces of several addresses each.
    pub const MAX_PLACES: usize = 8;

    /// How many are looked at where anybody can add some: enough that the true one is among them
    /// whatever a few machines claim.
    pub const MAX_CLAIMED: usize = 32;

    /// How many of them one finder has in the table of neighbours: what is forged for one finder
    /// leaves room to another.
    pub const MAX_PLACES_OF_ONE: usize = Self::MAX_PLACES / 2;
}

/// A way to find others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FinderKind {
    /// DNS-SD over multicast DNS (RFC 6763, RFC 6762).
    DnsSd,
    /// Our own beacon, for networks that swallow multicast DNS.
    Beacon,
    /// Asked at a place that was known.
    Asked,
}

/// Why this machine cannot be a member.
#[derive(Debug, thiserror::Error)]
pub enum LanError {
    /// No port to listen on.
    #[error("no port for a relay of our own")]
    NoPort(#[source] std::io::Error),
}
