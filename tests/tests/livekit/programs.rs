//! Two programs that call each other through the server.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use scenarios::clock;
use scenarios::livekit::LiveKit;
use scenarios::peer::{Peer, SMALL, address};
use scenarios::relay::Relay;
use scenarios::turn::turn;
use serde_json::Value;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread")]
async fn the_server_carries_a_call_when_its_caller_says_so_and_knows_what_pauses() -> Result<()> {
    let _turn = turn().await;
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let options = server.relay_options()?;
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let relay = Relay::start_with("127.0.0.1:0", &options).await?;
    let homes = tempfile::tempdir()?;
    let home = homes.path().join("bea");
    let to = address(&home).await?;
    let mut bea = Peer::waiting("bea", &home, relay.url(), &["--auto", "--once"]).await?;
    let words = ["call", &to, "--via", "livekit"];
    let words = [&words, &SMALL[..]].concat();
    let mut ada = Peer::start("ada", &homes.path().join("ada"), relay.url(), &words)?;
    for peer in [&mut ada, &mut bea] {
        peer.phase("connected", SOON).await?;
        let figures = peer.figures().await?;
        ensure!(figures["path"] == "server", "{figures}");
    }
    pauses(&server, &[]).await?;
    let published = names(&server).await?;
    for (wish, paused) in [
        ("mute", &["MICROPHONE"][..]),
        ("camera off", &["CAMERA", "MICROPHONE"]),
        ("unmute", &["CAMERA"]),
        ("camera on", &[]),
    ] {
        ada.say(wish).await?;
        pauses(&server, paused).await.context(wish)?;
    }
    let now = names(&server).await?;
    ensure!(now == published, "{now:?} instead of {published:?}");
    ada.say("end").await?;
    for peer in [&mut ada, &mut bea] {
        let status = peer.ended(SOON).await?;
        ensure!(status.success(), "{status}");
    }
    server.until_rooms(0, Duration::from_secs(2)).await?;
    Ok(())
}

/// Waits until these tracks are muted, of all microphones and cameras that the server knows.
async fn pauses(server: &LiveKit, wanted: &[&str]) -> Result<()> {
    let until = clock::now() + SOON;
    loop {
        let tracks = tracks(server).await?;
        let muted = tracks.iter().filter(|it| it["muted"] == true);
        let muted: Vec<_> = muted.filter_map(|it| it["source"].as_str()).collect();
        let muted: BTreeSet<_> = muted.into_iter().collect();
        if muted.iter().eq(wanted) && tracks.len() == 4 {
            return Ok(());
        }
        if clock::now() > until {
            bail!("{muted:?} pause instead of {wanted:?}: {tracks:?}");
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// The server's names of the tracks.
async fn names(server: &LiveKit) -> Result<BTreeSet<String>> {
    let tracks = tracks(server).await?;
    let names = tracks.iter().map(|it| Some(it["sid"].as_str()?.to_owned()));
    names.collect::<Option<_>>().context("a track has no name")
}

/// All microphones and cameras.
async fn tracks(server: &LiveKit) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for room in server.rooms().await? {
        let room = room["name"].as_str().context("a room has no name")?;
        for participant in server.participants(room).await? {
            let tracks = participant["tracks"].as_array().cloned();
            all.extend(tracks.unwrap_or_default());
        }
    }
    all.retain(|it| it["source"] == "MICROPHONE" || it["source"] == "CAMERA");
    Ok(all)
}

const SOON: Duration = Duration::from_secs(10);
