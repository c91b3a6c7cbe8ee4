//! The Ed25519 key pair of an installation (RFC 8032), and the proof of an address to a relay.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use signal_wire::{Address, Challenge, Proof};

/// A key pair; its public half is the address. Each copy is wiped when dropped.
///
/// ```
/// use identity::{Identity, KeyError, verify_proof};
/// use signal_wire::Challenge;
///
/// let ann = Identity::generate()?;
/// let challenge = Challenge([7; 32]);
/// let proof = ann.prove(&challenge, "relay.example");
/// assert!(verify_proof(&ann.address(), &challenge, "relay.example", &proof).is_ok());
/// assert!(verify_proof(&ann.address(), &challenge, "other.example", &proof).is_err());
///
/// let restored = Identity::from_bytes(ann.seed()).map(|it| it.address());
/// assert_eq!(restored, Ok(ann.address()));
/// assert_eq!(Identity::from_bytes(&[0; 32]).map(|it| it.address()), Err(KeyError::Guessable));
/// # Ok::<(), identity::NoRandomness>(())
/// ```
#[derive(Clone)]
pub struct Identity {
    pub(crate) key: SigningKey,
}

/// The operating system gives no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// Why bytes are no secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// They are not as many as a key has.
    #[error("a key has {} bytes and not {bytes}", Identity::SEED_LENGTH)]
    Length {
        /// How many they are.
        bytes: usize,
    },
    /// They were not made at random: anybody could guess them and be this identity.
    #[error("the bytes of the key are not random")]
    Guessable,
}

/// A proof does not fit its address, challenge or relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof of the address is wrong")]
pub struct BadProof;

impl Identity {
    /// Bytes of a seed.
    pub const SEED_LENGTH: usize = 32;

    /// Makes a new key.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut seed = [0; Self::SEED_LENGTH];
        getrandom::fill(&mut seed).map_err(|_| NoRandomness)?;
        Ok(Self::from_seed(&seed))
    }

    /// Takes a key that was stored. A file that was emptied, wiped or made by hand is refused:
    /// bytes that are all alike or nearly so, that count up or down, or that repeat a shorter
    /// pattern.
    ///
    /// # Errors
    /// When it has another length, or could be guessed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let seed: &[u8; Self::SEED_LENGTH] = bytes
            .try_into()
            .map_err(|_| KeyError::Length { bytes: bytes.len() })?;
        if is_guessable(seed) {
            return Err(KeyError::Guessable);
        }
        Ok(Self::from_seed(seed))
    }

    /// The key that belongs to these secret bytes, whatever they are.
    fn from_seed(seed: &[u8; Self::SEED_LENGTH]) -> Self {
        Self {
            key: SigningKey::from_bytes(seed),
        }
    }

    /// The secret bytes, to be stored where only this user reads them.
    #[must_use]
    pub fn seed(&self) -> &[u8; Self::SEED_LENGTH] {
        self.key.as_bytes()
    }

    /// The address: the public half.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::from_bytes(self.key.verifying_key().to_bytes())
    }

    /// Proves the address to the relay at `relay_host` (as in its URL, without the port) that
    /// asked with `challenge`.
    #[must_use]
    pub fn prove(&self, challenge: &Challenge, relay_host: &str) -> Proof {
        Proof(self.key.sign(&proof_text(challenge, relay_host)).to_bytes())
    }
}

/// Whether no random generator made these bytes: a pattern of at most half of them repeats, each
/// byte differs from the one before by the same, or few of them are different, as in a file that
/// lost all but its first bytes and was filled up. A random key is refused by chance once in 10^22.
fn is_guessable(seed: &[u8; Identity::SEED_LENGTH]) -> bool {
    let repeats = |period: usize| seed.iter().zip(&seed[period..]).all(|(a, b)| a == b);
    let mut steps = seed.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let step = steps.next();
    let different = (0..=u8::MAX).filter(|it| seed.contains(it)).count();
    (1..=Identity::SEED_LENGTH / 2).any(repeats)
        || steps.all(|other| Some(other) == step)
        || different <= FEW_DIFFERENT
}

/// Of 32 random bytes about 30 are different. One key of random bytes in 10^22 has 12 or fewer.
const FEW_DIFFERENT: usize = 12;

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// Checks what [`Identity::prove`] made. Strict: weak keys and malleable signatures are refused.
///
/// # Errors
/// When the proof does not fit.
pub fn verify_proof(
    address: &Address,
    challenge: &Challenge,
    relay_host: &str,
    proof: &Proof,
) -> Result<(), BadProof> {
    let key = VerifyingKey::from_bytes(address.as_bytes()).map_err(|_| BadProof)?;
    key.verify_strict(
        &proof_text(challenge, relay_host),
        &Signature::from_bytes(&proof.0),
    )
    .map_err(|_| BadProof)
}

/// What is signed. The context keeps a proof from being taken for a signature of anything else,
/// the host keeps one relay from using it at another. Host names ignore case (RFC 4343).
fn proof_text(challenge: &Challenge, relay_host: &str) -> Vec<u8> {
    let mut text = PROOF_CONTEXT.to_vec();
    text.extend_from_slice(&challenge.0);
    text.extend_from_slice(relay_host.to_ascii_lowercase().as_bytes());
    text
}

const PROOF_CONTEXT: &[u8] = b"tincan relay hello v1\0";

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "relay.example.org";
    const NONCE: Challenge = Challenge([3; 32]);

    #[test]
    fn a_seed_is_the_same_key_for_ever() {
        // RFC 8032, section 7.1, test 1.
        let seed = data_encoding::HEXLOWER
            .decode(b"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
            .unwrap();
        let public = data_encoding::HEXLOWER
            .decode(b"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
            .unwrap();
        let identity = Identity::from_seed(&seed.clone().try_into().unwrap());
        assert_eq!(identity.address().as_bytes().as_slice(), public);
        assert_eq!(identity.seed().as_slice(), seed);
    }

    #[test]
    fn a_stored_key_that_could_be_guessed_is_refused() {
        let counting: Vec<u8> = (1..=32).collect();
        let down: Vec<u8> = (0..32).rev().map(|n| n * 7).collect();
        let pattern = b"secret..".repeat(4);
        let uneven = b"not a key at all".map(|it| it ^ 0x80)[..15].repeat(3)[..32].to_vec();
        let mut cut = [0; 32];
        cut[..8].copy_from_slice(&[201, 17, 94, 5, 66, 148, 230, 39]);
        for bytes in [
            &[0; 32][..],
            &[0xff; 32],
            &counting,
            &down,
            &pattern,
            &uneven,
            &cut,
        ] {
            let refused = Identity::from_bytes(bytes).map(|_| ());
            assert_eq!(refused, Err(KeyError::Guessable), "{bytes:?}");
        }
        for bytes in [0, 31, 33] {
            let refused = Identity::from_bytes(&vec![1; bytes]).map(|_| ());
            assert_eq!(refused, Err(KeyError::Length { bytes }));
        }
        for _ in 0..1000 {
            let made = Identity::generate().unwrap();
            let kept = Identity::from_bytes(made.seed()).map(|it| it.address());
            assert_eq!(kept, Ok(made.address()));
        }
    }

    #[test]
    fn a_proof_holds_for_its_address_challenge_and_relay_only() {
        let identity = Identity::generate().unwrap();
        let other = Identity::generate().unwrap();
        let address = identity.address();
        let proof = identity.prove(&NONCE, HOST);
        let check = |address, nonce, host, proof| verify_proof(&address, &nonce, host, &proof);

        assert_eq!(check(address, NONCE, HOST, proof), Ok(()));
        assert_eq!(check(address, NONCE, "Relay.Example.ORG", proof), Ok(()));
        assert_eq!(check(other.address(), NONCE, HOST, proof), Err(BadProof));
        assert_eq!(
            check(address, Challenge([4; 32]), HOST, proof),
            Err(BadProof)
        );
        assert_eq!(
            check(address, NONCE, "evil.example.org", proof),
            Err(BadProof)
        );
        assert_eq!(check(address, NONCE, HOST, Proof([0; 64])), Err(BadProof));
    }

    #[test]
    fn addresses_that_are_no_key_prove_nothing() {
        // The identity element accepts forged signatures unless verification is strict.
        let mut identity_element = [0; 32];
        identity_element[0] = 1;
        let mut forged = [0; 64];
        forged[0] = 1;
        for bytes in [identity_element, [0xff; 32], [0; 32]] {
            let address = Address::from_bytes(bytes);
            assert_eq!(
                verify_proof(&address, &NONCE, HOST, &Proof(forged)),
                Err(BadProof)
            );
        }
    }

    #[test]
    fn debug_hides_the_key() {
        assert_eq!(
            format!("{:?}", Identity::from_seed(&[1; 32])),
            "Identity(…)"
        );
    }
}
