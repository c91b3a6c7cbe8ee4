//! What two sessions say to each other over the server's data channel: greetings, until each has
//! heard the other, and then the messages of the call. In the payload of our control packets.

use bytes::Bytes;

/// One of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Speech {
    /// Is somebody there?
    Greeting,
    /// A greeting was heard.
    Answer,
    /// Of the call.
    Message(Bytes),
}

impl Speech {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Greeting => vec![GREETING],
            Self::Answer => vec![ANSWER],
            Self::Message(message) => [&[MESSAGE], &message[..]].concat(),
        }
    }

    /// `None` for what a later version may say.
    pub(super) fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let bytes = Bytes::from(bytes);
        match *bytes.first()? {
            GREETING => Some(Self::Greeting),
            ANSWER => Some(Self::Answer),
            MESSAGE => Some(Self::Message(bytes.slice(1..))),
            _ => None,
        }
    }
}

const GREETING: u8 = 0;
const ANSWER: u8 = 1;
const MESSAGE: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard() {
        let message = || Speech::Message(Bytes::from_static(b"mute"));
        for said in [Speech::Greeting, Speech::Answer, message()] {
            assert!(Speech::from_bytes(said.to_bytes()) == Some(said));
        }
        assert!(Speech::from_bytes(Vec::new()).is_none());
        assert!(Speech::from_bytes(vec![9]).is_none());
    }
}
