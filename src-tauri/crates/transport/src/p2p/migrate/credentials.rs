//! What migration takes from the descriptions of a session (RFC 8839): ICE credentials, and the
//! addresses of the other side. Pure.

use std::fmt;
use std::net::SocketAddr;

use super::MAX_REMOTES;
use crate::p2p::candidate::Candidate;
use crate::peer::side::Side;

/// The credentials of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) ours: Side,
    pub(super) theirs: Side,
}

/// What a description says of its side.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Description {
    pub(super) side: Side,
    /// Where it can be reached, at most [`MAX_REMOTES`].
    pub(super) candidates: Vec<SocketAddr>,
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Description").finish_non_exhaustive()
    }
}

impl Description {
    /// What `sdp` says; `None` when it has no credentials.
    pub(crate) fn of(sdp: &str) -> Option<Self> {
        let side = Side::of(sdp)?;
        let candidates = Candidate::of_description(sdp).filter_map(reachable);
        let candidates = candidates.take(MAX_REMOTES).collect();
        Some(Self { side, candidates })
    }
}

/// Where migration can reach a candidate: nowhere through TURN, which knows only the addresses that
/// the agent told it of.
pub(super) fn reachable(candidate: Candidate) -> Option<SocketAddr> {
    (!candidate.is_relayed).then_some(candidate.address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SDP: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:abcd\r\n\
        a=ice-pwd:0123456789012345678901\r\n\
        a=candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host\r\n\
        a=candidate:2 1 tcp 2130706431 192.0.2.1 9 typ host tcptype active\r\n\
        a=candidate:3 1 udp 1694498815 203.0.113.9 5000 typ srflx raddr 192.0.2.1 rport 4000\r\n\
        a=candidate:4 1 udp 16777215 203.0.113.7 6000 typ relay raddr 0.0.0.0 rport 0\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 102\r\na=ice-ufrag:efgh\r\n";

    #[test]
    fn the_first_credentials_and_what_udp_reaches_are_taken() {
        let description = Description::of(SDP).unwrap();
        assert_eq!(description.side.ufrag, "abcd");
        assert_eq!(description.side.password, "0123456789012345678901");
        let reached: [SocketAddr; 2] =
            ["192.0.2.1:4000", "203.0.113.9:5000"].map(|it| it.parse().unwrap());
        assert_eq!(description.candidates, reached);
    }

    #[test]
    fn a_description_without_good_credentials_is_of_no_use() {
        for sdp in [
            "",
            "a=ice-ufrag:abcd\r\n",
            "a=ice-ufrag:abc\r\na=ice-pwd:0123456789012345678901\r\n",
            "a=ice-ufrag:abcd\r\na=ice-pwd:short\r\n",
        ] {
            assert_eq!(Description::of(sdp), None, "{sdp}");
        }
    }

    #[test]
    fn more_candidates_than_are_tried_are_not_kept() {
        let line = |it| format!("a=candidate:1 1 udp 1 192.0.2.1 {it} typ host\r\n");
        let many: String = (1..100).map(line).collect();
        let description = Description::of(&[SDP, &many].concat()).unwrap();
        assert_eq!(description.candidates.len(), MAX_REMOTES);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>()) {
            let _ = Description::of(&text);
        }
    }
}
