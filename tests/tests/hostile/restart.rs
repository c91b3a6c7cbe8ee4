//! A program that is killed and started again at once knows of no call, and says so.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use scenarios::clock;
use scenarios::devices::SYNTHETIC;
use scenarios::peer::{Peer, SMALL, address};
use scenarios::relay::Relay;
use scenarios::story::Story;
use scenarios::turn::{note, turn};

use super::SOON;

/// When the callee dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Ringing,
    Connected,
}

#[tokio::test]
async fn who_called_a_program_that_was_killed_and_started_again_is_told_soon_and_truly()
-> Result<()> {
    let _turn = turn().await;
    let homes = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let bea_home = homes.path().join("bea");
    let to = address(&bea_home).await?;
    let start = |name: &str, words: &[&str]| {
        let words = words.iter().chain(&SMALL).chain(&SYNTHETIC);
        let words: Vec<&str> = words.copied().collect();
        Peer::start(name, &homes.path().join(name), relay.url(), &words)
    };
    for at in [At::Ringing, At::Connected] {
        let mut bea = start("bea", &["answer"])?;
        bea.online(SOON).await?;
        let mut ada = start("ada", &["call", &to])?;
        bea.state("incoming", SOON).await?;
        ada.phase("ringing", SOON).await?;
        if at == At::Connected {
            bea.say("accept").await?;
            ada.phase("connected", SOON).await?;
        }
        bea.program().kill();
        let killed = clock::now();
        bea.ended(SOON).await?;
        let mut again = start("bea", &["answer"])?;
        again.online(SOON).await?;
        let ended = ada.state("ended", LIMIT).await;
        let ended = ended.with_context(|| format!("killed when {at:?}"))?;
        let took = clock::now() - killed;
        let reason = ended["reason"].as_str().unwrap_or_default();
        note(&format!("killed when {at:?}: {reason} after {took:?}"));
        ensure!(["peerGone", "unreachable"].contains(&reason), "{ended}");
        // The one that was started again has no call, and never had.
        again.listen(Duration::from_millis(300)).await;
        let story = Story::of(again.lines());
        ensure!(story.rang().is_empty(), "{story:?}");
        again.say("quit").await?;
        again.ended(SOON).await?;
    }
    Ok(())
}

/// A person's patience with a picture that stands still.
const LIMIT: Duration = Duration::from_secs(8);
