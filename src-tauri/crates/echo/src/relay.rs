//! The relay of one test call.

use std::future;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use signal_relay::{Config, KnownHost, Server, client_url};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A relay on a free loopback port. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    url: String,
    /// The relay ends when this is dropped.
    running: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl Relay {
    /// Starts one.
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let host: KnownHost = address.to_string().parse().map_err(io::Error::other)?;
        let config = Config {
            hosts: vec![host],
            ..Config::default()
        };
        let (running, ended) = oneshot::channel::<()>();
        let server = Server::new(vec![listener], config);
        let task = tokio::spawn(async move {
            // An error is what dropping the other end makes.
            let ended = async { drop(ended.await) };
            server.run(ended, future::ready(())).await
        });
        Ok(Self {
            url: client_url(address),
            running,
            task,
        })
    }

    /// Where clients reach it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends it, once those who are connected are told.
    pub(crate) async fn stop(self) {
        let Self { running, task, .. } = self;
        drop(running);
        match timeout(PATIENCE, task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the relay of a test call failed"),
            Ok(Err(_)) => tracing::error!("the relay of a test call panicked"),
            Err(_) => tracing::warn!("the relay of a test call did not end in time"),
        }
    }
}

/// A relay takes a second and a half to say goodbye at most.
const PATIENCE: Duration = Duration::from_secs(2);
