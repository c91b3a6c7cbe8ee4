//! The pair of addresses that a session's packets go over, and what kind of path that is.

use std::net::{IpAddr, SocketAddr};

use media::transport::Path;
use webrtc::peer_connection::RTCIceCandidateType;
use webrtc::rtp_transceiver::RtpSender;

use crate::network::{Interface, StandIns, is_local};

/// The pair of candidates that packets go over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SelectedPair {
    local: RTCIceCandidateType,
    /// Peer-reflexive where the agent was asked from there before it was told of it, whatever is
    /// there.
    remote: RTCIceCandidateType,
    /// The local and the remote address; `None` when one is no IP address.
    addresses: Option<(IpAddr, SocketAddr)>,
}

impl SelectedPair {
    /// The pair that the transport of `sender` uses, with our own address where the library knows
    /// one that stands in for it; `None` while ICE has none.
    pub(crate) async fn of(sender: &dyn RtpSender, stand_ins: &StandIns) -> Option<Self> {
        let dtls = sender.transport().await.ok()??;
        let ice = dtls.ice_transport();
        let pair = ice.get_selected_candidate_pair().await.ok()??;
        let (local, remote) = (pair.local(), pair.remote());
        let parsed = (local.address.parse(), remote.address.parse());
        let addresses = match parsed {
            (Ok(ours), Ok(theirs)) => {
                let real = stand_ins.address(SocketAddr::new(ours, local.port));
                let ours = real.map_or(ours, |it| (*it.ip()).into());
                Some((ours, SocketAddr::new(theirs, remote.port)))
            }
            (Ok(_), Err(_)) | (Err(_), _) => None,
        };
        Some(Self {
            local: local.typ,
            remote: remote.typ,
            addresses,
        })
    }

    /// The pair of these addresses to which the session moved from this one.
    pub(crate) const fn moved_to(self, ours: IpAddr, theirs: SocketAddr) -> Self {
        Self {
            local: RTCIceCandidateType::Host,
            remote: RTCIceCandidateType::Prflx,
            addresses: Some((ours, theirs)),
        }
    }

    /// This pair, now that TURN servers are known to lend the other side these addresses.
    pub(crate) fn with_relayed(self, relayed: &[SocketAddr]) -> Self {
        let is_relayed = self.addresses.is_some_and(|(_, it)| relayed.contains(&it));
        Self {
            remote: if is_relayed {
                RTCIceCandidateType::Relay
            } else {
                self.remote
            },
            ..self
        }
    }

    /// How the machines reach each other over it, by this machine's interfaces as they are now.
    pub(crate) fn path(&self) -> Path {
        let (host, relay) = (RTCIceCandidateType::Host, RTCIceCandidateType::Relay);
        if self.local == relay || self.remote == relay {
            return Path::Relayed;
        }
        let local = self.local == host
            && self
                .addresses
                .is_some_and(|(ours, theirs)| is_local(ours, theirs.ip(), &Interface::all()));
        if local { Path::Local } else { Path::Direct }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_address_is_relayed_even_where_the_agent_met_it_before_it_was_told() {
        let theirs: SocketAddr = "203.0.113.7:6000".parse().unwrap();
        let pair = SelectedPair {
            local: RTCIceCandidateType::Host,
            remote: RTCIceCandidateType::Prflx,
            addresses: Some(("192.0.2.1".parse().unwrap(), theirs)),
        };
        assert_eq!(pair.path(), Path::Direct, "a NAT, as far as is known");
        assert_eq!(pair.with_relayed(&[theirs]).path(), Path::Relayed);
        let other_port = SocketAddr::new(theirs.ip(), 6001);
        assert_eq!(pair.with_relayed(&[other_port]).path(), Path::Direct);
        let home = "192.0.2.2".parse().unwrap();
        let moved = pair.with_relayed(&[theirs]).moved_to(home, other_port);
        assert_eq!(moved.path(), Path::Direct, "the session left the server");
    }
}
