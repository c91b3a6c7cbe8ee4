//! The key that an installation is, the addresses of others, and the invite links that carry
//! them.
//!
//! Pure: no sockets, no files, no clocks; randomness only to make a key. Secret keys never show
//! in `Debug` and are wiped when dropped.

#![warn(missing_docs)]

mod invite;
mod key;

pub use invite::{Invite, InviteError, RelayUrlError, check_relay_url, clean_name};
pub use key::{BadProof, Identity, NoRandomness, verify_proof};
pub use signal_wire::{Address, AddressError};
