//! Keys, and the ring in which the other side finds them by index.

use std::fmt;
use std::num::NonZeroU32;

use ring::aead::{AES_128_GCM, LessSafeKey, UnboundKey};
use ring::pbkdf2;
use zeroize::Zeroizing;

/// A key of AES-128-GCM. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Key(pub(super) LessSafeKey);

impl Key {
    /// The key that every LiveKit client makes of a passphrase: PBKDF2-HMAC-SHA256. Takes some ten
    /// milliseconds of a processor; not for an async thread.
    #[must_use]
    pub fn of_passphrase(passphrase: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 16]);
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(
            algorithm,
            ROUNDS,
            SALT,
            passphrase.as_bytes(),
            bytes.as_mut(),
        );
        Self::of_bytes(&bytes)
    }

    /// These bytes as they are. `None` never happens with 16 of them.
    pub(super) fn of_bytes(bytes: &[u8; 16]) -> Option<Self> {
        let key = UnboundKey::new(&AES_128_GCM, bytes).ok()?;
        Some(Self(LessSafeKey::new(key)))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key")
    }
}

/// The keys of a sender that a receiver knows: [`KeyRing::SIZE`] places.
#[derive(Clone, Debug, Default)]
pub struct KeyRing([Option<Key>; Self::SIZE]);

impl KeyRing {
    /// As in LiveKit's clients.
    pub const SIZE: usize = 16;

    /// A ring with one key, at index 0, which is what clients with one shared key use.
    #[must_use]
    pub fn with(key: Key) -> Self {
        let mut ring = Self::default();
        ring.set(0, key);
        ring
    }

    /// Puts a key in its place, which is its index modulo the size of the ring.
    pub fn set(&mut self, index: u8, key: Key) {
        if let Some(place) = self.0.get_mut(usize::from(index) % Self::SIZE) {
            *place = Some(key);
        }
    }

    /// The key that an index names.
    pub(super) fn get(&self, index: u8) -> Option<&Key> {
        self.0.get(usize::from(index))?.as_ref()
    }
}

const SALT: &[u8] = b"LKFrameEncryptionKey";
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).expect("not zero");
