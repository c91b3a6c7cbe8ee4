//! The messages of migration on the wire: STUN binding requests and answers (RFC 8489) under the
//! credentials of the session, with one attribute of ours. Pure but for randomness.

use std::net::SocketAddr;
use std::sync::Arc;

use rtc::crypto::{RTCCryptoProvider, default_provider};
use rtc::stun::attributes::{
    ATTR_MESSAGE_INTEGRITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, RawAttribute,
};
use rtc::stun::fingerprint::FINGERPRINT;
use rtc::stun::integrity::MessageIntegrity;
use rtc::stun::message::{
    BINDING_REQUEST, BINDING_SUCCESS, Message as Stun, MessageType, Setter, TransactionId,
};
use rtc::stun::textattrs::Username;
use rtc::stun::xoraddr::XorMappedAddress;

use super::credentials::Credentials;
use crate::peer::side::Side;
use crate::peer::stun::NUMBER;

/// What tells an answer apart from what others send: 96 bits that only who saw the request knows.
pub(super) type Transaction = [u8; 12];

/// A message of the other side, or of somebody who knows the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Request(Request),
    /// The answer to a request of ours.
    Answer(Transaction),
    /// A connectivity check of the ICE agent there, which is the library's to answer.
    IceCheck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) transaction: Transaction,
    /// Higher in each request than in all before it.
    pub(super) number: u64,
    /// Whether it asks to be sent to where it comes from.
    pub(super) nominates: bool,
}

/// Writes and reads messages.
pub(super) struct Codec {
    crypto: Arc<dyn RTCCryptoProvider>,
}

impl Codec {
    /// `None` when the library was built without cryptography.
    pub(super) fn new() -> Option<Self> {
        let crypto = default_provider().ok()?;
        Some(Self { crypto })
    }

    /// A request to the other side.
    pub(super) fn request(&self, credentials: &Credentials, request: &Request) -> Option<Vec<u8>> {
        let Credentials { ours, theirs } = credentials;
        let username = format!("{}:{}", theirs.ufrag, ours.ufrag);
        let mut setters: Vec<Box<dyn Setter + '_>> = vec![
            Box::new(Username::new(ATTR_USERNAME, username)),
            Box::new(number(request.number)),
        ];
        if request.nominates {
            setters.push(Box::new(RawAttribute {
                typ: ATTR_USE_CANDIDATE,
                ..RawAttribute::default()
            }));
        }
        self.message(BINDING_REQUEST, request.transaction, setters, theirs)
    }

    /// The answer to a request of the other side that came from `source`.
    pub(super) fn answer(
        &self,
        credentials: &Credentials,
        transaction: Transaction,
        source: SocketAddr,
    ) -> Option<Vec<u8>> {
        let mapped = XorMappedAddress {
            ip: source.ip(),
            port: source.port(),
        };
        let setters: Vec<Box<dyn Setter + '_>> = vec![Box::new(mapped), Box::new(number(0))];
        self.message(BINDING_SUCCESS, transaction, setters, &credentials.ours)
    }

    fn message(
        &self,
        typ: MessageType,
        transaction: Transaction,
        attributes: Vec<Box<dyn Setter + '_>>,
        key: &Side,
    ) -> Option<Vec<u8>> {
        let password = key.password.clone();
        let crypto = self.crypto.crypto();
        let integrity = MessageIntegrity::new_short_term_integrity_with_provider(password, crypto);
        let mut setters: Vec<Box<dyn Setter + '_>> =
            vec![Box::new(typ), Box::new(TransactionId(transaction))];
        setters.extend(attributes);
        setters.push(Box::new(integrity));
        setters.push(Box::new(FINGERPRINT));
        let mut message = Stun::new();
        message.build(&setters).ok()?;
        Some(message.raw)
    }

    /// What a datagram says; `None` when it is not authentic, or something else.
    pub(super) fn read(&self, credentials: &Credentials, datagram: &[u8]) -> Option<Message> {
        let Credentials { ours, theirs } = credentials;
        let mut message = Stun {
            raw: datagram.to_vec(),
            ..Stun::default()
        };
        message.decode().ok()?;
        let key = match message.typ {
            BINDING_REQUEST => ours,
            BINDING_SUCCESS => theirs,
            _ => return None,
        };
        MessageIntegrity::check(&mut message, key.password.as_bytes(), self.crypto.crypto())
            .ok()?;

        // What stands behind the integrity is anybody's (RFC 8489, 14.5).
        let attributes = message.attributes.0.iter();
        let protected: Vec<_> = attributes
            .take_while(|it| it.typ != ATTR_MESSAGE_INTEGRITY)
            .collect();
        let value = |typ| {
            let attribute = protected.iter().find(|it| it.typ == typ)?;
            Some(attribute.value.as_slice())
        };
        let number = value(NUMBER).and_then(|it| it.first_chunk());
        let transaction = message.transaction_id.0;
        if message.typ == BINDING_SUCCESS {
            return number.map(|_| Message::Answer(transaction));
        }
        let username = format!("{}:{}", ours.ufrag, theirs.ufrag);
        if value(ATTR_USERNAME) != Some(username.as_bytes()) {
            return None;
        }
        Some(number.map_or(Message::IceCheck, |number| {
            Message::Request(Request {
                transaction,
                number: u64::from_be_bytes(*number),
                nominates: value(ATTR_USE_CANDIDATE).is_some(),
            })
        }))
    }
}

/// A transaction that nobody can guess.
pub(super) fn random_transaction() -> Transaction {
    TransactionId::new().0
}

fn number(number: u64) -> RawAttribute {
    RawAttribute {
        typ: NUMBER,
        value: number.to_be_bytes().to_vec(),
        ..RawAttribute::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::peer::stun::{MAX_MESSAGE, is_ours, is_request};

    fn side(ufrag: &str, fill: char) -> Side {
        Side {
            ufrag: ufrag.to_owned(),
            password: fill.to_string().repeat(22),
        }
    }

    /// The credentials as the two sides have them.
    fn both() -> [Credentials; 2] {
        let (ours, theirs) = (side("ours", 'a'), side("theirs", 'b'));
        let mirrored = Credentials {
            ours: theirs.clone(),
            theirs: ours.clone(),
        };
        [Credentials { ours, theirs }, mirrored]
    }

    const REQUEST: Request = Request {
        transaction: [7; 12],
        number: 258,
        nominates: true,
    };

    fn source() -> SocketAddr {
        "192.0.2.1:4000".parse().unwrap()
    }

    #[test]
    fn the_other_side_reads_what_this_one_writes() {
        let ([ours, theirs], codec) = (both(), Codec::new().unwrap());
        for nominates in [false, true] {
            let request = Request {
                nominates,
                ..REQUEST
            };
            let bytes = codec.request(&ours, &request).unwrap();
            assert!(is_ours(&bytes) && is_request(&bytes) && bytes.len() < MAX_MESSAGE);
            assert_eq!(codec.read(&theirs, &bytes), Some(Message::Request(request)));
            assert_eq!(codec.read(&ours, &bytes), None, "it is not for who sent it");
        }
        let answer = codec.answer(&theirs, [7; 12], source()).unwrap();
        assert!(is_ours(&answer) && !is_request(&answer));
        assert_eq!(codec.read(&ours, &answer), Some(Message::Answer([7; 12])));
    }

    #[test]
    fn a_bit_that_is_changed_anywhere_is_noticed() {
        let ([ours, theirs], codec) = (both(), Codec::new().unwrap());
        let bytes = codec.request(&ours, &REQUEST).unwrap();
        // What is behind the integrity is not protected, and not looked at.
        // Nor is the length, which says where that begins.
        let protected = (0..bytes.len() - 8).filter(|at| !(2..4).contains(at));
        for at in protected.flat_map(|at| at * 8..at * 8 + 8) {
            let mut forged = bytes.clone();
            forged[at / 8] ^= 1 << (at % 8);
            assert_eq!(codec.read(&theirs, &forged), None, "bit {at}");
        }
    }

    #[test]
    fn what_is_appended_to_an_authentic_check_counts_for_nothing() {
        let ([ours, theirs], codec) = (both(), Codec::new().unwrap());
        let username = "theirs:ours".to_owned();
        let check = codec.message(
            BINDING_REQUEST,
            [7; 12],
            vec![Box::new(Username::new(ATTR_USERNAME, username))],
            &ours.theirs,
        );
        let check = check.unwrap();
        assert!(!is_ours(&check));
        assert_eq!(codec.read(&theirs, &check), Some(Message::IceCheck));
        let mut more = Stun {
            raw: check,
            ..Stun::default()
        };
        more.decode().unwrap();
        number(9).add_to(&mut more).unwrap();
        assert!(is_ours(&more.raw));
        assert_eq!(codec.read(&theirs, &more.raw), Some(Message::IceCheck));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            at in 0usize..200,
        ) {
            let ([ours, theirs], codec) = (both(), Codec::new().unwrap());
            let _ = (is_ours(&bytes), is_request(&bytes), codec.read(&ours, &bytes));
            // Behind an honest beginning.
            let mut mixed = codec.request(&ours, &REQUEST).unwrap();
            mixed.splice(at.min(mixed.len()).., bytes);
            let _ = (is_ours(&mixed), codec.read(&theirs, &mixed));
        }
    }
}
