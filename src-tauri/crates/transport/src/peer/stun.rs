//! What a look at a STUN message (RFC 8489) tells, without a proof of anything. Pure, and fed with the
//! bytes of anybody.

use rtc::stun::attributes::AttrType;
use rtc::stun::message::{MESSAGE_HEADER_SIZE, is_stun_message};

/// A STUN message, by its looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stun<'a> {
    /// Method and class (RFC 8489, 5).
    pub(crate) kind: u16,
    attributes: &'a [u8],
}

impl<'a> Stun<'a> {
    /// `None` when the datagram is something else.
    pub(crate) fn read(datagram: &'a [u8]) -> Option<Self> {
        let stun = is_stun_message(datagram).then_some(datagram)?;
        Some(Self {
            kind: u16::from_be_bytes([stun[0], stun[1]]),
            attributes: &stun[MESSAGE_HEADER_SIZE..],
        })
    }

    /// Whether it has an attribute of this type (RFC 8489, 14).
    pub(crate) fn has(&self, wanted: AttrType) -> bool {
        self.value(wanted).is_some()
    }

    /// What its first attribute of this type holds, as far as it is there.
    pub(crate) fn value(&self, wanted: AttrType) -> Option<&'a [u8]> {
        let mut rest = self.attributes;
        while let Some(([kind @ .., high, low], behind)) = rest.split_first_chunk::<4>() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if u16::from_be_bytes(*kind) == wanted.0 {
                return Some(&behind[..length.min(behind.len())]);
            }
            rest = behind.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        }
        None
    }
}

/// Whether a datagram has the attribute of migration, and so is not for the library, whoever wrote it.
pub(crate) fn is_ours(datagram: &[u8]) -> bool {
    Stun::read(datagram).is_some_and(|it| it.has(NUMBER))
}

/// Whether a datagram is a binding request.
pub(crate) fn is_request(datagram: &[u8]) -> bool {
    Stun::read(datagram).is_some_and(|it| it.kind == BINDING_REQUEST)
}

/// The type of a binding request (RFC 8489, 5 and 18.2).
const BINDING_REQUEST: u16 = 0x0001;

/// Our attribute: eight bytes, big endian; zero in answers. Its type is one that an agent which does
/// not know it ignores (RFC 8489, 14), of those that anybody may have assigned (18.3).
pub(crate) const NUMBER: AttrType = AttrType(0xC07A);

/// The longest message that is looked at, bytes: ours and ICE checks take some 150, and user
/// fragments may have 256 characters each.
pub(crate) const MAX_MESSAGE: usize = 800;
