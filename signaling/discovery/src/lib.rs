//! Who is on the networks that this machine is on, with nothing around: no server, no DNS, no
//! internet.
//!
//! A member of a network runs a relay of its own and [announces](Announcement) where it is. An
//! announcement is a hint: it never names who is there unless that person wants everybody to know,
//! and who it is is proven by a sealed session alone. What comes from the network is a stranger's
//! bytes: none of it panics, and none of it makes memory grow without a bound.
//!
//! Finders ([`Options::start`]) hear and say announcements over real sockets, each way of finding in
//! a task of its own. The rest is sans-IO: [`Neighbours`] keeps who is heard, [`Acquaintances`] tells who of them
//! claims to be somebody whom we know. [`Lan`] is the seam behind which the finders and a relay are,
//! or a simulation.

#![warn(missing_docs)]

mod acquaintances;
mod announcement;
mod encoding;
mod finders;
#[cfg(fuzzing)]
pub mod fuzzing;
mod interfaces;
mod lan;
mod neighbours;
mod place;
#[cfg(fuzzing)]
pub mod seeds;
mod token;

pub use acquaintances::{Acquaintances, Recognised};
pub use announcement::{Announcement, Named, host_name};
pub use encoding::NotAnAnnouncement;
pub use finders::{
    AskError, BEACON_PORT, DEFAULT_PORT, DialBackAnswer, DialedBack, Options, RunningFinder, ask,
    ask_to_dial_back, dial_back, who_asks_to_dial_back,
};
pub use identity::Address;
pub use interfaces::{Vicinity, own_places};
pub use lan::{FinderKind, Heard, Joined, Lan, LanError, Membership, Sighting};
pub use neighbours::{Change, Neighbour, Neighbours};
pub use place::{NotAPlace, Place};
pub use token::Token;
