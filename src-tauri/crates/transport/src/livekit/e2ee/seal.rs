//! The sending side.

use ring::aead::{Aad, Nonce};

use super::escape::escape;
use super::h264::{clear_bytes, normalise};
use super::iv::{Beginning, Ivs};
use super::key::Key;
use super::{IV_BYTES, TAG_BYTES, TRAILER_BYTES};

/// Why a frame cannot be sealed. It is then dropped: nothing leaves in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The system gives no random bytes.
    #[error("no random bytes")]
    NoRandomness,
    /// All IVs are used up, or the library refused.
    #[error("cannot encrypt")]
    Exhausted,
    /// A picture without a slice.
    #[error("a picture has no slice")]
    NoSlice,
}

/// Encrypts the frames of one stream.
#[derive(Debug)]
pub struct Sealer {
    key: Key,
    index: u8,
    ivs: Ivs,
}

/// A message that was encrypted, in the parts that LiveKit's packet has.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Unique under the key.
    pub iv: [u8; IV_BYTES],
    /// With the tag at its end.
    pub ciphertext: Vec<u8>,
    /// Of the key.
    pub index: u8,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sealed").finish_non_exhaustive()
    }
}

impl Sealer {
    /// With the key that the other side has at this index of its ring.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub fn new(key: Key, index: u8) -> Result<Self, SealError> {
        let ivs = Ivs::new().ok_or(SealError::NoRandomness)?;
        Ok(Self { key, index, ivs })
    }

    /// What the IVs of this sealer begin with.
    #[must_use]
    pub const fn beginning(&self) -> Beginning {
        self.ivs.beginning()
    }

    /// An Opus packet. An empty one stays empty.
    ///
    /// # Errors
    ///
    /// When the stream has no IV left.
    pub fn sound(&mut self, packet: &[u8]) -> Result<Vec<u8>, SealError> {
        let Some((toc, _)) = packet.split_at_checked(1) else {
            return Ok(Vec::new());
        };
        let mut whole = Vec::with_capacity(packet.len() + OVERHEAD);
        whole.extend(toc);
        whole.extend(self.body(packet, toc.len())?);
        Ok(whole)
    }

    /// A picture in Annex B form, which is [normalised](normalise). An empty one stays empty.
    ///
    /// # Errors
    ///
    /// When it has no slice, or the stream has no IV left.
    pub fn picture(&mut self, picture: &[u8]) -> Result<Vec<u8>, SealError> {
        if picture.is_empty() {
            return Ok(Vec::new());
        }
        let mut whole = normalise(picture);
        let clear = clear_bytes(&whole).ok_or(SealError::NoSlice)?;
        // The first slice of a picture begins at macroblock 0, which is a set bit. A zero there
        // would make a start code with what follows, which is escaped by itself.
        if whole.get(clear - 1) == Some(&0) {
            return Err(SealError::NoSlice);
        }
        let body = self.body(&whole, clear)?;
        whole.truncate(clear);
        escape(&body, &mut whole);
        Ok(whole)
    }

    /// A message for a data channel; no byte of it is clear.
    ///
    /// # Errors
    ///
    /// When the stream has no IV left.
    pub fn data(&mut self, message: &[u8]) -> Result<Sealed, SealError> {
        let (iv, ciphertext) = self.encrypt(message, &[])?;
        let index = self.index;
        Ok(Sealed {
            iv,
            ciphertext,
            index,
        })
    }

    /// What follows the clear bytes of a frame, not escaped.
    fn body(&mut self, frame: &[u8], clear: usize) -> Result<Vec<u8>, SealError> {
        let (clear, secret) = frame.split_at_checked(clear).ok_or(SealError::NoSlice)?;
        let (iv, mut body) = self.encrypt(secret, clear)?;
        body.extend(iv);
        body.extend([IV_LENGTH, self.index]);
        Ok(body)
    }

    fn encrypt(
        &mut self,
        secret: &[u8],
        clear: &[u8],
    ) -> Result<([u8; IV_BYTES], Vec<u8>), SealError> {
        let iv = self.ivs.take().ok_or(SealError::Exhausted)?;
        let mut bytes = Vec::with_capacity(secret.len() + OVERHEAD);
        bytes.extend(secret);
        let nonce = Nonce::assume_unique_for_key(iv);
        let key = &self.key.0;
        key.seal_in_place_append_tag(nonce, Aad::from(clear), &mut bytes)
            .map_err(|_| SealError::Exhausted)?;
        Ok((iv, bytes))
    }
}

/// What a frame grows by, escapes apart.
const OVERHEAD: usize = TAG_BYTES + IV_BYTES + TRAILER_BYTES;
const IV_LENGTH: u8 = 12;
