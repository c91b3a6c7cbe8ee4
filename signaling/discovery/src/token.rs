//! By what people who know each other recognise one another, and nobody else does.

use std::fmt;

use hkdf::Hkdf;
use identity::{Address, Identity, WeakKey};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Says to one person who knows both identities, and to nobody else, who announces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub [u8; Self::BYTES]);

impl Token {
    /// Enough that no two meet by chance; nothing rests on it that a sealed session does not prove.
    pub const BYTES: usize = 8;
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What two identities share and derive their tokens from: the key of HKDF-SHA-256 (RFC 5869)
/// that is extracted from their X25519 secret. Wiped when dropped.
pub(crate) struct Pair(Zeroizing<[u8; 32]>);

impl Pair {
    pub(crate) fn new(own: &Identity, other: &Address) -> Result<Self, WeakKey> {
        let secret = own.shared_secret(other)?;
        let (key, _) = Hkdf::<Sha256>::extract(None, secret.as_slice());
        Ok(Self(Zeroizing::new(key.into())))
    }

    /// By what the other one of the two recognises `announcer` at this alias.
    pub(crate) fn token(&self, alias: &Address, announcer: &Address) -> Token {
        self.derive(&[TOKEN, alias.as_bytes(), announcer.as_bytes()])
    }

    /// A token that nobody recognises. Only the pair of an identity with itself makes them, so that
    /// nobody else can tell them from others.
    pub(crate) fn decoy(&self, alias: &Address, number: u8) -> Token {
        self.derive(&[DECOY, alias.as_bytes(), &[number]])
    }

    fn derive(&self, info: &[&[u8]]) -> Token {
        let mut token = [0; Token::BYTES];
        // Both steps fail by length only: a key of fewer than 32 bytes, 8160 bytes wanted or more.
        if let Ok(key) = Hkdf::<Sha256>::from_prk(self.0.as_slice()) {
            let made = key.expand_multi_info(info, &mut token);
            debug_assert!(made.is_ok(), "eight bytes are fewer than HKDF can give");
        }
        Token(token)
    }
}

const TOKEN: &[u8] = b"tincan lan token v1\0";

const DECOY: &[u8] = b"tincan lan decoy v1\0";
