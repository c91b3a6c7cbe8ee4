//! What our beacon carries. A datagram is a stranger's bytes.
//!
//! | Offset | Bytes | |
//! |---|---|---|
//! | 0 | 4 | `TnCb` |
//! | 4 | 1 | format, 1 |
//! | 5 | 1 | kind: 1 here, 2 here and who else, 3 goodbye |
//! | 6 | 64 | 1, 2: signature of the alias over the address that this is sent from |
//! | 70 | – | 1, 2: an announcement in its own form |
//! | 6 | 32 | 3: the alias |
//! | 38 | 64 | 3: its signature under a goodbye |

use std::net::IpAddr;

use identity::{Address, Identity, verify_goodbye, verify_source};

use crate::announcement::Announcement;
use crate::encoding::Claimed;

/// A datagram of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::finders) enum Datagram {
    /// A member is here.
    Here {
        claimed: Claimed,
        source: SourceProof,
        /// Whether it asks who else is.
        asks: bool,
    },
    /// A member leaves.
    Goodbye(Goodbye),
}

/// Says from which address a beacon is sent: whoever repeats it from elsewhere, or as if from
/// elsewhere, is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::finders) struct SourceProof([u8; 64]);

/// Says that a member leaves. Once it was said anybody can repeat it: who speaks again under the
/// same alias may be taken for gone until the next beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::finders) struct Goodbye {
    pub(super) alias: Address,
    signature: [u8; 64],
}

impl SourceProof {
    pub(in crate::finders) fn new(alias: &Identity, source: IpAddr) -> Self {
        Self(alias.sign_source(&address_bytes(source)))
    }

    /// Whether the alias speaks from this address.
    pub(super) fn is_of(&self, alias: &Address, source: IpAddr) -> bool {
        verify_source(alias, &address_bytes(source), &self.0).is_ok()
    }
}

impl Goodbye {
    pub(in crate::finders) fn new(alias: &Identity) -> Self {
        Self {
            alias: alias.address(),
            signature: alias.sign_goodbye(),
        }
    }

    /// Whether its alias says it.
    pub(super) fn is_genuine(&self) -> bool {
        verify_goodbye(&self.alias, &self.signature).is_ok()
    }
}

impl Datagram {
    /// The longest that there is, in bytes.
    pub(in crate::finders) const MAX_BYTES: usize = HEADER_BYTES + 64 + Announcement::MAX_BYTES;

    pub(in crate::finders) fn to_bytes(&self) -> Vec<u8> {
        let begin = |kind| [MAGIC, &[FORMAT, kind]].concat();
        match self {
            Self::Here {
                claimed,
                source,
                asks,
            } => {
                let kind = if *asks { ASK } else { HERE };
                let announcement = claimed.unverified().to_bytes();
                [&begin(kind)[..], &source.0, &announcement].concat()
            }
            Self::Goodbye(Goodbye { alias, signature }) => {
                [&begin(GOODBYE)[..], alias.as_bytes(), signature].concat()
            }
        }
    }

    /// `None` for what is not ours, or of a later format.
    pub(in crate::finders) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(&[FORMAT])?;
        let (kind, rest) = rest.split_first()?;
        match *kind {
            HERE | ASK => {
                let (source, rest) = rest.split_first_chunk()?;
                Some(Self::Here {
                    claimed: Claimed::from_bytes(rest).ok()?,
                    source: SourceProof(*source),
                    asks: *kind == ASK,
                })
            }
            GOODBYE => {
                let (alias, signature) = rest.split_first_chunk()?;
                Some(Self::Goodbye(Goodbye {
                    alias: Address::from_bytes(*alias),
                    signature: signature.try_into().ok()?,
                }))
            }
            _ => None,
        }
    }
}

/// An address as IPv6 has it, without its scope: that is another one on every machine.
fn address_bytes(ip: IpAddr) -> [u8; 16] {
    match ip.to_canonical() {
        IpAddr::V4(it) => it.to_ipv6_mapped().octets(),
        IpAddr::V6(it) => it.octets(),
    }
}

const MAGIC: &[u8] = b"TnCb";
const FORMAT: u8 = 1;
const HEADER_BYTES: usize = MAGIC.len() + 2;

/// Headers of IPv6 and UDP.
const PACKET_HEADERS_BYTES: usize = 40 + 8;

const _: () = assert!(
    Datagram::MAX_BYTES + PACKET_HEADERS_BYTES <= 1280,
    "a beacon is never cut into fragments"
);

const HERE: u8 = 1;
const ASK: u8 = 2;
const GOODBYE: u8 = 3;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    const HERE_IP: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9));

    fn somebody() -> Identity {
        Identity::generate().unwrap()
    }

    fn here(asks: bool) -> Datagram {
        let alias = somebody();
        Datagram::Here {
            claimed: Announcement::open(&somebody(), &alias, 4080, "Ann").into(),
            source: SourceProof::new(&alias, HERE_IP),
            asks,
        }
    }

    #[test]
    fn what_is_sent_is_read() {
        let goodbye = Datagram::Goodbye(Goodbye::new(&somebody()));
        for said in [here(false), here(true), goodbye] {
            let bytes = said.to_bytes();
            assert!(bytes.len() <= Datagram::MAX_BYTES);
            assert_eq!(Datagram::from_bytes(&bytes), Some(said));
        }
    }

    #[test]
    fn only_an_alias_itself_says_where_it_is_and_that_it_leaves() {
        let [alias, eve] = [somebody(), somebody()];
        let source = SourceProof::new(&alias, HERE_IP);
        assert!(source.is_of(&alias.address(), HERE_IP));
        assert!(!source.is_of(&eve.address(), HERE_IP));
        assert!(!source.is_of(&alias.address(), Ipv4Addr::new(10, 0, 0, 66).into()));

        let mut goodbye = Goodbye::new(&eve);
        assert!(goodbye.is_genuine());
        goodbye.alias = alias.address();
        assert!(!goodbye.is_genuine());
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(kind in 0..5_u8, bytes in prop::collection::vec(any::<u8>(), 0..1300)) {
            let _ = Datagram::from_bytes(&bytes);
            let _ = Datagram::from_bytes(&[MAGIC, &[FORMAT, kind], &bytes].concat());
        }

        #[test]
        fn any_damage_is_judged(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = here(true).to_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = Datagram::from_bytes(&bytes);
            let _ = Datagram::from_bytes(&bytes[..at]);
        }
    }
}
