//! A relay of our own, on a free port.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::lab::{Host, Lab};
use crate::program::{Program, built};

/// A running `tincan-relay`.
#[derive(Debug)]
pub struct Relay {
    program: Program,
    url: String,
}

impl Relay {
    /// Starts one and waits until it can be reached.
    ///
    /// # Errors
    /// When it does not say its URL within ten seconds.
    pub async fn start() -> Result<Self> {
        Self::start_at("127.0.0.1:0").await
    }

    /// Starts one at a given place of this machine.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_at(listen: &str) -> Result<Self> {
        Self::start_with(listen, NO_OPTIONS).await
    }

    /// Starts one that clients reach by these names; others are refused, if there are any.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_for(listen: &str, hosts: &[&str]) -> Result<Self> {
        let hosts: Vec<_> = hosts.iter().flat_map(|host| ["--host", host]).collect();
        Self::start_with(listen, &hosts).await
    }

    /// Starts one with more options.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(listen: &str, options: &[impl AsRef<OsStr>]) -> Result<Self> {
        Self::start_program(&built("tincan-relay")?, listen, options).await
    }

    /// Starts one of another build.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_program(
        program: &Path,
        listen: &str,
        options: &[impl AsRef<OsStr>],
    ) -> Result<Self> {
        Self::start_by(Command::new(program), listen, options).await
    }

    /// Starts one on a host of a lab.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_on(
        host: &Host,
        listen: &str,
        options: &[impl AsRef<OsStr>],
    ) -> Result<Self> {
        Self::start_by(host.command(&built("tincan-relay")?), listen, options).await
    }

    /// Starts one in the middle of a lab, where [`Relay::place_in_a_lab`] says.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_in(lab: &Lab) -> Result<Self> {
        Self::start_in_with(lab, NO_OPTIONS).await
    }

    /// The same with more options.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_in_with(lab: &Lab, options: &[impl AsRef<OsStr>]) -> Result<Self> {
        let host = format!("--host={}", Lab::MIDDLE);
        let options = options.iter().map(AsRef::as_ref);
        let options: Vec<&OsStr> = [host.as_ref()].into_iter().chain(options).collect();
        Self::start_on(lab.internet(), &Self::place_in_a_lab(), &options).await
    }

    /// Where the relay of a lab listens.
    #[must_use]
    pub fn place_in_a_lab() -> String {
        format!("{}:4080", Lab::MIDDLE)
    }

    /// Starts one by this command.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_by(
        mut command: Command,
        listen: &str,
        options: &[impl AsRef<OsStr>],
    ) -> Result<Self> {
        command.args(["--listen", listen]).args(options);
        let mut program = Program::start("relay", &mut command)?;
        let url = program
            .line(Duration::from_secs(10))
            .await?
            .context("the relay ended")?;
        program.drain();
        Ok(Self {
            program,
            url: url.trim().to_owned(),
        })
    }

    /// The URL that clients use.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it as a crash does.
    pub fn kill(&self) {
        self.program.kill();
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.program.pid()
    }
}

const NO_OPTIONS: &[&str] = &[];
