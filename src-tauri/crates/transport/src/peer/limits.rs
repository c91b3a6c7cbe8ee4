//! How much the other side may make this one hold and do by describing itself. Pure.
//!
//! Every candidate is paired with each of ours and checked, every m-line costs a transceiver: without
//! limits, a hostile peer could fill the memory or aim our checks at others.

use std::collections::BTreeSet;

use rtc::shared::error::Error;
use webrtc::peer_connection::RTCSessionDescription;

/// What was taken of the other side so far, against what may be.
#[derive(Debug)]
pub(crate) struct Limits {
    most_sections: usize,
    /// Candidates of the other side, inside its descriptions and alone; at most [`MAX_CANDIDATES`].
    /// One that is repeated takes no room, as each description repeats those before it.
    candidates: BTreeSet<String>,
}

/// What a description of the other side holds, as the library reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteDescription {
    /// The number of m-lines.
    sections: usize,
    candidates: Vec<String>,
    /// The certificates that it announces (RFC 8122, 5).
    fingerprints: Vec<String>,
}

impl RemoteDescription {
    /// What `description` holds.
    ///
    /// # Errors
    /// When it is no SDP.
    pub(crate) fn of(description: &RTCSessionDescription) -> Result<Self, Error> {
        let parsed = description.unmarshal()?;
        let sections = &parsed.media_descriptions;
        let attributes = || {
            let of_sections = sections.iter().flat_map(|it| &it.attributes);
            parsed.attributes.iter().chain(of_sections)
        };
        Ok(Self {
            sections: sections.len(),
            candidates: attributes()
                .filter(|it| it.is_ice_candidate())
                .filter_map(|it| it.value.clone())
                .collect(),
            fingerprints: attributes()
                .filter(|it| it.key == "fingerprint")
                .filter_map(|it| it.value.clone())
                .collect(),
        })
    }

    /// Whether it announces one certificate, in a way that the handshake can be held to.
    pub(crate) fn announces_certificate(&self) -> bool {
        let mut fingerprints = self.fingerprints.iter();
        fingerprints.next().is_some_and(|first| {
            is_sha_256(first) && fingerprints.all(|it| it.eq_ignore_ascii_case(first))
        })
    }
}

impl Limits {
    /// Nothing was taken yet; so many m-lines are enough, each of which costs a transceiver.
    pub(crate) const fn new(most_sections: usize) -> Self {
        Self {
            most_sections,
            candidates: BTreeSet::new(),
        }
    }

    /// Whether a description is not more than a session needs. The candidates of one that is count
    /// from here on, even should the library refuse it: it may have taken some of them.
    pub(crate) fn admits(&mut self, description: &RemoteDescription) -> bool {
        let mut all = self.candidates.clone();
        all.extend(description.candidates.iter().map(|it| named(it)));
        let fits = description.sections <= self.most_sections && all.len() <= MAX_CANDIDATES;
        if fits {
            self.candidates = all;
        }
        fits
    }

    /// Whether one more candidate may be taken, as a line (RFC 8839, 5.1), which counts then.
    pub(crate) fn admits_candidate(&mut self, line: &str) -> bool {
        let candidate = named(line);
        let fits = self.candidates.contains(&candidate) || self.candidates.len() < MAX_CANDIDATES;
        if fits {
            self.candidates.insert(candidate);
        }
        fits
    }
}

/// A candidate without the word that begins its attribute in a description: alone it comes with or
/// without.
fn named(line: &str) -> String {
    line.strip_prefix("candidate:").unwrap_or(line).to_owned()
}

/// How many candidates the other side may bring. Each pairs with each of ours, and all pairs are
/// tried at once.
pub(crate) const MAX_CANDIDATES: usize = 32;

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

    fn description(sections: usize, candidates: usize) -> RemoteDescription {
        RemoteDescription {
            sections,
            candidates: (0..candidates)
                .map(|it| format!("{it} 1 udp 1 x 1"))
                .collect(),
            fingerprints: Vec::new(),
        }
    }

    #[test]
    fn candidates_add_up_inside_a_description_and_alone() {
        let mut limits = Limits::new(8);
        assert!(limits.admits(&description(5, 30)));
        assert!(limits.admits(&description(5, 30)), "they are repeated");
        let alone = (40..50).filter(|it| limits.admits_candidate(&format!("candidate:{it} alone")));
        assert_eq!(alone.count(), MAX_CANDIDATES - 30);
        assert!(!limits.admits(&description(5, 31)));
        assert!(limits.admits(&description(5, 30)) && limits.admits_candidate("40 alone"));
    }

    #[test]
    fn a_description_has_no_more_sections_than_a_call_can() {
        for (sections, admitted) in [(0, true), (5, true), (8, true), (9, false)] {
            let admits = Limits::new(8).admits(&description(sections, 0));
            assert_eq!(admits, admitted, "{sections}");
        }
        let mut limits = Limits::new(8);
        assert!(!limits.admits(&description(3, MAX_CANDIDATES + 1)));
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
                ..description(3, 0)
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
            candidates: vec!["1 1 udp 1 x 1".to_owned(), "2 1 udp 1 x 1".to_owned()],
            fingerprints: vec!["sha-256 00".to_owned()],
        };
        assert_eq!(RemoteDescription::of(&offer).unwrap(), expected);
    }
}
