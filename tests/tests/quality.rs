//! How good a call is, in words: what two programs say of a link that goes bad and comes back.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use scenarios::devices::SYNTHETIC;
use scenarios::lab::{Conditions, Host, Lab, Link, Loss};
use scenarios::peer::{Peer, address};
use scenarios::relay::Relay;
use scenarios::turn::{skip, turn};
use serde_json::Value;

#[tokio::test]
async fn an_upload_that_goes_bad_and_comes_back_is_told_once_each_way() -> Result<()> {
    let _turn = turn().await;
    let Some(network) = Network::start() else {
        return Ok(());
    };
    let homes = tempfile::tempdir()?;
    let listen = format!("{}:4080", Lab::MIDDLE);
    let options = [format!("--host={}", Lab::MIDDLE)];
    let _relay = Relay::start_on(network.lab.internet(), &listen, &options).await?;
    let [here, there] = &network.hosts;
    let to = address(&homes.path().join("bea")).await?;
    let answer = ["answer", "--auto", "--once"];
    let mut bea = start("bea", there, homes.path(), &listen, &answer)?;
    bea.online(SOON).await?;
    let mut ada = start("ada", here, homes.path(), &listen, &["call", &to])?;
    bea.phase("connected", SOON).await?;
    until_judged(&mut ada, "send", is_well).await?;
    // Time to find out what the network carries.
    ada.listen(WARM).await;

    network.links[0].set_up(Conditions::CLEAN.losing(Loss::Random(0.25)));
    until_judged(&mut ada, "send", is_bad).await?;
    until_judged(&mut bea, "receive", is_bad).await?;
    ada.listen(STAYS_BAD).await;
    network.links[0].set_up(Conditions::CLEAN);
    until_judged(&mut ada, "send", is_well).await?;
    until_judged(&mut bea, "receive", is_well).await?;
    ada.listen(STAYS_WELL).await;

    ada.say("end").await?;
    assert!(ada.ended(SOON).await?.success());
    assert!(bea.ended(SOON).await?.success());
    assert_eq!(
        turns(&ada, "send"),
        [false, true, false],
        "{:#?}",
        told(&ada)
    );
    assert_eq!(
        turns(&bea, "receive"),
        [false, true, false],
        "{:#?}",
        told(&bea)
    );
    assert_eq!(turns(&ada, "receive"), [false], "{:#?}", told(&ada));
    Ok(())
}

/// Two hosts that reach each other.
struct Network {
    lab: Lab,
    hosts: [Host; 2],
    links: [Link; 2],
}

impl Network {
    /// Says why there is none.
    fn start() -> Option<Self> {
        let start = || -> Result<Self> {
            let mut lab = Lab::start()?;
            let hosts = [lab.host()?, lab.host()?];
            let links = [
                lab.attach(&hosts[0], "eth0")?,
                lab.attach(&hosts[1], "eth0")?,
            ];
            Ok(Self { lab, hosts, links })
        };
        start()
            .map_err(|error| skip("how good a call is", &format!("{error:#}")))
            .ok()
    }
}

fn start(name: &str, host: &Host, homes: &Path, listen: &str, verb: &[&str]) -> Result<Peer> {
    let words: Vec<&str> = verb.iter().chain(&SYNTHETIC).copied().collect();
    Peer::start_on(
        host,
        name,
        &homes.join(name),
        &format!("ws://{listen}"),
        &words,
    )
}

/// Waits until a direction is judged so.
async fn until_judged(peer: &mut Peer, direction: &str, is: fn(&str) -> bool) -> Result<()> {
    let judged = |line: &Value| {
        let level = line.get("figures")?.get("quality")?[direction]["level"].as_str()?;
        is(level).then_some(())
    };
    peer.until("another judgement", PATIENCE, judged)
        .await
        .context(direction.to_owned())
}

/// What was told of the quality, line by line.
fn told(peer: &Peer) -> Vec<&Value> {
    peer.lines()
        .iter()
        .filter_map(|it| it.get("quality"))
        .collect()
}

/// Whether a direction was bad, each time that it turned.
fn turns(peer: &Peer, direction: &str) -> Vec<bool> {
    let levels = told(peer)
        .into_iter()
        .filter_map(|it| it[direction]["level"].as_str());
    let mut turns: Vec<bool> = levels.map(is_bad).collect();
    turns.dedup();
    turns
}

fn is_bad(level: &str) -> bool {
    matches!(level, "poor" | "lost")
}

fn is_well(level: &str) -> bool {
    !is_bad(level)
}

const SOON: Duration = Duration::from_secs(15);

/// The judges need seconds, and the estimate, on which they depend, tens of them to come back.
const PATIENCE: Duration = Duration::from_secs(60);

const WARM: Duration = Duration::from_secs(8);

/// Several times what the judges take for a verdict.
const STAYS_BAD: Duration = Duration::from_secs(10);

const STAYS_WELL: Duration = Duration::from_secs(10);
