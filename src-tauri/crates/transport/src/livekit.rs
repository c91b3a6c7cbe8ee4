//! What a call over a LiveKit server is made of, media apart.
//!
//! [`signal`] speaks with the server over a WebSocket, [`data`] is what data channels carry, and
//! [`e2ee`] encrypts frames so that the server sees none. None of them knows WebRTC: descriptions
//! and candidates pass through as text. Formats: `livekit/protocol` (protobuf), protocol number 15.
//!
//! Tokens, descriptions, addresses, identities and texts are [`Redacted`] wherever they are held, so
//! that no `Debug` and no log line shows them.

pub mod data;
pub mod e2ee;
#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(fuzzing)]
mod pieces;
pub mod signal;

mod proto;
mod redacted;

pub use redacted::Redacted;
