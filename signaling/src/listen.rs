//! Where a relay listens, and the URL by which clients reach it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use signal_wire::PATH;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Listens at these addresses, in their order. `[::]` takes IPv4 as well, on every system, unless
/// `0.0.0.0` with the same port is among them; where IPv6 is switched off, it takes IPv4 alone.
/// Needs a Tokio runtime around it.
///
/// # Errors
/// The first address at which it is not possible, and why.
pub fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, ListenError> {
    let listen = |address: &SocketAddr| {
        let takes_v4_too = !addresses
            .iter()
            .any(|other| other.ip() == Ipv4Addr::UNSPECIFIED && other.port() == address.port());
        let failed = |source| ListenError {
            address: *address,
            source,
        };
        let bound = bind(*address, takes_v4_too).map_err(failed);
        let every_v6 = address.ip() == Ipv6Addr::UNSPECIFIED;
        match bound {
            Err(error) if error.is_absent() && every_v6 && takes_v4_too => {
                let v4 = (Ipv4Addr::UNSPECIFIED, address.port()).into();
                bind(v4, false).map_err(failed)
            }
            bound => bound,
        }
    };
    addresses.iter().map(listen).collect()
}

/// Listens on every interface, IPv4 and IPv6, at this port or, where it is taken, at any other. Needs
/// a Tokio runtime around it.
///
/// # Errors
/// When there is no port.
pub fn listen_everywhere(preferred: u16) -> Result<Vec<TcpListener>, ListenError> {
    let at = |port| listen(&[SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))]);
    at(preferred).or_else(|_taken| at(0))
}

/// The relay cannot listen at an address.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct ListenError {
    /// Where.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}

impl ListenError {
    /// Whether this machine has no such address, as `[::1]` where IPv6 is switched off.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        let absent = matches!(
            self.source.kind(),
            io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
        );
        absent || self.source.raw_os_error() == Some(NO_SUCH_FAMILY)
    }
}

/// The URL by which clients reach a relay that listens here. For one that listens on every
/// interface it names the one that other machines most likely see.
///
/// ```
/// use signal_relay::client_url;
///
/// assert_eq!(client_url("127.0.0.1:4080".parse()?), "ws://127.0.0.1:4080/v2");
/// assert_eq!(client_url("[::1]:4080".parse()?), "ws://[::1]:4080/v2");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn client_url(listening: SocketAddr) -> String {
    format!("ws://{}{PATH}", reachable(listening))
}

/// The same for a relay that speaks TLS. Its certificate names a host rather than these numbers as
/// a rule, and then clients use that name in their place.
#[must_use]
pub fn encrypted_client_url(listening: SocketAddr) -> String {
    format!("wss://{}{PATH}", reachable(listening))
}

fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = if listening.ip().is_unspecified() {
        outward_ip(listening.is_ipv6())
    } else {
        listening.ip()
    };
    SocketAddr::new(ip, listening.port())
}

fn bind(address: SocketAddr, takes_v4_too: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        // Systems differ in what they do unasked.
        socket.set_only_v6(!(takes_v4_too && address.ip().is_unspecified()))?;
    }
    // Elsewhere it means that two programs share a port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// The address that packets to the internet leave from: by IPv4 where there is a way, else by
/// IPv6 if that is listened on. Connecting a UDP socket sends nothing, it only asks the routing
/// table.
fn outward_ip(v6_too: bool) -> IpAddr {
    let probe = |local: IpAddr, far: IpAddr| -> io::Result<IpAddr> {
        let socket = UdpSocket::bind((local, 0))?;
        socket.connect((far, 9))?;
        Ok(socket.local_addr()?.ip())
    };
    let v4 = probe(Ipv4Addr::UNSPECIFIED.into(), DOCUMENTATION_V4.into()).ok();
    let v6 = || probe(Ipv6Addr::UNSPECIFIED.into(), DOCUMENTATION_V6.into()).ok();
    v4.or_else(|| v6_too.then(v6).flatten())
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// Connections that wait to be accepted: what Tokio itself asks for.
const BACKLOG: i32 = 1024;

/// `EAFNOSUPPORT`, for which the standard library has no stable kind.
const NO_SUCH_FAMILY: i32 = if cfg!(windows) {
    10047
} else if cfg!(target_os = "linux") {
    97
} else {
    47
};

/// TEST-NET-1 (RFC 5737): routed like any far address, belongs to nobody.
const DOCUMENTATION_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The same for IPv6 (RFC 3849).
const DOCUMENTATION_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_interface_of_ipv6_takes_ipv4_too() {
        let any: SocketAddr = "[::]:0".parse().unwrap();
        let listeners = match listen(&[any]) {
            Ok(listeners) => listeners,
            Err(error) => return assert!(error.is_absent(), "{error}: {}", error.source),
        };
        let port = listeners[0].local_addr().unwrap().port();
        for ip in ["127.0.0.1", "::1"] {
            let socket = tokio::net::TcpStream::connect((ip, port)).await;
            assert!(socket.is_ok(), "{ip}");
        }
    }

    #[tokio::test]
    async fn both_families_can_be_given_with_one_port() {
        let free = listen(&["0.0.0.0:0".parse().unwrap()]).unwrap();
        let port = free[0].local_addr().unwrap().port();
        drop(free);
        let both = ["0.0.0.0", "::"].map(|ip| SocketAddr::new(ip.parse().unwrap(), port));
        match listen(&both) {
            Ok(listeners) => assert_eq!(listeners.len(), 2),
            Err(error) => assert!(error.is_absent(), "{error}: {}", error.source),
        }
    }

    #[tokio::test]
    async fn where_the_port_is_taken_another_serves_both_families() {
        let port = |listeners: &[TcpListener]| listeners[0].local_addr().unwrap().port();
        let first = listen_everywhere(0).unwrap();
        let second = listen_everywhere(port(&first)).unwrap();
        assert_ne!(port(&second), port(&first));
        let v4 = tokio::net::TcpStream::connect(("127.0.0.1", port(&second))).await;
        assert!(v4.is_ok());
        let taken = port(&first);
        drop(first);
        assert_eq!(
            port(&listen_everywhere(taken).unwrap()),
            taken,
            "free again"
        );
        let in_v4 = listen(&["0.0.0.0:0".parse().unwrap()]).unwrap();
        let third = listen_everywhere(port(&in_v4)).unwrap();
        assert_ne!(port(&third), port(&in_v4), "taken in one family");
    }

    #[tokio::test]
    async fn what_cannot_be_listened_on_is_named() {
        let taken = listen(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let address = taken[0].local_addr().unwrap();
        let error = listen(&[address]).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot listen on {address}"));
        assert!(!error.is_absent());
        let elsewhere = listen(&["203.0.113.9:0".parse().unwrap()]).unwrap_err();
        assert!(elsewhere.is_absent());
    }
}
