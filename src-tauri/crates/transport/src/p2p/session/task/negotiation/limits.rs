//! How much the other side may make this one hold and do by describing itself. Pure.
//!
//! Every offer that is taken costs an ICE restart, every candidate is paired with each of ours and
//! checked, every m-line costs a transceiver: without limits, a hostile peer could fill the memory
//! or aim our checks at others.

use std::time::{Duration, Instant};

use rtc::shared::error::Error;
use webrtc::peer_connection::RTCSessionDescription;

use crate::p2p::parcel::MAX_CANDIDATES;

/// What was taken of the other side so far, against what may be.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// The round of the last offer that was taken.
    last_round: Option<u32>,
    /// Rate limit of offers: each admitted one moves this by [`RESTART_INTERVAL`], from now or
    /// from where it was. One that would start more than [`OFFER_BURST`] ahead is refused.
    offers_until: Option<Instant>,
    /// Candidates of the other side since it last restarted ICE, inside descriptions and alone.
    candidates: usize,
    /// The user fragments of its last description.
    ufrags: Vec<String>,
    /// The names of all m-lines that it ever described: the library never forgets one.
    mids: Vec<String>,
}

/// What a description of the other side holds, as the library reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RemoteDescription {
    /// The number of m-lines.
    sections: usize,
    candidates: usize,
    /// ICE user fragments (RFC 8839, 5.4): others than before restart ICE.
    ufrags: Vec<String>,
    /// The names of its m-lines (RFC 9143).
    mids: Vec<String>,
    /// The certificates that it announces (RFC 8122, 5).
    fingerprints: Vec<String>,
}

impl RemoteDescription {
    /// What `description` holds.
    ///
    /// # Errors
    /// When it is no SDP.
    pub(super) fn of(description: &RTCSessionDescription) -> Result<Self, Error> {
        let parsed = description.unmarshal()?;
        let sections = &parsed.media_descriptions;
        let attributes = || {
            let of_sections = sections.iter().flat_map(|it| &it.attributes);
            parsed.attributes.iter().chain(of_sections)
        };
        let values = |key| {
            let named = attributes().filter(move |it| it.key == key);
            named.filter_map(|it| it.value.clone()).collect()
        };
        Ok(Self {
            sections: sections.len(),
            candidates: attributes().filter(|it| it.is_ice_candidate()).count(),
            ufrags: values("ice-ufrag"),
            mids: values("mid"),
            fingerprints: values("fingerprint"),
        })
    }

    /// Whether it announces one certificate, in a way that the handshake can be held to.
    pub(super) fn announces_certificate(&self) -> bool {
        let mut fingerprints = self.fingerprints.iter();
        fingerprints.next().is_some_and(|first| {
            is_sha_256(first) && fingerprints.all(|it| it.eq_ignore_ascii_case(first))
        })
    }
}

impl Limits {
    /// Whether an offer of this `round` may be looked at: each round once, and not more often than
    /// a caller makes them. An admitted one counts, whatever the library says to it.
    pub(super) fn admits_offer(&mut self, round: u32, now: Instant) -> bool {
        let begins = self.offers_until.map_or(now, |it| it.max(now));
        if self.last_round.is_some_and(|it| round <= it) || begins > now + OFFER_BURST {
            return false;
        }
        self.offers_until = Some(begins + RESTART_INTERVAL);
        true
    }

    /// Whether a description is not more than a session needs, together with those before it. Its
    /// candidates and m-lines count from here on, even should the library refuse it: it may have
    /// taken some of them.
    pub(super) fn admits(&mut self, description: &RemoteDescription) -> bool {
        let before = if self.is_restart(description) {
            0
        } else {
            self.candidates
        };
        let is_new = |it: &&String| !self.mids.contains(it);
        let new = description.mids.iter().filter(is_new).count();
        if description.sections > MAX_SECTIONS
            || self.mids.len() + new > MAX_SECTIONS
            || before + description.candidates > MAX_CANDIDATES
        {
            return false;
        }
        self.candidates += description.candidates;
        for mid in &description.mids {
            if !self.mids.contains(mid) {
                self.mids.push(mid.clone());
            }
        }
        true
    }

    /// Whether one more candidate may be taken, which counts then.
    pub(super) const fn admits_candidate(&mut self) -> bool {
        let fits = self.candidates < MAX_CANDIDATES;
        if fits {
            self.candidates += 1;
        }
        fits
    }

    /// Notes that the library has taken the offer of this round.
    pub(super) const fn took_offer(&mut self, round: u32) {
        self.last_round = Some(round);
    }

    /// Notes that the library has taken a description.
    pub(super) fn took(&mut self, description: RemoteDescription) {
        if self.is_restart(&description) {
            self.candidates = description.candidates;
        }
        self.ufrags = description.ufrags;
    }

    /// Whether the library drops the candidates it has for those of `description`. A description
    /// that keeps any of the old user fragments may restart nothing, so its candidates add up.
    fn is_restart(&self, description: &RemoteDescription) -> bool {
        let kept = |it| self.ufrags.contains(it);
        !description.ufrags.iter().any(kept)
    }
}

/// The least time between two restarts of one side: a new path is found well within it.
pub(super) const RESTART_INTERVAL: Duration = Duration::from_secs(1);

/// How many offers may come at once, as the time in which a caller makes them. A relay that was
/// away delivers all of them together, and the caller waits for the answer to the last. A relay's
/// own restart takes ten seconds or so, a router's half a minute. Half of this would leave the
/// caller of a long outage without an answer; double would let a hostile peer make us bind sockets
/// twice as often.
const OFFER_BURST: Duration = Duration::from_secs(45);

/// How many m-lines a description may have, and all descriptions of a session together: the four
/// streams and the data channels, and a reserve for three streams that a later version may have, which
/// are answered as inactive. Each name costs a transceiver.
const MAX_SECTIONS: usize = 8;

/// Whether this is the SHA-256 of something, as RFC 8122, 5 writes it.
fn is_sha_256(fingerprint: &str) -> bool {
    let Some((hash, value)) = fingerprint.split_once(' ') else {
        return false;
    };
    let is_byte = |it: &str| it.len() == 2 && it.bytes().all(|it| it.is_ascii_hexdigit());
    hash.eq_ignore_ascii_case("sha-256")
        && value.split(':').count() == 32
        && value.split(':').all(is_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(sections: usize, candidates: usize, ufrag: &str) -> RemoteDescription {
        RemoteDescription {
            sections,
            candidates,
            ufrags: vec![ufrag.to_owned()],
            mids: (0..sections).map(|it| it.to_string()).collect(),
            fingerprints: Vec::new(),
        }
    }

    #[test]
    fn an_offer_is_taken_once_and_old_ones_never() {
        let now = Instant::now();
        let mut limits = Limits::default();
        assert!(limits.admits_offer(0, now));
        assert!(limits.admits_offer(0, now), "the library refused it");
        limits.took_offer(0);
        for (round, admitted) in [(0, false), (1, true), (3, true)] {
            assert_eq!(limits.admits_offer(round, now), admitted, "{round}");
        }
        limits.took_offer(3);
        for (round, admitted) in [(0, false), (2, false), (3, false), (4, true)] {
            assert_eq!(limits.admits_offer(round, now), admitted, "{round}");
        }
    }

    #[test]
    fn offers_come_at_the_pace_of_a_caller_in_the_long_run() {
        let start = Instant::now();
        let mut limits = Limits::default();
        let mut flood = |seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            (0..1000).filter(|_| limits.admits_offer(0, now)).count()
        };
        assert_eq!(flood(0), 46, "all that a relay held back for 45 s");
        assert_eq!((flood(0), flood(1), flood(3)), (0, 1, 2));
        assert_eq!(flood(1000), 46);
    }

    #[test]
    fn candidates_are_counted_until_ice_restarts() {
        let mut limits = Limits::default();
        let first = description(3, 30, "a");
        assert!(limits.admits(&first));
        limits.took(first);
        let alone = (0..10).filter(|_| limits.admits_candidate()).count();
        assert_eq!(alone, MAX_CANDIDATES - 30);
        assert!(!limits.admits(&description(3, 1, "a")), "no restart");
        let none = description(3, 0, "a");
        assert!(limits.admits(&none));
        limits.took(none);
        assert!(!limits.admits_candidate());
        let restart = description(3, MAX_CANDIDATES - 1, "b");
        assert!(limits.admits(&restart));
        assert!(!limits.admits_candidate(), "not taken yet");
        limits.took(restart);
        assert!(limits.admits_candidate());
        assert!(!limits.admits_candidate());
    }

    #[test]
    fn a_description_has_no_more_sections_than_a_call_can() {
        for (sections, admitted) in [(0, true), (5, true), (8, true), (9, false)] {
            let admits = Limits::default().admits(&description(sections, 0, "a"));
            assert_eq!(admits, admitted, "{sections}");
        }
        let mut limits = Limits::default();
        assert!(!limits.admits(&description(3, MAX_CANDIDATES + 1, "a")));
    }

    #[test]
    fn sections_of_new_names_add_up_over_all_descriptions() {
        let mut limits = Limits::default();
        assert!(limits.admits(&description(5, 0, "a")));
        assert!(limits.admits(&description(5, 0, "b")), "the same five");
        let renamed = |mids: &[&str]| RemoteDescription {
            mids: mids.iter().map(|it| (*it).to_owned()).collect(),
            ..description(5, 0, "c")
        };
        assert!(
            !limits.admits(&renamed(&["w", "x", "y", "z"])),
            "nine in all"
        );
        assert!(limits.admits(&renamed(&["0", "x", "y", "z"])));
        assert!(!limits.admits(&renamed(&["0", "1", "v"])));
        assert!(limits.admits(&description(5, 0, "d")));
    }

    #[test]
    fn a_certificate_is_announced_by_one_sha_256_however_often() {
        let bytes = |first| [&[first][..], &["AB"; 31]].concat().join(":");
        let hash = |name: &str, first| format!("{name} {}", bytes(first));
        let one = hash("sha-256", "01");
        let cases = [
            (vec![one.clone()], true),
            (vec![one.clone(), one.to_lowercase()], true),
            (vec![], false),
            (vec![one.clone(), hash("sha-256", "02")], false),
            (vec![hash("sha-1", "01")], false),
            (vec![hash("sha-256", "0")], false),
            (vec![hash("sha-256", "0x")], false),
            (vec![hash("sha-256", "é")], false),
            (vec![format!("{one}:00")], false),
            (vec!["sha-256".to_owned(), one.clone()], false),
        ];
        for (fingerprints, announced) in cases {
            let it = RemoteDescription {
                fingerprints,
                ..description(3, 0, "a")
            };
            assert_eq!(it.announces_certificate(), announced, "{it:?}");
        }
    }

    #[test]
    fn a_description_is_counted_as_the_library_reads_it() {
        let sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:one\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:two\r\na= candidate:1 1 udp 1 x 1\r\na=mid:0\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 102\r\na=candidate:2 1 udp 1 x 1\r\n\
            a=fingerprint:sha-256 00\r\n";
        let offer = RTCSessionDescription::offer(sdp.to_owned()).unwrap();
        let expected = RemoteDescription {
            sections: 2,
            candidates: 2,
            ufrags: vec!["one".to_owned(), "two".to_owned()],
            mids: vec!["0".to_owned()],
            fingerprints: vec!["sha-256 00".to_owned()],
        };
        assert_eq!(RemoteDescription::of(&offer).unwrap(), expected);
    }
}
