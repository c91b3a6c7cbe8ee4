//! A way from here to a program of a [`Host`], for tests that speak to it by TCP.
//!
//! A socket stays on the host on which it was made, whoever holds it: what listens here is handed to a
//! program there (`drive door`), which passes on what comes. The host gets no interface by it, so what
//! runs there sees the same networks with a door and without.

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Child;

use super::host::Host;
use crate::program::built;

/// An open door; dropping it closes it and what passes through it.
#[derive(Debug)]
pub struct Door {
    port: u16,
    _porter: Child,
}

impl Door {
    /// Opens one to what listens, or will soon, on this port of the host's loopback interface.
    ///
    /// # Errors
    /// When the system has no port left, or `drive` was not built.
    pub fn open(host: &Host, to: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let mut porter = host.command(&built("drive")?);
        porter.args(["door", "--to", &to.to_string()]);
        let porter = porter
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        Ok(Self {
            port,
            _porter: porter.context("nobody keeps the door")?,
        })
    }

    /// The port of this machine that leads there.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}
