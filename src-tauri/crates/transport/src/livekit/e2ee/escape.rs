//! Emulation prevention (ITU-T H.264, 7.4.1): no start code inside of a NAL unit.

/// Puts a 3 before each byte up to 3 that follows two zeros.
pub(super) fn escape(bytes: &[u8], into: &mut Vec<u8>) {
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte <= ESCAPE {
            into.push(ESCAPE);
            zeros = 0;
        }
        into.push(byte);
        zeros = if byte == 0 { zeros + 1 } else { 0 };
    }
}

/// Takes out each 3 that follows two zeros.
pub(super) fn unescape(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte == ESCAPE {
            zeros = 0;
            continue;
        }
        plain.push(byte);
        zeros = if byte == 0 { zeros + 1 } else { 0 };
    }
    plain
}

const ESCAPE: u8 = 3;
