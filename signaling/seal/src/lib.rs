//! Sealed sessions between two identities, over a relay that nobody has to trust.
//!
//! Sans-IO: frames and time in, frames and messages out. See [`Sealer`].

#![warn(missing_docs)]

mod sealer;

pub use sealer::{Output, Sealer, SendError};

/// The largest message that can be sealed, in bytes: what is left of an envelope's payload.
pub const MAX_MESSAGE_BYTES: usize = signal_wire::MAX_PAYLOAD_BYTES - 128;
