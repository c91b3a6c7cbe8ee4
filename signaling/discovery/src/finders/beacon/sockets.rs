//! The sockets of our beacon: one for each family that hears, and one for each address that speaks.
//!
//! Those that speak are bound to their address, so that a beacon says by its source where its
//! member is reached on that network, and hear what is answered to them alone: two programs on one
//! machine share the port of the beacon, and which of them gets what is sent to it is up to the
//! system.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use identity::Identity;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;
use tracing::debug;

use super::datagram::{Datagram, SourceProof};
use crate::finders::shared_port;
use crate::interfaces::{Interface, Interfaces, Kind};

/// All sockets of the beacon.
#[derive(Debug)]
pub(super) struct Sockets {
    alias: Arc<Identity>,
    port: u16,
    hearing: Vec<(Ears, UdpGroup)>,
    speaking: HashMap<Interface, Speaker>,
    heard: mpsc::Sender<Received>,
}

/// A datagram that came in.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) source: SocketAddr,
}

/// A socket that hears, and the task that reads it.
#[derive(Debug)]
struct Ears {
    socket: Arc<UdpSocket>,
    _reader: AbortOnDropHandle<()>,
}

/// Of which family a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UdpGroup {
    V4,
    V6,
}

/// A socket that speaks on one network.
#[derive(Debug)]
struct Speaker {
    ears: Ears,
    /// That our alias speaks from its address.
    proof: SourceProof,
    /// To everybody on that network.
    targets: Vec<SocketAddr>,
}

impl Sockets {
    /// Opens those that hear. One family is enough.
    pub(super) fn open(
        alias: Arc<Identity>,
        port: u16,
        heard: mpsc::Sender<Received>,
    ) -> io::Result<Self> {
        let open = |group| hear(group, port, &heard);
        let (v4, v6) = (open(UdpGroup::V4), open(UdpGroup::V6));
        let hearing = match (v4, v6) {
            (Err(error), Err(_)) => return Err(error),
            (v4, v6) => v4.into_iter().chain(v6).collect(),
        };
        Ok(Self {
            alias,
            port,
            hearing,
            speaking: HashMap::new(),
            heard,
        })
    }

    /// Speaks on these interfaces from now on, and no longer on others. Returns whether there is a
    /// new one.
    pub(super) fn follow(&mut self, interfaces: &Interfaces) -> bool {
        self.hear_missing();
        let wanted = speaking(interfaces);
        self.speaking.retain(|it, _| wanted.contains(it));
        let mut is_new = false;
        for interface in wanted {
            if self.speaking.contains_key(&interface) {
                continue;
            }
            self.join(&interface);
            match self.speaker(&interface) {
                Ok(speaker) => {
                    self.speaking.insert(interface, speaker);
                    is_new = true;
                }
                // It may be up a little before it takes packets: the next look tries again.
                Err(error) => debug!(%error, "no beacon on an interface"),
            }
        }
        is_new
    }

    /// Sends to everybody on every network what is said with the proof of our address there. Nothing
    /// waits: what a full buffer drops is sent again with the next beacon.
    pub(super) fn send_to_all(&self, say: impl Fn(SourceProof) -> Datagram) {
        for speaker in self.speaking.values() {
            let bytes = say(speaker.proof).to_bytes();
            for target in &speaker.targets {
                if let Err(error) = speaker.ears.socket.try_send_to(&bytes, *target) {
                    debug!(%error, "a beacon was not sent");
                }
            }
        }
    }

    /// Sends to whoever asked, from the network that it asked on: to where the question came from,
    /// and to the port of the beacon, which is what a firewall is open for.
    pub(super) fn answer(&self, say: impl Fn(SourceProof) -> Datagram, source: SocketAddr) {
        let Some((_, speaker)) = self.speaking.iter().find(|(it, _)| it.has_on_link(source)) else {
            return;
        };
        let bytes = say(speaker.proof).to_bytes();
        let mut at_our_port = source;
        at_our_port.set_port(self.port);
        for target in [source, at_our_port] {
            if let Err(error) = speaker.ears.socket.try_send_to(&bytes, target) {
                debug!(%error, "an answer was not sent");
            }
        }
    }

    /// Opens what could not be opened before, as a port that another program had.
    fn hear_missing(&mut self) {
        for group in [UdpGroup::V4, UdpGroup::V6] {
            if self.hearing.iter().any(|it| it.1 == group) {
                continue;
            }
            if let Ok(hearing) = hear(group, self.port, &self.heard) {
                self.hearing.push(hearing);
                for interface in self.speaking.keys() {
                    self.join(interface);
                }
            }
        }
    }

    /// Hears what is sent to the group on an interface. Errors say mostly that it does already.
    fn join(&self, interface: &Interface) {
        for (ears, group) in &self.hearing {
            let socket = socket2::SockRef::from(&*ears.socket);
            let joined = match (interface.address, group) {
                (IpAddr::V4(_), UdpGroup::V4) => socket.join_multicast_v4_n(
                    &GROUP_V4,
                    &InterfaceIndexOrAddress::Index(interface.index),
                ),
                (IpAddr::V6(_), UdpGroup::V6) => {
                    socket.join_multicast_v6(&GROUP_V6, interface.index)
                }
                (IpAddr::V4(_), UdpGroup::V6) | (IpAddr::V6(_), UdpGroup::V4) => Ok(()),
            };
            if let Err(error) = joined {
                debug!(%error, "the group of the beacon was not joined");
            }
        }
    }

    fn speaker(&self, interface: &Interface) -> io::Result<Speaker> {
        let (socket, targets) = match interface.address {
            IpAddr::V4(address) => {
                let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
                socket.set_broadcast(true)?;
                socket.set_multicast_if_v4(&address)?;
                socket.set_multicast_ttl_v4(1)?;
                socket.set_multicast_loop_v4(true)?;
                socket.bind(&SocketAddr::from((address, 0)).into())?;
                let all = [Some(GROUP_V4), interface.broadcast];
                let targets = all.into_iter().flatten();
                (socket, targets.map(|it| (it, self.port).into()).collect())
            }
            IpAddr::V6(address) => {
                let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))?;
                socket.set_only_v6(true)?;
                socket.set_multicast_if_v6(interface.index)?;
                socket.set_multicast_hops_v6(1)?;
                socket.set_multicast_loop_v6(true)?;
                let scope = interface.index;
                let own = SocketAddrV6::new(address, 0, 0, scope);
                socket.bind(&SocketAddr::from(own).into())?;
                let group = SocketAddrV6::new(GROUP_V6, self.port, 0, scope);
                (socket, vec![group.into()])
            }
        };
        let ears = Ears::new(socket, self.heard.clone())?;
        Ok(Speaker {
            ears,
            proof: SourceProof::new(&self.alias, interface.address),
            targets,
        })
    }
}

impl Ears {
    fn new(socket: Socket, heard: mpsc::Sender<Received>) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = Arc::new(UdpSocket::from_std(socket.into())?);
        let reader = tokio::spawn(read(socket.clone(), heard));
        Ok(Self {
            socket,
            _reader: AbortOnDropHandle::new(reader),
        })
    }
}

fn hear(
    group: UdpGroup,
    port: u16,
    heard: &mpsc::Sender<Received>,
) -> io::Result<(Ears, UdpGroup)> {
    let domain = match group {
        UdpGroup::V4 => Domain::IPV4,
        UdpGroup::V6 => Domain::IPV6,
    };
    let socket = shared_port::open(domain, port)?;
    Ok((Ears::new(socket, heard.clone())?, group))
}

/// Passes on what comes in; what does not fit is dropped, and heard again with the next beacon.
async fn read(socket: Arc<UdpSocket>, heard: mpsc::Sender<Received>) {
    let mut buffer = [0; Datagram::MAX_BYTES];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, source)) => {
                let bytes = buffer[..length].to_vec();
                let _ = heard.try_send(Received { bytes, source });
            }
            // Of one datagram, mostly: Windows tells that one was too long (WSAEMSGSIZE), and that
            // somebody had left to whom we answered (WSAECONNRESET).
            Err(error) => {
                debug!(%error, "a beacon was not heard");
                sleep(READ_AGAIN).await;
            }
        }
    }
}

/// The addresses to speak from. Nobody else is at the other end of a tunnel whose packets go to one
/// peer. Of IPv6 one address on each interface is enough, the link-local one if there is one: it
/// changes least.
fn speaking(interfaces: &Interfaces) -> Vec<Interface> {
    let mut wanted: Vec<Interface> = Vec::new();
    let all = interfaces.0.iter();
    for interface in all.filter(|it| it.kind != Kind::Tunnel || it.broadcast.is_some()) {
        let IpAddr::V6(address) = interface.address else {
            wanted.push(interface.clone());
            continue;
        };
        let same = |it: &&mut Interface| it.index == interface.index && it.address.is_ipv6();
        match wanted.iter_mut().find(same) {
            Some(known) if address.is_unicast_link_local() => *known = interface.clone(),
            Some(_) => {}
            None if address.is_loopback() => {}
            None => wanted.push(interface.clone()),
        }
    }
    wanted.truncate(MAX_SPEAKERS);
    wanted
}

/// In the range that an organisation uses as it likes (RFC 2365, section 6.2).
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 255, 84, 67);

/// A transient group on the link (RFC 4291, section 2.7).
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0x7463, 0x6c61);

/// More than a machine has networks that people are on.
const MAX_SPEAKERS: usize = 32;

/// An error that stays shall not keep a core busy.
const READ_AGAIN: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(sockets: &Sockets) -> Vec<UdpGroup> {
        sockets.hearing.iter().map(|it| it.1).collect()
    }

    #[tokio::test]
    async fn a_family_whose_port_becomes_free_is_heard_without_a_restart() {
        let other = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        let port = other.local_addr().unwrap().port();
        let alias = Arc::new(Identity::generate().unwrap());
        let (heard, _received) = mpsc::channel(1);
        let Ok(mut sockets) = Sockets::open(alias, port, heard) else {
            // No IPv6 on this machine: then nothing is opened in part.
            return;
        };
        assert_eq!(groups(&sockets), [UdpGroup::V6]);
        let networks = Interfaces::now();
        sockets.follow(&networks);
        assert_eq!(groups(&sockets), [UdpGroup::V6]);
        drop(other);
        sockets.follow(&networks);
        assert_eq!(groups(&sockets), [UdpGroup::V6, UdpGroup::V4]);
    }
}
