//! Finds others on the networks of this machine, by every way at once: see [`FinderKind`].
//!
//! Each way is a [`Finder`], and each runs in a task of its own ([`RunningFinder`]); one that fails
//! takes none of the others with it.

mod ask;
mod beacon;
mod checks;
mod dial_back;
mod dns_sd;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod retry;
mod running;
mod shared_port;

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use identity::Identity;
use tokio::sync::mpsc;

use self::ask::Asking;
pub use self::ask::{AskError, DEFAULT_PORT, ask};
pub use self::beacon::BEACON_PORT;
use self::beacon::Beacon;
pub use self::dial_back::{
    DialBackAnswer, DialedBack, ask_to_dial_back, dial_back, who_asks_to_dial_back,
};
use self::dns_sd::DnsSd;
pub use self::running::RunningFinder;
use crate::announcement::Announcement;
use crate::lan::{FinderKind, Heard};

/// A way to find others, and to be found by them. What every way has in common is said in
/// [`RunningFinder`], which drives it: when it is opened and opened again, what reaches it, where
/// its sightings go, and how it ends.
trait Finder: Sized + Send + 'static {
    /// For log lines.
    const NAME: &'static str;

    /// Takes what it hears and speaks with, within a tokio runtime. It says nothing of us yet.
    fn open(alias: &Arc<Identity>) -> Result<Self, NotOpened>;

    /// What it hears next; `None` when it has to be opened afresh. What is not awaited to its end is
    /// not lost.
    fn hear(&mut self) -> impl Future<Output = Option<Heard>> + Send;

    /// Says this from now on; `None` to say nothing, after a goodbye. Whoever only asks says
    /// nothing.
    fn announce(&mut self, said: Option<Announcement>) {
        drop(said);
    }

    /// Asks whoever is at these places. Whoever hears what is said to all needs no places.
    fn ask(&mut self, places: &[SocketAddr]) {
        let _ = places;
    }

    /// The addresses of this machine changed: looks again, and says again what it says, at once.
    fn network_changed(&mut self) {}

    /// Says goodbye.
    fn leave(self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// Why a finder cannot be opened for now.
#[derive(Debug, thiserror::Error)]
enum NotOpened {
    #[error("no port")]
    Port(#[source] io::Error),
    #[error(transparent)]
    Daemon(#[from] mdns_sd::Error),
}

/// Which finders there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// By which to find others, and to be found.
    pub finders: BTreeSet<FinderKind>,
}

impl Default for Options {
    /// All of them.
    fn default() -> Self {
        let all = [FinderKind::DnsSd, FinderKind::Beacon, FinderKind::Asked];
        Self {
            finders: all.into(),
        }
    }
}

impl Options {
    /// One finder alone.
    #[must_use]
    pub fn only(finder: FinderKind) -> Self {
        Self {
            finders: [finder].into(),
        }
    }

    /// Begins to look for others with each of them, and says nothing of us before
    /// [`RunningFinder::announce`]. What is heard comes out of the receiver, what we say ourselves
    /// too; what does not fit is heard again.
    ///
    /// Must be called within a tokio runtime.
    #[must_use]
    pub fn start(&self, alias: &Identity) -> (Vec<RunningFinder>, mpsc::Receiver<Heard>) {
        let (heard, receiver) = mpsc::channel(HEARD);
        let alias = Arc::new(alias.clone());
        let start = |kind: &FinderKind| {
            let (alias, heard) = (Arc::clone(&alias), heard.clone());
            match kind {
                FinderKind::DnsSd => RunningFinder::start::<DnsSd>(alias, heard),
                FinderKind::Beacon => RunningFinder::start::<Beacon>(alias, heard),
                FinderKind::Asked => RunningFinder::start::<Asking>(alias, heard),
            }
        };
        (self.finders.iter().map(start).collect(), receiver)
    }
}

/// To the engine: a burst of answers from a large network.
const HEARD: usize = 64;
