//! What the program without a window meets beside the other side: a machine without devices, a
//! sound server elsewhere, the end of its terminal or of its reader, what people paste.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::clock;
use scenarios::peer::{Peer, address};
use scenarios::program::{Program, built};
use scenarios::relay::Relay;
use scenarios::sound_server::SoundServer;
use scenarios::turn::{missing, skip, turn};
use serde_json::{Value, json};
use store::{HistoryEntry, Store};
use tempfile::TempDir;
use tokio::process::Command;

const SOON: Duration = Duration::from_secs(10);

/// Bea, who accepts every call, and what Ada needs to call her.
struct World {
    relay: Relay,
    homes: TempDir,
    to: String,
    bea: Peer,
}

impl World {
    async fn new() -> Result<Self> {
        let homes = tempfile::tempdir()?;
        let home = homes.path().join("bea");
        let to = address(&home).await?;
        let relay = Relay::start().await?;
        let mut bea = Peer::start("bea", &home, relay.url(), &["answer", "--auto"])?;
        bea.online(SOON).await?;
        Ok(Self {
            relay,
            homes,
            to,
            bea,
        })
    }

    /// Ada, calling Bea with synthetic devices.
    fn ada(&self, to: &str) -> Result<Peer> {
        let home = self.homes.path().join("ada");
        Peer::start("ada", &home, self.relay.url(), &["call", to])
    }

    async fn connected(&mut self, ada: &mut Peer) -> Result<()> {
        for peer in [ada, &mut self.bea] {
            peer.phase("connected", SOON).await?;
        }
        Ok(())
    }

    /// The calls that a person's program wrote down; it has ended.
    fn history(&self, name: &str) -> Result<Vec<HistoryEntry>> {
        let store = Store::open(&self.homes.path().join(name))?;
        Ok(store.history().to_vec())
    }
}

#[tokio::test]
async fn without_devices_nothing_is_sent_and_both_sides_are_told() -> Result<()> {
    let _turn = turn().await;
    let mut world = World::new().await?;
    let mut command = Command::new(built("tincan")?);
    command.env("PULSE_SERVER", "unix:/nonexistent");
    let home = world.homes.path().join("ada");
    let words = ["call", &world.to];
    let mut ada = Peer::start_plain(command, "ada", &home, world.relay.url(), &words)?;
    let lacking = scenarios::devices::missing()?;
    if !lacking.contains(&"--camera") || !lacking.contains(&"--microphone") {
        skip("a call without devices", "this machine has some");
        return Ok(());
    }
    let failed = |line: &Value| {
        let devices = line.get("devices")?;
        let is_missing = |role: &str| devices[role]["problem"] == "missing";
        ["camera", "microphone", "speaker"]
            .iter()
            .all(|it| is_missing(it))
            .then_some(())
    };
    ada.until("what is missing", SOON, failed).await?;
    world.connected(&mut ada).await?;
    let told = |line: &Value| {
        let lacking = line.get("remoteLacking")?;
        (*lacking == json!({ "camera": true, "microphone": true })).then_some(())
    };
    world
        .bea
        .until("what the other side lacks", SOON, told)
        .await?;
    for _ in 0..3 {
        let figures = world.bea.figures().await?;
        assert_eq!(figures["framesDecoded"], 0, "{figures:#}");
        assert_eq!(figures["remoteLevel"], 0.0, "{figures:#}");
    }
    ada.say("end").await?;
    assert_eq!(ada.ended(SOON).await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn a_microphone_of_a_sound_server_on_the_network_is_heard() -> Result<()> {
    let _turn = turn().await;
    if let Some(program) = missing(&["pulseaudio", "pactl", "pacat"]) {
        skip("sound over the network", &format!("there is no {program}"));
        return Ok(());
    }
    let mut world = World::new().await?;
    let sound = SoundServer::start(&["ada"]).await?;
    let tone: Vec<f32> = (0..48_000)
        .map(|it| 0.3 * (it as f32 * 440.0 * std::f32::consts::TAU / 48_000.0).sin())
        .collect();
    let _voice = sound.speak("ada", &tone)?;
    let mut command = Command::new(built("tincan")?);
    command
        .env("PULSE_SERVER", sound.tcp_address())
        .env_remove("XDG_RUNTIME_DIR")
        .env("HOME", world.homes.path());
    let home = world.homes.path().join("ada");
    let words = [
        "call",
        &world.to,
        "--camera",
        "none",
        "--microphone",
        "device:ada_microphone",
        "--speaker",
        "device:ada_speaker",
        // A tone is no voice.
        "--noise-suppression",
        "off",
    ];
    let mut ada = Peer::start_plain(command, "ada", &home, world.relay.url(), &words)?;
    world.connected(&mut ada).await?;
    let heard = |line: &Value| {
        let level = line["figures"]["remoteLevel"].as_f64()?;
        (level > 0.01).then_some(())
    };
    world.bea.until("the tone", SOON, heard).await?;
    ada.say("end").await?;
    assert_eq!(ada.ended(SOON).await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn whoever_asks_the_program_to_end_it_says_goodbye_and_writes_down_the_call() -> Result<()> {
    let _turn = turn().await;
    type Ask = fn(&Program);
    let ask = [
        ("SIGHUP", Program::hang_up as Ask),
        ("SIGTERM", Program::terminate),
        ("SIGINT", Program::interrupt),
    ];
    let mut world = World::new().await?;
    for (calls, (name, ask)) in (1..).zip(ask) {
        let mut ada = world.ada(&world.to)?;
        world.connected(&mut ada).await?;
        let asked = clock::now();
        ask(ada.program());
        let ended = world.bea.state("ended", SOON).await?;
        assert_eq!(ended["reason"], "remoteHangup", "{name}");
        assert_eq!(ada.ended(SOON).await?.code(), Some(0), "{name}");
        let took = clock::now() - asked;
        ensure!(took < Duration::from_secs(2), "{name}: it took {took:?}");
        let history = world.history("ada")?;
        assert_eq!(history.len(), calls, "{name}");
        assert_eq!(history[calls - 1].reason, "localHangup", "{name}");
        assert!(history[calls - 1].outgoing, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_call_outlives_the_reader_of_its_figures() -> Result<()> {
    let _turn = turn().await;
    let mut world = World::new().await?;
    let mut ada = world.ada(&world.to)?;
    world.connected(&mut ada).await?;
    ada.program().close_output();
    for _ in 0..4 {
        let figures = world.bea.figures().await?;
        ensure!(figures["framesPerSecondReceived"].as_f64().is_some());
    }
    ada.say("end").await?;
    let ended = world.bea.state("ended", SOON).await?;
    assert_eq!(ended["reason"], "remoteHangup");
    assert_eq!(ada.ended(SOON).await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn a_relay_that_is_set_is_never_said_to_be_missing() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let told = world.bea.lines().iter().filter_map(|it| it.get("relay"));
    let told: Vec<_> = told.map(|it| &it["state"]).collect();
    assert_eq!(told, ["connecting", "online"]);
    Ok(())
}

#[tokio::test]
async fn an_invite_within_a_text_is_found_and_told_before_it_is_dialled() -> Result<()> {
    let _turn = turn().await;
    let mut world = World::new().await?;
    let (start, end) = world.to.split_at(30);
    let mut ada = world.ada(&format!("You can call me here: <{start}\n{end}>."))?;
    let calling = |line: &Value| line.get("calling").cloned();
    let told = ada.until("who is called", SOON, calling).await?;
    assert_eq!(told["address"], world.to.as_str());
    world.connected(&mut ada).await?;
    ada.say("end").await?;
    assert_eq!(ada.ended(SOON).await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn what_fails_on_purpose_shows_in_the_lines_and_heals() -> Result<()> {
    let _turn = turn().await;
    let mut world = World::new().await?;
    let mut ada = world.ada(&world.to)?;
    world.connected(&mut ada).await?;
    let well = |line: &Value| {
        let figures = line.get("figures")?;
        let verdicts = ["heard", "seen", "culprit"].map(|it| &figures[it]);
        (verdicts == [&json!(true), &json!(true), &Value::Null]).then_some(())
    };
    ada.until("that she is heard and seen", SOON, well).await?;

    ada.say("fault camera").await?;
    let camera = |line: &Value| line.get("devices").map(|it| it["camera"].clone());
    let lost = |line: &Value| (camera(line)?["problem"] == "lost").then_some(());
    ada.until("a lost camera", SOON, lost).await?;
    let is_on = |line: &Value| (camera(line)?["state"] == "on").then_some(());
    ada.until("the camera", SOON, is_on).await?;

    ada.say("fault relay").await?;
    let relay = |state: &'static str| {
        move |line: &Value| (line.get("relay")?["state"] == state).then_some(())
    };
    ada.until("no relay", SOON, relay("offline")).await?;
    let begun = clock::now();
    ada.until("the relay", 2 * SOON, relay("online")).await?;
    let away = clock::now() - begun;
    ensure!(away > Duration::from_secs(9), "it was away for {away:?}");

    ada.say("fault path").await?;
    ada.phase("reconnecting", SOON).await?;
    ada.phase("connected", SOON).await?;
    ada.until("that she is heard and seen again", SOON, well)
        .await?;
    ada.say("end").await?;
    assert_eq!(ada.ended(SOON).await?.code(), Some(0));
    Ok(())
}
