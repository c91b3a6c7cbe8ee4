//! A TCP proxy that cuts or freezes what passes through it.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Stands between clients and a relay.
pub(crate) struct Proxy {
    pub(crate) url: String,
    weather: Arc<watch::Sender<Weather>>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Weather {
    /// Connections of an earlier epoch are cut.
    epoch: u32,
    frozen: bool,
}

impl Proxy {
    /// A proxy before whatever listens at `IP:PORT`.
    pub(crate) async fn before(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let weather = Arc::new(watch::Sender::new(Weather {
            epoch: 0,
            frozen: false,
        }));
        let forecast = Arc::clone(&weather);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let epoch = forecast.borrow().epoch;
                let Ok(far) = TcpStream::connect(&target).await else {
                    continue;
                };
                let ((near_in, near_out), (far_in, far_out)) =
                    (near.into_split(), far.into_split());
                tokio::spawn(carry(near_in, far_out, forecast.subscribe(), epoch));
                tokio::spawn(carry(far_in, near_out, forecast.subscribe(), epoch));
            }
        });
        Self {
            url: format!("ws://{address}/v2"),
            weather,
            task,
        }
    }

    /// Cuts every connection of this moment.
    pub(crate) fn cut(&self) {
        self.weather.send_modify(|weather| weather.epoch += 1);
    }

    /// Lets nothing through from now on, while connections stay open.
    pub(crate) fn freeze(&self) {
        self.weather.send_modify(|weather| weather.frozen = true);
    }

    /// Lets everything through again.
    pub(crate) fn thaw(&self) {
        self.weather.send_modify(|weather| weather.frozen = false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    epoch: u32,
) -> io::Result<()> {
    let mut buffer = vec![0; 4096];
    loop {
        let now = *weather.borrow_and_update();
        if now.epoch != epoch {
            return Ok(());
        }
        tokio::select! {
            changed = weather.changed() => if changed.is_err() {
                return Ok(());
            },
            read = from.read(&mut buffer), if !now.frozen => {
                let Some(data) = buffer.get(..read?).filter(|data| !data.is_empty()) else {
                    return Ok(());
                };
                to.write_all(data).await?;
            }
        }
    }
}
