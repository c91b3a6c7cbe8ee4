//! The program beside it, `peer.py`, in which the official SDK of Python runs.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use scenarios::livekit::{LiveKit, token_to_join};
use scenarios::turn::{has_time_for, skip};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// A running one. Dropping it kills it.
pub(crate) struct Sdk {
    child: Child,
    orders: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
}

impl Sdk {
    /// Joins this room, with a passphrase if it gets one.
    pub(crate) async fn join(
        python: &PathBuf,
        server: &LiveKit,
        room: &str,
        passphrase: Option<&str>,
    ) -> Result<Self> {
        let mut child = Command::new(python)
            .arg(PEER)
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
        let token = token_to_join("python", room, LiveKit::SECRET)?;
        let mut whereto = json!({ "url": server.url(), "token": token });
        if let Some(passphrase) = passphrase {
            whereto["passphrase"] = json!(passphrase);
        }
        sdk.order(&whereto).await?;
        sdk.event("published").await?;
        Ok(sdk)
    }

    /// Has it do something.
    pub(crate) async fn order(&mut self, order: &Value) -> Result<()> {
        let line = format!("{order}\n");
        Ok(self.orders.write_all(line.as_bytes()).await?)
    }

    /// Has it mute or unmute what it sends.
    pub(crate) async fn order_of(&mut self, what: &str, source: &str) -> Result<()> {
        self.order(&json!({ "do": what, "what": source })).await
    }

    /// Waits for the first event of which something is `wanted`.
    pub(crate) async fn until<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&Value) -> Option<T>,
    ) -> Result<T> {
        let found = async {
            while let Some(line) = self.told.next_line().await? {
                let event: Value = serde_json::from_str(&line)?;
                ensure!(event["event"] != "failed", "the SDK failed: {event}");
                if let Some(found) = wanted(&event) {
                    return Ok(found);
                }
            }
            bail!("the SDK ended")
        };
        let found = timeout(SOON, found).await;
        found.with_context(|| format!("the SDK did not tell in time: {what}"))?
    }

    /// Waits for the next event of this name.
    pub(crate) async fn event(&mut self, name: &str) -> Result<Value> {
        self.until(name, |it| (it["event"] == name).then(|| it.clone()))
            .await
    }

    /// What it tells in the next moments.
    pub(crate) async fn hears_for(&mut self, time: Duration) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let collecting = async {
            while let Some(line) = self.told.next_line().await? {
                all.push(serde_json::from_str(&line)?);
            }
            bail!("the SDK ended")
        };
        match timeout(time, collecting).await {
            Ok(ended) => ended,
            Err(_) => Ok(all),
        }
    }

    /// Ends it as a crash does.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// Where `cargo xtask test --long` puts the SDK, or what `TINCAN_LIVEKIT_PYTHON` names: an interpreter
/// that has it. None where it is not to be used, which is said loudly; one that is missing in CI is an
/// error.
pub(crate) fn interpreter() -> Result<Option<PathBuf>> {
    if !has_time_for(SCENARIO) {
        return Ok(None);
    }
    let python = match std::env::var_os("TINCAN_LIVEKIT_PYTHON") {
        Some(named) => named.into(),
        None => LiveKit::program()?.with_file_name("python/bin/python"),
    };
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

const PEER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/livekit/peer.py");

/// Long enough for a busy machine: an interpreter that starts takes a second of a processor.
const SOON: Duration = Duration::from_secs(20);
