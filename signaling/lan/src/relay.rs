//! Our own relay: for whoever calls us from a network that we are on.

use std::future;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use discovery::Vicinity;
use signal_relay::{Config, KnownHost, ListenError, Server, listen_everywhere};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::dial_back::DialBack;

/// A relay that runs. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct OwnRelay {
    port: u16,
    announced: watch::Sender<Option<Bytes>>,
    stop: CancellationToken,
    running: JoinHandle<io::Result<()>>,
}

impl OwnRelay {
    /// Opens a relay that neighbours reach by this name, at this port if it is free. It serves nobody
    /// else: on a public address the whole internet could read the announcement and ask whether
    /// somebody is there. Needs a Tokio runtime around it.
    pub(crate) fn open(name: &str, preferred: u16) -> io::Result<Self> {
        let listeners =
            listen_everywhere(preferred).map_err(|ListenError { source, .. }| source)?;
        let first = listeners.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let port = first.local_addr()?.port();
        let host: KnownHost = format!("{name}:{port}").parse().map_err(io::Error::other)?;
        let (announced, heard) = watch::channel(None);
        let vicinity = Vicinity::default();
        // With limits for all who ask together.
        let dial_back = Arc::new(DialBack::default());
        let server = Server::new(listeners, Config::embedded(host))
            .with_announcement(heard)
            .with_dial_back(move |came_from, question| {
                let dial_back = Arc::clone(&dial_back);
                async move {
                    let outcome = dial_back.answer(came_from, &question).await;
                    outcome.told_to(came_from)
                }
            })
            .with_gate(move |source| vicinity.has(source));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        // Neighbours are told all at once: there are few of them.
        let running = tokio::spawn(server.run(stopped, future::ready(())));
        Ok(Self {
            port,
            announced,
            stop,
            running,
        })
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Answers this to whoever asks who is here.
    pub(crate) fn announce(&self, announcement: Option<Bytes>) {
        self.announced.send_replace(announcement);
    }

    /// Ends it: nobody new comes in, the neighbours are told, and the port is free.
    pub(crate) async fn close(mut self) {
        self.stop.cancel();
        match (&mut self.running).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the relay inside did not run"),
            Err(error) => tracing::error!(%error, "the relay inside ended by itself"),
        }
    }
}

impl Drop for OwnRelay {
    fn drop(&mut self) {
        self.running.abort();
    }
}
