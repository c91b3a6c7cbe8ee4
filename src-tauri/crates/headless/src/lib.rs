//! The engine without a window: test contact, bots, benches.
//!
//! What the window shares with it lives here too: what is set before any thread runs, and who asks
//! the program to end ([`process`]); the log ([`log`]); the options of both command lines
//! ([`options`]), how an engine is composed from them ([`compose`]), the history of its calls
//! ([`history`]) and all other work that waits for the disk ([`disk`]), the time of day
//! ([`wall_clock`]), the lines of JSON that tell a call's figures ([`figures`]), what is given back to
//! the system after one ([`memory`]), the other side of a test call ([`test_call`]), what the
//! doctor looks at ([`examine`]), and whom a text names ([`whom`]). Contacts ([`people`]) and the move
//! to another computer ([`transfer`]) are commands of their own.

#![warn(missing_docs)]

pub mod compose;
pub mod disk;
pub mod examine;
pub mod figures;
pub mod files;
pub mod history;
pub mod log;
pub mod memory;
pub mod nearby;
pub mod options;
pub mod outcome;
pub mod people;
pub mod process;
pub mod recorder;
pub mod recordings;
pub mod session;
pub mod test_call;
pub mod transfer;
pub mod wall_clock;
pub mod whom;

mod passphrase;
mod picture_ages;
mod sentences;
mod share;

/// Thumbnails of what can be shared, for a page.
pub use devices::jpeg;
