//! What two sessions say to each other over the server's data channel: greetings, until each has
//! heard the other, and then the messages of the call. In the payload of our control packets, which
//! are encrypted; so whoever passes them on can lose and repeat, and a repetition has to show.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

/// One of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Speech {
    /// Is somebody there? With a number that only this greeting has.
    Greeting(u64),
    /// The greeting of this number was heard.
    Answer(u64),
    /// Of the call.
    Message {
        /// Higher than that of all before it.
        number: u64,
        content: Bytes,
    },
}

/// Never shows what is said.
impl fmt::Debug for Speech {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greeting(number) => write!(formatter, "Greeting({number})"),
            Self::Answer(number) => write!(formatter, "Answer({number})"),
            Self::Message { number, .. } => write!(formatter, "Message({number})"),
        }
    }
}

impl Speech {
    pub(super) fn to_bytes(&self) -> Bytes {
        let mut bytes = BytesMut::new();
        match self {
            Self::Greeting(number) => {
                bytes.put_u8(GREETING);
                bytes.put_u64(*number);
            }
            Self::Answer(number) => {
                bytes.put_u8(ANSWER);
                bytes.put_u64(*number);
            }
            Self::Message { number, content } => {
                bytes.put_u8(MESSAGE);
                bytes.put_u64(*number);
                bytes.put_slice(content);
            }
        }
        bytes.freeze()
    }

    /// `None` for what a later version may say.
    pub(super) fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let bytes = Bytes::from(bytes);
        let (&kind, rest) = bytes.split_first()?;
        let number = u64::from_be_bytes(*rest.first_chunk()?);
        match kind {
            GREETING => Some(Self::Greeting(number)),
            ANSWER => Some(Self::Answer(number)),
            MESSAGE => Some(Self::Message {
                number,
                content: bytes.slice(HEADER..),
            }),
            _ => None,
        }
    }
}

const GREETING: u8 = 0;
const ANSWER: u8 = 1;
const MESSAGE: u8 = 2;
/// The kind and the number.
const HEADER: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard() {
        let message = |content| Speech::Message {
            number: 7,
            content: Bytes::from_static(content),
        };
        let all = [
            Speech::Greeting(1),
            Speech::Answer(u64::MAX),
            message(b"mute"),
            message(b""),
        ];
        for said in all {
            assert!(Speech::from_bytes(said.to_bytes().to_vec()) == Some(said));
        }
        for other in [
            &[][..],
            &[0],
            &[2, 0, 0, 0, 0, 0, 0, 0],
            &[9, 0, 0, 0, 0, 0, 0, 0, 1],
        ] {
            assert!(Speech::from_bytes(other.to_vec()).is_none());
        }
    }
}
