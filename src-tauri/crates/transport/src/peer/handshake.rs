//! Keeps repeated DTLS handshake messages from the library, which stop its timer of retransmissions.
//!
//! The library's handshaker (rtc-dtls 0.21.1, `handshaker.rs`, `wait`) disarms its timer at every
//! handshake message that it receives, and arms it again only with the next flight that it sends.
//! A repeated message or a part of a flight brings no next flight, so that side is silent from then
//! on. When both sides are, each waits for the other and the handshake never ends: the client has
//! lost a part of the server's flight, and has disarmed the server by repeating its own hello.
//!
//! A repeated message says nothing that RFC 6347, 4.2.4 would want an answer to, except where the
//! answer is the only retransmission there is: the server's HelloVerifyRequest, and its last
//! flight. Without the others one timer always runs. A side is disarmed by new messages alone, and
//! then the other side waits for an answer to them, has received nothing new, and repeats them.
//!
//! Pure, and fed with the bytes of anybody: what is kept of them is bounded.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Follows the handshake of one session.
#[derive(Debug)]
pub(crate) struct Handshake {
    stage: Stage,
    /// Hashes of the handshake messages that were received, with their numbers and offsets.
    received: HashSet<u64>,
}

/// Whether repeated messages of the other side are kept from the library.
///
/// ```text
/// Open ─ we send ClientHello ─▶ Client
/// Open ─ we send ServerHello ─▶ Server ─ we send ChangeCipherSpec ─▶ Answered
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// They pass: a server that has verified no client answers each hello.
    Open,
    /// They do not: the client repeats its flights by its timer.
    Client,
    /// They do not: the server repeats its long flight by its timer.
    Server,
    /// They pass: they are what the server repeats its last flight for.
    Answered,
}

impl Handshake {
    pub(crate) fn new() -> Self {
        Self {
            stage: Stage::Open,
            received: HashSet::new(),
        }
    }

    /// Notes a datagram that is sent.
    pub(crate) fn sent(&mut self, datagram: &[u8]) {
        for record in records(datagram) {
            self.stage = match (self.stage, record) {
                (Stage::Open, Record::Message([CLIENT_HELLO, ..])) => Stage::Client,
                (Stage::Open, Record::Message([SERVER_HELLO, ..])) => Stage::Server,
                (Stage::Server, Record::ChangeCipherSpec) => Stage::Answered,
                (stage, _) => stage,
            };
        }
    }

    /// Notes a datagram that was received, not in a frame of a TURN server; returns whether the library is to see it.
    pub(crate) fn admits(&mut self, datagram: &[u8]) -> bool {
        let mut repeats = false;
        let mut news = false;
        for record in records(datagram) {
            match record {
                Record::Message(message) if self.is_repeated(message) => repeats = true,
                Record::Message(_) | Record::ChangeCipherSpec | Record::Other => news = true,
            }
        }
        match self.stage {
            Stage::Open | Stage::Answered => true,
            Stage::Client | Stage::Server => news || !repeats,
        }
    }

    /// Whether a message was received before; keeps that it was received.
    fn is_repeated(&mut self, message: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        message.hash(&mut hasher);
        let hash = hasher.finish();
        if self.received.len() == MOST_MESSAGES {
            return self.received.contains(&hash);
        }
        !self.received.insert(hash)
    }
}

/// A DTLS record, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Record<'a> {
    /// Handshake messages in clear, or a fragment of one, with their headers.
    Message(&'a [u8]),
    ChangeCipherSpec,
    Other,
}

/// The DTLS records of a datagram, each with its header. Nothing of what comes over TURN.
pub(crate) fn split(datagram: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let header = rest.first_chunk::<HEADER>()?;
        let length = HEADER + usize::from(u16::from_be_bytes([header[11], header[12]]));
        let (record, behind) = rest.split_at_checked(length)?;
        rest = behind;
        (20..64).contains(&record[0]).then_some(record)
    })
}

/// Whether a record is an alert in clear, which nothing authenticates (RFC 6347, 4.1.2.7).
pub(crate) fn is_clear_alert(record: &[u8]) -> bool {
    matches!(record, [ALERT, _, _, 0, 0, ..])
}

/// Whether a record is of an epoch with keys. Until it has them, the library keeps it.
pub(crate) fn is_of_later_epoch(record: &[u8]) -> bool {
    !matches!(record, [_, _, _, 0, 0, ..])
}

/// The DTLS records of a datagram (RFC 6347, 4.1); none when it holds something else.
fn records(datagram: &[u8]) -> impl Iterator<Item = Record<'_>> {
    split(datagram).map(|record| match (record[0], &record[3..5]) {
        (HANDSHAKE, [0, 0]) => Record::Message(&record[HEADER..]),
        (CHANGE_CIPHER_SPEC, _) => Record::ChangeCipherSpec,
        _ => Record::Other,
    })
}

/// Type, version (2), epoch (2), sequence number (6) and length (2) of a record (RFC 6347, 4.1).
const HEADER: usize = 13;

/// Content types (RFC 5246, 6.2.1).
const CHANGE_CIPHER_SPEC: u8 = 20;
pub(crate) const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// Types of handshake messages (RFC 5246, 7.4).
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// How many messages are told apart: a handshake has a dozen, each in two fragments at most. What
/// comes beyond passes.
const MOST_MESSAGES: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A record; each has another sequence number, also when it is repeated.
    fn record(kind: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
        let sequence: u8 = body.iter().fold(kind, |sum, it| sum.wrapping_add(*it));
        let header = [kind, 254, 253, 0, epoch, 0, 0, 0, 0, 0, sequence];
        let length = (body.len() as u16).to_be_bytes();
        [&header[..], &length, body].concat()
    }

    fn message(kind: u8, number: u8) -> Vec<u8> {
        record(
            HANDSHAKE,
            0,
            &[kind, 0, 0, 2, 0, number, 0, 0, 0, 0, 0, 2, 7, 7],
        )
    }

    #[test]
    fn a_client_takes_each_message_once() {
        let mut client = Handshake::new();
        client.sent(&message(CLIENT_HELLO, 0));
        let (hello, certificate) = (message(SERVER_HELLO, 1), message(11, 2));
        assert!(client.admits(&hello));
        assert!(!client.admits(&hello));
        let flight = [hello.clone(), certificate].concat();
        assert!(client.admits(&flight), "a part of it is new");
        assert!(!client.admits(&flight));
        let last = [record(20, 0, &[1]), record(HANDSHAKE, 1, &[9; 40])].concat();
        assert!(client.admits(&last));
        assert!(client.admits(&last), "the end is in cipher");
    }

    #[test]
    fn a_server_answers_what_only_an_answer_repairs() {
        let mut server = Handshake::new();
        let hello = message(CLIENT_HELLO, 0);
        assert!(server.admits(&hello));
        server.sent(&message(3, 0));
        assert!(server.admits(&hello), "it repeats its HelloVerifyRequest");
        let hello = message(CLIENT_HELLO, 1);
        assert!(server.admits(&hello));
        server.sent(&message(SERVER_HELLO, 1));
        assert!(!server.admits(&hello));
        let (certificate, exchange) = (message(11, 2), message(16, 3));
        assert!(server.admits(&certificate));
        assert!(server.admits(&exchange));
        server.sent(&record(CHANGE_CIPHER_SPEC, 0, &[1]));
        assert!(server.admits(&exchange), "it repeats its last flight");
    }

    #[test]
    fn what_holds_no_records_passes() {
        let mut client = Handshake::new();
        client.sent(&message(CLIENT_HELLO, 0));
        let hello = message(SERVER_HELLO, 0);
        for other in [&[][..], &[128, 111, 0, 1], &[0, 1, 0, 0], &hello[..20]] {
            assert!(client.admits(other) && client.admits(other), "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_told_apart_within_bounds(
            datagrams in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..80), 0u8..8), 0..200),
        ) {
            let mut handshake = Handshake::new();
            for (sent, mut bytes, kind) in datagrams {
                if kind > 0 {
                    bytes = record(19 + kind, 0, &bytes);
                }
                if sent {
                    handshake.sent(&bytes);
                } else {
                    handshake.admits(&bytes);
                }
                prop_assert!(handshake.received.len() <= MOST_MESSAGES);
            }
        }
    }
}
