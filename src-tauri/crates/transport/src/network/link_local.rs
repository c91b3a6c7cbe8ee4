//! Sockets of link-local addresses of IPv6, which the library cannot have (RFC 4007).
//!
//! Such an address means something beside an interface only, and the library keys its sockets by
//! the address that the system reports, interface included, while it looks them up by candidates,
//! which have no place for one: nothing would ever be sent. So the library is given a *stand-in* to
//! bind, `[::1]` with a port under which the socket itself is open. The runtime puts the one in the
//! place of the other, and whatever the library says of the stand-in is translated before anybody
//! reads it: `::1` is nobody's address elsewhere.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The link-local sockets of one session: as many as are bound at a time.
#[derive(Debug, Default)]
pub(crate) struct StandIns(Mutex<Vec<LinkLocal>>);

/// One socket.
#[derive(Debug)]
struct LinkLocal {
    /// What it is bound to, interface included.
    address: SocketAddrV6,
    /// Until the runtime takes it.
    socket: Option<UdpSocket>,
}

impl StandIns {
    /// Opens a socket at any port of a link-local address; what the library is to bind for it.
    ///
    /// # Errors
    /// When the system refuses either: the address is no longer or not yet there, or this machine
    /// has no loopback address.
    pub(crate) fn open(&self, address: SocketAddrV6) -> io::Result<SocketAddr> {
        let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..ATTEMPTS {
            let socket = UdpSocket::bind(address)?;
            let address = SocketAddrV6::new(
                *address.ip(),
                socket.local_addr()?.port(),
                0,
                address.scope_id(),
            );
            let stand_in = stand_in(address);
            // Whether the library will be able to.
            match UdpSocket::bind(stand_in) {
                Ok(_) if self.address(stand_in).is_none() => {
                    let socket = Some(socket);
                    self.all().push(LinkLocal { address, socket });
                    return Ok(stand_in);
                }
                // Another one has the port there.
                Ok(_) => {}
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// The socket in whose place the library has bound `stand_in`; `None` where that is none, and
    /// the second time.
    pub(crate) fn take(&self, stand_in: SocketAddr) -> Option<UdpSocket> {
        let mut all = self.all();
        let found = all.iter_mut().find(|it| it.is_behind(stand_in));
        found.and_then(|it| it.socket.take())
    }

    /// The address of the socket behind `stand_in`; `None` where that is none.
    pub(crate) fn address(&self, stand_in: SocketAddr) -> Option<SocketAddrV6> {
        let all = self.all();
        let found = all.iter().find(|it| it.is_behind(stand_in));
        found.map(|it| it.address)
    }

    /// Forgets all: others will be bound.
    pub(crate) fn clear(&self) {
        self.all().clear();
    }

    fn all(&self) -> MutexGuard<'_, Vec<LinkLocal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LinkLocal {
    fn is_behind(&self, other: SocketAddr) -> bool {
        stand_in(self.address) == other
    }
}

/// What the library binds for a socket of this address.
fn stand_in(address: SocketAddrV6) -> SocketAddr {
    SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()))
}

/// An address as it is bound before the system chooses a port.
pub(crate) const fn any_port(mut address: SocketAddr) -> SocketAddr {
    address.set_port(0);
    address
}

/// How many ports are tried that are free at both addresses: nearly all are.
const ATTEMPTS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Interface;

    #[test]
    fn a_stand_in_has_the_port_of_its_socket_and_is_taken_once() {
        let stand_ins = StandIns::default();
        let Some(address) = Interface::all().iter().find_map(Interface::link_local) else {
            return println!("skipped: no link-local address here");
        };
        let (one, two) = (stand_ins.open(address), stand_ins.open(address));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!(one != two && one.ip().is_loopback(), "{one} {two}");
        let behind = stand_ins.address(one).unwrap();
        assert_eq!(
            (behind.ip(), behind.port()),
            (address.ip(), one.port()),
            "the same port"
        );
        let socket = stand_ins.take(one).unwrap();
        assert_eq!(socket.local_addr().unwrap(), SocketAddr::V6(behind));
        assert!(stand_ins.take(one).is_none());
        assert!(stand_ins.take(two).is_some());
        stand_ins.clear();
        assert_eq!(stand_ins.address(one), None);
    }

    #[test]
    fn what_stands_for_nothing_stays_what_it_is() {
        let stand_ins = StandIns::default();
        let own: SocketAddr = "[::1]:4000".parse().unwrap();
        assert_eq!(stand_ins.address(own), None);
        assert!(stand_ins.take(own).is_none());
    }
}
