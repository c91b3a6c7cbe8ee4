//! Relays without a server, and servers that do not take part: the call ends soon, by a name and with
//! a sentence, and whoever was called lives on.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use call::carrier::Carrier;
use scenarios::census::Census;
use scenarios::clock;
use scenarios::livekit::LiveKit;
use scenarios::peer::Peer;
use scenarios::program::{Program, built, free_port, unseen};
use scenarios::turn::{note, turn};
use scenarios::world::{SOON, World};
use tokio::process::Command;

use super::front::{Front, Manner};

/// The name of an end, its exit status, and what a person is told.
type End = (&'static str, i32, &'static str);

const NO_ACCESS: End = ("noAccess", 25, "no relay gives access to a LiveKit server");
const UNREACHABLE: End = (
    "serverUnreachable",
    26,
    "the LiveKit server does not answer",
);
const REFUSED: End = ("serverRefused", 27, "the LiveKit server refuses the call");

#[tokio::test]
async fn a_relay_that_has_no_server_gives_no_access() -> Result<()> {
    let _turn = turn().await;
    ends(&[], NO_ACCESS).await
}

#[tokio::test]
async fn a_relay_whose_server_is_elsewhere_gives_no_access() -> Result<()> {
    let _turn = turn().await;
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let nowhere = format!("ws://127.0.0.1:{}", free_port()?);
    let options = server.relay_options_for(&nowhere, LiveKit::SECRET)?;
    ends(&options, NO_ACCESS).await
}

#[tokio::test]
async fn a_relay_with_another_key_gives_no_access() -> Result<()> {
    let _turn = turn().await;
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let other = "another-secret-of-more-than-thirty-two-bytes";
    let options = server.relay_options_for(&server.url(), other)?;
    ends(&options, NO_ACCESS).await?;
    ensure!(server.rooms().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_too_old_refuses_the_call() -> Result<()> {
    behind(Manner::Status(404), REFUSED).await
}

#[tokio::test]
async fn a_server_that_does_not_take_the_token_refuses_the_call() -> Result<()> {
    behind(Manner::Status(401), REFUSED).await
}

#[tokio::test]
async fn a_server_that_cannot_let_anybody_in_does_not_answer() -> Result<()> {
    behind(Manner::Status(503), UNREACHABLE).await
}

#[tokio::test]
async fn a_server_that_hangs_up_does_not_answer() -> Result<()> {
    behind(Manner::HangUp, UNREACHABLE).await
}

#[tokio::test]
async fn a_server_that_closes_before_it_says_anything_does_not_answer() -> Result<()> {
    behind(Manner::OpenAndClose, UNREACHABLE).await
}

/// A call over a server whose API works, and which treats who joins like this.
async fn behind(manner: Manner, end: End) -> Result<()> {
    let _turn = turn().await;
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let front = Front::start(server.port(), manner).await?;
    let options = server.relay_options_for(&front.url(), LiveKit::SECRET)?;
    ends(&options, end).await?;
    // Whom the server let in without telling may have made the room once more; nobody is in it.
    let census = Census::start(server.api());
    let took = census.until_deserted(Duration::from_secs(2)).await?;
    note(&format!("nobody is in a room after {took:?}"));
    Ok(())
}

/// Ada calls Bea over the server of a relay with these options: both programs tell that end. Then Bea
/// can be called directly.
async fn ends(options: &[String], end: End) -> Result<()> {
    let world = World::with_relay(Carrier::LiveKit, options).await?;
    let mut bea = world.bea(&["--auto"]).await?;
    let begun = clock::now();
    let (status, said) = called(&world).await?;
    let took = clock::now() - begun;
    note(&format!("{} after {took:?}: {said:?}", end.0));
    ensure!(took < SOON, "it took {took:?}");
    let ended = bea.state("ended", SOON).await?;
    let hers = ended["reason"].as_str().unwrap_or_default();
    // Whoever fails first tells the other one that the server cannot be used.
    let may_be = [end, UNREACHABLE];
    let his = may_be.iter().find(|it| it.1 == status);
    let his = his.with_context(|| format!("{status}: {said:?}"))?;
    ensure!(said.last().is_some_and(|it| it.contains(his.2)), "{said:?}");
    // A call that ended before it was answered was missed.
    ensure!(
        hers == "missed" || may_be.iter().any(|it| it.0 == hers),
        "{ended}"
    );
    ensure!(his.0 == end.0 || hers == end.0, "{said:?} {ended}");
    bea.state("idle", SOON).await?;
    call_directly(&world, &mut bea).await
}

/// The exit status of Ada's program, and what it tells a person of her call.
async fn called(world: &World) -> Result<(i32, Vec<String>)> {
    let mut command = Command::new(built("tincan")?);
    let words = ["call", world.bea_is(), "--via", "livekit"];
    command
        .args(words)
        .args(scenarios::devices::SYNTHETIC)
        .args(unseen(&words))
        .args(["--relay", world.relay.url(), "--data"])
        .arg(world.place("ada"));
    let mut ada = Program::start("ada", &mut command)?;
    let mut said = Vec::new();
    while let Some(line) = ada.line(3 * SOON).await? {
        said.push(line);
    }
    let ended = ada.ended(SOON).await?;
    Ok((ended.code().context("it was killed")?, said))
}

async fn call_directly(world: &World, bea: &mut Peer) -> Result<()> {
    let words = ["call", world.bea_is(), "--via", "direct"];
    let mut ada = Peer::start("ada", &world.place("ada"), world.relay.url(), &words)?;
    for peer in [&mut ada, bea] {
        peer.phase("connected", SOON).await?;
    }
    ada.say("end").await?;
    ensure!(ada.ended(SOON).await?.success());
    Ok(())
}
