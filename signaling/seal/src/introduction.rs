//! Who speaks under an alias, told to the receiver alone: `Noise_N_25519_ChaChaPoly_BLAKE2s` (Noise
//! Protocol Framework, revision 34) to the X25519 form of its identity.
//!
//! Where a sender is known by an alias only, its first frame would open for nobody: the receiver has
//! to know whose HELLO it is. An introduction says it, and proves nothing: anybody who knows both
//! addresses can write one, and anybody can repeat one. What follows it does or does not open.

use identity::{Address, Identity, WeakKey, x25519_public};
use snow::params::NoiseParams;
use snow::{Builder, Error};

use crate::noise::TAG_BYTES;

/// How long an introduction is, in bytes: format, ephemeral key, sealed address, tag.
pub const INTRODUCTION_BYTES: usize = 1 + 32 + Address::LENGTH + TAG_BYTES;

/// Why nobody can be introduced to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntroduceError {
    /// The receiver's address is no usable key.
    #[error(transparent)]
    WeakKey(#[from] WeakKey),
    /// The system gives no random bytes.
    #[error("the introduction cannot be sealed")]
    Noise,
}

/// Tells `to`, and nobody else, that `own` speaks. Always [`INTRODUCTION_BYTES`] long, and never the
/// same twice.
///
/// ```
/// use identity::Identity;
/// use seal::{introduce, introduced};
///
/// let (ann, bob, eve) = (Identity::generate()?, Identity::generate()?, Identity::generate()?);
/// let said = introduce(&ann.address(), &bob.address())?;
/// assert_eq!(introduced(&bob, &said), Some(ann.address()));
/// assert_eq!(introduced(&eve, &said), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the receiver's address is no usable key, or the system gives no random bytes.
pub fn introduce(own: &Address, to: &Address) -> Result<Vec<u8>, IntroduceError> {
    let public = x25519_public(to)?;
    sealed(own, to, &public).map_err(|_| IntroduceError::Noise)
}

/// Whom an introduction to `identity` names, if it is one. Costs a key agreement: the caller bounds
/// how often.
#[must_use]
pub fn introduced(identity: &Identity, bytes: &[u8]) -> Option<Address> {
    if bytes.len() != INTRODUCTION_BYTES {
        return None;
    }
    let sealed = bytes.strip_prefix(&[FORMAT])?;
    opened(identity, sealed).ok().map(Address::from_bytes)
}

/// Whether bytes are an introduction by their form, before anything is opened.
#[must_use]
pub fn is_introduction(bytes: &[u8]) -> bool {
    bytes.len() == INTRODUCTION_BYTES && bytes.first() == Some(&FORMAT)
}

fn sealed(own: &Address, to: &Address, public: &[u8; 32]) -> Result<Vec<u8>, Error> {
    let mut handshake = Builder::new(parameters()?)
        .remote_public_key(public)?
        .prologue(&prologue(to))?
        .build_initiator()?;
    let mut message = vec![FORMAT; INTRODUCTION_BYTES];
    handshake.write_message(own.as_bytes(), &mut message[1..])?;
    Ok(message)
}

fn opened(identity: &Identity, sealed: &[u8]) -> Result<[u8; Address::LENGTH], Error> {
    let mut handshake = Builder::new(parameters()?)
        .local_private_key(identity.x25519_secret().as_slice())?
        .prologue(&prologue(&identity.address()))?
        .build_responder()?;
    let mut address = [0; Address::LENGTH];
    handshake.read_message(sealed, &mut address)?;
    Ok(address)
}

/// The receiver's whole address, because two addresses have one X25519 form.
fn prologue(to: &Address) -> Vec<u8> {
    [PROLOGUE_NAME, to.as_bytes()].concat()
}

fn parameters() -> Result<NoiseParams, Error> {
    PROTOCOL.parse()
}

const PROTOCOL: &str = "Noise_N_25519_ChaChaPoly_BLAKE2s";

/// Nothing that another program seals with the same keys opens here, nor a HELLO.
const PROLOGUE_NAME: &[u8] = b"tincan introduction v1\0";

/// Frames of sealed sessions begin with 1.
const FORMAT: u8 = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn people<const N: usize>() -> [Identity; N] {
        [0; N].map(|_| Identity::generate().unwrap())
    }

    #[test]
    fn an_introduction_opens_for_its_receiver_alone_and_only_whole() {
        let [ann, bob, eve] = people();
        let said = introduce(&ann.address(), &bob.address()).unwrap();
        assert_eq!(said.len(), INTRODUCTION_BYTES);
        assert!(is_introduction(&said));
        assert_eq!(introduced(&bob, &said), Some(ann.address()));
        assert_eq!(introduced(&eve, &said), None);
        assert_eq!(introduced(&ann, &said), None);
        for at in 0..said.len() {
            let mut wrong = said.clone();
            wrong[at] ^= 1;
            assert_eq!(introduced(&bob, &wrong), None, "byte {at}");
            assert_eq!(introduced(&bob, &said[..at]), None);
        }
        assert_eq!(introduced(&bob, &[&said[..], &[0]].concat()), None);
    }

    #[test]
    fn two_introductions_of_the_same_people_have_nothing_in_common() {
        let [ann, bob] = people().map(|it| it.address());
        let [one, other] = [0; 2].map(|_| introduce(&ann, &bob).unwrap());
        let alike = one.iter().zip(&other).filter(|(a, b)| a == b).count();
        assert!(alike < 8, "{alike} of {INTRODUCTION_BYTES} bytes");
    }

    #[test]
    fn nobody_is_introduced_to_a_weak_key() {
        let [ann] = people();
        let weak = Address::from_bytes([0; 32]);
        let refused = introduce(&ann.address(), &weak);
        assert_eq!(refused, Err(IntroduceError::WeakKey(WeakKey)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(mut bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let [bob] = people();
            prop_assert_eq!(introduced(&bob, &bytes), None);
            bytes.resize(INTRODUCTION_BYTES, 0);
            bytes[0] = FORMAT;
            prop_assert_eq!(introduced(&bob, &bytes), None);
        }
    }
}
