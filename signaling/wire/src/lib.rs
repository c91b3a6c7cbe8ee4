//! What travels between a client and a relay: addresses, frames, limits and the version.
//!
//! A frame is one JSON text message of a WebSocket. The conversation:
//!
//! ```text
//! relay  → challenge { version, nonce }
//! client → hello { version, capabilities, address, proof, resume? }
//! relay  → welcome { capabilities, session, resumed, received, ice? }
//! client → envelope { seq, id, to, payload }       relay → envelope { seq, id, from, payload }
//! client → ack { seq }                             relay → ack { seq }
//!                                                  relay → not_here { seq, id, to, why }
//!                                                  relay → refused { seq, id, to }
//! client → ice {}                                  relay → ice { servers, ttl_seconds }
//! client → access { call, with }                   relay → access { call, with, url, token, … }
//! client → release { call }                        relay → no_access { call, why }
//! relay  → taken_over | error { code }             (the last frame of a connection)
//! ```
//!
//! Frames grow without a new version: a field that the reader does not know is ignored, a frame
//! that it does not know is skipped ([`FrameError::Unknown`]), an error code or a reason that it
//! does not know reads as `Unknown`. What one end can do only if the other takes part is named in
//! `capabilities`. A new version, with a path of its own, is for what cannot be told so.
//!
//! Sequence numbers rise within a session, each way on its own; an `ack` covers everything up to
//! its number. A client that lost its connection names its session in the next `hello` and both
//! sides send again what the other has not received. A new session numbers from 1 again, so the
//! receiver recognises an envelope that is sent into it once more by its `id`.
//!
//! This crate parses bytes of strangers: nothing here panics, and nothing allocates more than the
//! frame that it is given. It knows no sockets, no clocks and no cryptography.

#![warn(missing_docs)]

mod address;
mod bytes_text;
mod capabilities;
mod frame;
mod ice;
mod livekit;
mod outline;
mod text;

pub use address::{Address, AddressError};
pub use bytes_text::{Challenge, MessageId, Payload, PayloadTooLarge, Proof, SessionToken};
pub use capabilities::{Capabilities, MAX_CAPABILITIES, MAX_CAPABILITY_BYTES};
pub use frame::{Absence, ClientFrame, ErrorCode, FrameError, RelayFrame, Resume};
pub use ice::{IceServer, IceServers, IceUse, MAX_ICE_SERVERS, MAX_ICE_TEXT_BYTES, ice_use};
pub use livekit::{
    CallNumber, LiveKitAccess, LiveKitToken, MAX_ACCESS_CALLS, MAX_LIVEKIT_TOKEN_BYTES,
    MAX_LIVEKIT_URL_BYTES, NoAccess, NotAToken, is_livekit_url,
};

/// The version that both sides must speak; the last part of a relay's URL path says it too.
pub const VERSION: u16 = 2;

/// Where a relay takes WebSocket connections of this version.
pub const PATH: &str = "/v2";

/// Where clients of the version before connect: a relay tells them there that it has another one.
pub const OLD_PATH: &str = "/v1";

/// The largest payload of an envelope, in bytes. An offer with all its candidates is below 8 KiB;
/// the room above is for what later versions seal into it.
pub const MAX_PAYLOAD_BYTES: usize = 48 * 1024;

/// The largest frame, in bytes of text: a full payload in base64 (64 KiB) and 1 KiB around it.
pub const MAX_FRAME_BYTES: usize = MAX_PAYLOAD_BYTES / 3 * 4 + 1024;
