//! What two sessions say to each other over the server's data channel: greetings, until each has
//! heard the other, and then the messages of the call. In the payload of our control packets, which
//! are encrypted; so whoever passes them on can lose and repeat, and a repetition has to show.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use media::transport::Streams;

use super::e2ee::Beginning;

/// One of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Speech {
    /// Is somebody there? With a number that only this greeting has.
    Greeting { number: u64, frames: Frames },
    /// The greeting of this number was heard.
    Answer { number: u64, frames: Frames },
    /// Of the call.
    Message {
        /// Higher than that of all before it.
        number: u64,
        content: Bytes,
    },
}

/// How the frames of whoever says it are known: those of each stream by what their IVs begin with,
/// or `None`: its program numbers no frames.
pub(super) type Frames = Option<Streams<Beginning>>;

/// Never shows what is said.
impl fmt::Debug for Speech {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greeting { number, .. } => write!(formatter, "Greeting({number})"),
            Self::Answer { number, .. } => write!(formatter, "Answer({number})"),
            Self::Message { number, .. } => write!(formatter, "Message({number})"),
        }
    }
}

impl Speech {
    pub(super) fn to_bytes(&self) -> Bytes {
        let mut bytes = BytesMut::new();
        match self {
            Self::Greeting { number, frames } => {
                bytes.put_u8(GREETING);
                bytes.put_u64(*number);
                put_frames(&mut bytes, frames);
            }
            Self::Answer { number, frames } => {
                bytes.put_u8(ANSWER);
                bytes.put_u64(*number);
                put_frames(&mut bytes, frames);
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
        let frames = || read_frames(rest.get(size_of::<u64>()..)?);
        match kind {
            GREETING => frames().map(|frames| Self::Greeting { number, frames }),
            ANSWER => frames().map(|frames| Self::Answer { number, frames }),
            MESSAGE => Some(Self::Message {
                number,
                content: bytes.slice(HEADER..),
            }),
            _ => None,
        }
    }
}

fn put_frames(bytes: &mut BytesMut, frames: &Frames) {
    for (_, beginning) in frames.iter().flat_map(Streams::iter) {
        bytes.put_slice(&beginning.0);
    }
}

/// `None` for what makes no sense. What a later version may say behind it means nothing here.
fn read_frames(bytes: &[u8]) -> Option<Frames> {
    if bytes.is_empty() {
        return Some(None);
    }
    let (of_streams, _) = bytes.as_chunks::<{ Beginning::BYTES }>();
    let beginnings: [_; 4] = *of_streams.first_chunk()?;
    Some(Some(Streams::from(beginnings.map(Beginning))))
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
        let frames = Some(Streams::from([1, 2, 3, 4].map(|it| Beginning([it; 7]))));
        let all = [
            Speech::Greeting {
                number: 1,
                frames: None,
            },
            Speech::Greeting { number: 1, frames },
            Speech::Answer {
                number: u64::MAX,
                frames,
            },
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
            &[1; 9 + 27],
        ] {
            assert!(Speech::from_bytes(other.to_vec()).is_none());
        }
    }
}
