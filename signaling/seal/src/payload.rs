//! What is inside HELLO, REPLY and DATA once they are opened. Numbers are big-endian; what follows
//! the fields is padding, in which later versions may put more fields.

use zeroize::Zeroizing;

use crate::channel::PLAIN_OVERHEAD;
use crate::dropped::Dropped;
use crate::frame::{HANDSHAKE_FRAME_BYTES, HEADER_BYTES, class_of};
use crate::noise::{HELLO_OVERHEAD, REPLY_OVERHEAD};
use crate::version::{Agreement, Offer};
use crate::words::{Commitment, Nonce};

/// Bytes inside a HELLO.
pub(crate) const HELLO_BYTES: usize = HANDSHAKE_FRAME_BYTES - HEADER_BYTES - HELLO_OVERHEAD;

/// Bytes inside a REPLY.
pub(crate) const REPLY_BYTES: usize = HANDSHAKE_FRAME_BYTES - HEADER_BYTES - REPLY_OVERHEAD;

/// HELLO: what the initiator can, and its commitment.
#[derive(Debug)]
pub(crate) struct Hello {
    pub(crate) offer: Offer,
    pub(crate) commitment: Commitment,
}

/// REPLY: what the responder chose, and its random value.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) agreement: Agreement,
    pub(crate) nonce: Nonce,
}

/// DATA: a message of a conversation.
#[derive(Debug)]
pub(crate) struct Data<'a> {
    pub(crate) conversation: u64,
    /// The initiator's random value; in each DATA until the responder has sent one.
    pub(crate) reveal: Option<Nonce>,
    pub(crate) message: &'a [u8],
}

impl Hello {
    pub(crate) fn encode(&self) -> [u8; HELLO_BYTES] {
        let mut fields = Vec::with_capacity(HELLO_BYTES);
        self.offer.write(&mut fields);
        fields.extend(self.commitment.0);
        padded(&fields)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Dropped> {
        let (offer, rest) = Offer::read(bytes)?;
        let (commitment, _) = rest.split_first_chunk().ok_or(Dropped::Malformed)?;
        Ok(Self {
            offer,
            commitment: Commitment(*commitment),
        })
    }
}

impl Reply {
    pub(crate) fn encode(&self) -> Zeroizing<[u8; REPLY_BYTES]> {
        let mut fields = Zeroizing::new(Vec::with_capacity(REPLY_BYTES));
        fields.extend(self.agreement.version.to_be_bytes());
        fields.extend(self.agreement.features.to_be_bytes());
        fields.extend(self.nonce.as_bytes());
        Zeroizing::new(padded(&fields))
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Dropped> {
        let (version, rest) = bytes.split_first_chunk().ok_or(Dropped::Malformed)?;
        let (features, rest) = rest.split_first_chunk().ok_or(Dropped::Malformed)?;
        let (nonce, _) = rest.split_first_chunk().ok_or(Dropped::Malformed)?;
        Ok(Self {
            agreement: Agreement {
                version: u16::from_be_bytes(*version),
                features: u32::from_be_bytes(*features),
            },
            nonce: Nonce::from_bytes(nonce),
        })
    }
}

impl<'a> Data<'a> {
    /// Bytes before the message, at most.
    pub(crate) const OVERHEAD: usize = 1 + 8 + 2 + Nonce::BYTES;

    /// Padded so that the whole frame is as long as its class. `None` when no class is large enough.
    pub(crate) fn encode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let length = u16::try_from(self.message.len()).ok()?;
        let reveal = self
            .reveal
            .as_ref()
            .map_or(&[][..], |it| it.as_bytes().as_slice());
        let bytes = 1 + 8 + 2 + reveal.len() + self.message.len();
        let padded = class_of(PLAIN_OVERHEAD + bytes)? - PLAIN_OVERHEAD;
        let mut plain = Zeroizing::new(Vec::with_capacity(padded));
        plain.push(u8::from(self.reveal.is_some()));
        plain.extend(self.conversation.to_be_bytes());
        plain.extend(length.to_be_bytes());
        plain.extend(reveal);
        plain.extend(self.message);
        plain.resize(padded, 0);
        Some(plain)
    }

    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Dropped> {
        let (&[flags], rest) = bytes.split_first_chunk().ok_or(Dropped::Malformed)?;
        let (conversation, rest) = rest.split_first_chunk().ok_or(Dropped::Malformed)?;
        let (length, rest) = rest.split_first_chunk().ok_or(Dropped::Malformed)?;
        let (reveal, rest) = match flags {
            0 => (None, rest),
            1 => {
                let (nonce, rest) = rest.split_first_chunk().ok_or(Dropped::Malformed)?;
                (Some(Nonce::from_bytes(nonce)), rest)
            }
            _ => return Err(Dropped::Malformed),
        };
        let length = usize::from(u16::from_be_bytes(*length));
        Ok(Self {
            conversation: u64::from_be_bytes(*conversation),
            reveal,
            message: rest.get(..length).ok_or(Dropped::Malformed)?,
        })
    }
}

/// Fields and the padding behind them. They are shorter by construction.
fn padded<const N: usize>(fields: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    for (byte, field) in bytes.iter_mut().zip(fields) {
        *byte = *field;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MAX_MESSAGE_BYTES;

    #[test]
    fn a_message_fills_the_class_of_its_frame() {
        let frame_of = |message: &[u8]| {
            let data = Data {
                conversation: 7,
                reveal: Some(Nonce::from_bytes(&[9; 32])),
                message,
            };
            data.encode().map(|plain| plain.len() + PLAIN_OVERHEAD)
        };
        let room = 256 - PLAIN_OVERHEAD - Data::OVERHEAD;
        assert_eq!(frame_of(&[]), Some(256));
        assert_eq!(frame_of(&vec![1; room]), Some(256));
        assert_eq!(frame_of(&vec![1; room + 1]), Some(1024));
        assert_eq!(
            frame_of(&vec![1; MAX_MESSAGE_BYTES]),
            Some(signal_wire::MAX_PAYLOAD_BYTES)
        );
        assert_eq!(frame_of(&vec![1; MAX_MESSAGE_BYTES + 128]), None);
    }

    #[test]
    fn lengths_beyond_the_end_and_unknown_flags_are_refused() {
        let plain = Data {
            conversation: 7,
            reveal: None,
            message: b"hello",
        }
        .encode()
        .unwrap();
        let mut long = plain.clone();
        long[9..11].copy_from_slice(&u16::MAX.to_be_bytes());
        let mut flags = plain.clone();
        flags[0] = 2;
        for wrong in [&long[..], &flags[..], &plain[..10]] {
            assert!(Data::parse(wrong).is_err());
        }
    }

    proptest! {
        #[test]
        fn data_comes_back(
            conversation: u64,
            reveal: Option<[u8; 32]>,
            message in prop::collection::vec(any::<u8>(), 0..5000),
        ) {
            let data = Data { conversation, reveal: reveal.as_ref().map(Nonce::from_bytes), message: &message };
            let plain = data.encode().unwrap();
            let read = Data::parse(&plain).unwrap();
            prop_assert_eq!(read.conversation, conversation);
            prop_assert_eq!(read.reveal.map(|it| *it.as_bytes()), reveal);
            prop_assert_eq!(read.message, message);
        }

        #[test]
        fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _verdicts = (
                Hello::parse(&bytes).is_ok(),
                Reply::parse(&bytes).is_ok(),
                Data::parse(&bytes).is_ok(),
            );
        }

        #[test]
        fn the_contents_of_a_handshake_come_back(
            versions in prop::collection::vec(any::<u16>(), 1..=Offer::MAX_VERSIONS),
            features: u32,
            random: [u8; 32],
        ) {
            let offer = Offer { versions: versions.clone(), features };
            let hello = Hello { offer: offer.clone(), commitment: Commitment(random) };
            let read = Hello::parse(&hello.encode()).unwrap();
            prop_assert_eq!(read.offer, offer);
            prop_assert_eq!(read.commitment, hello.commitment);
            let agreement = Agreement { version: versions[0], features };
            let reply = Reply { agreement, nonce: Nonce::from_bytes(&random) };
            let read = Reply::parse(reply.encode().as_slice()).unwrap();
            prop_assert_eq!(read.agreement, agreement);
            prop_assert_eq!(*read.nonce.as_bytes(), random);
        }
    }
}
