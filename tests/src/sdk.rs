//! LiveKit's official SDK for Python in a room: the program `sdk.py` beside this file, and what it
//! tells.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::livekit::{LiveKit, token_to_join};
use crate::turn::{has_time_for, skip};

/// A running one. Dropping it kills it.
#[derive(Debug)]
pub struct Sdk {
    child: Child,
    orders: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
}

impl Sdk {
    /// Starts one, which is nowhere yet.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(python: &Path) -> Result<Self> {
        let mut child = Command::new(python)
            .arg(PROGRAM)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Its decoder has a line for each picture that is noise. What fails, it tells.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the SDK")?;
        let orders = child.stdin.take().context("no input")?;
        let told = child.stdout.take().context("no output")?;
        let told = BufReader::new(told).lines();
        let mut sdk = Self {
            child,
            orders,
            told,
        };
        sdk.event("ready").await?;
        Ok(sdk)
    }

    /// Joins this room as "python", with a passphrase if it gets one.
    ///
    /// # Errors
    /// When it does not get there.
    pub async fn join(
        python: &Path,
        server: &LiveKit,
        room: &str,
        passphrase: Option<&str>,
    ) -> Result<Self> {
        let mut sdk = Self::start(python).await?;
        sdk.goes(server, "python", room, passphrase).await?;
        sdk.event("published").await?;
        Ok(sdk)
    }

    /// Tells it where to go, and under which name.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn goes(
        &mut self,
        server: &LiveKit,
        name: &str,
        room: &str,
        passphrase: Option<&str>,
    ) -> Result<()> {
        let token = token_to_join(name, room, LiveKit::SECRET)?;
        let mut whereto = json!({ "url": server.url(), "token": token });
        if let Some(passphrase) = passphrase {
            whereto["passphrase"] = json!(passphrase);
        }
        self.order(&whereto).await
    }

    /// The number of its process.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> Result<i32> {
        let id = self.child.id().context("it has ended")?;
        Ok(i32::try_from(id)?)
    }

    /// Has it do something.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn order(&mut self, order: &Value) -> Result<()> {
        let line = format!("{order}\n");
        Ok(self.orders.write_all(line.as_bytes()).await?)
    }

    /// Has it mute or unmute what it sends.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn order_of(&mut self, what: &str, source: &str) -> Result<()> {
        self.order(&json!({ "do": what, "what": source })).await
    }

    /// Waits for the first event of which something is `wanted`.
    ///
    /// # Errors
    /// When it does not come in time, or the SDK fails or ends.
    pub async fn until<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&Value) -> Option<T>,
    ) -> Result<T> {
        let found = async {
            loop {
                if let Some(found) = wanted(&self.next().await?) {
                    return Ok(found);
                }
            }
        };
        let found = timeout(SOON, found).await;
        found.with_context(|| format!("the SDK did not tell in time: {what}"))?
    }

    /// Waits for the next event of this name.
    ///
    /// # Errors
    /// As [`Self::until`].
    pub async fn event(&mut self, name: &str) -> Result<Value> {
        self.until(name, |it| (it["event"] == name).then(|| it.clone()))
            .await
    }

    async fn next(&mut self) -> Result<Value> {
        let line = self.told.next_line().await?.context("the SDK ended")?;
        let event: Value = serde_json::from_str(&line)?;
        ensure!(event["event"] != "failed", "the SDK failed: {event}");
        Ok(event)
    }

    /// What it tells in the next moments.
    ///
    /// # Errors
    /// When it fails or ends.
    pub async fn hears_for(&mut self, time: Duration) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let collecting = async {
            loop {
                all.push(self.next().await?);
            }
        };
        match timeout(time, collecting).await {
            Ok(ended) => ended,
            Err(_) => Ok(all),
        }
    }

    /// Ends it as a crash does.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// Where `cargo xtask test --long` puts the SDK, or what `TINCAN_LIVEKIT_PYTHON` names: an
/// interpreter that has it. It need not be there.
///
/// # Errors
/// When there is no place for it.
pub fn place() -> Result<PathBuf> {
    Ok(match std::env::var_os("TINCAN_LIVEKIT_PYTHON") {
        Some(named) => named.into(),
        None => LiveKit::program()?.with_file_name("python/bin/python"),
    })
}

/// The interpreter for tests. None where it is not to be used, which is said loudly; one that is
/// missing in CI is an error.
///
/// # Errors
/// In CI, when it is missing.
pub fn interpreter() -> Result<Option<PathBuf>> {
    if !has_time_for(SCENARIO) {
        return Ok(None);
    }
    let python = place()?;
    if python.is_file() {
        return Ok(Some(python));
    }
    let missing = format!(
        "there is no {}: cargo xtask test --long makes it",
        python.display()
    );
    ensure!(std::env::var_os("CI").is_none(), missing);
    skip(SCENARIO, &missing);
    Ok(None)
}

const SCENARIO: &str = "the official SDK as the other side";

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sdk.py");

/// When an event was told.
#[must_use]
pub fn at(event: &Value) -> Option<Duration> {
    event["at"].as_f64().map(Duration::from_secs_f64)
}

/// Long enough for a busy machine: an interpreter that starts takes a second of a processor.
const SOON: Duration = Duration::from_secs(20);
