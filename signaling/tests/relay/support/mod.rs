//! What the tests stand on: relays on free ports, links with short periods, a proxy that breaks
//! connections, and a client that says what it likes.

#[cfg(target_os = "linux")]
pub(crate) mod authority;
#[cfg(target_os = "linux")]
pub(crate) mod http;
#[cfg(target_os = "linux")]
pub(crate) mod livekit_api;
#[cfg(target_os = "linux")]
pub(crate) mod process;
mod proxy;
mod raw;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use identity::{Address, Identity};
use signal_client::{Link, LinkEvent, LinkState};
use signal_relay::{Config, client_url, serve};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub(crate) use proxy::Proxy;
pub(crate) use raw::{Raw, dialled};

/// A relay in this process.
pub(crate) struct Running {
    pub(crate) url: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(config: Config) -> Self {
        Self::start_at("127.0.0.1:0", config).await
    }

    pub(crate) async fn start_at(address: &str, config: Config) -> Self {
        let listener = TcpListener::bind(address).await.expect("the port is free");
        let url = client_url(listener.local_addr().expect("it is bound"));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            serve(listener, config, stopped)
                .await
                .expect("it has an address");
        });
        Self { url, stop, task }
    }

    /// `IP:PORT` as a client dials it.
    pub(crate) fn socket_address(&self) -> String {
        self.url
            .trim_start_matches("ws://")
            .trim_end_matches(signal_wire::PATH)
            .to_owned()
    }

    pub(crate) async fn stop(self) {
        let _already_stopped: Result<(), ()> = self.stop.send(());
        soon(self.task).await.expect("the relay does not panic");
    }
}

/// A link and who it is for.
pub(crate) struct Person {
    pub(crate) link: Link,
    pub(crate) events: mpsc::Receiver<LinkEvent>,
    pub(crate) address: Address,
}

impl Person {
    pub(crate) fn new(url: &str) -> Self {
        Self::with(url, somebody(), quick())
    }

    pub(crate) fn with(url: &str, identity: Identity, timing: signal_client::Timing) -> Self {
        let config = signal_client::Config {
            timing,
            ..signal_client::Config::default()
        };
        Self::configured(url, identity, config)
    }

    pub(crate) fn configured(url: &str, identity: Identity, config: signal_client::Config) -> Self {
        let address = identity.address();
        let connected = Link::connect_with(url, Arc::new(identity), config);
        let (link, events) = connected.expect("a relay URL");
        Self {
            link,
            events,
            address,
        }
    }

    /// Somebody whom the relay has welcomed.
    pub(crate) async fn online(url: &str) -> Self {
        let mut person = Self::new(url);
        person.until(LinkState::Online).await;
        person
    }

    pub(crate) fn say(&self, to: &Self, text: &'static str) {
        self.link
            .send(to.address, Bytes::from_static(text.as_bytes()))
            .expect("there is room");
    }

    /// The next event that is no state.
    pub(crate) async fn hear(&mut self) -> LinkEvent {
        loop {
            match soon(self.events.recv()).await.expect("the link lives") {
                LinkEvent::State(_) => {}
                event => return event,
            }
        }
    }

    /// Waits for a state; fails when a message comes first.
    pub(crate) async fn until(&mut self, state: LinkState) {
        loop {
            match soon(self.events.recv()).await.expect("the link lives") {
                LinkEvent::State(now) if now == state => return,
                LinkEvent::State(_) => {}
                event => panic!("{event:?} while waiting for {state:?}"),
            }
        }
    }

    /// Makes sure that nothing but states comes for a while.
    pub(crate) async fn hears_nothing(&mut self) {
        let heard = timeout(Duration::from_millis(150), async {
            loop {
                match self.events.recv().await {
                    Some(LinkEvent::State(_)) => {}
                    event => return event,
                }
            }
        });
        assert!(heard.await.is_err(), "something came");
    }
}

pub(crate) fn message(from: &Person, text: &'static str) -> LinkEvent {
    LinkEvent::Message {
        from: from.address,
        payload: Bytes::from_static(text.as_bytes()),
    }
}

pub(crate) fn somebody() -> Identity {
    Identity::generate().expect("the system gives random bytes")
}

/// The default periods with short pauses between attempts.
pub(crate) fn quick() -> signal_client::Timing {
    signal_client::Timing {
        first_retry: Duration::from_millis(10),
        longest_retry: Duration::from_millis(50),
        ..signal_client::Timing::default()
    }
}

/// A bound on everything that a test waits for.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(10), future)
        .await
        .expect("it happens within 10 s")
}
