//! The requests and answers of a look at a server: Binding (RFC 8489), Allocate and Refresh
//! (RFC 8656) under long-term credentials. Pure, and fed with the bytes of anybody.

use std::net::SocketAddr;

use rtc::crypto::default_provider;
use rtc::stun::attributes::{
    ATTR_LIFETIME, ATTR_NONCE, ATTR_REALM, ATTR_REQUESTED_TRANSPORT, ATTR_USERNAME,
    ATTR_XOR_RELAYED_ADDRESS, AttrType, RawAttribute,
};
use rtc::stun::error_code::ErrorCodeAttribute;
use rtc::stun::integrity::MessageIntegrity;
use rtc::stun::message::{
    BINDING_REQUEST, BINDING_SUCCESS, CLASS_ERROR_RESPONSE, CLASS_REQUEST, CLASS_SUCCESS_RESPONSE,
    Getter, METHOD_ALLOCATE, METHOD_REFRESH, Message, MessageType, Setter, TransactionId,
};
use rtc::stun::textattrs::TextAttribute;
use rtc::stun::xoraddr::XorMappedAddress;

/// What tells the answer to a request apart from what others send.
pub(super) type Transaction = [u8; 12];

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// How it sees us.
    Mapped(SocketAddr),
    /// It relays for us; and how it sees us, if it says so.
    Allocated(Option<SocketAddr>),
    /// It wants to know who asks (RFC 8489, 9.2.4), or to hear it again with another nonce.
    Challenge(Challenge),
    /// It refuses, with this code (RFC 8489, 14.8).
    Refused(u16),
}

/// What has to be said back with the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    realm: String,
    nonce: String,
}

/// Who asks.
#[derive(Clone, Copy)]
pub(super) struct Account<'a> {
    pub(super) username: &'a str,
    pub(super) credential: &'a str,
}

/// Asks how a server sees us.
pub(super) fn binding(transaction: Transaction) -> Option<Vec<u8>> {
    build(BINDING_REQUEST, transaction, Vec::new(), None)
}

/// Asks a server to relay UDP for us.
pub(super) fn allocate(
    transaction: Transaction,
    proof: Option<(Account<'_>, &Challenge)>,
) -> Option<Vec<u8>> {
    let udp = raw(ATTR_REQUESTED_TRANSPORT, &[UDP, 0, 0, 0]);
    let kind = MessageType::new(METHOD_ALLOCATE, CLASS_REQUEST);
    build(kind, transaction, vec![udp], proof)
}

/// Gives an allocation back (RFC 8656, 7).
pub(super) fn release(
    transaction: Transaction,
    proof: (Account<'_>, &Challenge),
) -> Option<Vec<u8>> {
    let now = raw(ATTR_LIFETIME, &[0; 4]);
    let kind = MessageType::new(METHOD_REFRESH, CLASS_REQUEST);
    build(kind, transaction, vec![now], Some(proof))
}

fn build(
    kind: MessageType,
    transaction: Transaction,
    attributes: Vec<RawAttribute>,
    proof: Option<(Account<'_>, &Challenge)>,
) -> Option<Vec<u8>> {
    let crypto = default_provider().ok()?;
    let mut setters: Vec<Box<dyn Setter + '_>> =
        vec![Box::new(kind), Box::new(TransactionId(transaction))];
    for attribute in attributes {
        setters.push(Box::new(attribute));
    }
    if let Some((account, challenge)) = proof {
        let (name, realm) = (account.username.to_owned(), challenge.realm.clone());
        for (kind, text) in [
            (ATTR_USERNAME, &name),
            (ATTR_REALM, &realm),
            (ATTR_NONCE, &challenge.nonce),
        ] {
            setters.push(Box::new(TextAttribute::new(kind, text.clone())));
        }
        let integrity = MessageIntegrity::new_long_term_integrity_with_provider(
            name,
            realm,
            account.credential.to_owned(),
            crypto.crypto(),
        );
        setters.push(Box::new(integrity.ok()?));
    }
    let mut message = Message::new();
    message.build(&setters).ok()?;
    Some(message.raw)
}

fn raw(typ: AttrType, value: &[u8]) -> RawAttribute {
    RawAttribute {
        typ,
        value: value.to_vec(),
        ..RawAttribute::default()
    }
}

/// What a datagram answers, and to which request; `None` when it is something else. Nothing proves
/// that it comes from the server but the transaction, which is enough for a look.
pub(super) fn read(datagram: &[u8]) -> Option<(Transaction, Reply)> {
    let mut message = Message {
        raw: datagram.get(..datagram.len().min(LONGEST))?.to_vec(),
        ..Message::default()
    };
    message.decode().ok()?;
    let reply = match (message.typ.method, message.typ.class) {
        (METHOD_ALLOCATE, CLASS_SUCCESS_RESPONSE) => {
            // Without it, it relays nothing (RFC 8656, 7.3).
            message.get(ATTR_XOR_RELAYED_ADDRESS).ok()?;
            Reply::Allocated(mapped(&message))
        }
        (METHOD_ALLOCATE, CLASS_ERROR_RESPONSE) => refusal(&message)?,
        _ if message.typ == BINDING_SUCCESS => Reply::Mapped(mapped(&message)?),
        _ => return None,
    };
    Some((message.transaction_id.0, reply))
}

fn mapped(message: &Message) -> Option<SocketAddr> {
    let mut mapped = XorMappedAddress::default();
    mapped.get_from(message).ok()?;
    Some(SocketAddr::new(mapped.ip, mapped.port))
}

fn refusal(message: &Message) -> Option<Reply> {
    let mut error = ErrorCodeAttribute::default();
    error.get_from(message).ok()?;
    let text = |kind| TextAttribute::get_from_as(message, kind).ok();
    Some(match (error.code.0, text(ATTR_REALM), text(ATTR_NONCE)) {
        (UNAUTHENTICATED | STALE_NONCE, Some(realm), Some(nonce)) => Reply::Challenge(Challenge {
            realm: realm.text,
            nonce: nonce.text,
        }),
        (code, _, _) => Reply::Refused(code),
    })
}

/// Codes of RFC 8489, 14.8, and RFC 8656, 19.
pub(super) const UNAUTHENTICATED: u16 = 401;
pub(super) const WRONG_CREDENTIALS: u16 = 441;
const STALE_NONCE: u16 = 438;

/// The protocol number of UDP (RFC 8656, 18.7).
const UDP: u8 = 17;

/// The longest answer that is looked at, bytes: realm and nonce have at most 763 each.
pub(super) const LONGEST: usize = 2048;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRANSACTION: Transaction = [7; 12];

    #[test]
    fn a_binding_request_is_a_bare_header() {
        let request = binding(TRANSACTION).unwrap();
        let header = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        assert_eq!(request, [&header[..], &TRANSACTION].concat());
    }

    #[test]
    fn an_answer_tells_how_we_look_from_outside() {
        // 192.0.2.1:32853, as in RFC 5769, 2.2.
        let answer = [
            &[1, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42][..],
            &TRANSACTION,
            &[0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43],
        ]
        .concat();
        let seen = "192.0.2.1:32853".parse().unwrap();
        assert_eq!(read(&answer), Some((TRANSACTION, Reply::Mapped(seen))));
        assert_eq!(read(&answer[..answer.len() - 1]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_attributes_are_an_answer_or_none(
            kind in prop::sample::select(vec![0x0101_u16, 0x0103, 0x0113, 0x0111]),
            attributes in prop::collection::vec(
                (prop::sample::select(vec![0x20_u16, 0x16, 9, 0x14, 0x15]), any::<Vec<u8>>()), 0..4),
        ) {
            let mut body = Vec::new();
            for (kind, value) in &attributes {
                body.extend(kind.to_be_bytes());
                body.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
                body.extend(value);
                body.resize(body.len().next_multiple_of(4), 0);
            }
            let mut bytes = kind.to_be_bytes().to_vec();
            bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
            bytes.extend([0x21, 0x12, 0xa4, 0x42]);
            bytes.extend(TRANSACTION);
            bytes.extend(body);
            let _ = read(&bytes);
        }
    }
}
