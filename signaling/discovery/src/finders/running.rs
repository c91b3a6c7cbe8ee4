//! A finder that runs: the task that drives it, and the handle to that task.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use identity::Identity;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::Finder;
use super::retry::retry;
use crate::announcement::Announcement;
use crate::lan::Heard;

/// A way to find others that runs in a task of its own. Dropping it ends it without a goodbye.
#[derive(Debug)]
pub struct RunningFinder {
    announce: watch::Sender<Option<Announcement>>,
    network: watch::Sender<()>,
    questions: mpsc::Sender<Vec<SocketAddr>>,
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

/// What reaches a finder, and where what it hears goes.
struct Inbox {
    announced: watch::Receiver<Option<Announcement>>,
    network: watch::Receiver<()>,
    questions: mpsc::Receiver<Vec<SocketAddr>>,
    stop: CancellationToken,
    heard: mpsc::Sender<Heard>,
}

/// Why a finder is not driven any more.
enum End {
    /// It has to be opened afresh.
    Failed,
    /// It shall end.
    Stopped,
}

impl RunningFinder {
    pub(super) fn start<F: Finder>(alias: Arc<Identity>, heard: mpsc::Sender<Heard>) -> Self {
        let (announce, announced) = watch::channel(None);
        let (network, network_changed) = watch::channel(());
        let (questions, asked) = mpsc::channel(QUESTIONS);
        let stop = CancellationToken::new();
        let inbox = Inbox {
            announced,
            network: network_changed,
            questions: asked,
            stop: stop.clone(),
            heard,
        };
        Self {
            announce,
            network,
            questions,
            stop,
            task: AbortOnDropHandle::new(tokio::spawn(inbox.run::<F>(alias))),
        }
    }

    /// Announces this from now on; `None` to say nothing, after a goodbye. Whoever speaks again does
    /// so better under another alias: a goodbye that was said can be repeated.
    pub fn announce(&self, announcement: Option<Announcement>) {
        self.announce.send_if_modified(|it| {
            let changed = *it != announcement;
            *it = announcement;
            changed
        });
    }

    /// Asks whoever is at these places, if that is its way. Of many at once those that are too many
    /// are not asked.
    pub fn ask(&self, places: Vec<SocketAddr>) {
        let _ = self.questions.try_send(places);
    }

    /// The addresses of this machine changed: looks again, and announces again, at once.
    pub fn network_changed(&self) {
        self.network.send_replace(());
    }

    /// Says goodbye and ends, within a second.
    pub async fn leave(self) {
        self.stop.cancel();
        // What is not done by then is dropped with the task.
        let _ = timeout(LEAVE, self.task).await;
    }
}

impl Inbox {
    async fn run<F: Finder>(mut self, alias: Arc<Identity>) {
        let open = || F::open(&alias);
        while let Some(mut finder) = retry(&self.stop, F::NAME, open).await {
            match self.drive(&mut finder).await {
                End::Failed => drop(finder),
                End::Stopped => return finder.leave().await,
            }
            self.stop.run_until_cancelled(sleep(OPEN_AGAIN)).await;
        }
    }

    async fn drive(&mut self, finder: &mut impl Finder) -> End {
        let said = self.announced.borrow_and_update().clone();
        if said.is_some() {
            finder.announce(said);
        }
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return End::Stopped,
                changed = self.announced.changed() => match changed {
                    Ok(()) => finder.announce(self.announced.borrow_and_update().clone()),
                    Err(_) => return End::Stopped,
                },
                changed = self.network.changed() => match changed {
                    Ok(()) => finder.network_changed(),
                    Err(_) => return End::Stopped,
                },
                Some(places) = self.questions.recv() => finder.ask(&places),
                heard = finder.hear() => match heard {
                    // What does not fit is heard again.
                    Some(heard) => _ = self.heard.try_send(heard),
                    None => return End::Failed,
                },
            }
        }
    }
}

/// Questions that the task has not seen yet: it looks at once.
const QUESTIONS: usize = 16;

/// One that fails all the time shall not keep a core busy.
const OPEN_AGAIN: Duration = Duration::from_millis(100);

/// Longer than each finder takes for its goodbye.
const LEAVE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::future;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::finders::NotOpened;
    use crate::lan::FinderKind;

    static OPENED: AtomicUsize = AtomicUsize::new(0);

    /// Hears itself once whenever it announces, and fails after that.
    struct Fragile {
        alias: Arc<Identity>,
        said: bool,
        told: bool,
    }

    impl Finder for Fragile {
        const NAME: &'static str = "fragile";

        fn open(alias: &Arc<Identity>) -> Result<Self, NotOpened> {
            OPENED.fetch_add(1, Ordering::Relaxed);
            Ok(Self {
                alias: Arc::clone(alias),
                said: false,
                told: false,
            })
        }

        async fn hear(&mut self) -> Option<Heard> {
            match (self.said, self.told) {
                (false, _) => future::pending().await,
                (true, true) => None,
                (true, false) => {
                    self.told = true;
                    Some(Heard::Gone {
                        alias: self.alias.address(),
                        finder: FinderKind::Beacon,
                    })
                }
            }
        }

        fn announce(&mut self, said: Option<Announcement>) {
            self.said = said.is_some();
        }
    }

    #[tokio::test]
    async fn a_finder_that_fails_is_opened_again_and_says_what_it_said() {
        let alias = Arc::new(Identity::generate().unwrap());
        let (heard, mut hears) = mpsc::channel(1);
        let finder = RunningFinder::start::<Fragile>(Arc::clone(&alias), heard);
        finder.announce(Some(Announcement::hidden(&alias, &alias, 1, &[])));
        for _ in 0..3 {
            assert!(hears.recv().await.is_some());
        }
        assert!(OPENED.load(Ordering::Relaxed) >= 3);
        finder.leave().await;
        while hears.recv().await.is_some() {}
    }
}
