//! The networks of this machine.

use std::net::SocketAddr;

use discovery::{
    Announcement, Joined, Lan, LanError, Membership, RunningFinder, host_name, own_places,
};
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use identity::Identity;

use crate::relay::OwnRelay;

/// How to be a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The TCP port of our relay, if it is free; else another.
    pub port: u16,
    /// What finds others.
    pub finders: discovery::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: discovery::DEFAULT_PORT,
            finders: discovery::Options::default(),
        }
    }
}

/// The networks that this machine is on, over real sockets.
#[derive(Clone, Debug, Default)]
pub struct SystemLan {
    options: Options,
}

impl SystemLan {
    /// Membership by these options.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self { options }
    }
}

impl Lan for SystemLan {
    fn join(&self, alias: &Identity) -> BoxFuture<'static, Result<Joined, LanError>> {
        let (options, alias) = (self.options.clone(), alias.clone());
        async move { join(&options, &alias) }.boxed()
    }
}

fn join(options: &Options, alias: &Identity) -> Result<Joined, LanError> {
    let relay =
        OwnRelay::open(&host_name(&alias.address()), options.port).map_err(LanError::NoPort)?;
    let port = relay.port();
    let (finders, heard) = options.finders.start(alias);
    Ok(Joined {
        port,
        heard,
        membership: Box::new(Member { finders, relay }),
    })
}

/// A membership: what finds others, and our relay.
#[derive(Debug)]
struct Member {
    finders: Vec<RunningFinder>,
    relay: OwnRelay,
}

impl Membership for Member {
    fn announce(&self, announcement: Option<Announcement>) {
        let bytes = announcement.as_ref().map(Announcement::to_bytes);
        self.relay.announce(bytes.map(Into::into));
        for finder in &self.finders {
            finder.announce(announcement.clone());
        }
    }

    fn ask(&self, places: Vec<SocketAddr>) {
        for finder in &self.finders {
            finder.ask(places.clone());
        }
    }

    fn places(&self) -> Vec<SocketAddr> {
        own_places(self.relay.port())
    }

    fn network_changed(&self) {
        // The relay listens at every address, those to come included.
        self.finders.iter().for_each(RunningFinder::network_changed);
    }

    fn leave(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            let Self { finders, relay } = *self;
            relay.announce(None);
            let leaving = join_all(finders.into_iter().map(RunningFinder::leave));
            tokio::join!(leaving, relay.close());
        }
        .boxed()
    }
}
