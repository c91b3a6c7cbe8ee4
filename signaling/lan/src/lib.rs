//! Membership in the networks that this machine is on, over real sockets: [`discovery::Lan`] for the
//! engine.
//!
//! A member runs a relay of its own, in this process, at which neighbours knock; what finds others
//! says where it is. Both know it by its alias, and end with the membership. A neighbour who wants to
//! know whether we reach them in turn is dialled back.

#![warn(missing_docs)]

mod dial_back;
mod relay;
mod system;
#[cfg(test)]
mod tests;

pub use system::{Options, SystemLan};
