//! Whether a TCP port can be reached, and if not, what that says.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use futures::future::join_all;
use tokio::net::TcpStream;
use tokio::time::timeout;
use transport::network::Interface;

use crate::finding::Finding;
use crate::network::leads_to_others;

/// Why a port cannot be reached. The last is the one that tells most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unreached {
    /// No way leads to that network.
    NoRoute,
    /// No machine answers for that address on its network.
    Absent,
    /// Nothing came back.
    Silent,
    /// The machine says that nothing listens there.
    Refused,
}

/// Connects within [`PATIENCE`].
pub(crate) async fn connect(place: SocketAddr) -> Result<TcpStream, Unreached> {
    match timeout(PATIENCE, TcpStream::connect(place)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(unreached(&error)),
        Err(_) => Err(Unreached::Silent),
    }
}

/// What an error of connecting says.
pub(crate) fn unreached(error: &io::Error) -> Unreached {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Unreached::Refused,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable => Unreached::NoRoute,
        io::ErrorKind::HostUnreachable => Unreached::Absent,
        // Refused by this machine's own firewall (EPERM), or out of time.
        _ => Unreached::Silent,
    }
}

/// Tries the port of our own relay.
pub(crate) async fn own_port(port: u16, interfaces: &[Interface]) -> Finding {
    match attempt(port, interfaces).await {
        (0, addresses) => Finding::OwnPortOpen { port, addresses },
        (blocked, addresses) => Finding::OwnPortBlocked {
            port,
            blocked,
            addresses,
        },
    }
}

/// Tries a port that was opened for the occasion. A firewall may treat it otherwise than the one
/// that Tincan uses, so it proves nothing of that one.
pub(crate) async fn temporary_port(port: u16, interfaces: &[Interface]) -> Finding {
    let (blocked, addresses) = attempt(port, interfaces).await;
    Finding::TemporaryPort {
        port,
        blocked,
        addresses,
    }
}

/// Goes to a port at every address of ours that others may use. Returns at how many it is not
/// reached, and of how many.
async fn attempt(port: u16, interfaces: &[Interface]) -> (u32, u32) {
    let places = interfaces.iter().filter(|it| leads_to_others(it));
    let places: Vec<_> = places.map(|it| place(it, port)).take(MOST_PLACES).collect();
    let tried = join_all(places.iter().map(|it| connect(*it))).await;
    let blocked = tried.iter().filter(|it| it.is_err()).count();
    (number(blocked), number(tried.len()))
}

/// Where an interface is at this port: link-local addresses of IPv6 say by which interface
/// (RFC 4007, 11).
fn place(interface: &Interface, port: u16) -> SocketAddr {
    match interface.address {
        IpAddr::V6(it) if it.is_unicast_link_local() => {
            SocketAddrV6::new(it, port, 0, interface.index.unwrap_or(0)).into()
        }
        address => SocketAddr::new(address, port),
    }
}

/// A count for a report.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// On a local network connecting takes milliseconds; the first lost packet is repeated after 1 s.
const PATIENCE: Duration = Duration::from_millis(1400);

/// A host of many containers has hundreds of addresses.
const MOST_PLACES: usize = 32;
