//! Frames as they travel: format, kind, session, body. The table is in the crate's documentation.

use std::fmt;

use signal_wire::MAX_PAYLOAD_BYTES;

use crate::dropped::Dropped;

/// The first byte of every frame. A call message that is not sealed begins with `{`.
pub(crate) const FORMAT: u8 = 1;

/// Format, kind and session.
pub(crate) const HEADER_BYTES: usize = 2 + SessionId::BYTES;

/// HELLO, REPLY and REJECT have one length, so that it tells nothing.
pub(crate) const HANDSHAKE_FRAME_BYTES: usize = CLASSES[0];

/// The lengths that DATA frames have. Each is four times the one before: few, so that a length tells
/// little, and close enough that a frame is at most four times as long as what is in it.
const CLASSES: [usize; 5] = [256, 1024, 4096, 16 * 1024, MAX_PAYLOAD_BYTES];

/// Names a session; chosen at random by its initiator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionId(pub(crate) [u8; Self::BYTES]);

impl SessionId {
    pub(crate) const BYTES: usize = 16;
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Initiator: the first message of a handshake.
    Hello,
    /// Responder: its second and last message.
    Reply,
    /// Either: a sealed message.
    Data,
    /// Either: I know of no such session. A hint that anybody could have made.
    Reset,
    /// Responder: I speak none of your versions. Signed.
    Reject,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Hello => 1,
            Self::Reply => 2,
            Self::Data => 3,
            Self::Reset => 4,
            Self::Reject => 5,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Hello),
            2 => Some(Self::Reply),
            3 => Some(Self::Data),
            4 => Some(Self::Reset),
            5 => Some(Self::Reject),
            _ => None,
        }
    }

    /// Whether frames of this kind can be `bytes` long.
    fn has_length(self, bytes: usize) -> bool {
        match self {
            Self::Hello | Self::Reply | Self::Reject => bytes == HANDSHAKE_FRAME_BYTES,
            Self::Data => CLASSES.contains(&bytes),
            Self::Reset => bytes == HEADER_BYTES,
        }
    }
}

/// A frame that was read, not opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: Kind,
    pub(crate) session: SessionId,
    /// What follows the header.
    pub(crate) body: &'a [u8],
    /// All of it.
    pub(crate) whole: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads a stranger's bytes.
    pub(crate) fn parse(whole: &'a [u8]) -> Result<Self, Dropped> {
        match whole.first() {
            Some(&FORMAT) => {}
            Some(b'{') => return Err(Dropped::Plain),
            Some(_) => return Err(Dropped::Format),
            None => return Err(Dropped::Length),
        }
        let (header, body) = whole
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or(Dropped::Length)?;
        let [_, kind, session @ ..] = *header;
        let kind = Kind::of(kind).ok_or(Dropped::Kind)?;
        if !kind.has_length(whole.len()) {
            return Err(Dropped::Length);
        }
        Ok(Self {
            kind,
            session: SessionId(session),
            body,
            whole,
        })
    }
}

/// Whether bytes are a HELLO by their form: what follows them is nothing to whoever has not seen it.
#[must_use]
pub fn begins_session(bytes: &[u8]) -> bool {
    Frame::parse(bytes).is_ok_and(|it| it.kind == Kind::Hello)
}

/// The beginning of a frame with room for the rest.
pub(crate) fn begin(kind: Kind, session: SessionId, length: usize) -> Vec<u8> {
    let mut frame = Vec::with_capacity(length);
    frame.extend([FORMAT, kind.byte()]);
    frame.extend(session.0);
    frame
}

/// The length of the smallest class that a frame of `bytes` fits into.
pub(crate) fn class_of(bytes: usize) -> Option<usize> {
    CLASSES.into_iter().find(|class| bytes <= *class)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SESSION: SessionId = SessionId([7; 16]);

    fn frame(kind: Kind, length: usize) -> Vec<u8> {
        let mut frame = begin(kind, SESSION, length);
        frame.resize(length, 0);
        frame
    }

    #[test]
    fn plain_messages_and_other_formats_are_told_apart() {
        let refused = |bytes: &[u8]| Frame::parse(bytes).map(|_| ()).unwrap_err();
        assert_eq!(refused(br#"{"v":1,"call":"00"}"#), Dropped::Plain);
        assert_eq!(refused(b""), Dropped::Length);
        assert_eq!(refused(&[FORMAT; 17]), Dropped::Length);
        assert_eq!(refused(&[2; 256]), Dropped::Format);
        let mut unknown = frame(Kind::Data, 256);
        unknown[1] = 6;
        assert_eq!(refused(&unknown), Dropped::Kind);
    }

    #[test]
    fn each_kind_has_its_lengths_and_no_others() {
        for length in 0..2000 {
            let taken = |kind| Frame::parse(&frame(kind, length.max(18))).is_ok();
            let length = length.max(18);
            assert_eq!(taken(Kind::Reset), length == 18);
            assert_eq!(taken(Kind::Data), length == 256 || length == 1024);
            for kind in [Kind::Hello, Kind::Reply, Kind::Reject] {
                assert_eq!(taken(kind), length == 256);
            }
        }
    }

    #[test]
    fn classes_are_the_documented_ones() {
        let cases = [
            (0, Some(256)),
            (256, Some(256)),
            (257, Some(1024)),
            (1025, Some(4096)),
            (4097, Some(16_384)),
            (16_385, Some(MAX_PAYLOAD_BYTES)),
            (MAX_PAYLOAD_BYTES, Some(MAX_PAYLOAD_BYTES)),
            (MAX_PAYLOAD_BYTES + 1, None),
        ];
        for (bytes, class) in cases {
            assert_eq!(class_of(bytes), class, "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _verdict = Frame::parse(&bytes);
        }

        #[test]
        fn nearly_frames_are_judged(kind in 0_u8..8, length in 0_usize..600) {
            let mut bytes = vec![0; length];
            for (at, value) in [FORMAT, kind].into_iter().enumerate() {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            if let Ok(read) = Frame::parse(&bytes) {
                prop_assert_eq!(read.body.len() + HEADER_BYTES, bytes.len());
                prop_assert_eq!(read.kind.byte(), kind);
            }
        }
    }
}
