//! End-to-end encryption in LiveKit's frame format, which its own clients read and write.
//!
//! ```text
//! clear bytes (authenticated) | ciphertext and tag | IV, 12 bytes | 12 | key index
//! ```
//!
//! AES-128-GCM over whole frames, not packets. Of sound one byte is clear (Opus TOC, RFC 6716,
//! 3.1); of a picture everything up to the second byte of its first slice, and what follows is
//! escaped as H.264 escapes its payload (ITU-T H.264, 7.4.1), so that no start code appears in it.
//! A [`Sealer`] belongs to one stream of the sender, an [`Opener`] to one of the receiver.
//!
//! A picture's last byte is the key's index, which may be zero: who splits frames into NAL units
//! must not trim it.

mod escape;
#[cfg(fuzzing)]
pub mod fuzzing;
mod h264;
mod iv;
mod key;
mod open;
mod replay;
mod seal;
#[cfg(test)]
mod tests;

pub use h264::{Unfit, check, normalise};
pub use iv::{Beginning, Iv};
pub use key::{Key, KeyRing};
pub use open::{OpenError, Opened, Opener};
pub use replay::Window;
pub use seal::{SealError, Sealed, Sealer};

/// Of GCM (NIST SP 800-38D, 5.2.1.1).
const IV_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
/// The length of the IV, and the index of the key.
const TRAILER_BYTES: usize = 2;
