//! Whose a datagram is: the other side's, or a STUN or TURN server's.
//!
//! A server answers also when the other side is dead, so only what the other side sent is a sign of
//! life. Pure, and fed with the bytes of anybody: nothing here is proof of anything.

use rtc::stun::attributes::{ATTR_MESSAGE_INTEGRITY, AttrType};

use super::stun::Stun;

/// Whether a datagram that was received comes from the other side, directly or through a TURN server.
///
/// ICE authenticates each check and each answer to one (RFC 8445, 7.2.2); what STUN servers are asked
/// while candidates are gathered, and answer, is not authenticated (RFC 8489, 14.5). Everything else
/// that a TURN server says for itself is of other methods (RFC 8656, 17).
pub(crate) fn is_of_peer(datagram: &[u8]) -> bool {
    match datagram.first() {
        None => false,
        Some(0..4) => match Stun::read(datagram) {
            Some(stun) => match stun.kind & !CLASS {
                BINDING => {
                    stun.has(ATTR_MESSAGE_INTEGRITY) || stun.has(ATTR_MESSAGE_INTEGRITY_SHA256)
                }
                DATA => true,
                _ => false,
            },
            None => false,
        },
        // DTLS, SRTP, or either in ChannelData (RFC 7983, 7).
        Some(4..) => true,
    }
}

/// The bits of a message type that say whether it is a request, an indication or an answer.
const CLASS: u16 = 0x0110;

/// Methods: that of checks and of gathering (RFC 8489, 18.2), and that of what TURN relays without a
/// channel (RFC 8656, 17).
const BINDING: u16 = 1;
const DATA: u16 = 7;

/// Of RFC 8489, 18.3, unknown to the library.
const ATTR_MESSAGE_INTEGRITY_SHA256: AttrType = AttrType(0x001c);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: usize = 20;
    const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
    const MESSAGE_INTEGRITY: u16 = ATTR_MESSAGE_INTEGRITY.0;
    const MESSAGE_INTEGRITY_SHA256: u16 = ATTR_MESSAGE_INTEGRITY_SHA256.0;

    /// A STUN message of this type with these attributes, each of three bytes.
    fn stun(kind: u16, attributes: &[u16]) -> Vec<u8> {
        let length = (attributes.len() * 8) as u16;
        let mut bytes = [kind.to_be_bytes(), length.to_be_bytes()].concat();
        bytes.extend(MAGIC_COOKIE);
        bytes.extend([7; 12]);
        for attribute in attributes {
            bytes.extend(attribute.to_be_bytes());
            bytes.extend([0, 3, 1, 2, 3, 0]);
        }
        bytes
    }

    const USERNAME: u16 = 0x0006;
    const XOR_MAPPED_ADDRESS: u16 = 0x0020;

    #[test]
    fn checks_and_their_answers_are_of_the_other_side() {
        for kind in [0x0001, 0x0101, 0x0111] {
            let check = stun(kind, &[USERNAME, XOR_MAPPED_ADDRESS, MESSAGE_INTEGRITY]);
            assert!(is_of_peer(&check), "{kind:#06x}");
            assert!(is_of_peer(&stun(kind, &[MESSAGE_INTEGRITY_SHA256])));
        }
    }

    #[test]
    fn what_a_server_says_is_not() {
        assert!(
            !is_of_peer(&stun(0x0101, &[XOR_MAPPED_ADDRESS])),
            "gathering"
        );
        // Allocate, Refresh, CreatePermission and ChannelBind: success and error.
        for method in [0x0003, 0x0004, 0x0008, 0x0009] {
            for class in [0x0100, 0x0110] {
                let answer = stun(method | class, &[MESSAGE_INTEGRITY]);
                assert!(!is_of_peer(&answer), "{method:#06x}");
            }
        }
    }

    #[test]
    fn media_and_what_turn_relays_is() {
        assert!(is_of_peer(&stun(0x0017, &[0x0013])), "Data indication");
        for first in [0x40, 20, 22, 128, 191] {
            assert!(is_of_peer(&[first, 0, 0, 4, 1, 2, 3, 4]), "{first}");
        }
    }

    #[test]
    fn what_only_looks_like_stun_is_of_nobody() {
        let check = stun(0x0001, &[MESSAGE_INTEGRITY]);
        for length in 0..HEADER {
            assert!(!is_of_peer(&check[..length]));
        }
        let mut other = check;
        other[4] = 0;
        assert!(!is_of_peer(&other));
    }

    proptest! {
        #[test]
        fn any_bytes_are_told_apart(kind in 0u16..0x400, attributes in prop::collection::vec(any::<u8>(), 0..100)) {
            is_of_peer(&attributes);
            is_of_peer(&[stun(kind, &[]), attributes].concat());
        }
    }
}
