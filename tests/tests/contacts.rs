//! People on the command line: contacts, words, blocking, and who may ring.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use scenarios::peer::{Peer, address};
use scenarios::program::built;
use scenarios::relay::Relay;
use scenarios::story::Story;
use scenarios::turn::turn;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

const SOON: Duration = Duration::from_secs(10);

/// A relay, and Ada and Bea.
struct World {
    relay: Relay,
    homes: TempDir,
    ada: String,
    bea: String,
}

impl World {
    async fn new() -> Result<Self> {
        let homes = tempfile::tempdir()?;
        Ok(Self {
            relay: Relay::start().await?,
            ada: address(&homes.path().join("ada")).await?,
            bea: address(&homes.path().join("bea")).await?,
            homes,
        })
    }

    fn home(&self, name: &str) -> PathBuf {
        self.homes.path().join(name)
    }

    /// Somebody who waits for calls, once the relay knows them.
    async fn peer(&self, name: &str, words: &[&str]) -> Result<Peer> {
        Peer::waiting(name, &self.home(name), self.relay.url(), words).await
    }
}

/// What a command prints that is no call.
async fn run(home: &Path, words: &[&str]) -> Result<String> {
    let mut command = Command::new(built("tincan")?);
    let out = command.args(words).arg("--data").arg(home).output().await?;
    let complaint = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success(), "{words:?}: {complaint}");
    Ok(String::from_utf8(out.stdout)?)
}

/// The people of a directory, as `--json` tells them.
async fn people(home: &Path) -> Result<Vec<Value>> {
    let text = run(home, &["contacts", "--json"]).await?;
    let people = text.lines().map(serde_json::from_str);
    Ok(people.collect::<Result<_, _>>()?)
}

async fn quit(peer: &mut Peer) -> Result<()> {
    peer.say("quit").await?;
    ensure!(peer.ended(SOON).await?.success());
    Ok(())
}

#[tokio::test]
async fn contacts_are_changed_by_commands_and_are_there_again() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let home = world.home("ada");
    ensure!(people(&home).await?.is_empty());
    run(&home, &["contact", "add", &world.bea, "Bea from work"]).await?;
    run(&home, &["contact", "block", &world.bea]).await?;
    let saved = people(&home).await?;
    ensure!(saved.len() == 1 && saved[0]["address"] == world.bea.as_str());
    ensure!(saved[0]["name"] == "Bea from work" && saved[0]["blocked"] == true);
    let told = run(&home, &["contacts"]).await?;
    ensure!(
        told.contains("Bea from work") && told.contains("blocked"),
        "{told}"
    );
    run(&home, &["contact", "unblock", &world.bea]).await?;
    run(&home, &["contact", "remove", &world.bea]).await?;
    ensure!(people(&home).await?.is_empty());
    let nobody = run(&home, &["contact", "add", "nobody"]).await;
    ensure!(nobody.is_err(), "nobody was saved");
    Ok(())
}

#[tokio::test]
async fn whose_words_match_is_a_contact_that_is_marked_and_whom_one_blocks_rings_no_more()
-> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut bea = world.peer("bea", &[]).await?;
    let mut ada = world.peer("ada", &[]).await?;
    // Before a call there is nothing to compare.
    bea.say("match").await?;
    ada.say(&format!("call {}", world.bea)).await?;
    bea.state("incoming", SOON).await?;
    let pinned = bea.lines().iter().any(|line| line.get("pinned").is_some());
    ensure!(!pinned, "somebody was marked without words");
    bea.say("accept").await?;
    let words = |line: &Value| line.get("words").cloned();
    let hers = ada.until("words", SOON, words).await?;
    ensure!(bea.until("words", SOON, words).await? == hers);
    bea.say("match").await?;
    let who =
        |what: &'static str| move |line: &Value| line[what]["address"].as_str().map(str::to_owned);
    ensure!(bea.until("the mark", SOON, who("pinned")).await? == world.ada);
    bea.say("block").await?;
    ensure!(bea.until("the block", SOON, who("blocked")).await? == world.ada);
    let ended = ada.state("ended", SOON).await?;
    ensure!(ended["reason"] == "remoteHangup", "{ended}");

    // She hears it ring, and nothing rings.
    bea.state("idle", SOON).await?;
    let before = Story::of(bea.lines()).rang().len();
    ada.state("idle", SOON).await?;
    ada.say(&format!("call {}", world.bea)).await?;
    ada.phase("ringing", SOON).await?;
    bea.listen(Duration::from_millis(500)).await;
    ensure!(Story::of(bea.lines()).rang().len() == before);
    quit(&mut bea).await?;
    let saved = people(&world.home("bea")).await?;
    let ada = saved.first().context("nobody is saved")?;
    ensure!(ada["blocked"] == true && ada["contact"] == true, "{ada}");
    ensure!(
        ada["pinnedAt"].is_u64() && ada["pinnedHow"] == "words",
        "{ada}"
    );
    Ok(())
}

#[tokio::test]
async fn only_contacts_ring_where_only_contacts_may() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    for (saved, rings) in [(false, false), (true, true)] {
        if saved {
            run(&world.home("bea"), &["contact", "add", &world.ada]).await?;
        }
        let mut bea = world.peer("bea", &["--who-may-ring", "contacts"]).await?;
        let mut ada = world.peer("ada", &[]).await?;
        ada.say(&format!("call {}", world.bea)).await?;
        // She cannot tell the two apart.
        ada.phase("ringing", SOON).await?;
        bea.listen(Duration::from_millis(500)).await;
        let story = Story::of(bea.lines());
        ensure!(
            story.rang().len() == usize::from(rings),
            "{saved}: {story:?}"
        );
        quit(&mut ada).await?;
        quit(&mut bea).await?;
    }
    Ok(())
}

#[tokio::test]
async fn who_moves_to_another_computer_stays_who_they_are() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let at = |name: &str| world.home(name);
    let text = |path: &Path| path.display().to_string();
    std::fs::write(at("passphrase"), "correct horse battery staple\n")?;
    let (file, passphrase) = (text(&at("export")), text(&at("passphrase")));
    let with = ["--passphrase-file", &passphrase];
    run(&at("ada"), &["contact", "add", &world.bea, "Bea"]).await?;
    run(&at("ada"), &["export", &file, with[0], with[1]]).await?;
    let told = run(&at("new"), &["import", &file, with[0], with[1]]).await?;
    ensure!(told.starts_with(&world.ada), "{told}");
    ensure!(address(&at("new")).await? == world.ada);
    ensure!(people(&at("new")).await?.len() == 1);
    // Somebody else is not replaced unasked.
    let unasked = run(&at("bea"), &["import", &file, with[0], with[1]]).await;
    ensure!(unasked.is_err());
    ensure!(address(&at("bea")).await? == world.bea);
    let options = ["import", &file, "--replace", with[0], with[1]];
    run(&at("bea"), &options).await?;
    ensure!(address(&at("bea")).await? == world.ada);
    Ok(())
}
