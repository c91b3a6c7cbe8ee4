//! What calls leave in the rooms of a server: nothing, however they end, and no toggle adds anything.
//! The usual ends are in `headless_call`, which looks at the rooms after each.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use call::carrier::Carrier;
use scenarios::census::Present;
use scenarios::peer::Peer;
use scenarios::turn::{has_time_for, turn};
use scenarios::world::{SOON, World, fresh, number};
use serde_json::Value;
use tokio::time::sleep;

#[tokio::test]
async fn twenty_toggles_make_no_participant_and_no_track_and_no_room() -> Result<()> {
    let _turn = turn().await;
    let Some(mut world) = World::new(Carrier::LiveKit).await? else {
        return Ok(());
    };
    let (mut ada, mut bea) = world.in_call().await?;
    fresh(&mut bea).await?;
    let before = world.server()?.census.present().await?;
    ensure!(before.participants.len() == 2, "{before:?}");
    ensure!(
        before.participants.values().all(|it| it.len() == TRACKS),
        "{before:?}"
    );
    for (off, on, what) in [("mute", "unmute", "microphone"), CAMERA].repeat(5) {
        for (command, state) in [(off, false), (on, true)] {
            ada.say(command).await?;
            let told = |line: &Value| (line["remote"][what] == state).then_some(());
            bea.until(command, SOON, told).await?;
        }
    }
    let after = world.server()?.census.present().await?;
    ensure!(after.sids() == before.sids(), "{before:?} → {after:?}");
    let figures = fresh(&mut bea).await?;
    ensure!(
        number(&figures, "framesPerSecondReceived") > 20.0,
        "{figures:#}"
    );
    ensure!(number(&figures, "remoteLevel") > 0.001, "{figures:#}");
    // What is off is known to the server as muted, and is there.
    for (wish, paused) in [
        ("mute", &["MICROPHONE"][..]),
        ("camera off", &["CAMERA", "MICROPHONE"]),
        ("unmute", &["CAMERA"]),
        ("camera on", &[]),
    ] {
        ada.say(wish).await?;
        let now = until(&mut world, |it| it.paused() == paused).await;
        let now = now.context(wish)?;
        ensure!(now.sids() == before.sids(), "{before:?} → {now:?}");
    }
    ada.say("end").await?;
    both_end(&mut ada, &mut bea).await?;
    world.is_left(1).await
}

#[tokio::test]
async fn an_unwanted_caller_is_given_what_is_given_to_one_whom_nobody_answers() -> Result<()> {
    let _turn = turn().await;
    let Some(mut world) = World::new(Carrier::LiveKit).await? else {
        return Ok(());
    };
    let _bea = world.bea(&["--who-may-ring", "contacts"]).await?;
    let mut ada = world.ada(&[])?;
    ada.phase("ringing", SOON).await?;
    // There is one when both have asked.
    world.server()?.running.until_rooms(1, SOON).await?;
    ada.say("end").await?;
    let ended = ada.state("ended", SOON).await?;
    ensure!(ended["reason"] == "cancelled", "{ended}");
    world.is_left(1).await
}

#[tokio::test]
async fn a_server_that_is_gone_at_the_answer_ends_the_call_by_its_name() -> Result<()> {
    let _turn = turn().await;
    let Some(mut world) = World::new(Carrier::LiveKit).await? else {
        return Ok(());
    };
    let mut bea = world.bea(&["--once"]).await?;
    let mut ada = world.ada(&[])?;
    bea.state("incoming", SOON).await?;
    ada.phase("ringing", SOON).await?;
    // The relay makes the room before it answers both programs, and no program tells when it has
    // its answer.
    world.server()?.running.until_rooms(1, SOON).await?;
    sleep(PASSED_ON).await;
    world.stop_server().await?;
    bea.say("accept").await?;
    for peer in [&mut ada, &mut bea] {
        let ended = peer.state("ended", END).await?;
        ensure!(ended["reason"] == "serverUnreachable", "{ended}");
        let status = peer.ended(SOON).await?;
        ensure!(status.code() == Some(SERVER_UNREACHABLE), "{status}");
    }
    world.start_server().await?;
    world.is_left(1).await
}

#[tokio::test]
async fn nobody_is_left_of_two_programs_that_are_killed_at_once() -> Result<()> {
    if !has_time_for("two programs that are killed at once") {
        return Ok(());
    }
    let turn = turn().await;
    let Some(world) = World::new(Carrier::LiveKit).await? else {
        return Ok(());
    };
    let (mut ada, mut bea) = world.in_call().await?;
    for peer in [&mut ada, &mut bea] {
        peer.program().kill();
    }
    // Nothing runs here any more that others would be disturbed by.
    drop(turn);
    world.is_left_within(1, FORGOTTEN).await
}

#[tokio::test]
async fn a_call_outlives_its_relay_and_leaves_nobody_either() -> Result<()> {
    let _turn = turn().await;
    let Some(world) = World::new(Carrier::LiveKit).await? else {
        return Ok(());
    };
    let (mut ada, mut bea) = world.in_call().await?;
    world.relay.kill();
    let figures = fresh(&mut bea).await?;
    ensure!(
        number(&figures, "framesPerSecondReceived") > 20.0,
        "{figures:#}"
    );
    bea.say("end").await?;
    both_end(&mut ada, &mut bea).await?;
    world.is_left(1).await
}

#[tokio::test]
async fn a_path_that_carries_nothing_for_seconds_heals_in_the_same_room() -> Result<()> {
    if !has_time_for("a path that carries nothing for seconds") {
        return Ok(());
    }
    let _turn = turn().await;
    let Some(mut world) = World::new(Carrier::LiveKit).await? else {
        return Ok(());
    };
    let (mut ada, mut bea) = world.in_call().await?;
    let room = world.server()?.census.present().await?.room;
    ada.say("fault path").await?;
    ada.phase("reconnecting", SOON).await?;
    ada.phase("connected", 2 * SOON).await?;
    for peer in [&mut ada, &mut bea] {
        let moving = |line: &Value| {
            let fps = line["figures"]["framesPerSecondReceived"].as_f64()?;
            (fps > 20.0).then_some(())
        };
        peer.until("pictures", SOON, moving).await?;
    }
    let after = world.server()?.census.present().await?;
    ensure!(
        after.room == room && after.participants.len() == 2,
        "{after:?}"
    );
    ada.say("end").await?;
    both_end(&mut ada, &mut bea).await?;
    world.is_left(1).await
}

async fn both_end(ada: &mut Peer, bea: &mut Peer) -> Result<()> {
    for peer in [ada, bea] {
        let status = peer.ended(SOON).await?;
        ensure!(status.success(), "{status}");
    }
    Ok(())
}

/// Who is there once `is_it` holds of them.
async fn until(world: &mut World, is_it: impl Fn(&Present) -> bool) -> Result<Present> {
    let census = &world.server()?.census;
    let found = async {
        loop {
            let present = census.present().await?;
            if is_it(&present) {
                return Ok(present);
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let found = tokio::time::timeout(SOON, found).await;
    found.context("it does not come to be")?
}

const CAMERA: (&str, &str, &str) = ("camera off", "camera on", "camera");

/// Voice, camera, screen and its sound, whether anything is on them or not.
const TRACKS: usize = 4;

/// As `tincan --help` has it.
const SERVER_UNREACHABLE: i32 = 26;

/// A server that is not there says so at once; a call has its retries.
const END: Duration = Duration::from_secs(20);

/// Nobody says goodbye for who was killed: the server notices after 20 s.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// From a server that answers to both programs, on a busy machine.
const PASSED_ON: Duration = Duration::from_millis(500);
