//! Limits that more than one crate names for the same thing, tied together: the crates must not know
//! each other, and whoever changes one of a pair alone learns it from the compiler.

/// What a session hands out as a parcel, the phone carries.
const _: () = assert!(media::transport::MAX_PARCEL == call::message::MAX_PARCEL);

/// What the phone says through the session's own channel, the session takes.
const _: () = assert!(media::transport::MAX_DATA == call::message::MAX_DATA);

/// What the phone says through a relay can be sealed; what is sealed, the relay takes.
const _: () = assert!(call::message::MAX_MESSAGE <= seal::MAX_MESSAGE_BYTES);
