//! A socket of a link-local address of IPv6, as those see it that know nothing of interfaces.
//!
//! Runs in the library's driver, once per datagram: nothing here may block or log.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

/// Everything that it sends leaves by one interface, and everybody who sends to it is behind that:
/// so addresses of others go in and out without the interface, as candidates name them.
#[derive(Debug)]
struct ScopedSocket {
    socket: Arc<dyn AsyncUdpSocket>,
    /// The number of the interface (RFC 4007, 11).
    scope: u32,
}

/// `socket`, which is bound to `local`, without the interface that a link-local address needs.
pub(super) fn unscoped(
    socket: Arc<dyn AsyncUdpSocket>,
    local: SocketAddr,
) -> Arc<dyn AsyncUdpSocket> {
    match local {
        SocketAddr::V6(it) if it.ip().is_unicast_link_local() && it.scope_id() != 0 => {
            let scope = it.scope_id();
            Arc::new(ScopedSocket { socket, scope })
        }
        SocketAddr::V4(_) | SocketAddr::V6(_) => socket,
    }
}

/// A link-local address with this interface, or with none (0); others stay as they are.
fn with_scope(mut address: SocketAddr, scope: u32) -> SocketAddr {
    if let SocketAddr::V6(it) = &mut address
        && it.ip().is_unicast_link_local()
    {
        it.set_scope_id(scope);
    }
    address
}

impl AsyncUdpSocket for ScopedSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, packet: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let packet = Transmit {
            destination: with_scope(packet.destination, self.scope),
            ..*packet
        };
        self.socket.poll_send(cx, &packet)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(self.socket.poll_recv(cx, bufs, meta))?;
        for meta in meta.iter_mut().take(count) {
            meta.addr = with_scope(meta.addr, 0);
        }
        Poll::Ready(Ok(count))
    }

    fn max_gso_segments(&self) -> usize {
        self.socket.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.socket.max_gro_segments()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::net::UdpSocket;

    use webrtc::runtime::{Runtime, TokioRuntime};

    use super::*;
    use crate::network::Interface;

    #[test]
    fn only_link_local_addresses_have_an_interface_beside_them() {
        for (address, scope, expected) in [
            ("[fe80::1]:9", 7, "[fe80::1%7]:9"),
            ("[fe80::1%7]:9", 0, "[fe80::1]:9"),
            ("[2001:db8::1]:9", 7, "[2001:db8::1]:9"),
            ("169.254.1.1:9", 7, "169.254.1.1:9"),
        ] {
            let [address, expected] =
                [address, expected].map(|it| it.parse::<SocketAddr>().unwrap());
            assert_eq!(with_scope(address, scope), expected);
        }
    }

    #[tokio::test]
    async fn two_sockets_of_one_link_speak_without_naming_it() {
        let Some(address) = Interface::all().iter().find_map(Interface::link_local) else {
            return println!("skipped: no link-local address here");
        };
        let open = || {
            let socket = UdpSocket::bind(address).unwrap();
            let local = socket.local_addr().unwrap();
            let socket = TokioRuntime.wrap_udp_socket(socket).unwrap();
            (unscoped(socket, local), with_scope(local, 0))
        };
        let ((one, ones), (two, twos)) = (open(), open());
        one.send_to(b"hello", twos).await.unwrap();
        let (mut room, mut meta) = ([0; 16], [RecvMeta::default()]);
        poll_fn(|cx| {
            let mut bufs = [IoSliceMut::new(&mut room)];
            two.poll_recv(cx, &mut bufs, &mut meta)
        })
        .await
        .unwrap();
        assert_eq!((meta[0].addr, &room[..meta[0].len]), (ones, &b"hello"[..]));
    }
}
