//! Which STUN messages (RFC 8489) are those of migration, told by a look. Pure.

use rtc::stun::attributes::AttrType;
use rtc::stun::message::{MESSAGE_HEADER_SIZE, is_stun_message};

/// Whether a datagram has our attribute, and so is not for the library, whoever wrote it.
pub(crate) fn is_ours(datagram: &[u8]) -> bool {
    if !is_stun_message(datagram) {
        return false;
    }
    let mut rest = &datagram[MESSAGE_HEADER_SIZE..];
    while let Some((header, behind)) = rest.split_first_chunk::<4>() {
        let [typ @ .., a, b] = *header;
        if u16::from_be_bytes(typ) == NUMBER.0 {
            return true;
        }
        let length = usize::from(u16::from_be_bytes([a, b])).next_multiple_of(4);
        rest = behind.get(length..).unwrap_or_default();
    }
    false
}

/// Whether a datagram is a binding request.
pub(crate) fn is_request(datagram: &[u8]) -> bool {
    is_stun_message(datagram) && datagram[..2] == [0, 1]
}

/// Whether a datagram is a binding success response.
pub(super) fn is_answer(datagram: &[u8]) -> bool {
    is_stun_message(datagram) && datagram[..2] == [1, 1]
}

/// Our attribute: eight bytes, big endian; zero in answers. Its type is one that an agent which does
/// not know it ignores (RFC 8489, 14), of those that anybody may have assigned (18.3).
pub(crate) const NUMBER: AttrType = AttrType(0xC07A);

/// The longest message that is looked at, bytes: ours and ICE checks take some 150, and user
/// fragments may have 256 characters each.
pub(crate) const MAX_MESSAGE: usize = 800;
