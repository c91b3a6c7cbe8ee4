//! The receiving side. All bytes are a stranger's until their tag was checked.

use ring::aead::{Aad, Nonce};

use super::escape::unescape;
use super::h264::clear_bytes;
use super::iv::{Beginning, Iv};
use super::key::KeyRing;
use super::seal::Sealer;
use super::{IV_BYTES, TAG_BYTES};

/// Why a frame does not open. It is then dropped, and nothing of it is shown or heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Too short, or no trailer: not encrypted, such as the silence that a server sends for a
    /// muted track.
    #[error("not an encrypted frame")]
    NotEncrypted,
    /// Under a key that we do not have.
    #[error("no key at index {0}")]
    UnknownKey(u8),
    /// Changed on its way, or under another key.
    #[error("the frame is not authentic")]
    NotAuthentic,
    /// A picture without a slice.
    #[error("a picture has no slice")]
    NoSlice,
}

/// What a frame was.
#[derive(Clone, PartialEq, Eq)]
pub enum Opened {
    /// The sender's frame, and what tells it from all others of the same key.
    Frame(Vec<u8>, Iv),
    /// One without content, which nobody has sealed.
    Empty,
    /// One that the server put in, in clear. Nothing to show.
    Injected,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Frame(..) => "Frame",
            Self::Empty => "Empty",
            Self::Injected => "Injected",
        })
    }
}

/// Decrypts the frames of one sender.
#[derive(Clone, Debug)]
pub struct Opener {
    keys: KeyRing,
    /// How frames of the server end.
    sif_trailer: Vec<u8>,
    /// What the IVs of our own sealers begin with: both sides may use one key, and what we sent is
    /// nothing that we receive.
    ours: Vec<Beginning>,
}

impl Opener {
    /// With the keys of the sender, and the trailer that the server named at the join.
    #[must_use]
    pub const fn new(keys: KeyRing, sif_trailer: Vec<u8>) -> Self {
        Self {
            keys,
            sif_trailer,
            ours: Vec::new(),
        }
    }

    /// Takes nothing for the sender's that one of these sealed, which are ours.
    #[must_use]
    pub fn but_of<'a>(mut self, ours: impl IntoIterator<Item = &'a Sealer>) -> Self {
        self.ours.extend(ours.into_iter().map(Sealer::beginning));
        self
    }

    /// An Opus packet.
    ///
    /// # Errors
    ///
    /// When it is not encrypted, or not by the sender.
    pub fn sound(&self, packet: &[u8]) -> Result<Opened, OpenError> {
        if let Some(done) = self.needs_no_key(packet) {
            return Ok(done);
        }
        let (toc, body) = packet.split_at_checked(1).ok_or(OpenError::NotEncrypted)?;
        self.body(toc, body.to_vec())
    }

    /// A picture, as its depacketiser puts it together: all its NAL units in the order in which
    /// they came, each after a start code of four bytes.
    ///
    /// # Errors
    ///
    /// When it is not encrypted, or not by the sender.
    pub fn picture(&self, picture: &[u8]) -> Result<Opened, OpenError> {
        if let Some(done) = self.needs_no_key(picture) {
            return Ok(done);
        }
        let clear = clear_bytes(picture).ok_or(OpenError::NoSlice)?;
        let (clear, body) = picture.split_at_checked(clear).ok_or(OpenError::NoSlice)?;
        // The trailer is escaped as well, so this comes first.
        self.body(clear, unescape(body))
    }

    /// A message of a data channel.
    ///
    /// # Errors
    ///
    /// When it is not by the sender.
    pub fn data(&self, iv: &[u8], ciphertext: &[u8], index: u32) -> Result<Vec<u8>, OpenError> {
        let index = u8::try_from(index).map_err(|_| OpenError::UnknownKey(u8::MAX))?;
        let iv = iv.try_into().map_err(|_| OpenError::NotEncrypted)?;
        self.decrypt(Iv(iv), index, &[], ciphertext.to_vec())
    }

    fn needs_no_key(&self, frame: &[u8]) -> Option<Opened> {
        if frame.is_empty() {
            return Some(Opened::Empty);
        }
        let injected = !self.sif_trailer.is_empty() && frame.ends_with(&self.sif_trailer);
        injected.then_some(Opened::Injected)
    }

    /// Takes the trailer off, and puts the clear bytes before what the rest says.
    fn body(&self, clear: &[u8], mut body: Vec<u8>) -> Result<Opened, OpenError> {
        let (Some(index), Some(length)) = (body.pop(), body.pop()) else {
            return Err(OpenError::NotEncrypted);
        };
        if usize::from(length) != IV_BYTES {
            return Err(OpenError::NotEncrypted);
        }
        let (_, iv) = body.split_last_chunk().ok_or(OpenError::NotEncrypted)?;
        let iv = Iv(*iv);
        body.truncate(body.len() - IV_BYTES);
        if body.len() < TAG_BYTES {
            return Err(OpenError::NotEncrypted);
        }
        let secret = self.decrypt(iv, index, clear, body)?;
        let mut frame = Vec::with_capacity(clear.len() + secret.len());
        frame.extend(clear);
        frame.extend(secret);
        Ok(Opened::Frame(frame, iv))
    }

    fn decrypt(
        &self,
        iv: Iv,
        index: u8,
        clear: &[u8],
        mut bytes: Vec<u8>,
    ) -> Result<Vec<u8>, OpenError> {
        if self.ours.iter().any(|it| iv.is_of(it)) {
            return Err(OpenError::NotAuthentic);
        }
        let key = self.keys.get(index).ok_or(OpenError::UnknownKey(index))?;
        let nonce = Nonce::assume_unique_for_key(iv.0);
        let secret = key.0.open_in_place(nonce, Aad::from(clear), &mut bytes);
        let secret = secret.map_err(|_| OpenError::NotAuthentic)?.len();
        bytes.truncate(secret);
        Ok(bytes)
    }
}
