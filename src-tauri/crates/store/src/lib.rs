//! What an installation remembers: who it is, what the user set, and past calls.
//!
//! A [`Store`] owns one directory with a few small files, and a lock that keeps a second program
//! out of it. Every write replaces a whole file at once, so a crash leaves the old or the new one.
//! What cannot be read is kept aside, never overwritten, and the secret key is written only once.
//! All calls block on the disk for a moment; none belongs on a thread of media or of the network.
//! Only [`KnownPeople`] may be asked from anywhere.

#![warn(missing_docs)]

mod error;
mod file;
mod history;
mod lock;
mod people;
mod person;
mod place;
mod seed;
mod settings;
mod store;

pub use error::StoreError;
pub use history::{HistoryEntry, HistoryPeer, keep};
pub use people::{KnownPeople, Relation};
pub use person::{KeyPlace, Person};
pub use place::default_dir;
pub use settings::{IceServer, PictureFit, SelfView, Settings, Theme, WhoMayRing};
pub use store::Store;
