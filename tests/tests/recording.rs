//! Calls that are recorded, by two real programs over everything that can carry them: both sides
//! agree or there is no file; and what the files show and say was captured at one time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use call::carrier::Carrier;
use engine::Consent;
use media::synthetic::voice::Voice;
use scenarios::peer::Peer;
use scenarios::program::built;
use scenarios::recorded;
use scenarios::turn::{note, turn};
use scenarios::world::{SOON, World};
use serde_json::Value;
use tokio::process::Command;

/// Runs a scenario in a world of its own, over each carrier.
macro_rules! over_every_carrier {
    ($($scenario:ident,)*) => {
        mod direct {
            $(#[tokio::test] async fn $scenario() -> anyhow::Result<()> {
                super::over(call::carrier::Carrier::Direct, super::$scenario).await
            })*
        }

        mod livekit {
            $(#[tokio::test] async fn $scenario() -> anyhow::Result<()> {
                super::over(call::carrier::Carrier::LiveKit, super::$scenario).await
            })*
        }
    };
}

over_every_carrier! {
    both_sides_of_a_recorded_call_are_on_one_time,
    who_refuses_is_not_recorded,
}

async fn over(carrier: Carrier, scenario: impl AsyncFnOnce(&World) -> Result<()>) -> Result<()> {
    let _turn = turn().await;
    let Some(world) = World::new(carrier).await? else {
        return Ok(());
    };
    scenario(&world).await
}

/// The options of somebody who records into a place of their own.
fn options(world: &World, name: &str, consent: &'static str) -> Vec<String> {
    let recordings = world.place(&format!("{name}.recordings"));
    let recordings = recordings.display().to_string();
    ["--record", recordings.as_str(), "--consent", consent]
        .map(str::to_owned)
        .to_vec()
}

async fn in_call(world: &World, bea_consents: &'static str) -> Result<(Peer, Peer)> {
    let ada = options(world, "ada", "ask");
    let bea = options(world, "bea", bea_consents);
    let [ada, bea] = [&ada, &bea].map(|it| it.iter().map(String::as_str).collect::<Vec<_>>());
    world.in_call_with([&ada, &bea]).await
}

async fn both_sides_of_a_recorded_call_are_on_one_time(world: &World) -> Result<()> {
    let (mut ada, mut bea) = in_call(world, "yes").await?;
    ada.say("record start").await?;
    marked(&mut ada, "ours", "running").await?;
    marked(&mut bea, "theirs", "running").await?;
    ada.listen(Duration::from_secs(4)).await;
    // Another session carries on, and a camera comes back.
    ada.say("fault path").await?;
    bea.say("camera off").await?;
    ada.listen(Duration::from_secs(3)).await;
    bea.say("camera on").await?;
    ada.listen(Duration::from_secs(9)).await;
    bea.say("record stop").await?;
    marked(&mut ada, "ours", "over").await?;
    let folder = ada
        .until("the file", SOON, |line| {
            let file = &line["recording"];
            let path = file["folder"].as_str()?;
            (file["state"]["is"] == "finished").then(|| PathBuf::from(path))
        })
        .await?;
    ada.say("end").await?;
    bea.state("ended", SOON).await?;
    assert_on_one_time(&folder)?;
    let consent = Consent::verify(&fs::read(folder.join("consent.json"))?)?;
    assert_eq!(consent.agreed.by, world.bea_is());
    assert_eq!(consent.asked.to, world.bea_is());
    let checked = Command::new(built("tincan")?)
        .arg("consent")
        .arg(&folder)
        .output()
        .await?;
    ensure!(checked.status.success(), "{checked:?}");
    ensure!(String::from_utf8_lossy(&checked.stdout).contains("agreed on"));
    let hers = world.place("bea.recordings");
    ensure!(!hers.exists(), "who is recorded writes nothing");
    Ok(())
}

async fn who_refuses_is_not_recorded(world: &World) -> Result<()> {
    let (mut ada, mut bea) = in_call(world, "no").await?;
    ada.say("record start").await?;
    marked(&mut ada, "ours", "over").await?;
    bea.say("end").await?;
    ada.state("ended", SOON).await?;
    for name in ["ada", "bea"] {
        let place = world.place(&format!("{name}.recordings"));
        ensure!(!place.exists(), "{name} wrote something");
    }
    Ok(())
}

/// Waits until a side's own recording, or the other's, is in a state.
async fn marked(peer: &mut Peer, whose: &str, state: &str) -> Result<()> {
    let is_it = |line: &Value| (line["recording"][whose]["state"] == state).then_some(());
    let what = format!("{whose} {state}");
    peer.until(&what, SOON, is_it).await
}

/// Both files play, and everything in them is where the machine's clock says.
fn assert_on_one_time(folder: &Path) -> Result<()> {
    let said = Voice::new();
    let mut zeros = Vec::new();
    for name in ["me.mp4", "them.mp4"] {
        let file = folder.join(name);
        recorded::plays(&file).with_context(|| name.to_owned())?;
        let pictures = recorded::pictures(&file)?;
        let heard = recorded::lag(&file, said.samples(), pictures.zero)?;
        note(&format!("{name}: {pictures:?}, {heard:?}"));
        ensure!(pictures.stamped > 150, "{} pictures", pictures.stamped);
        ensure!(pictures.spread_ms < 40.0, "pictures of {name} wander");
        // Chance gives less than a twentieth over so many samples; the coder keeps the shape of a wave
        // only loosely while its rate is low, as at the beginning of a call and after a lost path.
        ensure!(
            heard.correlation > 0.25,
            "{name} does not say what was said"
        );
        ensure!(heard.lag_ms.abs() < 40.0, "{name} is not in sync");
        zeros.push(pictures.zero.as_secs_f64() * 1e3);
    }
    let apart = (zeros[0] - zeros[1]).abs();
    note(&format!("the files are {apart:.1} ms apart"));
    ensure!(apart < 40.0, "the files are {apart} ms apart");
    Ok(())
}
