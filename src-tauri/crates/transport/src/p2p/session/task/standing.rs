//! Where a negotiation stands, and how much of it the other side may ask for. Pure.

use std::time::{Duration, Instant};

use rtc::shared::error::Error;
use webrtc::peer_connection::{RTCIceCandidateInit, RTCSessionDescription};

use super::super::super::negotiate::MAX_CANDIDATES;
use super::super::super::watchdog;

/// Where the negotiation stands.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// The number of our last offer, from 0.
    pub(super) round: u32,
    /// Whether the last offer waits for its answer.
    pub(super) answer_awaited: bool,
    /// When the last restart was begun or asked for.
    pub(super) restarted: Option<Instant>,
    /// Whether a description of the other side was taken.
    pub(super) remote_known: bool,
    /// Candidates that came before the description they belong to.
    pub(super) early: Vec<RTCIceCandidateInit>,
    /// The number of the last offer of the other side that was taken.
    taken: Option<u32>,
    /// When the offers that came so far would be through, one each [`RESTART_PAUSE`].
    booked: Option<Instant>,
    /// Candidates of the other side since it last restarted ICE, in descriptions and alone.
    candidates: usize,
    /// The ICE user fragments of its last description (RFC 8839, 5.4): others restart ICE.
    generation: Vec<String>,
}

/// What a description of the other side asks this side to hold, as the library reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Brought {
    /// Its m-lines.
    sections: usize,
    candidates: usize,
    /// Its ICE user fragments.
    generation: Vec<String>,
}

impl Brought {
    /// What `description` brings.
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
        Ok(Self {
            sections: sections.len(),
            candidates: attributes().filter(|it| it.is_ice_candidate()).count(),
            generation: attributes()
                .filter(|it| it.key == "ice-ufrag")
                .filter_map(|it| it.value.clone())
                .collect(),
        })
    }
}

impl Standing {
    /// Whether an offer of this `round` may be looked at: each round once, and not more often than
    /// a caller makes them.
    pub(super) fn admits_offer(&mut self, round: u32, now: Instant) -> bool {
        let begins = self.booked.map_or(now, |it| it.max(now));
        if self.taken.is_some_and(|it| round <= it) || begins > now + OFFERS_AHEAD {
            return false;
        }
        self.booked = Some(begins + RESTART_PAUSE);
        true
    }

    /// Whether a description is not more than a session needs. Its candidates count from here on,
    /// even should the library refuse it: it may have taken some of them.
    pub(super) fn admits(&mut self, brought: &Brought) -> bool {
        let before = if self.is_restart(brought) {
            0
        } else {
            self.candidates
        };
        if brought.sections > MAX_SECTIONS || before + brought.candidates > MAX_CANDIDATES {
            return false;
        }
        self.candidates += brought.candidates;
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

    /// The library has taken the offer of this round.
    pub(super) const fn took_offer(&mut self, round: u32) {
        self.taken = Some(round);
    }

    /// The library has taken a description.
    pub(super) fn took(&mut self, brought: Brought) {
        if self.is_restart(&brought) {
            self.candidates = brought.candidates;
        }
        self.generation = brought.generation;
        self.remote_known = true;
    }

    /// Whether the library forgets the candidates it has for those of `brought`. One that keeps
    /// any of the old user fragments may restart nothing.
    fn is_restart(&self, brought: &Brought) -> bool {
        let kept = |it| self.generation.contains(it);
        !brought.generation.iter().any(kept)
    }
}

/// Two restarts within this time are one.
pub(super) const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// How much the offers may be ahead of one each [`RESTART_PAUSE`]: a relay that was away delivers
/// at once what a caller offered in that time, and the caller waits for the answer to the last.
/// After this long without a path it has given up.
const OFFERS_AHEAD: Duration = watchdog::GONE;

/// How many m-lines a description may have: sound, picture and messages, and a reserve for a
/// screen and its sound. Each one costs a transceiver.
const MAX_SECTIONS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(sections: usize, candidates: usize, generation: &str) -> Brought {
        Brought {
            sections,
            candidates,
            generation: vec![generation.to_owned()],
        }
    }

    #[test]
    fn an_offer_is_taken_once_and_old_ones_never() {
        let now = Instant::now();
        let mut standing = Standing::default();
        assert!(standing.admits_offer(0, now));
        assert!(standing.admits_offer(0, now), "the library refused it");
        standing.took_offer(0);
        for (round, admitted) in [(0, false), (1, true), (3, true)] {
            assert_eq!(standing.admits_offer(round, now), admitted, "{round}");
        }
        standing.took_offer(3);
        for (round, admitted) in [(0, false), (2, false), (3, false), (4, true)] {
            assert_eq!(standing.admits_offer(round, now), admitted, "{round}");
        }
    }

    #[test]
    fn offers_come_at_the_pace_of_a_caller_in_the_long_run() {
        let start = Instant::now();
        let mut standing = Standing::default();
        let mut flood = |seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            (0..1000).filter(|_| standing.admits_offer(0, now)).count()
        };
        assert_eq!(flood(0), 46, "all that an outage of 45 s holds back");
        assert_eq!((flood(0), flood(1), flood(3)), (0, 1, 2));
        assert_eq!(flood(1000), 46);
    }

    #[test]
    fn candidates_are_counted_until_ice_restarts() {
        let mut standing = Standing::default();
        let first = brought(3, 30, "a");
        assert!(standing.admits(&first));
        standing.took(first);
        let alone = (0..10).filter(|_| standing.admits_candidate()).count();
        assert_eq!(alone, MAX_CANDIDATES - 30);
        assert!(!standing.admits(&brought(3, 1, "a")), "no restart");
        let none = brought(3, 0, "a");
        assert!(standing.admits(&none));
        standing.took(none);
        assert!(!standing.admits_candidate());
        let restart = brought(3, MAX_CANDIDATES - 1, "b");
        assert!(standing.admits(&restart));
        assert!(!standing.admits_candidate(), "not taken yet");
        standing.took(restart);
        assert!(standing.admits_candidate());
        assert!(!standing.admits_candidate());
    }

    #[test]
    fn a_description_has_no_more_sections_than_a_call_can() {
        for (sections, admitted) in [(0, true), (3, true), (5, true), (6, false)] {
            let admits = Standing::default().admits(&brought(sections, 0, "a"));
            assert_eq!(admits, admitted, "{sections}");
        }
        let mut standing = Standing::default();
        assert!(!standing.admits(&brought(3, MAX_CANDIDATES + 1, "a")));
    }

    #[test]
    fn a_description_is_counted_as_the_library_reads_it() {
        let sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:one\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:two\r\na= candidate:1 1 udp 1 x 1\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 102\r\na=candidate:2 1 udp 1 x 1\r\n";
        let offer = RTCSessionDescription::offer(sdp.to_owned()).unwrap();
        let expected = Brought {
            sections: 2,
            candidates: 2,
            generation: vec!["one".to_owned(), "two".to_owned()],
        };
        assert_eq!(Brought::of(&offer).unwrap(), expected);
    }
}
