//! A local network in memory, with a real relay at each member.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use discovery::{Announcement, FinderKind, Heard, Joined, Lan, LanError, Membership, Sighting};
use futures::FutureExt;
use futures::future::BoxFuture;
use identity::{Address, Identity};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Whoever announces is heard by all others. Clones are the same network.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalNetwork {
    nodes: Arc<Mutex<BTreeMap<Address, Node>>>,
    /// Nobody hears what is said to all.
    swallows: Arc<AtomicBool>,
    /// The relays of those who join take connections and serve none.
    stalls_relays: watch::Sender<bool>,
}

/// One member.
#[derive(Debug)]
struct Node {
    heard: mpsc::Sender<Heard>,
    place: SocketAddr,
    announcement: Option<Announcement>,
}

#[derive(Debug)]
struct Member {
    alias: Address,
    network: LocalNetwork,
    _relay: Process,
}

/// What the relay runs in: its connections break with it, as those of a program that ends.
#[derive(Debug)]
struct Process(Option<Runtime>);

impl LocalNetwork {
    /// What all members say now, and where.
    pub(crate) fn said(&self) -> Vec<(Announcement, SocketAddr)> {
        let nodes = self.nodes.lock().unwrap();
        let said = nodes.values();
        said.filter_map(|it| Some((it.announcement.clone()?, it.place)))
            .collect()
    }

    /// Nobody hears what is said to all any more: only who is asked is found.
    pub(crate) fn swallows_announcements(&self) {
        self.swallows.store(true, Ordering::Relaxed);
    }

    /// The relays of those who join take connections and serve none until this ends.
    pub(crate) fn stalls_relays(&self, stalls: bool) {
        self.stalls_relays.send_replace(stalls);
    }

    /// All hear this, whoever says it.
    pub(crate) fn forge(&self, announcement: &Announcement, place: SocketAddr) {
        self.claim(announcement, &[place]);
    }

    /// All hear by DNS-SD that this is said at all these places.
    pub(crate) fn claim(&self, announcement: &Announcement, places: &[SocketAddr]) {
        let nodes = self.nodes.lock().unwrap();
        for node in nodes.values() {
            let _full = node.heard.try_send(seen(announcement.clone(), places));
        }
    }

    fn say(&self, alias: Address, announcement: Option<Announcement>) {
        let mut nodes = self.nodes.lock().unwrap();
        let Some(node) = nodes.get_mut(&alias) else {
            return;
        };
        node.announcement.clone_from(&announcement);
        let place = node.place;
        if self.swallows.load(Ordering::Relaxed) {
            return;
        }
        let said = announcement.map_or_else(|| gone(alias), |it| seen(it, &[place]));
        for node in nodes.values() {
            let _full = node.heard.try_send(said.clone());
        }
    }
}

impl Lan for LocalNetwork {
    fn join(&self, alias: &Identity) -> BoxFuture<'static, Result<Joined, LanError>> {
        let (network, alias) = (self.clone(), alias.address());
        async move {
            let relay = Process::start().map_err(LanError::NoPort)?;
            // A socket ends with the runtime that it was bound in.
            let bound = relay.spawn(TcpListener::bind("127.0.0.1:0")).await.unwrap();
            let listener = bound.map_err(LanError::NoPort)?;
            let place = listener.local_addr().map_err(LanError::NoPort)?;
            let host = format!("{}:{}", discovery::host_name(&alias), place.port());
            let config = signal_relay::Config::embedded(host.parse().unwrap());
            let serving = signal_relay::serve(listener, config, std::future::pending());
            let mut stalled = network.stalls_relays.subscribe();
            relay.spawn(async move {
                stalled.wait_for(|it| !it).await.unwrap();
                serving.await.unwrap();
            });
            let (tell, heard) = mpsc::channel(64);
            if !network.swallows.load(Ordering::Relaxed) {
                for (announcement, place) in network.said() {
                    tell.try_send(seen(announcement, &[place])).unwrap();
                }
            }
            let node = Node {
                heard: tell,
                place,
                announcement: None,
            };
            network.nodes.lock().unwrap().insert(alias, node);
            let membership = Box::new(Member {
                alias,
                network,
                _relay: relay,
            });
            Ok(Joined {
                port: place.port(),
                heard,
                membership,
            })
        }
        .boxed()
    }
}

impl Membership for Member {
    fn announce(&self, announcement: Option<Announcement>) {
        self.network.say(self.alias, announcement);
    }

    fn ask(&self, places: Vec<SocketAddr>) {
        for (announcement, place) in self.network.said() {
            let nodes = self.network.nodes.lock().unwrap();
            if places.contains(&place)
                && let Some(node) = nodes.get(&self.alias)
            {
                let _full = node.heard.try_send(Heard::Seen(Sighting {
                    announcement,
                    places: vec![place],
                    finder: FinderKind::Asked,
                    lasts: ANSWER_HOLDS,
                }));
            }
        }
    }

    fn places(&self) -> Vec<SocketAddr> {
        let nodes = self.network.nodes.lock().unwrap();
        nodes
            .get(&self.alias)
            .map(|it| it.place)
            .into_iter()
            .collect()
    }

    fn network_changed(&self) {}

    fn leave(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move { drop(self) }.boxed()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.network.say(self.alias, None);
        self.network.nodes.lock().unwrap().remove(&self.alias);
    }
}

impl Process {
    fn start() -> io::Result<Self> {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.0.as_ref().unwrap().spawn(task)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn seen(announcement: Announcement, places: &[SocketAddr]) -> Heard {
    Heard::Seen(Sighting {
        announcement,
        places: places.to_vec(),
        finder: FinderKind::DnsSd,
        lasts: Duration::from_secs(3600),
    })
}

fn gone(alias: Address) -> Heard {
    Heard::Gone {
        alias,
        finder: FinderKind::DnsSd,
    }
}

/// As that of the finder that asks.
const ANSWER_HOLDS: Duration = Duration::from_secs(35);
