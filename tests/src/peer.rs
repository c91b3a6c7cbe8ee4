//! A headless peer: the program `tincan`, its JSON lines and its commands.

use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::lab::Host;
use crate::program::{Program, built, unseen};
use crate::{clock, devices};

/// A picture that costs little, where something else than the picture is tested.
pub const SMALL: [&str; 4] = ["--size", "320x180", "--fps", "15"];

/// A running `tincan answer` or `tincan call`.
#[derive(Debug)]
pub struct Peer {
    program: Program,
    lines: Vec<Value>,
}

impl Peer {
    /// Starts `tincan` with these words; its data lives in `home`. Devices that are not named are
    /// synthetic.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, home: &Path, relay: &str, words: &[&str]) -> Result<Self> {
        Self::start_by(Command::new(built("tincan")?), name, home, relay, words)
    }

    /// Somebody who waits for calls with a [`SMALL`] picture and the options in `words`, once the
    /// relay has welcomed them.
    ///
    /// # Errors
    /// When it cannot be started, or the relay does not welcome it in time.
    pub async fn waiting(name: &str, home: &Path, relay: &str, words: &[&str]) -> Result<Self> {
        let words = [&["answer"], words, &SMALL].concat();
        let mut peer = Self::start(name, home, relay, &words)?;
        peer.online(SOON).await?;
        Ok(peer)
    }

    /// The same on a host of a lab.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_on(
        host: &Host,
        name: &str,
        home: &Path,
        relay: &str,
        words: &[&str],
    ) -> Result<Self> {
        Self::start_by(host.command(&built("tincan")?), name, home, relay, words)
    }

    /// The same by a command of its own, with the devices of this machine where none is named.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_plain(
        mut command: Command,
        name: &str,
        home: &Path,
        relay: &str,
        words: &[&str],
    ) -> Result<Self> {
        command
            .args(words)
            .args(unseen(words))
            .arg("--data")
            .arg(home)
            .args(["--relay", relay, "--json"]);
        Ok(Self {
            program: Program::start(name, &mut command)?,
            lines: Vec::new(),
        })
    }

    fn start_by(
        command: Command,
        name: &str,
        home: &Path,
        relay: &str,
        words: &[&str],
    ) -> Result<Self> {
        let words: Vec<_> = words
            .iter()
            .copied()
            .chain(devices::unnamed(words))
            .collect();
        Self::start_plain(command, name, home, relay, &words)
    }

    /// The next line that satisfies `is_it`; those before it are kept in [`Self::lines`].
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn until<T>(
        &mut self,
        what: &str,
        limit: Duration,
        is_it: impl Fn(&Value) -> Option<T>,
    ) -> Result<T> {
        let until = clock::now() + limit;
        loop {
            let left = until.saturating_sub(clock::now());
            let line = self.program.line(left).await;
            let Some(line) = line.with_context(|| format!("no {what}; got {:?}", self.last()))?
            else {
                bail!("it ended without {what}; got {:?}", self.last());
            };
            // Whatever else a program says on its output is no business of ours.
            let Ok(value) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            let found = is_it(&value);
            self.lines.push(value);
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }

    /// Waits until its relay has welcomed it.
    ///
    /// # Errors
    /// When that does not come in time.
    pub async fn online(&mut self, limit: Duration) -> Result<()> {
        let is_it = |line: &Value| (line["relay"]["state"] == "online").then_some(());
        self.until("link to the relay", limit, is_it).await
    }

    /// Waits for a state by name, and returns its line.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn state(&mut self, name: &str, limit: Duration) -> Result<Value> {
        let is_it = |line: &Value| (line["state"] == name).then(|| line.clone());
        self.until(&format!("state {name}"), limit, is_it).await
    }

    /// Waits until the call is in a phase.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn phase(&mut self, name: &str, limit: Duration) -> Result<Value> {
        let is_it = |line: &Value| (line["phase"] == name).then(|| line.clone());
        self.until(&format!("phase {name}"), limit, is_it).await
    }

    /// The figures of the next full second.
    ///
    /// # Errors
    /// When none come.
    pub async fn figures(&mut self) -> Result<Value> {
        let is_it = |line: &Value| line.get("figures").cloned();
        self.until("figures", Duration::from_secs(5), is_it).await
    }

    /// Gives it a command: `mute`, `camera off`, `end`, …
    ///
    /// # Errors
    /// When it does not listen any more.
    pub async fn say(&mut self, command: &str) -> Result<()> {
        self.program.say(command).await
    }

    /// Reads what it says for so long, or until it ends.
    pub async fn listen(&mut self, duration: Duration) {
        let until = clock::now() + duration;
        loop {
            let left = until.saturating_sub(clock::now());
            let Ok(Some(line)) = self.program.line(left).await else {
                return;
            };
            self.lines.extend(serde_json::from_str::<Value>(&line));
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it goes on.
    pub async fn ended(&mut self, limit: Duration) -> Result<ExitStatus> {
        // Its last lines must be read, or it could block on writing them.
        while let Some(line) = self.program.line(limit).await? {
            self.lines.extend(serde_json::from_str::<Value>(&line));
        }
        self.program.ended(limit).await
    }

    /// All lines that were read.
    #[must_use]
    pub fn lines(&self) -> &[Value] {
        &self.lines
    }

    /// The program itself.
    #[must_use]
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    fn last(&self) -> Option<&Value> {
        self.lines.last()
    }
}

/// The address of the identity in `home`, which is made when there is none.
///
/// # Errors
/// When `tincan id` fails.
pub async fn address(home: &Path) -> Result<String> {
    let mut command = Command::new(built("tincan")?);
    let out = command.arg("id").arg("--data").arg(home).output().await?;
    ensure!(
        out.status.success(),
        "tincan id: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    Ok(String::from_utf8(out.stdout)?.trim().to_owned())
}

/// A relay on this machine welcomes within milliseconds; a loaded machine may need seconds.
const SOON: Duration = Duration::from_secs(10);
