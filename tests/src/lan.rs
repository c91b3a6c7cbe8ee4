//! People on local networks of a [`crate::lab`]: headless programs without a relay, and whom they
//! see.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::clock;
use crate::lab::Host;
use crate::peer::{Peer, SMALL};
use crate::program::built;

/// Somebody with a directory of their own, on a host.
#[derive(Clone, Debug)]
pub struct Person {
    /// Of their directory, and of what is written down about their program.
    pub name: String,
    /// Who they are.
    pub address: String,
    /// Where their program runs.
    pub host: Host,
    home: PathBuf,
}

impl Person {
    /// Makes one whose directory is called so; what they call themselves is `calls_itself`.
    ///
    /// # Errors
    /// When the program does not run.
    pub async fn new(homes: &Path, name: &str, calls_itself: &str, host: &Host) -> Result<Self> {
        let home = homes.join(name);
        fs::create_dir_all(&home)?;
        // As versions of before had their settings: they are taken over.
        let settings = serde_json::json!({ "name": calls_itself });
        fs::write(home.join("settings.json"), settings.to_string())?;
        Ok(Self {
            name: name.to_owned(),
            address: crate::peer::address(&home).await?,
            host: host.clone(),
            home,
        })
    }

    /// Saves another one, by name.
    ///
    /// # Errors
    /// When the program does not run.
    pub async fn saves(&self, other: &Self, name: &str) -> Result<()> {
        self.run(&["contact", "add", &other.address, name]).await?;
        Ok(())
    }

    /// Begins to wait for calls, without a relay, with a [`SMALL`] picture and these options; says on
    /// its lines who is near.
    ///
    /// # Errors
    /// When the program does not start.
    pub fn waits(&self, words: &[&str]) -> Result<Peer> {
        self.waits_at("none", words)
    }

    /// The same with a relay.
    ///
    /// # Errors
    /// As [`Self::waits`].
    pub fn waits_at(&self, relay: &str, words: &[&str]) -> Result<Peer> {
        let words = [&["answer"], words, &SMALL].concat();
        // Of several scenarios at once each has an Ada.
        let log = format!("{}-{}", self.name, self.host.namespace());
        Peer::start_on(&self.host, &log, &self.home, relay, &words)
    }

    /// What a command of theirs prints that ends by itself, whatever it thinks of that.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn run(&self, words: &[&str]) -> Result<String> {
        let mut command: Command = self.host.command(&built("tincan")?);
        command.args(words).arg("--data").arg(&self.home);
        let out = command.kill_on_drop(true).output();
        let out = tokio::time::timeout(PATIENCE, out).await;
        let out = out.with_context(|| format!("{words:?} does not end"))??;
        Ok(String::from_utf8(out.stdout)?)
    }
}

/// Two who have saved each other under their names.
///
/// # Errors
/// When a program does not run.
pub async fn acquaint(ada: &Person, bea: &Person) -> Result<()> {
    ada.saves(bea, &bea.name).await?;
    bea.saves(ada, &ada.name).await
}

/// Waits until somebody is near, and returns what is told of them.
///
/// # Errors
/// When that does not come in time.
pub async fn sees(peer: &mut Peer, who: &Person, limit: Duration) -> Result<Value> {
    let what = format!("{} nearby", who.name);
    watch(peer, &what, limit, |nearby| find(nearby, who).cloned()).await
}

/// Waits until somebody is not near any more.
///
/// # Errors
/// When that does not come in time.
pub async fn loses(peer: &mut Peer, who: &Person, limit: Duration) -> Result<()> {
    let what = format!("list without {}", who.name);
    watch(peer, &what, limit, |nearby| {
        find(nearby, who).is_none().then_some(())
    })
    .await
}

/// Makes sure that somebody is not near for so long.
///
/// # Errors
/// When they are.
pub async fn misses(peer: &mut Peer, who: &Person, length: Duration) -> Result<()> {
    let from = peer.lines().len();
    peer.listen(length).await;
    let told = peer.lines()[from..].iter().filter_map(nearby);
    let last = peer.lines()[..from].iter().rev().find_map(nearby);
    let is_near = last
        .into_iter()
        .chain(told)
        .any(|it| find(it, who).is_some());
    ensure!(!is_near, "{} is near", who.name);
    Ok(())
}

/// Everybody who was near at the last word.
#[must_use]
pub fn near(peer: &Peer) -> Vec<Value> {
    let last = peer.lines().iter().rev().find_map(nearby);
    last.cloned().unwrap_or_default()
}

/// Waits until both see and hear each other.
///
/// # Errors
/// When that does not come in time.
pub async fn talk(sides: [&mut Peer; 2], limit: Duration) -> Result<()> {
    for peer in sides {
        let talks = |line: &Value| {
            let figures = line.get("figures")?;
            let number = |key: &str| figures[key].as_f64().unwrap_or_default();
            let is_seen = number("framesPerSecondReceived") >= 5.0;
            let is_heard = number("remoteLevel") > 0.001;
            (is_seen && is_heard).then_some(())
        };
        peer.until("picture and sound", limit, talks).await?;
    }
    Ok(())
}

/// Calls, and waits until both see and hear each other. Whoever is called accepts by themselves.
///
/// # Errors
/// When it does not come to that in time.
pub async fn call(ada: &mut Peer, to: &str, bea: &mut Peer, limit: Duration) -> Result<Duration> {
    let begun = clock::now();
    ada.say(&format!("call {to}")).await?;
    ada.phase("connected", limit).await?;
    let took = clock::now() - begun;
    talk([ada, bea], limit).await?;
    Ok(took)
}

/// Waits until both say that the call is over, which the first one ends.
///
/// # Errors
/// When one of them does not.
pub async fn hang_up(ada: &mut Peer, bea: &mut Peer, limit: Duration) -> Result<()> {
    ada.say("end").await?;
    for peer in [ada, bea] {
        peer.state("idle", limit).await?;
    }
    Ok(())
}

async fn watch<T>(
    peer: &mut Peer,
    what: &str,
    limit: Duration,
    is_it: impl Fn(&Vec<Value>) -> Option<T>,
) -> Result<T> {
    let last = peer.lines().iter().rev().find_map(nearby);
    if let Some(found) = is_it(last.unwrap_or(&Vec::new())) {
        return Ok(found);
    }
    peer.until(what, limit, |line| is_it(nearby(line)?)).await
}

fn nearby(line: &Value) -> Option<&Vec<Value>> {
    line.get("lan")?.get("nearby")?.as_array()
}

fn find<'a>(nearby: &'a [Value], who: &Person) -> Option<&'a Value> {
    nearby
        .iter()
        .find(|it| it["address"] == who.address.as_str())
}

/// For a command that looks around a few seconds, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
