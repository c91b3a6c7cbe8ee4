//! One window per profile: a second start shows the window of the first, and ends.
//!
//! The store's lock says who is first; it is the system's and goes with its process, however that
//! ends. The first listens on a port of the loopback interface and writes port and token into a
//! file of its profile. The second reads them, asks for the window with the link that it was started
//! with, and waits for the answer, which comes from the thread that draws the window: a window that
//! is frozen does not answer, and the user is told.
//!
//! Neither a message bus nor the name of the program takes part, so two profiles are two programs
//! on every system.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use store::{Keychain, Store, StoreError};
use thiserror::Error;

use self::activate::{Outcome, activate};

mod activate;
mod endpoint;
mod listener;
#[cfg(test)]
mod tests;

pub(crate) use self::listener::{Activation, Listener};

/// What a start is.
#[derive(Debug)]
pub(crate) enum Start {
    /// The only one of this profile: it goes on.
    First(Box<Store>),
    /// The window of the first has come up: nothing is left to do.
    Second,
}

/// Why a start can neither go on nor hand over.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    /// The disk, or a profile that cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The window of the first exists, and does not answer.
    #[error(
        "Tincan runs already with this profile, but its window does not answer. \
         End that Tincan, then start it again."
    )]
    Frozen,
}

/// Opens what is remembered in `data`, with a new key where `keychain` allows, or shows the window
/// that has it open already, with `link`. Blocks: a few seconds at most.
///
/// # Errors
/// When the profile cannot be used, or the program that uses it does not answer.
pub(crate) fn start(
    data: &Path,
    keychain: Keychain,
    link: Option<&str>,
) -> Result<Start, StartError> {
    let began = Instant::now();
    loop {
        let in_use = match Store::open_with(data, keychain) {
            Ok(store) => return Ok(Start::First(Box::new(store))),
            Err(error @ StoreError::InUse(_)) => error,
            Err(error) => return Err(error.into()),
        };
        match activate(data, link) {
            Outcome::Shown => return Ok(Start::Second),
            Outcome::TimedOut => return Err(StartError::Frozen),
            // The first is about to listen or about to end, or it has no window: `tincan`.
            Outcome::NoListener if began.elapsed() < SETTLED_AFTER => thread::sleep(PAUSE),
            Outcome::NoListener => return Err(in_use.into()),
        }
    }
}

/// A program that starts listens by then, and one that ends has let go of its lock.
const SETTLED_AFTER: Duration = Duration::from_secs(4);

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);
