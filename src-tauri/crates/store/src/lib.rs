//! What an installation remembers: who it is, what the user set, whom the user knows, past calls and
//! what was said in them in text.
//!
//! A [`Store`] owns one directory: a database (`tincan.db`), the secret key or a note of where the
//! system's keychain has it (`identity.key`, `key.place`), and a lock that keeps a second program
//! out. Whoever only wants to know what is there looks beside that program ([`Remembered`]).
//! Whatever ends the program, what was acknowledged as written is there again. What cannot be
//! read is kept aside, never overwritten; the secret key changes only when the user imports another.
//! All calls block on the disk for a moment; none belongs on a thread of media or of the network.
//! Only [`KnownPeople`] may be asked from anywhere.

#![warn(missing_docs)]

mod db;
mod error;
mod file;
mod history;
mod key;
mod legacy;
mod lock;
mod people;
mod person;
mod place;
mod record;
mod settings;
mod store;
mod texts;
mod transfer;
mod whereabouts;

pub use error::{StoreError, TransferError};
pub use history::{HistoryEntry, HistoryPeer, keep};
pub use key::Keychain;
pub use people::{KnownPeople, Relation};
pub use person::{KeyPlace, Person, PinnedHow};
pub use place::{default_dir, videos_dir};
pub use record::{CallRecord, RecordedDirection, RecordedPath, RecordedQuality};
pub use settings::{
    Carrier, IceServer, LanVisibility, PictureFit, SelfView, Settings, Theme, WhoMayRing,
};
pub use store::{Imported, Remembered, Store};
pub use texts::{KeptText, KeptTextState};
