//! Two headless peers and a relay, real processes over real sockets: every way in which a call
//! goes, judged by what each side prints and how it exits.

use std::time::Duration;

use anyhow::{Context, Result};
use scenarios::clock;
use scenarios::devices::SYNTHETIC;
use scenarios::peer::{Peer, address};
use scenarios::relay::Relay;
use scenarios::turn::turn;
use scenarios::usage::{held, tree};
use serde_json::Value;
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(10);

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

/// A relay, a place for each person's data, and whom to call.
struct World {
    relay: Relay,
    homes: TempDir,
    bea: String,
}

impl World {
    async fn new() -> Result<Self> {
        let homes = tempfile::tempdir()?;
        let bea = address(&homes.path().join("bea")).await?;
        Ok(Self {
            relay: Relay::start().await?,
            homes,
            bea,
        })
    }

    fn peer(&self, name: &str, words: &[&str]) -> Result<Peer> {
        let words: Vec<&str> = words.iter().chain(&SYNTHETIC).copied().collect();
        Peer::start(
            name,
            &self.homes.path().join(name),
            self.relay.url(),
            &words,
        )
    }

    /// Bea, waiting for calls.
    async fn bea(&self, words: &[&str]) -> Result<Peer> {
        let words: Vec<&str> = ["answer"].iter().chain(words).copied().collect();
        let mut bea = self.peer("bea", &words)?;
        bea.online(SOON).await?;
        Ok(bea)
    }

    /// Ada, calling Bea.
    fn ada(&self, words: &[&str]) -> Result<Peer> {
        let words: Vec<&str> = ["call", &self.bea].iter().chain(words).copied().collect();
        self.peer("ada", &words)
    }

    /// Both, in a call that Bea accepted by herself.
    async fn in_call(&self) -> Result<(Peer, Peer)> {
        let mut bea = self.bea(&["--auto", "--once"]).await?;
        let mut ada = self.ada(&[])?;
        for peer in [&mut ada, &mut bea] {
            peer.phase("connected", SOON).await?;
        }
        Ok((ada, bea))
    }
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

/// The figures of the second after next: the one that runs now holds what was before.
async fn fresh(peer: &mut Peer) -> Result<Value> {
    peer.figures().await?;
    peer.figures().await?;
    peer.figures().await
}

fn number(figures: &Value, name: &str) -> f64 {
    figures[name].as_f64().unwrap_or(f64::NAN)
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

#[tokio::test]
async fn both_see_and_hear_each_other_and_both_see_it_end() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let (mut ada, mut bea) = world.in_call().await?;
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
    exits(&mut bea, status::ENDED).await
}

#[tokio::test]
async fn mute_is_silence_and_camera_off_is_no_picture_and_the_other_side_knows() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
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
    exits(&mut ada, status::ENDED).await
}

#[tokio::test]
async fn a_call_that_rings_can_be_declined() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut bea = world.bea(&["--once"]).await?;
    let mut ada = world.ada(&[])?;
    bea.state("incoming", SOON).await?;
    bea.say("decline").await?;
    exits(&mut ada, status::REMOTE_DECLINED).await?;
    exits(&mut bea, status::DECLINED).await
}

#[tokio::test]
async fn a_call_that_rings_can_be_cancelled() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut bea = world.bea(&["--once"]).await?;
    let mut ada = world.ada(&[])?;
    ada.phase("ringing", SOON).await?;
    bea.state("incoming", SOON).await?;
    ada.say("end").await?;
    exits(&mut ada, status::CANCELLED).await?;
    exits(&mut bea, status::MISSED).await
}

#[tokio::test]
async fn whoever_is_in_a_call_is_busy_and_stays_in_it() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let (mut ada, mut bea) = world.in_call().await?;
    let mut carl = world.peer("carl", &["call", &world.bea])?;
    exits(&mut carl, status::BUSY).await?;
    let figures = fresh(&mut ada).await?;
    assert!(
        number(&figures, "framesPerSecondReceived") > 20.0,
        "{figures:#}"
    );
    ada.say("end").await?;
    exits(&mut bea, status::ENDED).await
}

#[tokio::test]
async fn a_call_that_nobody_answers_gives_up() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut bea = world.bea(&["--once"]).await?;
    // The shortest time that a call may ring.
    let mut ada = world.ada(&["--ring-seconds", "20"])?;
    bea.state("incoming", SOON).await?;
    let ended = ada.ended(Duration::from_secs(30)).await?;
    assert_eq!(ended.code(), Some(status::NO_ANSWER));
    exits(&mut bea, status::MISSED).await
}

#[tokio::test]
async fn a_killed_side_is_noticed_within_eight_seconds() -> Result<()> {
    let _turn = turn().await;
    for kill_caller in [true, false] {
        let world = World::new().await?;
        let (mut ada, mut bea) = world.in_call().await?;
        fresh(&mut ada).await?;
        let (victim, survivor) = if kill_caller {
            (&mut ada, &mut bea)
        } else {
            (&mut bea, &mut ada)
        };
        victim.program().kill();
        let killed = clock::now();
        let ended = survivor.state("ended", Duration::from_secs(8)).await?;
        assert_eq!(
            ended["reason"],
            "peerGone",
            "after {:?}",
            clock::now() - killed
        );
        exits(survivor, status::PEER_GONE).await?;
    }
    Ok(())
}

#[tokio::test]
async fn calls_in_a_row_leave_nothing_behind() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut bea = world.bea(&["--auto"]).await?;
    let mut ada = world.peer("ada", &["answer"])?;
    ada.online(SOON).await?;
    let mut before = None;
    for call in 1..=2 * WARM_UP_CALLS {
        one_call(&mut ada, &mut bea, &world.bea)
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
        println!("{before:?} → {after:?}");
        assert!(after.descriptors <= before.descriptors);
        assert!(after.own_threads <= before.own_threads);
        // The runtime's pool for blocking work has a thread more or less at any moment; one that
        // each call left behind would make six.
        assert!(after.threads <= before.threads + 2);
        // Three leaked pictures would be more.
        assert!(after.pss_mib <= before.pss_mib + 4.0);
    }
    Ok(())
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
const WARM_UP_CALLS: u32 = 6;

/// When a call's memory is back with the system.
const SETTLED: Duration = Duration::from_secs(2);

fn held_by(peer: &mut Peer) -> scenarios::usage::Held {
    held(&tree(peer.program().pid()))
}
