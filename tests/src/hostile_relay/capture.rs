//! What a relay saw, and what can be read in it.

use data_encoding::{BASE64, BASE64URL_NOPAD};

use super::Envelope;

/// Everything that passed through a relay, in order.
#[derive(Clone, Debug)]
pub struct Capture(Vec<Envelope>);

/// The kinds of sealed frames, by their second byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Begins a handshake.
    Hello,
    /// Answers it.
    Reply,
    /// Carries a message.
    Data,
    /// A hint that a session is not known.
    Reset,
    /// A signed refusal.
    Reject,
    /// No sealed frame at all.
    Other,
}

impl Kind {
    /// What a payload is.
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        match payload {
            [FORMAT, 1, ..] => Self::Hello,
            [FORMAT, 2, ..] => Self::Reply,
            [FORMAT, 3, ..] => Self::Data,
            [FORMAT, 4, ..] => Self::Reset,
            [FORMAT, 5, ..] => Self::Reject,
            _ => Self::Other,
        }
    }
}

impl Capture {
    pub(super) const fn new(seen: Vec<Envelope>) -> Self {
        Self(seen)
    }

    /// The envelopes.
    #[must_use]
    pub fn envelopes(&self) -> &[Envelope] {
        &self.0
    }

    /// How many envelopes are of this kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        let of_kind = |it: &&Envelope| Kind::of(&it.payload) == kind;
        self.0.iter().filter(of_kind).count()
    }

    /// Which of the texts can be read in a payload, upper and lower case alike: as it is, or in what
    /// a run of base64 in it stands for.
    #[must_use]
    pub fn readable<'a>(&self, texts: &[&'a str]) -> Vec<&'a str> {
        let read: Vec<Vec<u8>> = self.0.iter().flat_map(|it| layers(&it.payload)).collect();
        let is_read = |text: &str| {
            let text = text.to_ascii_lowercase().into_bytes();
            read.iter().any(|it| contains(it, &text))
        };
        texts.iter().copied().filter(|it| is_read(it)).collect()
    }
}

/// A payload in lower case, and what each run of base64 in it stands for, to the depth to which our
/// own messages nest it.
fn layers(payload: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![payload.to_vec()];
    let mut at = 0;
    while let Some(layer) = all.get(at).cloned() {
        if at < MAX_LAYERS {
            all.extend(decoded_runs(&layer));
        }
        at += 1;
    }
    all.iter().map(|it| it.to_ascii_lowercase()).collect()
}

fn decoded_runs(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let in_base64 = |it: &u8| it.is_ascii_alphanumeric() || b"+/-_".contains(it);
    let runs = bytes.split(move |it| !in_base64(it));
    runs.filter(|it| it.len() >= SHORTEST_RUN)
        .filter_map(|run| {
            // Three quarters of a byte that an odd end holds are no text.
            let run = &run[..run.len() / 4 * 4];
            let url = BASE64URL_NOPAD.decode(run).ok();
            url.or_else(|| BASE64.decode(run).ok())
        })
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|it| it == text)
}

/// The first byte of a sealed frame.
const FORMAT: u8 = 1;

/// Shorter ones stand for nothing that is worth reading.
const SHORTEST_RUN: usize = 8;

/// A message of base64 within base64 has two; random bytes decode to ever shorter ones.
const MAX_LAYERS: usize = 64;

#[cfg(test)]
mod tests {
    use identity::Address;

    use super::*;

    fn capture(payload: Vec<u8>) -> Capture {
        let someone = Address::from_bytes([7; 32]);
        Capture::new(vec![Envelope {
            from: someone,
            to: someone,
            payload: payload.into(),
        }])
    }

    #[test]
    fn what_a_plain_message_holds_is_read_also_in_base64() {
        let sdp = br#"{"v":1,"message":{"sdp":"v=0\r\na=candidate:1 1 udp 1 192.0.2.7 4000"}}"#;
        for parcel in [BASE64URL_NOPAD.encode(sdp), BASE64.encode(sdp)] {
            let message = format!(r#"{{"do":"parcel","name":"Ada","parcel":"{parcel}"}}"#);
            let texts = ["ada", "candidate", "192.0.2.7", "fingerprint"];
            let read = capture(message.into_bytes()).readable(&texts);
            assert_eq!(read, ["ada", "candidate", "192.0.2.7"]);
        }
    }

    #[test]
    fn frames_are_told_apart() {
        let table = [
            (&[1, 1, 0][..], Kind::Hello),
            (&[1, 3], Kind::Data),
            (&[1, 9], Kind::Other),
            (&[2, 1], Kind::Other),
            (b"{", Kind::Other),
            (&[], Kind::Other),
        ];
        for (payload, kind) in table {
            assert_eq!(Kind::of(payload), kind, "{payload:?}");
        }
    }
}
