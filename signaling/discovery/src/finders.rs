//! Finds others on the networks of this machine, by every way at once: see [`FinderKind`].
//!
//! Each finder is a task of its own; one that fails takes none of the others with it.

mod ask;
mod beacon;
mod checks;
mod context;
mod dial_back;
mod dns_sd;
mod retry;
mod shared_port;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use identity::Identity;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::ask::{AskError, DEFAULT_PORT, ask};
pub use self::beacon::BEACON_PORT;
use self::context::Context;
pub use self::dial_back::{DialedBack, ask_to_dial_back, dial_back, who_asks_to_dial_back};
use crate::announcement::Announcement;
use crate::lan::{FinderKind, Heard};

/// The finders of one member. Dropping them ends them without a goodbye.
#[derive(Debug)]
pub struct Finders {
    context: Context,
    announce: watch::Sender<Option<Announcement>>,
    network: watch::Sender<()>,
    asks: bool,
    asking: Arc<Semaphore>,
    tasks: JoinSet<()>,
    /// The questions that wait for an answer.
    questions: TaskTracker,
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
}

impl Finders {
    /// Begins to look for others, and says nothing of us before [`Self::announce`]. What is heard
    /// comes out of the receiver, what we say ourselves too; what does not fit is heard again.
    ///
    /// Must be called within a tokio runtime.
    #[must_use]
    pub fn start(alias: &Identity, options: &Options) -> (Self, mpsc::Receiver<Heard>) {
        let (announce, announced) = watch::channel(None);
        let (network, network_changed) = watch::channel(());
        let (heard, receiver) = mpsc::channel(HEARD);
        let context = Context {
            alias: Arc::new(alias.clone()),
            announced,
            network: network_changed,
            stop: CancellationToken::new(),
            heard,
        };
        let mut tasks = JoinSet::new();
        for finder in &options.finders {
            match finder {
                FinderKind::DnsSd => drop(tasks.spawn(dns_sd::run(context.clone()))),
                FinderKind::Beacon => drop(tasks.spawn(beacon::run(context.clone()))),
                FinderKind::Asked => {}
            }
        }
        let finders = Self {
            context,
            announce,
            network,
            asks: options.finders.contains(&FinderKind::Asked),
            asking: Arc::new(Semaphore::new(MAX_QUESTIONS)),
            tasks,
            questions: TaskTracker::new(),
        };
        (finders, receiver)
    }

    /// Announces this from now on, by every finder; `None` to say nothing, after a goodbye. Whoever
    /// speaks again does so better under another alias: a goodbye that was said can be repeated.
    pub fn announce(&self, announcement: Option<Announcement>) {
        self.announce.send_if_modified(|it| {
            let changed = *it != announcement;
            *it = announcement;
            changed
        });
    }

    /// Asks whoever is at these places. Of many at once those that are too many are not asked.
    pub fn ask(&self, places: Vec<SocketAddr>) {
        if !self.asks {
            return;
        }
        for place in places {
            let Ok(permit) = self.asking.clone().try_acquire_owned() else {
                return;
            };
            let context = self.context.clone();
            self.questions.spawn(async move {
                let _permit = permit;
                let answer = context.stop.run_until_cancelled(ask::find(place)).await;
                if let Some(Ok(sighting)) = answer {
                    context.tell(Heard::Seen(sighting));
                }
            });
        }
    }

    /// The addresses of this machine changed: looks again, and announces again, at once.
    pub fn network_changed(&self) {
        self.network.send_replace(());
    }

    /// Says goodbye and ends.
    pub async fn leave(mut self) {
        self.context.stop.cancel();
        self.questions.close();
        let all = async {
            while self.tasks.join_next().await.is_some() {}
            self.questions.wait().await;
        };
        // What is not done by then is dropped with us.
        let _ = timeout(LEAVE, all).await;
    }
}

impl Drop for Finders {
    fn drop(&mut self) {
        self.context.stop.cancel();
        self.tasks.abort_all();
    }
}

/// To the engine: a burst of answers from a large network.
const HEARD: usize = 64;

/// At once: a place takes a second where nobody is.
const MAX_QUESTIONS: usize = 64;

/// Longer than each finder takes for its goodbye.
const LEAVE: Duration = Duration::from_secs(1);
