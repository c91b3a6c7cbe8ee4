//! The network of one machine, whose addresses come and go as a test says.

use std::collections::HashSet;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::watch;
use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

use crate::network::{Interface, interface};
use crate::p2p::migrate::LocalNetwork;
use crate::p2p::setup::Setup;
use crate::p2p::tests::duo::loopback;
use crate::peer::socket::SocketLayer;

/// A machine that roams.
#[derive(Debug)]
pub(super) struct Roaming {
    state: Mutex<State>,
    changed: watch::Sender<u32>,
}

#[derive(Debug)]
struct State {
    addresses: Vec<IpAddr>,
    /// Those of them that are on one network with whoever talks to this machine.
    near: HashSet<IpAddr>,
    /// Addresses over which nothing passes, and nobody is told.
    muted: HashSet<IpAddr>,
    /// STUN requests that were sent, and to where.
    recorded: Vec<(SocketAddr, Vec<u8>)>,
}

impl Roaming {
    /// A machine with this address.
    pub(super) fn at(address: [u8; 4]) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                addresses: vec![address.into()],
                near: HashSet::new(),
                muted: HashSet::new(),
                recorded: Vec::new(),
            }),
            changed: watch::channel(0).0,
        })
    }

    /// The setup of an end on this machine.
    pub(super) fn setup(self: &Arc<Self>) -> Setup {
        let mut setup = loopback(Some(Arc::new(Layer(Arc::clone(self)))));
        setup.config.bind = self.state().addresses.first().copied();
        setup.network = Some(Arc::clone(self) as Arc<dyn LocalNetwork>);
        setup
    }

    /// From now on it has these addresses.
    pub(super) fn has(&self, addresses: &[[u8; 4]]) {
        self.state().addresses = addresses.iter().map(|it| IpAddr::from(*it)).collect();
        self.changed.send_modify(|it| *it += 1);
    }

    /// This address is on one network with everybody, all others are behind a router.
    pub(super) fn is_near(&self, address: [u8; 4]) {
        self.state().near.insert(address.into());
    }

    /// From now on nothing passes over this address.
    pub(super) fn mute(&self, address: [u8; 4]) {
        self.state().muted.insert(address.into());
    }

    /// The requests that were sent so far.
    pub(super) fn recorded(&self) -> Vec<(SocketAddr, Vec<u8>)> {
        self.state().recorded.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl LocalNetwork for Roaming {
    fn usable(&self, _in_use: SocketAddr) -> Vec<SocketAddr> {
        let state = self.state();
        let addresses = state.addresses.iter();
        addresses.map(|it| SocketAddr::new(*it, 0)).collect()
    }

    fn interfaces(&self) -> Vec<Interface> {
        let state = self.state();
        let prefix = |it| if state.near.contains(it) { 8 } else { 32 };
        let addresses = state.addresses.iter().enumerate();
        let interface = |(at, it)| interface(&format!("eth{at}"), &format!("{it}/{}", prefix(it)));
        addresses.map(interface).collect()
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        let watched = self.changed.subscribe();
        let changes = futures::stream::unfold(watched, |mut it| async move {
            it.changed().await.ok()?;
            Some(((), it))
        });
        changes.boxed()
    }
}

#[derive(Debug)]
struct Layer(Arc<Roaming>);

impl SocketLayer for Layer {
    fn wrap(&self, socket: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
        let local = socket.local_addr().unwrap().ip();
        Arc::new(Socket {
            local,
            socket,
            machine: Arc::clone(&self.0),
        })
    }
}

/// A socket whose address may go.
#[derive(Debug)]
struct Socket {
    local: IpAddr,
    socket: Arc<dyn AsyncUdpSocket>,
    machine: Arc<Roaming>,
}

impl AsyncUdpSocket for Socket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, packet: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let mut state = self.machine.state();
        if !state.addresses.contains(&self.local) {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        }
        if packet.contents.starts_with(&[0, 1]) {
            let recorded = (packet.destination, packet.contents.to_vec());
            state.recorded.push(recorded);
        }
        if state.muted.contains(&self.local) {
            return Poll::Ready(Ok(packet.contents.len()));
        }
        drop(state);
        self.socket.poll_send(cx, packet)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            let count = ready!(self.socket.poll_recv(cx, bufs, meta))?;
            let state = self.machine.state();
            if state.addresses.contains(&self.local) && !state.muted.contains(&self.local) {
                return Poll::Ready(Ok(count));
            }
        }
    }
}
