//! What a sealed call costs on the way to a relay that is far away.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use scenarios::devices::SYNTHETIC;
use scenarios::peer::{Peer, SMALL, address};
use scenarios::relay::Relay;
use scenarios::slow_link::SlowLink;
use scenarios::turn::{note, turn};
use serde_json::Value;

use super::SOON;

/// One way between a machine and the relay: an answer of the relay takes twice as long.
const ONE_WAY: Duration = Duration::from_millis(20);

#[tokio::test]
async fn over_a_relay_forty_milliseconds_away_it_rings_after_three_trips() -> Result<()> {
    let _turn = turn().await;
    let homes = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let port = relay.url().rsplit(':').next().context("a port")?;
    let port: u16 = port.split('/').next().context("a port")?.parse()?;
    let far = SlowLink::start(port, ONE_WAY).await?;
    let url = format!("ws://127.0.0.1:{}", far.port());
    let start = |name: &str, words: &[&str]| {
        let words = words.iter().chain(&SMALL).chain(&SYNTHETIC);
        let words: Vec<&str> = words.copied().collect();
        Peer::start(name, &homes.path().join(name), &url, &words)
    };
    let to = address(&homes.path().join("bea")).await?;
    let mut bea = start("bea", &["answer"])?;
    let mut ada = start("ada", &["answer"])?;
    for peer in [&mut ada, &mut bea] {
        peer.online(SOON).await?;
    }
    let mut times = Vec::new();
    for _ in 0..CALLS {
        ada.say(&format!("call {to}")).await?;
        let at = |line: Value| line["at"].as_f64().unwrap_or(f64::NAN);
        let dialled = at(ada.phase("calling", SOON).await?);
        let rings = at(ada.phase("ringing", SOON).await?);
        times.push((rings - dialled) * 1000.0);
        ada.say("end").await?;
        for peer in [&mut ada, &mut bea] {
            peer.state("idle", SOON).await?;
        }
    }
    times.sort_by(f64::total_cmp);
    let median = times[CALLS / 2];
    note(&format!(
        "from dial to ring over a relay 40 ms away: {times:.0?} ms"
    ));
    // From one to the other and back are 80 ms; the handshake needs that once more than before.
    ensure!((158.0..260.0).contains(&median), "{times:?} ms");
    Ok(())
}

/// As often as a stranger rings in ten minutes; odd, so that there is one in the middle.
const CALLS: usize = 3;
