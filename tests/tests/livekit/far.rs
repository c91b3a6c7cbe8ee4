//! A server that is far away.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::lab::Conditions;
use scenarios::turn::{has_time_for, note, turn};
use scenarios::world::SOON;
use serde_json::Value;

use crate::network::Network;

#[tokio::test]
async fn the_first_picture_comes_within_a_second_of_the_answer() -> Result<()> {
    if !has_time_for("a server that is far away") {
        return Ok(());
    }
    let _turn = turn().await;
    let Some(mut network) = Network::start("a server that is far away").await? else {
        return Ok(());
    };
    for link in &network.links {
        link.set_both(Conditions::CLEAN.late(ONE_WAY_MS, 0));
    }
    let (mut ada, mut bea) = network.call().await?;
    for peer in [&mut ada, &mut bea] {
        let first = |line: &Value| line.pointer("/figures/acceptToFirstFrameMs")?.as_f64();
        let took = peer.until("the first picture", SOON, first).await?;
        note(&format!("first picture {took:.0} ms after the answer"));
        let within = Duration::from_secs(1).as_secs_f64() * 1e3;
        ensure!(took <= within, "it took {took:.0} ms");
    }
    ada.say("end").await?;
    ensure!(ada.ended(SOON).await?.success() && bea.ended(SOON).await?.success());
    Ok(())
}

/// From each person to the server and the relay: a round trip of 100 ms between the two.
const ONE_WAY_MS: u64 = 25;
