//! What two sessions tell each other before they are connected: the content of a parcel.

use media::transport::{MAX_PARCEL, Parcel};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use crate::rtp::sync::ClockOffsets;

use crate::peer::limits::MAX_CANDIDATES;

/// One message of a negotiation, JSON in a [`Parcel`]. SDP and candidates are plain strings as
/// other WebRTC peers use them (RFC 8829, RFC 8838), so that a bridge can translate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Negotiation {
    /// The offerer's description; one for each session.
    Offer {
        /// SDP (RFC 8866).
        sdp: String,
        /// Where the offerer's RTP clocks start; absent from other peers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clocks: Option<ClockOffsets>,
    },
    /// The answerer's description.
    Answer {
        /// SDP (RFC 8866).
        sdp: String,
        /// Where the answerer's RTP clocks start; absent from other peers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clocks: Option<ClockOffsets>,
    },
    /// An address to try (RFC 8839, 5.1), after the description it belongs to.
    #[serde(rename_all = "camelCase")]
    Candidate {
        /// The candidate attribute, beginning with `candidate:`.
        candidate: String,
        /// `RTCIceCandidateInit.sdpMid`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sdp_mid: Option<String>,
        /// `RTCIceCandidateInit.sdpMLineIndex`.
        #[serde(
            default,
            rename = "sdpMLineIndex",
            skip_serializing_if = "Option::is_none"
        )]
        sdp_mline_index: Option<u16>,
    },
    /// No more candidates.
    EndOfCandidates,
}

/// Why bytes are no negotiation message. Holds nothing of the bytes.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BadParcel {
    /// More than [`MAX_PARCEL`].
    #[error("the parcel is too large")]
    TooLarge,
    /// Not of a version that is understood here.
    #[error("the parcel is of an unknown version")]
    UnknownVersion,
    /// Not the JSON of a message.
    #[error("the parcel makes no sense")]
    Malformed,
    /// An SDP with more candidates than a session may bring, or a candidate of absurd length.
    #[error("the parcel brings too many candidates")]
    TooManyCandidates,
}

impl Negotiation {
    /// The message as a parcel.
    #[must_use]
    pub fn to_parcel(&self) -> Parcel {
        let sealed = Versioned {
            v: VERSION,
            message: self,
        };
        let json = serde_json::to_vec(&sealed);
        Parcel(json.expect("strings and numbers always are JSON").into())
    }

    /// The message in a parcel of the other side.
    ///
    /// # Errors
    /// [`BadParcel`] when there is none.
    pub fn from_parcel(parcel: &Parcel) -> Result<Self, BadParcel> {
        if parcel.0.len() > MAX_PARCEL {
            return Err(BadParcel::TooLarge);
        }
        let Version { v } = serde_json::from_slice(&parcel.0).map_err(|_| BadParcel::Malformed)?;
        if v != VERSION {
            return Err(BadParcel::UnknownVersion);
        }
        let message: Self = serde_json::from_slice(&parcel.0).map_err(|_| BadParcel::Malformed)?;
        message.check()?;
        Ok(message)
    }

    fn check(&self) -> Result<(), BadParcel> {
        let fits = match self {
            Self::Offer { sdp, .. } | Self::Answer { sdp, .. } => {
                sdp.matches("a=candidate:").count() <= MAX_CANDIDATES
            }
            Self::Candidate { candidate, .. } => candidate.len() <= MAX_CANDIDATE_LEN,
            Self::EndOfCandidates => true,
        };
        if fits {
            Ok(())
        } else {
            Err(BadParcel::TooManyCandidates)
        }
    }
}

/// Never shows its content: SDP and candidates hold addresses and keys.
impl std::fmt::Debug for Negotiation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Offer { .. } => "Offer",
            Self::Answer { .. } => "Answer",
            Self::Candidate { .. } => "Candidate",
            Self::EndOfCandidates => "EndOfCandidates",
        })
    }
}

/// The longest candidate line, bytes: twice what one with IPv6 and all attributes takes.
const MAX_CANDIDATE_LEN: usize = 512;

const VERSION: u8 = 1;

#[derive(Serialize)]
struct Versioned<'a> {
    v: u8,
    #[serde(flatten)]
    message: &'a Negotiation,
}

#[derive(Deserialize)]
struct Version {
    v: u8,
}

#[cfg(test)]
mod tests {
    use media::transport::Streams;

    use super::*;

    fn json(text: &'static str) -> Parcel {
        Parcel(text.as_bytes().into())
    }

    #[test]
    fn messages_come_back() {
        let clocks = Some(ClockOffsets(Streams::from([1, u32::MAX, 0, 7])));
        for message in [
            Negotiation::Offer {
                sdp: "v=0".into(),
                clocks,
            },
            Negotiation::Answer {
                sdp: "v=0".into(),
                clocks: None,
            },
            Negotiation::Candidate {
                candidate: "candidate:1".into(),
                sdp_mid: Some("0".into()),
                sdp_mline_index: Some(0),
            },
            Negotiation::EndOfCandidates,
        ] {
            assert_eq!(Negotiation::from_parcel(&message.to_parcel()), Ok(message));
        }
    }

    #[test]
    fn the_wire_form_is_stable() {
        let message = Negotiation::Candidate {
            candidate: "candidate:1".into(),
            sdp_mid: Some("0".into()),
            sdp_mline_index: Some(0),
        };
        let wire = r#"{"v":1,"kind":"candidate","candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0}"#;
        assert_eq!(message.to_parcel(), json(wire));
        let message = Negotiation::Answer {
            sdp: "v=0".into(),
            clocks: Some(ClockOffsets(Streams::from([1, 2, 3, 4]))),
        };
        let wire = r#"{"v":1,"kind":"answer","sdp":"v=0","clocks":{"voice":1,"camera":2,"screen":3,"screenSound":4}}"#;
        assert_eq!(message.to_parcel(), json(wire));
        let later = wire.replace(r#""voice""#, r#""whiteboard":5,"voice""#);
        let later = Parcel(later.into());
        assert_eq!(Negotiation::from_parcel(&later), Ok(message));
    }

    #[test]
    fn nonsense_is_refused() {
        let cases = [
            (json(""), BadParcel::Malformed),
            (json("{}"), BadParcel::Malformed),
            (json(r#"{"v":1}"#), BadParcel::Malformed),
            (json(r#"{"v":1,"kind":"offer"}"#), BadParcel::Malformed),
            (
                json(r#"{"v":2,"kind":"end-of-candidates"}"#),
                BadParcel::UnknownVersion,
            ),
            (
                Parcel(vec![b' '; MAX_PARCEL + 1].into()),
                BadParcel::TooLarge,
            ),
        ];
        for (parcel, error) in cases {
            assert_eq!(Negotiation::from_parcel(&parcel), Err(error));
        }
        let sdp = "a=candidate:1\r\n".repeat(MAX_CANDIDATES + 1);
        let flood = Negotiation::Offer { sdp, clocks: None }.to_parcel();
        assert_eq!(
            Negotiation::from_parcel(&flood),
            Err(BadParcel::TooManyCandidates)
        );
    }

    #[test]
    fn debug_shows_no_address() {
        let message = Negotiation::Offer {
            sdp: "c=IN IP4 192.0.2.7".into(),
            clocks: None,
        };
        assert_eq!(format!("{message:?}"), "Offer");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken_or_refused_without_a_panic(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            text in r#"\{"v":1,"kind":"(offer|answer|candidate|x)",[ -~]{0,60}\}?"#,
        ) {
            let _ = Negotiation::from_parcel(&Parcel(bytes.into()));
            let _ = Negotiation::from_parcel(&Parcel(text.into()));
        }
    }
}
