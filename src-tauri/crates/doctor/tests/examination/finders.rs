//! The local networks of this machine with the real finders, and a bare port for a relay.

use std::net::SocketAddr;

use discovery::{Announcement, Joined, Lan, LanError, Membership, Options, RunningFinder};
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use identity::Identity;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// Members with these finders.
#[derive(Clone, Debug)]
pub(crate) struct RealLan(pub(crate) Options);

impl Lan for RealLan {
    fn join(&self, alias: &Identity) -> BoxFuture<'static, Result<Joined, LanError>> {
        let (alias, options) = (alias.clone(), self.0.clone());
        async move {
            let listener = TcpListener::bind("[::]:0")
                .await
                .map_err(LanError::NoPort)?;
            let port = listener.local_addr().map_err(LanError::NoPort)?.port();
            let accepting = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
            let (finders, heard) = options.start(&alias);
            let membership = Box::new(Member {
                finders,
                accepting: accepting.abort_handle(),
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

#[derive(Debug)]
struct Member {
    finders: Vec<RunningFinder>,
    accepting: AbortHandle,
}

impl Membership for Member {
    fn announce(&self, announcement: Option<Announcement>) {
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
        Vec::new()
    }

    fn network_changed(&self) {
        self.finders.iter().for_each(RunningFinder::network_changed);
    }

    fn leave(self: Box<Self>) -> BoxFuture<'static, ()> {
        let Self { finders, accepting } = *self;
        async move {
            join_all(finders.into_iter().map(RunningFinder::leave)).await;
            accepting.abort();
        }
        .boxed()
    }
}
