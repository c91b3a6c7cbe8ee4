//! The key that an installation is, the addresses of others, and the invite links that carry
//! them.
//!
//! What comes from other people is parsed here and nowhere else: links, also mangled ones
//! ([`Invite::find`]), the URLs of relays ([`RelayUrl`]) and names ([`clean_name`]). Nothing here
//! panics on any input, and nothing is kept that is longer than its limit.
//!
//! Pure: no sockets, no files, no clocks; randomness only to make a key. Secret keys never show
//! in `Debug` and are wiped when dropped.

#![warn(missing_docs)]

mod announcement;
mod authority;
mod consent;
mod dh;
mod invite;
mod key;
mod name;
mod percent;
mod rejection;
mod relay_url;
mod signed;

pub use announcement::{verify_alias, verify_announcement, verify_goodbye, verify_source};
pub use authority::Authority;
pub use consent::verify_consent;
pub use dh::{WeakKey, x25519_public};
pub use invite::{Invite, InviteError};
pub use key::{BadProof, Identity, KeyError, NoRandomness, verify_proof};
pub use name::clean_name;
pub use rejection::verify_rejection;
pub use relay_url::{RelayUrl, RelayUrlError, check_relay_url};
pub use signal_wire::{Address, AddressError};
pub use signed::BadSignature;
