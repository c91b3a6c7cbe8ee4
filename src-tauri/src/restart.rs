//! The program starts once more, as somebody else.
//!
//! The new process gets the environment that this one was given, and not the one that it made for
//! itself: that names sockets and files which end with it.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// How this process was started.
#[derive(Debug)]
struct Start {
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

static START: OnceLock<Start> = OnceLock::new();

/// Keeps how this process was started. To be called first in `main`, before anything changes the
/// environment.
pub fn remember_start() {
    let start = Start {
        arguments: env::args_os().skip(1).collect(),
        environment: env::vars_os().collect(),
    };
    // Told twice, the first is the true one.
    let _ = START.set(start);
}

/// Starts the program once more. It waits for the profile until this process is gone, which must
/// follow at once.
///
/// # Errors
/// When the program cannot be found any more, or the system starts no process.
pub(crate) fn again() -> io::Result<()> {
    let start = START.get().ok_or(io::ErrorKind::NotFound)?;
    let program = match start.environment.iter().find(|(name, _)| name == APP_IMAGE) {
        // The program inside is there only while its image is mounted.
        Some((_, image)) => image.into(),
        None => env::current_exe()?,
    };
    Command::new(program)
        .args(&start.arguments)
        .env_clear()
        .envs(start.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .spawn()
        .map(drop)
}

/// Where an AppImage tells its own place.
const APP_IMAGE: &str = "APPIMAGE";
