//! Limits that more than one crate names for the same thing, tied together: the crates must not know
//! each other, and whoever changes one of a pair alone learns it from the compiler.

/// What a session hands out as a parcel, the phone carries.
const _: () = assert!(media::transport::MAX_PARCEL == call::message::MAX_PARCEL);
