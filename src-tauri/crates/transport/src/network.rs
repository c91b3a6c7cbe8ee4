//! The network of this machine: its addresses, which of them to use, and word of their changes.
//!
//! On Linux netlink says when something of links, addresses or routes changes; elsewhere one looks
//! every `LOOK`. Either way what counts is a comparison of what sessions bind by: that a lease was
//! renewed is no change. A stream owns its socket and runs in the task that reads it.

mod bind;
mod interface;
mod link_local;
#[cfg(target_os = "linux")]
mod netlink;

use std::time::Duration;

use futures::stream::BoxStream;
use media::network::NetworkWatch;
use tokio::time::{Instant, sleep, sleep_until};

pub use self::bind::{default_sources, source_towards};
pub use self::interface::Interface;

pub(crate) use self::bind::{BindAddresses, Snapshot};
#[cfg(test)]
pub(crate) use self::interface::tests::interface;
pub(crate) use self::interface::{
    Nearness, can_pair, is_link_local, is_local, leaves_elsewhere, nearness,
};
pub(crate) use self::link_local::{StandIns, any_port};

/// The network of this machine as the system tells of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemNetwork;

impl NetworkWatch for SystemNetwork {
    fn changes(&self) -> BoxStream<'static, ()> {
        let watcher = Watcher::new(Hints::new(), Snapshot::take);
        Box::pin(futures::stream::unfold(watcher, |mut it| async move {
            it.changed().await;
            Some(((), it))
        }))
    }
}

/// Compares the network with what it was, whenever there is a hint.
struct Watcher<T, Look> {
    hints: Hints,
    look: Look,
    seen: T,
    /// When a change was told last.
    told: Option<Instant>,
}

impl<T: PartialEq, Look: Fn() -> T> Watcher<T, Look> {
    fn new(hints: Hints, look: Look) -> Self {
        Self {
            hints,
            seen: look(),
            look,
            told: None,
        }
    }

    /// Waits for the next change, and for [`PAUSE`] after the last one.
    async fn changed(&mut self) {
        loop {
            self.hints.next().await;
            if let Some(told) = self.told {
                sleep_until(told + PAUSE).await;
            }
            let now = (self.look)();
            if now != self.seen {
                self.seen = now;
                self.told = Some(Instant::now());
                return;
            }
        }
    }
}

/// What says that it is worth a look.
enum Hints {
    #[cfg(target_os = "linux")]
    Netlink(netlink::Notifications),
    /// Nobody tells: the clock.
    Clock,
    #[cfg(test)]
    Test(tokio::sync::mpsc::Receiver<()>),
}

impl Hints {
    fn new() -> Self {
        #[cfg(target_os = "linux")]
        match netlink::Notifications::subscribe() {
            Ok(notifications) => return Self::Netlink(notifications),
            Err(error) => tracing::warn!(%error, "the system does not tell of its network"),
        }
        Self::Clock
    }

    async fn next(&mut self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Netlink(notifications) => {
                if let Err(error) = notifications.next().await {
                    tracing::warn!(%error, "the system tells no more of its network");
                    *self = Self::Clock;
                }
            }
            Self::Clock => sleep(LOOK).await,
            #[cfg(test)]
            Self::Test(hints) => {
                hints.recv().await;
            }
        }
    }
}

/// The least time between two changes that are told: a new interface brings some ten notifications
/// within it, and a call that moves half a second later was away for half a second longer.
const PAUSE: Duration = Duration::from_millis(100);

/// How often one looks where the system does not tell. A look takes a tenth of a millisecond, and
/// silence tells a running call sooner.
const LOOK: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::mpsc;

    use super::*;

    /// A network that is a number, what tells of its changes, and who watches it.
    fn watched() -> (
        Arc<AtomicU32>,
        mpsc::Sender<()>,
        Watcher<u32, impl Fn() -> u32>,
    ) {
        let network = Arc::new(AtomicU32::new(0));
        let (hint, hints) = mpsc::channel(64);
        let looked_at = Arc::clone(&network);
        let look = move || looked_at.load(Ordering::Relaxed);
        (network, hint, Watcher::new(Hints::Test(hints), look))
    }

    #[tokio::test]
    async fn a_hint_without_a_change_is_not_told() {
        let (network, hint, mut watcher) = watched();
        for _ in 0..3 {
            hint.send(()).await.unwrap();
        }
        let told = tokio::time::timeout(Duration::from_millis(50), watcher.changed()).await;
        assert!(told.is_err());
        network.store(1, Ordering::Relaxed);
        hint.send(()).await.unwrap();
        watcher.changed().await;
    }

    #[tokio::test]
    async fn a_burst_is_told_at_once_then_ten_times_a_second_and_to_its_end() {
        let (network, hint, mut watcher) = watched();
        let begun = Instant::now();
        tokio::spawn(async move {
            for _ in 0..25 {
                network.fetch_add(1, Ordering::Relaxed);
                hint.send(()).await.unwrap();
                sleep(Duration::from_millis(10)).await;
            }
            std::future::pending::<()>().await;
        });
        let mut told = Vec::new();
        while watcher.seen < 25 {
            watcher.changed().await;
            told.push(begun.elapsed());
        }
        assert!(told[0] < PAUSE, "{told:?}");
        let pauses = told.windows(2).map(|it| it[1] - it[0]);
        let least = PAUSE - Duration::from_millis(5);
        assert!(pauses.min().unwrap() >= least, "{told:?}");
    }

    #[tokio::test]
    async fn this_machine_can_be_watched() {
        let watcher = Watcher::new(Hints::new(), Snapshot::take);
        assert!(cfg!(not(target_os = "linux")) || !matches!(watcher.hints, Hints::Clock));
    }
}
