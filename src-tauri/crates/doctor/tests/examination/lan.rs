//! A local network in memory, with real ports.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use discovery::{Announcement, FinderKind, Heard, Joined, Lan, LanError, Membership, Sighting};
use futures::FutureExt;
use futures::future::BoxFuture;
use identity::Identity;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// What the network carries, and who else is on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestLan(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    carried: BTreeSet<FinderKind>,
    others: Vec<SocketAddr>,
    members: Mutex<Vec<mpsc::Sender<Heard>>>,
    left: Mutex<u32>,
}

impl TestLan {
    /// Carries announcements by these finders; another member is at each of these places, and
    /// answers to whoever announces themselves.
    pub(crate) fn new(carried: &[FinderKind], others: &[SocketAddr]) -> Self {
        Self(Arc::new(Shared {
            carried: carried.iter().copied().collect(),
            others: others.to_vec(),
            ..Shared::default()
        }))
    }

    /// How many members left in order.
    pub(crate) fn left(&self) -> u32 {
        *self.0.left.lock().unwrap()
    }
}

impl Lan for TestLan {
    fn join(&self, _alias: &Identity) -> BoxFuture<'static, Result<Joined, LanError>> {
        let shared = Arc::clone(&self.0);
        async move {
            let (sender, heard) = mpsc::channel(64);
            shared.members.lock().unwrap().push(sender.clone());
            let listener = TcpListener::bind("[::]:0")
                .await
                .map_err(LanError::NoPort)?;
            let port = listener.local_addr().map_err(LanError::NoPort)?.port();
            let accepting = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
            let accepting = accepting.abort_handle();
            let membership = Box::new(TestMember {
                shared,
                answers: sender,
                accepting,
            });
            Ok(Joined {
                port,
                heard,
                membership,
            })
        }
        .boxed()
    }
}

fn sighting(announcement: Announcement, place: SocketAddr, finder: FinderKind) -> Sighting {
    Sighting {
        announcement,
        places: vec![place],
        finder,
        lasts: Duration::from_secs(25),
    }
}

#[derive(Debug)]
struct TestMember {
    shared: Arc<Shared>,
    answers: mpsc::Sender<Heard>,
    accepting: AbortHandle,
}

impl Membership for TestMember {
    fn announce(&self, announcement: Option<Announcement>) {
        let Some(announcement) = announcement else {
            return;
        };
        for place in &self.shared.others {
            let stranger = Identity::generate().unwrap();
            let said = Announcement::hidden(&stranger, &stranger, place.port(), &[]);
            for finder in &self.shared.carried {
                let sighting = sighting(said.clone(), *place, *finder);
                self.answers.try_send(Heard::Seen(sighting)).unwrap();
            }
        }
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            // Members join one after the other.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let place = SocketAddr::from(([127, 0, 0, 1], announcement.port));
            for member in &*shared.members.lock().unwrap() {
                for finder in &shared.carried {
                    let sighting = sighting(announcement.clone(), place, *finder);
                    let _full = member.try_send(Heard::Seen(sighting));
                }
            }
        });
    }

    fn ask(&self, _places: Vec<SocketAddr>) {}

    fn places(&self) -> Vec<SocketAddr> {
        Vec::new()
    }

    fn network_changed(&self) {}

    fn leave(self: Box<Self>) -> BoxFuture<'static, ()> {
        *self.shared.left.lock().unwrap() += 1;
        std::future::ready(()).boxed()
    }
}

impl Drop for TestMember {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
