//! The relay that both people are at.

use std::net::SocketAddr;
use std::time::Duration;

use signal_relay::{Config, IceConfig, Limits, TurnSecret};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A real relay on the loopback interface. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    task: JoinHandle<()>,
    /// Dropped to end the task.
    shutdown: oneshot::Sender<()>,
}

impl Relay {
    /// It names a TURN server, which nothing asks: sessions of these tests meet in memory.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut relay = Self {
            address,
            url: signal_relay::client_url(address),
            running: None,
        };
        relay.serve(listener);
        relay
    }

    /// The TURN server that it names.
    pub(crate) fn turn_server(&self) -> String {
        format!("turn:{}", self.address)
    }

    /// The relay ends, and with it all connections to it.
    pub(crate) async fn dies(&mut self) {
        if let Some(running) = self.running.take() {
            drop(running.shutdown);
            running.task.await.unwrap();
        }
    }

    /// The relay is there again after it died, and remembers nothing.
    pub(crate) async fn restarts(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serve(listener);
    }

    fn serve(&mut self, listener: TcpListener) {
        // A test makes more calls in a second than people in a day.
        let limits = Limits {
            frames_per_second: 100_000,
            frames_burst: 100_000,
            ..Limits::default()
        };
        let secret = TurnSecret::from_text("known to the relay and its server").unwrap();
        let ice = IceConfig::default().with_turn(vec![self.turn_server()], secret, HOUR);
        let config = Config {
            ice: ice.unwrap(),
            limits,
            ..Config::default()
        };
        let (shutdown, wanted) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            // An error says that it is wanted.
            let shutdown = async { _ = wanted.await };
            let served = signal_relay::serve(listener, config, shutdown).await;
            served.unwrap();
        });
        self.running = Some(Running { task, shutdown });
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.task.abort();
        }
    }
}

const HOUR: Duration = Duration::from_secs(60 * 60);
