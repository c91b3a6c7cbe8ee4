//! Sockets of addresses that the library knows nothing of, and the task of each that reads it.

use std::future::poll_fn;
use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::Instrument;
use webrtc::runtime::{AsyncUdpSocket, RecvMeta};

use crate::network::any_port;
use crate::peer::batch::retain;
use crate::peer::routes::{Origin, Pair, Routes};
use crate::peer::runtime::open_socket;
use crate::peer::socket::{SocketLayer, is_stun};

/// All of a session, one for each address; as many as
/// [`LocalNetwork::usable`](super::LocalNetwork::usable) names.
#[derive(Debug)]
pub(super) struct Extras {
    layer: Arc<dyn SocketLayer>,
    routes: Arc<Routes>,
    sockets: Vec<Extra>,
}

/// One socket; dropping it ends its task.
#[derive(Debug)]
struct Extra {
    local: SocketAddr,
    socket: Arc<dyn AsyncUdpSocket>,
    reader: JoinHandle<()>,
}

impl Extras {
    pub(super) const fn new(layer: Arc<dyn SocketLayer>, routes: Arc<Routes>) -> Self {
        Self {
            layer,
            routes,
            sockets: Vec::new(),
        }
    }

    /// Has a socket for each of these addresses, at any port, and none for others. One that cannot be bound is
    /// left out. Returns what is bound.
    pub(super) fn bind(&mut self, addresses: &[SocketAddr]) -> Vec<SocketAddr> {
        self.sockets
            .retain(|it| addresses.contains(&any_port(it.local)));
        for address in addresses {
            if self.sockets.iter().any(|it| any_port(it.local) == *address) {
                continue;
            }
            match self.open(*address) {
                Ok(extra) => self.sockets.push(extra),
                Err(error) => tracing::debug!(kind = ?error.kind(), "an address cannot be bound"),
            }
        }
        self.sockets.iter().map(|it| it.local).collect()
    }

    /// The socket that is bound to `local`.
    pub(super) fn socket(&self, local: SocketAddr) -> Option<Arc<dyn AsyncUdpSocket>> {
        let extra = self.sockets.iter().find(|it| it.local == local)?;
        Some(Arc::clone(&extra.socket))
    }

    fn open(&self, address: SocketAddr) -> io::Result<Extra> {
        let socket = UdpSocket::bind(address)?;
        let local = socket.local_addr()?;
        let socket = open_socket(socket, &*self.layer)?;
        let reading = read(local, Arc::clone(&socket), Arc::clone(&self.routes));
        Ok(Extra {
            local,
            socket,
            reader: tokio::spawn(reading.in_current_span()),
        })
    }
}

impl Drop for Extra {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Hands on what arrives, for ever.
async fn read(local: SocketAddr, socket: Arc<dyn AsyncUdpSocket>, routes: Arc<Routes>) {
    let mut room = vec![0; MTU * socket.max_gro_segments()];
    let mut meta = [RecvMeta::default()];
    loop {
        let received = poll_fn(|cx| {
            let mut bufs = [IoSliceMut::new(&mut room)];
            socket.poll_recv(cx, &mut bufs, &mut meta)
        });
        match received.await {
            Ok(_) => take(&routes, local, &mut room, meta[0]),
            // Most say that a packet did not get through. One that stays must not keep a core busy.
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Takes a batch: requests and answers are for migration, what the other side sends is for the
/// library, all else for nobody.
fn take(routes: &Routes, local: SocketAddr, batch: &mut [u8], mut meta: RecvMeta) {
    let pair = Pair {
        local,
        remote: meta.addr,
    };
    let origin = routes.origin(pair);
    let takes =
        |it: &[u8]| it.first().is_some_and(|it| is_stun(*it)) && routes.takes(pair, origin, it);
    let left = retain(batch, &mut meta, |it| !takes(it));
    let (Origin::Peer(remote) | Origin::Elsewhere(remote)) = origin else {
        return;
    };
    if left {
        meta.addr = remote;
        routes.hand(&batch[..meta.len], meta);
    }
}

/// How long a socket is left alone after an error.
const PAUSE: Duration = Duration::from_millis(20);

/// What a datagram takes of a buffer at most, bytes: more does not fit on any path that is used.
const MTU: usize = 1500;
