//! The relay that both people are at.

use signal_relay::{Config, Limits};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A real relay on the loopback interface. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) url: String,
    task: JoinHandle<()>,
    shutdown: Option<oneshot::Sender<()>>,
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
        let (shutdown, wanted) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            // An error says that nobody can want it any more.
            let shutdown = async { _ = wanted.await };
            signal_relay::serve(listener, config, shutdown)
                .await
                .unwrap();
        });
        Self {
            url,
            task,
            shutdown: Some(shutdown),
        }
    }
}

impl Relay {
    /// The relay ends, and with it all connections to it.
    pub(crate) async fn dies(&mut self) {
        self.shutdown = None;
        (&mut self.task).await.unwrap();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}
