//! The four words that two people compare, and the commitment that keeps anybody in the middle
//! from searching for equal ones.
//!
//! Who is in the middle holds a session with each of the two, and needs equal words in both. The
//! words of a session depend on a random value of each side. The initiator commits to its value
//! before it sees the responder's, and reveals it after; so neither side can choose its own to fit,
//! and each try of one in the middle costs a whole handshake with a real person's program and
//! succeeds once in 2^44.

use std::fmt;

use bip39::Language;
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::noise::HandshakeHash;

/// A side's random part of the words. Wiped when dropped.
#[derive(Clone)]
pub(crate) struct Nonce(Zeroizing<[u8; Self::BYTES]>);

/// The words, in their order.
pub(crate) type Words = [&'static str; 4];

/// What the initiator sends before it knows the responder's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Commitment(pub(crate) [u8; 32]);

impl Nonce {
    /// As long as the hash that commits to it.
    pub(crate) const BYTES: usize = 32;

    /// A new one; `None` when the system gives no random bytes.
    pub(crate) fn random() -> Option<Self> {
        let mut nonce = Zeroizing::new([0; Self::BYTES]);
        getrandom::fill(nonce.as_mut_slice()).ok()?;
        Some(Self(nonce))
    }

    /// One that came from the other side.
    pub(crate) fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}

impl Commitment {
    /// Commits to a random value.
    pub(crate) fn to(nonce: &Nonce) -> Self {
        let hash = Sha256::new()
            .chain_update(COMMITMENT_CONTEXT)
            .chain_update(nonce.as_bytes());
        Self(hash.finalize().into())
    }

    /// Whether this is the value that was committed to.
    pub(crate) fn is_to(&self, nonce: &Nonce) -> bool {
        bool::from(self.0.ct_eq(&Self::to(nonce).0))
    }
}

/// The words of a session, from what only its two sides know.
pub(crate) fn words(hash: &HandshakeHash, initiator: &Nonce, responder: &Nonce) -> Words {
    let mut secret = Zeroizing::new([0; 96]);
    secret[..32].copy_from_slice(hash);
    secret[32..64].copy_from_slice(initiator.as_bytes());
    secret[64..].copy_from_slice(responder.as_bytes());
    let mut bits = Zeroizing::new([0; 8]);
    Hkdf::<Sha256>::new(None, secret.as_slice())
        .expand(WORDS_CONTEXT, &mut bits[..BITS_BYTES])
        .expect("six bytes are fewer than HKDF can give");
    let bits = u64::from_be_bytes(*bits);
    let list = Language::English.word_list();
    // Eleven bits a word, from the highest down; the list has 2048 words.
    [53, 42, 31, 20].map(|shift| list[(bits >> shift) as usize % list.len()])
}

/// Four words of eleven bits fit into six bytes.
const BITS_BYTES: usize = 6;

const COMMITMENT_CONTEXT: &[u8] = b"tincan seal commitment v1\0";
const WORDS_CONTEXT: &[u8] = b"tincan seal words v1";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const HASH: HandshakeHash = [1; 32];

    fn nonce(byte: u8) -> Nonce {
        Nonce::from_bytes(&[byte; 32])
    }

    #[test]
    fn a_commitment_holds_for_its_value_only() {
        let commitment = Commitment::to(&nonce(1));
        assert!(commitment.is_to(&nonce(1)));
        assert!(!commitment.is_to(&nonce(2)));
        assert_ne!(commitment.0, [1; 32]);
    }

    #[test]
    fn the_words_depend_on_each_part_and_on_whose_it_is() {
        let all = [
            words(&HASH, &nonce(1), &nonce(2)),
            words(&[2; 32], &nonce(1), &nonce(2)),
            words(&HASH, &nonce(3), &nonce(2)),
            words(&HASH, &nonce(1), &nonce(3)),
            words(&HASH, &nonce(2), &nonce(1)),
        ];
        assert_eq!(HashSet::from(all).len(), all.len());
    }

    #[test]
    fn the_words_of_a_session_are_the_same_for_ever() {
        // Made by an independent HKDF (RFC 5869) and the published list of BIP-39.
        assert_eq!(words(&HASH, &nonce(1), &nonce(2)), KNOWN);
    }

    #[test]
    fn all_words_of_the_list_are_used() {
        let mut seen = HashSet::new();
        for byte in 0..=u8::MAX {
            for other in 0..=u8::MAX {
                seen.extend(words(&HASH, &nonce(byte), &nonce(other)));
            }
        }
        assert_eq!(seen.len(), 2048);
    }

    const KNOWN: Words = ["alter", "pattern", "reward", "fall"];
}
