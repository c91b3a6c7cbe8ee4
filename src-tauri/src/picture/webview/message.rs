//! What goes over the picture socket: a header and a raw picture one way, a number back.

use media::picture::Picture;

/// Which picture a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum StreamKind {
    /// Our own.
    Local = 0,
    /// The other side's.
    Remote = 1,
    /// The other side's shared screen.
    Screen = 2,
}

/// Bytes before the picture: stream, width, height and sequence, each 32 bits, little-endian.
pub(super) const HEADER: usize = 16;

/// One message: the header, then the planes Y, U, V as [`Picture::data`] has them. `sequence`
/// counts the messages of one connection.
pub(super) fn encode(stream: StreamKind, sequence: u32, picture: &Picture) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER + picture.data().len());
    for number in [
        stream as u32,
        picture.size().width,
        picture.size().height,
        sequence,
    ] {
        message.extend_from_slice(&number.to_le_bytes());
    }
    message.extend_from_slice(picture.data());
    message
}

/// The sequence that the page has drawn, or `None` for anything that is no acknowledgement.
pub(super) fn acknowledged(message: &[u8]) -> Option<u32> {
    message.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use media::units::Size;

    use super::*;

    #[test]
    fn a_message_is_a_header_and_the_planes() {
        let message = encode(
            StreamKind::Remote,
            0x0102_0304,
            &Picture::black(Size::new(4, 2)),
        );
        assert_eq!(
            message[..HEADER],
            [1, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 4, 3, 2, 1]
        );
        assert_eq!(
            message[HEADER..],
            [16, 16, 16, 16, 16, 16, 16, 16, 128, 128, 128, 128]
        );
    }

    #[test]
    fn an_acknowledgement_is_four_bytes() {
        assert_eq!(acknowledged(&[4, 3, 2, 1]), Some(0x0102_0304));
        assert_eq!(acknowledged(&[]), None);
        assert_eq!(acknowledged(&[1, 2, 3, 4, 5]), None);
    }
}
