//! Two headless peers and a relay, real processes over real sockets: every way in which a call
//! goes, over everything that can carry it, judged by what each side prints and how it exits. Where
//! a server carries it, nobody is left in a room of it.

use std::time::Duration;

use anyhow::{Context, Result};
use call::carrier::Carrier;
use scenarios::clock;
use scenarios::material::write_wav;
use scenarios::peer::Peer;
use scenarios::recovery::voice::{Heard, Voice};
use scenarios::turn::{note, turn};
use scenarios::usage::{held, tree};
use scenarios::world::{SOON, World, fresh, number};
use serde_json::Value;

/// Each scenario as a test of its own for each carrier. What takes longer than it tells anything new
/// about a server runs there only where time does not matter.
macro_rules! over_every_carrier {
    ({ $($scenario:ident,)* } and long over a server { $($long:ident,)* }) => {
        mod direct {
            $(#[tokio::test] async fn $scenario() -> anyhow::Result<()> {
                super::over(call::carrier::Carrier::Direct, super::$scenario).await
            })*
            $(#[tokio::test] async fn $long() -> anyhow::Result<()> {
                super::over(call::carrier::Carrier::Direct, super::$long).await
            })*
        }

        mod livekit {
            $(#[tokio::test] async fn $scenario() -> anyhow::Result<()> {
                super::over(call::carrier::Carrier::LiveKit, super::$scenario).await
            })*
            $(#[tokio::test] async fn $long() -> anyhow::Result<()> {
                let scenario = concat!(stringify!($long), " over a server");
                if !scenarios::turn::has_time_for(scenario) {
                    return Ok(());
                }
                super::over(call::carrier::Carrier::LiveKit, super::$long).await
            })*
        }
    };
}

over_every_carrier! {
    {
        both_see_and_hear_each_other_and_both_see_it_end,
        mute_is_silence_and_camera_off_is_no_picture_and_the_other_side_knows,
        a_call_that_rings_can_be_declined,
        a_call_that_rings_can_be_cancelled,
        whoever_is_in_a_call_is_busy_and_stays_in_it,
        a_killed_callee_is_noticed_within_eight_seconds,
    }
    and long over a server {
        a_killed_caller_is_noticed_within_eight_seconds,
        a_call_that_nobody_answers_gives_up,
        calls_in_a_row_leave_nothing_behind,
    }
}

/// Runs a scenario in a world of its own.
async fn over(carrier: Carrier, scenario: impl AsyncFnOnce(&World) -> Result<()>) -> Result<()> {
    let _turn = turn().await;
    let Some(world) = World::new(carrier).await? else {
        return Ok(());
    };
    scenario(&world).await
}

/// Exit statuses that `tincan --help` lists.
mod status {
    pub(super) const ENDED: i32 = 0;
    pub(super) const CANCELLED: i32 = 10;
    pub(super) const MISSED: i32 = 11;
    pub(super) const DECLINED: i32 = 12;
    pub(super) const REMOTE_DECLINED: i32 = 13;
    pub(super) const BUSY: i32 = 14;
    pub(super) const NO_ANSWER: i32 = 15;
    pub(super) const PEER_GONE: i32 = 20;
}

async fn remote(peer: &mut Peer, control: &str, on: bool) -> Result<()> {
    let is_it = |line: &Value| (line["remote"][control] == on).then_some(());
    peer.until(
        &format!("the other side's {control} to be {on}"),
        SOON,
        is_it,
    )
    .await
}

async fn exits(peer: &mut Peer, status: i32) -> Result<()> {
    let ended = peer.ended(SOON).await?;
    assert_eq!(
        ended.code(),
        Some(status),
        "last lines: {:#?}",
        peer.lines().last()
    );
    Ok(())
}

async fn both_see_and_hear_each_other_and_both_see_it_end(world: &World) -> Result<()> {
    let names = ["ada", "bea"];
    let files = |name: &str| {
        let file =
            |kind: &str| format!("file:{}", world.place(&format!("{name}.{kind}")).display());
        [file("said.wav"), file("heard.wav")]
    };
    let devices = names.map(files);
    let devices = devices
        .each_ref()
        .map(|[said, heard]| ["--microphone", said, "--speaker", heard]);
    for (seed, name) in (0..).zip(names) {
        let said = world.place(&format!("{name}.said.wav"));
        write_wav(&said, Voice::new(seed).samples())?;
    }
    let words = devices.each_ref().map(|it| &it[..]);
    let (mut ada, mut bea) = world.in_call_with(words).await?;
    let connected = clock::now();
    for peer in [&mut ada, &mut bea] {
        let figures = fresh(peer).await?;
        assert!(
            number(&figures, "framesPerSecondReceived") > 20.0,
            "{figures:#}"
        );
        assert!(
            number(&figures, "framesPerSecondSent") > 20.0,
            "{figures:#}"
        );
        assert_eq!(figures["frameWidth"], 1280, "{figures:#}");
        assert!(
            number(&figures, "audioReceiveBitrate") > 8_000.0,
            "{figures:#}"
        );
        assert!(number(&figures, "remoteLevel") > 0.001, "{figures:#}");
        assert!(number(&figures, "audioLevel") > 0.001, "{figures:#}");
        assert!(
            number(&figures["pictureAgeMs"], "count") > 20.0,
            "{figures:#}"
        );
        assert!(
            number(&figures, "acceptToFirstFrameMs") < 2_000.0,
            "{figures:#}"
        );
    }
    ada.say("end").await?;
    exits(&mut ada, status::ENDED).await?;
    exits(&mut bea, status::ENDED).await?;
    for (other, name) in [1, 0].into_iter().zip(names) {
        let heard = Heard::read(&world.place(&format!("{name}.heard.wav")))?;
        let voice = Voice::new(other);
        let mut seen = Duration::ZERO;
        let first = voice.first_heard(&heard, connected, &mut seen);
        let first = first.with_context(|| format!("{name} does not hear the other voice"))?;
        note(&format!(
            "{name} hears the other voice {:?} after the path",
            first - connected
        ));
    }
    world.is_left(1).await
}

async fn mute_is_silence_and_camera_off_is_no_picture_and_the_other_side_knows(
    world: &World,
) -> Result<()> {
    let (mut ada, mut bea) = world.in_call().await?;
    fresh(&mut bea).await?;

    ada.say("mute").await?;
    remote(&mut bea, "microphone", false).await?;
    let figures = fresh(&mut bea).await?;
    assert!(number(&figures, "remoteLevel") < 0.001, "{figures:#}");
    assert!(
        number(&figures, "audioReceiveBitrate") < 4_000.0,
        "{figures:#}"
    );
    assert!(
        number(&figures, "framesPerSecondReceived") > 20.0,
        "{figures:#}"
    );

    ada.say("camera off").await?;
    remote(&mut bea, "camera", false).await?;
    let figures = fresh(&mut bea).await?;
    assert_eq!(
        number(&figures, "framesPerSecondReceived"),
        0.0,
        "{figures:#}"
    );

    ada.say("camera on").await?;
    ada.say("unmute").await?;
    remote(&mut bea, "camera", true).await?;
    let figures = fresh(&mut bea).await?;
    assert!(
        number(&figures, "framesPerSecondReceived") > 20.0,
        "{figures:#}"
    );
    assert!(number(&figures, "remoteLevel") > 0.001, "{figures:#}");
    bea.say("end").await?;
    exits(&mut bea, status::ENDED).await?;
    exits(&mut ada, status::ENDED).await?;
    world.is_left(1).await
}

async fn a_call_that_rings_can_be_declined(world: &World) -> Result<()> {
    let mut bea = world.bea(&["--once"]).await?;
    let mut ada = world.ada(&[])?;
    bea.state("incoming", SOON).await?;
    bea.say("decline").await?;
    exits(&mut ada, status::REMOTE_DECLINED).await?;
    exits(&mut bea, status::DECLINED).await?;
    world.is_left(1).await
}

async fn a_call_that_rings_can_be_cancelled(world: &World) -> Result<()> {
    let mut bea = world.bea(&["--once"]).await?;
    let mut ada = world.ada(&[])?;
    ada.phase("ringing", SOON).await?;
    bea.state("incoming", SOON).await?;
    ada.say("end").await?;
    exits(&mut ada, status::CANCELLED).await?;
    exits(&mut bea, status::MISSED).await?;
    world.is_left(1).await
}

async fn whoever_is_in_a_call_is_busy_and_stays_in_it(world: &World) -> Result<()> {
    let (mut ada, mut bea) = world.in_call().await?;
    let mut carl = world.peer("carl", &["call", world.bea_is()])?;
    exits(&mut carl, status::BUSY).await?;
    let figures = fresh(&mut ada).await?;
    assert!(
        number(&figures, "framesPerSecondReceived") > 20.0,
        "{figures:#}"
    );
    ada.say("end").await?;
    exits(&mut bea, status::ENDED).await?;
    world.is_left(1).await
}

async fn a_call_that_nobody_answers_gives_up(world: &World) -> Result<()> {
    let mut bea = world.bea(&["--once"]).await?;
    // The shortest time that a call may ring.
    let mut ada = world.ada(&["--ring-seconds", "20"])?;
    bea.state("incoming", SOON).await?;
    let ended = ada.ended(Duration::from_secs(30)).await?;
    assert_eq!(ended.code(), Some(status::NO_ANSWER));
    exits(&mut bea, status::MISSED).await?;
    world.is_left(1).await
}

async fn a_killed_caller_is_noticed_within_eight_seconds(world: &World) -> Result<()> {
    let (mut ada, mut bea) = world.in_call().await?;
    fresh(&mut ada).await?;
    ada.program().kill();
    is_missed(&mut bea).await?;
    world.is_left_within(1, FORGOTTEN).await
}

async fn a_killed_callee_is_noticed_within_eight_seconds(world: &World) -> Result<()> {
    let (mut ada, mut bea) = world.in_call().await?;
    fresh(&mut ada).await?;
    bea.program().kill();
    is_missed(&mut ada).await?;
    world.is_left_within(1, FORGOTTEN).await
}

/// The other side of this one was killed at this moment.
async fn is_missed(survivor: &mut Peer) -> Result<()> {
    let killed = clock::now();
    let ended = survivor.state("ended", Duration::from_secs(8)).await?;
    let after = clock::now() - killed;
    assert_eq!(ended["reason"], "peerGone", "after {after:?}");
    exits(survivor, status::PEER_GONE).await
}

/// Nobody says goodbye for who was killed.
const FORGOTTEN: Duration = Duration::from_secs(30);

async fn calls_in_a_row_leave_nothing_behind(world: &World) -> Result<()> {
    let mut bea = world.bea(&["--auto"]).await?;
    let mut ada = world.peer("ada", &["answer"])?;
    ada.online(SOON).await?;
    let mut before = None;
    for call in 1..=2 * WARM_UP_CALLS {
        one_call(&mut ada, &mut bea, world.bea_is())
            .await
            .with_context(|| format!("call {call}"))?;
        if call == WARM_UP_CALLS {
            tokio::time::sleep(SETTLED).await;
            before = Some([held_by(&mut ada), held_by(&mut bea)]);
        }
    }
    let before = before.context("calls were made")?;
    tokio::time::sleep(SETTLED).await;
    for (peer, before) in [&mut ada, &mut bea].into_iter().zip(before) {
        let after = held_by(peer);
        note(&format!("{before:?} → {after:?}"));
        assert!(after.descriptors <= before.descriptors);
        assert!(after.own_threads <= before.own_threads);
        // The runtime's pool for blocking work has a thread more or less at any moment; one that
        // each call left behind would make six.
        assert!(after.threads <= before.threads + 2);
        // Three leaked pictures would be more.
        assert!(after.pss_mib <= before.pss_mib + 4.0);
    }
    world.is_left(2 * WARM_UP_CALLS).await
}

async fn one_call(ada: &mut Peer, bea: &mut Peer, to: &str) -> Result<()> {
    ada.say(&format!("call {to}")).await?;
    ada.phase("connected", SOON).await?;
    bea.phase("connected", SOON).await?;
    ada.say("end").await?;
    for peer in [ada, bea] {
        peer.state("ended", SOON).await?;
        peer.state("idle", SOON).await?;
    }
    Ok(())
}

/// The first calls fill pools and caches that stay.
const WARM_UP_CALLS: usize = 6;

/// When a call's memory is back with the system.
const SETTLED: Duration = Duration::from_secs(2);

fn held_by(peer: &mut Peer) -> scenarios::usage::Held {
    held(&tree(peer.program().pid()))
}
