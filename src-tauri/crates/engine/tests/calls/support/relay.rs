//! The relay that both people are at.

use signal_relay::{Config, Limits};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A real relay on the loopback interface. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) url: String,
    task: JoinHandle<()>,
}

impl Relay {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = signal_relay::client_url(listener.local_addr().unwrap());
        // A test makes more calls in a second than people in a day.
        let limits = Limits {
            frames_per_second: 100_000,
            frames_burst: 100_000,
            ..Limits::default()
        };
        let config = Config {
            limits,
            ..Config::default()
        };
        let task = tokio::spawn(async move {
            let served = signal_relay::serve(listener, config, std::future::pending()).await;
            served.unwrap();
        });
        Self { url, task }
    }
}

impl Relay {
    /// The relay is gone, and with it all connections to it.
    pub(crate) async fn dies(&mut self) {
        self.task.abort();
        // An error says that it was aborted.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}
