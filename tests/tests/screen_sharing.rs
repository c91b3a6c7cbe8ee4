//! Two programs, one of which shares what is on a real display: read on the other side, over
//! everything that can carry a call.

use std::time::Duration;

use anyhow::{Context, Result};
use call::carrier::Carrier;
use scenarios::peer::Peer;
use scenarios::program::built;
use scenarios::screen::Screen;
use scenarios::text_window::{SHARP, TextWindow, last_picture, likeness};
use scenarios::turn::{note, turn};
use scenarios::usage::{Meter, held, tree};
use scenarios::world::{SOON, World};
use serde_json::Value;
use tokio::process::Command;

/// Ada on a display with a page of text, in a call with Bea, who writes down what she sees of it.
struct Shared {
    ada: Peer,
    bea: Peer,
    screen: Screen,
    page: TextWindow,
}

const PAGE: (u32, u32) = (1280, 720);

async fn shared(world: &World) -> Result<Shared> {
    let screen = Screen::start(1400, 800).await?;
    let homes = world.place(".");
    let page = TextWindow::show(&screen, "notes", PAGE, &homes).await?;
    let out = world.place("seen.y4m");
    let out = out.to_str().context("a path of characters")?;
    let small = ["--camera", "none"];
    let bea = [&["--auto", "--once", "--screen-out", out], &small[..]].concat();
    let mut bea = world.bea(&bea).await?;
    let mut command = Command::new(built("tincan")?);
    command.env("DISPLAY", screen.display());
    command.env_remove("WAYLAND_DISPLAY");
    let via = match world.carrier() {
        Carrier::Direct => "direct",
        Carrier::LiveKit => "livekit",
    };
    let devices = ["--microphone", "synthetic", "--speaker", "none"];
    let words = [
        &["call", world.bea_is(), "--via", via],
        &devices[..],
        &small[..],
    ]
    .concat();
    let home = world.place("ada");
    let mut ada = Peer::start_plain(command, "ada", &home, world.relay.url(), &words)?;
    for peer in [&mut ada, &mut bea] {
        peer.phase("connected", SOON).await?;
    }
    Ok(Shared {
        ada,
        bea,
        screen,
        page,
    })
}

async fn is_shared(peer: &mut Peer, on: bool) -> Result<()> {
    let state = if on { "on" } else { "off" };
    let is_it = |line: &Value| (line["share"]["state"] == state).then_some(());
    peer.until(&format!("share {state}"), SOON, is_it).await
}

async fn is_told(peer: &mut Peer, theirs: bool) -> Result<()> {
    let is_it = |line: &Value| (line["sharing"]["theirs"] == theirs).then_some(());
    peer.until(&format!("their share to be {theirs}"), SOON, is_it)
        .await
}

/// Waits until the other side's screen has come to rest: nothing but repetitions for seconds.
async fn rests(peer: &mut Peer) -> Result<Value> {
    let mut still = 0;
    for _ in 0..40 {
        let figures = peer.figures().await?;
        let rate = figures["screen"]["receiveBitrate"].as_f64().unwrap_or(0.0);
        let decoded = figures["screen"]["framesDecoded"].as_u64().unwrap_or(0);
        still = if decoded > 0 && rate < 40_000.0 {
            still + 1
        } else {
            0
        };
        if still == 3 {
            return Ok(figures);
        }
    }
    anyhow::bail!("the shared screen does not come to rest");
}

async fn text_is_read_on_the_other_side(carrier: Carrier) -> Result<()> {
    let _turn = turn().await;
    let Some(world) = World::new(carrier).await? else {
        return Ok(());
    };
    let Shared {
        mut ada,
        mut bea,
        screen,
        page,
    } = shared(&world).await?;
    ada.say("share window notes").await?;
    is_shared(&mut ada, true).await?;
    is_told(&mut bea, true).await?;
    rests(&mut bea).await?;
    let meter = Meter::start(ada.program().pid());
    bea.listen(Duration::from_secs(4)).await;
    let cores = meter.cores();
    let shown = screen.grab()?;
    ada.say("share off").await?;
    is_shared(&mut ada, false).await?;
    is_told(&mut bea, false).await?;
    ada.say("end").await?;
    bea.ended(SOON).await?;
    let (seen, count) = last_picture(&world.place("seen.y4m"))?;
    let alike = likeness(&seen, &shown, page.at)?;
    note(&format!(
        "{carrier:?}: {} in {count} pictures, SSIM {alike:.4}; still, {cores:.3} cores",
        seen.size()
    ));
    assert_eq!((seen.size().width, seen.size().height), PAGE);
    assert!(
        alike >= SHARP,
        "the text is seen with an SSIM of {alike:.4}"
    );
    Ok(())
}

#[tokio::test]
async fn text_is_read_directly() -> Result<()> {
    text_is_read_on_the_other_side(Carrier::Direct).await
}

#[tokio::test]
async fn text_is_read_over_a_server() -> Result<()> {
    text_is_read_on_the_other_side(Carrier::LiveKit).await
}

#[tokio::test]
async fn a_window_that_closes_ends_the_share_and_is_said_so() -> Result<()> {
    let _turn = turn().await;
    let world = World::new(Carrier::Direct).await?.context("no world")?;
    let Shared {
        mut ada,
        mut bea,
        page,
        screen: _screen,
    } = shared(&world).await?;
    ada.say("share window notes").await?;
    is_told(&mut bea, true).await?;
    drop(page);
    let gone = |line: &Value| (line["share"]["problem"] == "gone").then_some(());
    ada.until("word that the window is gone", SOON, gone)
        .await?;
    is_told(&mut bea, false).await?;
    ada.say("end").await?;
    bea.ended(SOON).await?;
    Ok(())
}

#[tokio::test]
async fn fifty_shares_leave_nothing_behind() -> Result<()> {
    let _turn = turn().await;
    let world = World::new(Carrier::Direct).await?.context("no world")?;
    let Shared {
        mut ada,
        mut bea,
        page: _page,
        screen: _screen,
    } = shared(&world).await?;
    let mut before = None;
    for round in 0..50 {
        ada.say("share window notes").await?;
        is_shared(&mut ada, true).await?;
        is_told(&mut bea, true).await?;
        ada.say("share off").await?;
        is_shared(&mut ada, false).await?;
        is_told(&mut bea, false).await?;
        if round == 9 {
            ada.listen(Duration::from_secs(1)).await;
            before = Some([&mut ada, &mut bea].map(|it| held(&tree(it.program().pid()))));
        }
    }
    ada.listen(Duration::from_secs(1)).await;
    let after = [&mut ada, &mut bea].map(|it| held(&tree(it.program().pid())));
    for (before, after) in before.context("ten rounds")?.into_iter().zip(after) {
        note(&format!(
            "held after 10 shares {before:?}, after 50 {after:?}"
        ));
        assert!(after.own_threads <= before.own_threads + 1, "{after:?}");
        assert!(after.descriptors <= before.descriptors + 2, "{after:?}");
        assert!(after.pss_mib <= before.pss_mib + 8.0, "{after:?}");
    }
    ada.say("end").await?;
    bea.ended(SOON).await?;
    Ok(())
}
