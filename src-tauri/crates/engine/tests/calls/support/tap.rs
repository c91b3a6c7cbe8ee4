//! A place on the way to the relay where everything that it delivers can be read.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use call::message::Parcel;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A listener that passes bytes on to the relay and keeps what comes back. Clients mask their frames
/// (RFC 6455, 5.3) and relays do not, so what a relay delivers to both sides is all that was said.
pub(crate) struct Tap {
    pub(crate) url: String,
    read: Arc<Mutex<Vec<u8>>>,
    /// Whether nothing is passed on, as where a relay hangs.
    held: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Tap {
    pub(crate) async fn before(relay: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = signal_relay::client_url(listener.local_addr().unwrap());
        let read = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&read);
        let (held, holds) = watch::channel(false);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let relay = TcpStream::connect(relay).await.unwrap();
                tokio::spawn(pass(client, relay, Arc::clone(&kept), holds.clone()));
            }
        });
        Self {
            url,
            read,
            held,
            task,
        }
    }

    /// From now on connections are taken, and nothing that the relay says comes through.
    pub(crate) fn hangs(&self) {
        self.held.send_replace(true);
    }

    /// What was held comes through.
    pub(crate) fn wakes(&self) {
        self.held.send_replace(false);
    }

    /// Everything that the relay delivered, as text: its frames are JSON.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.read.lock().unwrap()).into_owned()
    }

    /// What was in the envelopes, as far as it is text.
    pub(crate) fn payloads(&self) -> Vec<String> {
        let text = self.text();
        let payloads = text.split("\"payload\":\"").skip(1);
        let decoded = payloads.filter_map(|it| decoded(it.split('"').next()?));
        decoded
            .map(|it| String::from_utf8_lossy(&it).into_owned())
            .collect()
    }
}

/// Reads the base64 of an envelope (RFC 4648, 5), with what reads that of a parcel (4).
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut text = text.replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    let Parcel(bytes) = serde_json::from_value(text.into()).ok()?;
    Some(bytes)
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(
    client: TcpStream,
    relay: TcpStream,
    kept: Arc<Mutex<Vec<u8>>>,
    mut held: watch::Receiver<bool>,
) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_relay, mut to_relay) = relay.into_split();
    let up = async {
        // Whichever way it ends, the relay is told.
        tokio::io::copy(&mut from_client, &mut to_relay).await.ok();
        to_relay.shutdown().await.ok();
    };
    let down = async {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from_relay.read(&mut buffer).await {
            if held.wait_for(|held| !held).await.is_err() {
                return;
            }
            kept.lock().unwrap().extend(&buffer[..count]);
            if to_client.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
        to_client.shutdown().await.ok();
    };
    tokio::join!(up, down);
}
