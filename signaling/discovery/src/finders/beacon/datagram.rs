//! What our beacon carries. A datagram is a stranger's bytes.
//!
//! | Offset | Bytes | |
//! |---|---|---|
//! | 0 | 4 | `TnCb` |
//! | 4 | 1 | format, 1 |
//! | 5 | 1 | kind: 1 here, 2 here and who else, 3 goodbye |
//! | 6 | 16 | 1, 2: SHA-256 of the secret that a goodbye tells, its first half |
//! | 22 | – | 1, 2: an announcement in its own form |
//! | 6 | 32 | 3: the alias |
//! | 38 | 16 | 3: the secret |

use identity::Address;
use sha2::{Digest, Sha256};

use crate::announcement::Announcement;

/// A datagram of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Datagram {
    /// A member is here.
    Here {
        announcement: Announcement,
        farewell: Farewell,
        /// Whether it asks who else is.
        asks: bool,
    },
    /// A member leaves.
    Goodbye { alias: Address, secret: Secret },
}

/// What only the member itself can say before it has said goodbye: so nobody hides another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Secret(pub(super) [u8; 16]);

/// What everybody checks the secret of a goodbye by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Farewell([u8; 16]);

impl Secret {
    pub(super) fn farewell(&self) -> Farewell {
        let mut half = [0; 16];
        half.copy_from_slice(&Sha256::digest(self.0)[..16]);
        Farewell(half)
    }
}

impl Datagram {
    /// The longest that there is, in bytes.
    pub(super) const MAX_BYTES: usize = HEADER_BYTES + 16 + Announcement::MAX_BYTES;

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let begin = |kind| [MAGIC, &[FORMAT, kind]].concat();
        match self {
            Self::Here {
                announcement,
                farewell,
                asks,
            } => {
                let kind = if *asks { ASK } else { HERE };
                [&begin(kind)[..], &farewell.0, &announcement.to_bytes()].concat()
            }
            Self::Goodbye { alias, secret } => {
                [&begin(GOODBYE)[..], alias.as_bytes(), &secret.0].concat()
            }
        }
    }

    /// `None` for what is not ours, or of a later format.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(&[FORMAT])?;
        let (kind, rest) = rest.split_first()?;
        match *kind {
            HERE | ASK => {
                let (farewell, rest) = rest.split_first_chunk()?;
                Some(Self::Here {
                    announcement: Announcement::from_bytes(rest).ok()?,
                    farewell: Farewell(*farewell),
                    asks: *kind == ASK,
                })
            }
            GOODBYE => {
                let (alias, secret) = rest.split_first_chunk()?;
                Some(Self::Goodbye {
                    alias: Address::from_bytes(*alias),
                    secret: Secret(secret.try_into().ok()?),
                })
            }
            _ => None,
        }
    }
}

const MAGIC: &[u8] = b"TnCb";
const FORMAT: u8 = 1;
const HEADER_BYTES: usize = MAGIC.len() + 2;

const HERE: u8 = 1;
const ASK: u8 = 2;
const GOODBYE: u8 = 3;

#[cfg(test)]
mod tests {
    use identity::Identity;
    use proptest::prelude::*;

    use super::*;

    fn here(asks: bool) -> Datagram {
        let [ann, alias] = [0; 2].map(|_| Identity::generate().unwrap());
        Datagram::Here {
            announcement: Announcement::open(&ann, &alias.address(), 4080, "Ann"),
            farewell: Secret([7; 16]).farewell(),
            asks,
        }
    }

    #[test]
    fn what_is_sent_is_read() {
        let goodbye = Datagram::Goodbye {
            alias: Address::from_bytes([3; 32]),
            secret: Secret([7; 16]),
        };
        for said in [here(false), here(true), goodbye] {
            let bytes = said.to_bytes();
            assert!(bytes.len() <= Datagram::MAX_BYTES);
            assert_eq!(Datagram::from_bytes(&bytes), Some(said));
        }
    }

    #[test]
    fn only_the_secret_itself_fits_a_farewell() {
        assert_ne!(Secret([7; 16]).farewell(), Secret([8; 16]).farewell());
        let farewell = Secret([7; 16]).farewell();
        assert_ne!(Secret(farewell.0).farewell(), farewell);
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
