//! What two sessions agree on behind the server's back: the content of a parcel.

use data_encoding::BASE64URL_NOPAD;
use media::transport::{MAX_PARCEL, Parcel};
use serde::{Deserialize, Serialize};

use super::Redacted;

/// The passphrase of a session, from its offerer to the answerer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passphrase(pub(super) Redacted<String>);

#[derive(Serialize, Deserialize)]
struct Message {
    v: u8,
    passphrase: String,
}

impl Passphrase {
    /// One of 256 random bits; `None` when the system gives none.
    pub(super) fn random() -> Option<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(BASE64URL_NOPAD.encode(&bytes).into()))
    }

    pub(super) fn to_parcel(&self) -> Parcel {
        let message = Message {
            v: VERSION,
            passphrase: self.0.0.clone(),
        };
        let json = serde_json::to_vec(&message);
        Parcel(json.expect("a number and a string always are JSON").into())
    }

    /// What the other side's parcel says; `None` when it makes no sense.
    pub(super) fn from_parcel(parcel: &Parcel) -> Option<Self> {
        if parcel.0.len() > MAX_PARCEL {
            return None;
        }
        let message: Message = serde_json::from_slice(&parcel.0).ok()?;
        let fits = message.v == VERSION && LENGTHS.contains(&message.passphrase.len());
        fits.then(|| Self(message.passphrase.into()))
    }
}

const VERSION: u8 = 1;

/// Bytes; ours have 43.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_arrives_and_nothing_else_is_taken_for_one() {
        let ours = Passphrase::random().unwrap();
        assert_eq!(
            Passphrase::from_parcel(&ours.to_parcel()),
            Some(ours.clone())
        );
        assert!(!format!("{ours:?}").contains(&ours.0.0));
        let long = format!(r#"{{"v":1,"passphrase":"{}"}}"#, "x".repeat(257));
        for bad in [
            "",
            "{}",
            r#"{"v":2,"passphrase":"0123456789abcdef"}"#,
            r#"{"v":1,"passphrase":"short"}"#,
            &long,
        ] {
            let parcel = Parcel(bad.as_bytes().to_vec().into());
            assert_eq!(Passphrase::from_parcel(&parcel), None, "{bad}");
        }
    }
}
