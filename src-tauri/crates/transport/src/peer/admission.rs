//! What of the datagrams that anybody may send the library is to see, and which of them prove that
//! the other side lives.
//!
//! The library keeps state for every SSRC that anybody claims to send and for every record that
//! comes before a handshake is done, and believes alerts that nothing authenticates: so it sees DTLS
//! and media only from where the other side has proved to be, by a connectivity check or an answer
//! to one under the credentials of the session (RFC 8445, 7.2.2), and no more of them than a call
//! needs. What STUN and TURN servers say for themselves passes and proves nothing: they answer also
//! when the other side is dead, and a relay may have named them.
//!
//! Pure, and fed with the bytes of anybody: what is kept of them is bounded.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use rtc::crypto::{RTCCryptoProvider, default_provider};
use rtc::stun::attributes::{ATTR_DATA, ATTR_MESSAGE_INTEGRITY};
use rtc::stun::integrity::MessageIntegrity;
use rtc::stun::message::{BINDING_ERROR, BINDING_REQUEST, BINDING_SUCCESS, Message};

use super::handshake::{Handshake, is_clear_alert, is_of_later_epoch, split};
use super::stun::{Stun, is_request};

/// Whose a datagram is, as far as that is known before it is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// It came over a pair of addresses that the session uses or has checked.
    Session,
    /// It came from there, to a socket of the library.
    Address(SocketAddr),
}

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The library is not to see it.
    Refused,
    /// It may be of anybody; the library finds out.
    Admitted,
    /// The same, and it proves that the other side lives.
    Authentic,
}

/// Follows what comes to one session.
pub(crate) struct Admission {
    /// `None` when the library was built without cryptography; then nothing proves anything.
    crypto: Option<Arc<dyn RTCCryptoProvider>>,
    /// The ICE passwords, once they are known: of this side, of the other.
    ours: Option<String>,
    theirs: Option<String>,
    /// Where STUN was sent to: candidates and servers. At most [`MAX_CONTACTED`].
    contacted: HashSet<SocketAddr>,
    /// Where the other side has proved to be, the last one last. At most [`MAX_SOURCES`].
    sources: VecDeque<SocketAddr>,
    /// What media claims to be of. At most [`MAX_SSRCS`].
    ssrcs: Vec<u32>,
    /// Records that the library keeps until the handshake is done, at most [`MAX_EARLY_RECORDS`];
    /// `None` from then on.
    early_records: Option<usize>,
    handshake: Handshake,
}

impl Admission {
    pub(crate) fn new() -> Self {
        Self {
            crypto: default_provider().ok(),
            ours: None,
            theirs: None,
            contacted: HashSet::new(),
            sources: VecDeque::new(),
            ssrcs: Vec::new(),
            early_records: Some(0),
            handshake: Handshake::new(),
        }
    }

    /// Takes this side's ICE password.
    pub(crate) fn set_ours(&mut self, password: String) {
        self.ours = Some(password);
    }

    /// Takes the other side's ICE password.
    pub(crate) fn set_theirs(&mut self, password: String) {
        self.theirs = Some(password);
    }

    /// The secure channel stands.
    pub(crate) fn set_secured(&mut self) {
        self.early_records = None;
    }

    /// Notes a datagram that is sent.
    pub(crate) fn sent(&mut self, to: SocketAddr, datagram: &[u8]) {
        match Kind::of(datagram) {
            Kind::Stun if self.contacted.len() < MAX_CONTACTED => {
                self.contacted.insert(to);
            }
            Kind::Dtls | Kind::Channel => self.handshake.sent(relayed(datagram)),
            Kind::Stun | Kind::Media | Kind::Other => {}
        }
    }

    /// Says what becomes of a datagram that was received.
    pub(crate) fn judge(&mut self, source: Source, datagram: &[u8]) -> Verdict {
        match Kind::of(datagram) {
            Kind::Stun => self.judge_stun(source, datagram),
            Kind::Channel if self.is_contacted(source) => self.judge_relayed(relayed(datagram)),
            Kind::Dtls if self.is_peer(source) => self.judge_dtls(datagram),
            Kind::Media if self.is_peer(source) => self.judge_media(datagram),
            Kind::Channel | Kind::Dtls | Kind::Media | Kind::Other => Verdict::Refused,
        }
    }

    fn judge_stun(&mut self, source: Source, datagram: &[u8]) -> Verdict {
        let Some(stun) = Stun::read(datagram) else {
            return Verdict::Refused;
        };
        if stun.kind == DATA_INDICATION {
            let inner = stun.value(ATTR_DATA).unwrap_or_default();
            return if self.is_contacted(source) {
                self.judge_relayed(inner)
            } else {
                Verdict::Refused
            };
        }
        if self.is_authentic(stun, datagram) {
            return self.learn(source);
        }
        // Before our password is known there is nobody who could have been told it.
        if is_request(datagram) && self.ours.is_some() {
            Verdict::Refused
        } else {
            Verdict::Admitted
        }
    }

    /// Something that a TURN server passes on.
    fn judge_relayed(&mut self, inner: &[u8]) -> Verdict {
        match Kind::of(inner) {
            Kind::Stun => match Stun::read(inner) {
                Some(stun) if self.is_authentic(stun, inner) => Verdict::Authentic,
                Some(_) => Verdict::Admitted,
                None => Verdict::Refused,
            },
            Kind::Dtls => self.judge_dtls(inner),
            Kind::Media => self.judge_media(inner),
            Kind::Channel | Kind::Other => Verdict::Refused,
        }
    }

    /// An alert in clear is anybody's: the other side's reasons come sealed, through the relay.
    fn judge_dtls(&mut self, datagram: &[u8]) -> Verdict {
        if split(datagram).any(is_clear_alert) {
            return Verdict::Refused;
        }
        if let Some(kept) = &mut self.early_records {
            let more = split(datagram).filter(|it| is_of_later_epoch(it)).count();
            if *kept + more > MAX_EARLY_RECORDS {
                return Verdict::Refused;
            }
            *kept += more;
        }
        if self.handshake.admits(datagram) {
            Verdict::Admitted
        } else {
            Verdict::Refused
        }
    }

    fn judge_media(&mut self, packet: &[u8]) -> Verdict {
        let Some(ssrc) = ssrc_of(packet) else {
            return Verdict::Refused;
        };
        if !self.ssrcs.contains(&ssrc) {
            if self.ssrcs.len() == MAX_SSRCS {
                return Verdict::Refused;
            }
            self.ssrcs.push(ssrc);
        }
        Verdict::Admitted
    }

    /// Whether a message of the binding method is under the credentials of the session.
    fn is_authentic(&self, stun: Stun<'_>, datagram: &[u8]) -> bool {
        let key = match stun.kind {
            it if it == BINDING_REQUEST.value() => &self.ours,
            it if it == BINDING_SUCCESS.value() || it == BINDING_ERROR.value() => &self.theirs,
            _ => return false,
        };
        let (Some(key), Some(crypto)) = (key, &self.crypto) else {
            return false;
        };
        if !stun.has(ATTR_MESSAGE_INTEGRITY) {
            return false;
        }
        let mut message = Message {
            raw: datagram.to_vec(),
            ..Message::default()
        };
        message.decode().is_ok()
            && MessageIntegrity::check(&mut message, key.as_bytes(), crypto.crypto()).is_ok()
    }

    /// The other side has proved to be there. Checks from ever new places are a copy of one check,
    /// sent by somebody else: each would be another candidate to the library.
    fn learn(&mut self, source: Source) -> Verdict {
        if let Source::Address(address) = source
            && !self.sources.contains(&address)
        {
            if self.sources.len() == MAX_SOURCES {
                return Verdict::Refused;
            }
            self.sources.push_back(address);
        }
        Verdict::Authentic
    }

    fn is_peer(&self, source: Source) -> bool {
        match source {
            Source::Session => true,
            Source::Address(address) => self.sources.contains(&address),
        }
    }

    fn is_contacted(&self, source: Source) -> bool {
        match source {
            Source::Session => true,
            Source::Address(address) => self.contacted.contains(&address),
        }
    }
}

impl std::fmt::Debug for Admission {
    /// Never shows a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admission")
            .field("sources", &self.sources.len())
            .field("ssrcs", &self.ssrcs.len())
            .finish_non_exhaustive()
    }
}

/// What a datagram is by its first byte (RFC 7983, 7; RFC 8656, 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Stun,
    Dtls,
    /// Something in a channel of a TURN server.
    Channel,
    /// RTP or RTCP.
    Media,
    Other,
}

impl Kind {
    const fn of(datagram: &[u8]) -> Self {
        match datagram {
            [0..4, ..] => Self::Stun,
            [20..64, ..] => Self::Dtls,
            [64..80, ..] => Self::Channel,
            [128..192, ..] => Self::Media,
            _ => Self::Other,
        }
    }
}

/// What a TURN server passes on in a channel: it comes behind a number and a length (RFC 8656, 12.4).
/// Of all else, all.
pub(crate) fn relayed(datagram: &[u8]) -> &[u8] {
    match datagram {
        [64..80, _, high, low, inner @ ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            &inner[..length.min(inner.len())]
        }
        datagram => datagram,
    }
}

/// Who claims to have sent a packet: of RTP (RFC 3550, 5.1) or RTCP (6.4.1), told apart as RFC 5761, 4
/// says.
fn ssrc_of(packet: &[u8]) -> Option<u32> {
    let at = match packet.get(1)? {
        192..=223 => 4,
        _ => 8,
    };
    let bytes = packet.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

/// What TURN relays without a channel (RFC 8656, 17): method Data, class indication.
const DATA_INDICATION: u16 = 0x0017;

/// Each candidate of the other side and each server, several times over.
const MAX_CONTACTED: usize = 256;

/// The candidates of the other side, and what NATs make of them, several times over.
const MAX_SOURCES: usize = 64;

/// A call has four streams, and each side reports as one or two more; browsers have a second source
/// for each stream.
const MAX_SSRCS: usize = 32;

/// What a side sends that has finished the handshake before the other: the end of its last flight,
/// repeated, and the first packets of the data channels.
const MAX_EARLY_RECORDS: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rtc::stun::message::{MessageType, Setter};

    use super::*;

    const OURS: &str = "0123456789012345678901";
    const THEIRS: &str = "abcdefghijklmnopqrstuv";

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn from(port: u16) -> Source {
        Source::Address(at(port))
    }

    /// Both passwords are known.
    fn admission() -> Admission {
        let mut admission = Admission::new();
        admission.set_ours(OURS.to_owned());
        admission.set_theirs(THEIRS.to_owned());
        admission
    }

    fn message(typ: MessageType, password: Option<&str>) -> Vec<u8> {
        let provider = default_provider().unwrap();
        let mut setters: Vec<Box<dyn Setter + '_>> = vec![Box::new(typ)];
        if let Some(password) = password {
            let integrity = MessageIntegrity::new_short_term_integrity_with_provider(
                password.to_owned(),
                provider.crypto(),
            );
            setters.push(Box::new(integrity));
        }
        let mut message = Message::new();
        message.build(&setters).unwrap();
        message.raw
    }

    fn check(password: &str) -> Vec<u8> {
        message(BINDING_REQUEST, Some(password))
    }

    /// A DTLS record of this type and epoch.
    fn record(kind: u8, epoch: u8) -> Vec<u8> {
        let mut record = vec![kind, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 0, 0, 2];
        record.extend([2, 42]);
        record
    }

    fn rtp(ssrc: u32) -> Vec<u8> {
        let mut packet = vec![128, 111, 0, 1, 0, 0, 0, 0];
        packet.extend(ssrc.to_be_bytes());
        packet
    }

    fn in_channel(inner: &[u8]) -> Vec<u8> {
        let length = (inner.len() as u16).to_be_bytes();
        [&[64, 0][..], &length, inner].concat()
    }

    #[test]
    fn only_what_is_under_the_credentials_of_the_session_proves_life() {
        let mut admission = admission();
        let answer = |password| message(BINDING_SUCCESS, password);
        for (datagram, verdict) in [
            (check(OURS), Verdict::Authentic),
            (check(THEIRS), Verdict::Refused),
            (message(BINDING_REQUEST, None), Verdict::Refused),
            (answer(Some(THEIRS)), Verdict::Authentic),
            // A server's answer, while candidates are gathered.
            (answer(None), Verdict::Admitted),
            (answer(Some(OURS)), Verdict::Admitted),
            (vec![0, 1, 0, 0], Verdict::Refused),
            (vec![], Verdict::Refused),
        ] {
            assert_eq!(admission.judge(from(1), &datagram), verdict, "{datagram:?}");
        }
    }

    #[test]
    fn the_secure_channel_and_media_come_from_where_the_other_side_proved_to_be() {
        let mut admission = admission();
        admission.sent(at(1), &message(BINDING_REQUEST, None));
        for datagram in [record(22, 0), rtp(7), record(23, 1)] {
            let judge = |it: &mut Admission, source| it.judge(source, &datagram);
            assert_eq!(judge(&mut admission, from(1)), Verdict::Refused);
            assert_eq!(judge(&mut admission, Source::Session), Verdict::Admitted);
        }
        admission.judge(from(2), &check(OURS));
        assert_eq!(admission.judge(from(2), &rtp(7)), Verdict::Admitted);
        assert_eq!(admission.judge(from(1), &rtp(7)), Verdict::Refused);
    }

    #[test]
    fn a_server_passes_on_only_in_its_own_frames() {
        let mut admission = admission();
        let inner = [rtp(7), record(22, 0), check(OURS), record(21, 0)];
        for inner in &inner {
            let refused = admission.judge(from(1), &in_channel(inner));
            assert_eq!(refused, Verdict::Refused, "nobody asked this server");
        }
        admission.sent(at(1), &message(BINDING_REQUEST, None));
        let verdicts = inner.map(|it| admission.judge(from(1), &in_channel(&it)));
        let (admitted, refused) = (Verdict::Admitted, Verdict::Refused);
        assert_eq!(verdicts, [admitted, admitted, Verdict::Authentic, refused]);
        assert_eq!(admission.judge(from(1), &rtp(7)), refused);
    }

    #[test]
    fn alerts_in_clear_are_nobodys() {
        let mut admission = admission();
        let session = Source::Session;
        assert_eq!(admission.judge(session, &record(21, 0)), Verdict::Refused);
        let behind = [record(22, 0), record(21, 0)].concat();
        assert_eq!(admission.judge(session, &behind), Verdict::Refused);
        assert_eq!(admission.judge(session, &record(21, 1)), Verdict::Admitted);
    }

    #[test]
    fn what_the_library_would_keep_is_bounded() {
        let mut admission = admission();
        let session = Source::Session;
        let admitted = |admission: &mut Admission, datagrams: &mut dyn Iterator<Item = Vec<u8>>| {
            datagrams
                .filter(|it| admission.judge(session, it) == Verdict::Admitted)
                .count()
        };
        let mut sources = (0..1000).map(rtp);
        assert_eq!(admitted(&mut admission, &mut sources), MAX_SSRCS);
        let mut early = (0..1000).map(|_| record(23, 1));
        assert_eq!(admitted(&mut admission, &mut early), MAX_EARLY_RECORDS);
        admission.set_secured();
        let mut late = (0..1000).map(|_| record(23, 1));
        assert_eq!(admitted(&mut admission, &mut late), 1000);
        let places = (1..1000).map(|it| admission.judge(from(it), &check(OURS)));
        let known = places.filter(|it| *it == Verdict::Authentic).count();
        assert_eq!(known, MAX_SOURCES);
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_within_bounds(
            datagrams in prop::collection::vec(
                (any::<bool>(), 0u8..4, prop::collection::vec(any::<u8>(), 0..60)),
                0..100,
            ),
        ) {
            let mut admission = admission();
            for (sent, kind, mut bytes) in datagrams {
                let first = [0, 22, 64, 128][usize::from(kind)];
                if let Some(byte) = bytes.first_mut() {
                    *byte = first;
                }
                if sent {
                    admission.sent(at(1), &bytes);
                } else {
                    admission.judge(from(1), &bytes);
                    admission.judge(Source::Session, &bytes);
                }
                prop_assert!(admission.ssrcs.len() <= MAX_SSRCS);
            }
        }
    }
}
