//! A server that is far away: its figures are told, and what must be there is there.

use anyhow::{Result, ensure};
use scenarios::lab::Conditions;
use scenarios::turn::{has_time_for, note, turn};
use scenarios::world::{SOON, number};
use serde_json::Value;

use crate::network::Network;

#[tokio::test]
async fn pictures_flow_over_a_server_that_is_far_away() -> Result<()> {
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
        note(&format!(
            "first picture {took:.0} ms after the answer, to reach 1000"
        ));
        let whole = |line: &Value| {
            let figures = line.get("figures")?;
            (number(figures, "framesPerSecondReceived") > 10.0).then(|| figures.clone())
        };
        let figures = peer.until("pictures", SOON, whole).await?;
        ensure!(figures["path"] == "server", "{figures}");
        ensure!(
            number(&figures, "currentRoundTripTime") > 0.045,
            "{figures}"
        );
    }
    ada.say("end").await?;
    ensure!(ada.ended(SOON).await?.success() && bea.ended(SOON).await?.success());
    Ok(())
}

/// From each person to the server and the relay: a round trip of 100 ms between the two.
const ONE_WAY_MS: u64 = 25;
