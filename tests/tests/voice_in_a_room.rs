//! A machine whose microphone hears its speaker: computed, and on a sound server of our own.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use devices::voice::VoiceProcessing;
use media::backend::voice::{VoiceBackend, VoiceSettings};
use media::testing::room::{Room, Scene, erle_db};
use media::testing::speech::Talker;
use media::time::TimeDelta;
use scenarios::clock;
use scenarios::material::material;
use scenarios::peer::{Peer, address};
use scenarios::program::built;
use scenarios::relay::Relay;
use scenarios::sound::Recording;
use scenarios::sound_server::SoundServer;
use scenarios::speaker_delay::processed;
use scenarios::turn::{missing, note, skip, turn};
use tokio::process::Command;
use tokio::time::sleep;

const SOON: Duration = Duration::from_secs(10);

/// What is done to the voice of whoever sits in the room.
const UNPROCESSED: [&str; 6] = [
    "--echo-cancellation",
    "off",
    "--noise-suppression",
    "off",
    "--auto-gain",
    "off",
];
const NO_ECHO: [&str; 4] = ["--noise-suppression", "off", "--auto-gain", "off"];

#[tokio::test]
async fn whoever_talks_to_somebody_with_speakers_does_not_hear_themselves() -> Result<()> {
    let _turn = turn().await;
    if let Some(program) = missing(&["pulseaudio", "pactl", "pacat"]) {
        skip("voice in a room", &format!("there is no {program}"));
        return Ok(());
    }
    let plain = echo_of(&UNPROCESSED).await?;
    let cancelled = echo_of(&NO_ECHO).await?;
    let all = echo_of(&[]).await?;
    note(&format!(
        "the own voice comes back at {plain:.1} dB, with echo cancellation {cancelled:.1} dB, \
         with everything on {all:.1} dB"
    ));
    ensure!(plain > -20.0, "there is no room: {plain:.1} dB");
    ensure!(cancelled < plain - 30.0, "{cancelled:.1} of {plain:.1} dB");
    ensure!(all < plain - 30.0, "{all:.1} of {plain:.1} dB");
    Ok(())
}

#[test]
fn an_echo_is_removed_where_the_speaker_says_its_delay_wrong_by_up_to_150_ms() -> Result<()> {
    let scene = Scene {
        far: Talker::new(1).speech(9.0),
        clipping: 0.5,
        delay: Duration::ZERO,
        ..Scene::quiet(Room::OFFICE)
    };
    let heard = scene.heard();
    for overstated in [-100, -50, 0, 50, 100, 150] {
        let mut processor = VoiceProcessing.processor(VoiceSettings::SPEECH);
        let by = TimeDelta::from_millis(overstated);
        let sent = processed(&scene, &heard, &mut *processor, by);
        let delay = processor.delay();
        let erle = |from, to| erle_db(&heard, &sent, delay, from, to);
        let (soon, then) = (erle(1.0, 3.0), erle(5.0, 8.5));
        note(&format!(
            "told {overstated} ms more: {soon:.1} dB at 1 to 3 s, {then:.1} dB from 5 s"
        ));
        ensure!(soon >= 24.0, "{overstated} ms: {soon} dB at 1 to 3 s");
        ensure!(then >= 30.0, "{overstated} ms: {then} dB from 5 s");
    }
    Ok(())
}

/// How loud Bea hears herself from the fifth second on, in dB of how loud she is, when Ada sits in
/// a room and her program does this to what her microphone hears.
async fn echo_of(processing: &[&str]) -> Result<f64> {
    let sound = SoundServer::start(&["ada"]).await?;
    sound.room("ada").await?;
    let homes = tempfile::tempdir()?;
    let place = |name: &str| homes.path().join(name);
    let (home, heard) = (place("bea"), place("heard.wav"));
    let material = material().await?;
    let voice = &material.voices[0];
    let relay = Relay::start().await?;
    let to = address(&home).await?;
    let speaker = format!("file:{}", heard.display());
    let words = [
        "answer",
        "--auto",
        "--camera",
        "none",
        "--microphone",
        &material.microphones[0],
        "--speaker",
        &speaker,
    ];
    let mut bea = Peer::start("bea", &home, relay.url(), &words)?;
    bea.online(SOON).await?;
    let mut command = Command::new(built("tincan")?);
    command
        .env("PULSE_SERVER", sound.address())
        .env_remove("XDG_RUNTIME_DIR")
        .env("HOME", homes.path());
    let devices = SoundServer::devices("ada");
    let devices: Vec<&str> = devices.iter().map(String::as_str).collect();
    let words = [&["call", &to, "--camera", "none"], &devices[..], processing].concat();
    let mut ada = Peer::start_plain(command, "ada", &place("ada"), relay.url(), &words)?;
    for peer in [&mut ada, &mut bea] {
        peer.phase("connected", SOON).await?;
    }
    sleep(Duration::from_secs(5)).await;
    let from = clock::now();
    sleep(Duration::from_secs(8)).await;
    let to = clock::now();
    ada.say("end").await?;
    ensure!(ada.ended(SOON).await?.success(), "ada");
    let mut figures = ada.lines().iter().rev().filter_map(|it| it.get("figures"));
    let figures = figures.next().context("ada told no figures")?;
    let told = ["echoReturnLoss", "echoReturnLossEnhancement"].map(|it| &figures[it]);
    note(&format!("{processing:?}: loss and enhancement {told:?}"));
    let removes_echo = processing != UNPROCESSED;
    ensure!(
        told.iter().all(|it| it.is_number() == removes_echo),
        "{told:?}"
    );
    bea.say("quit").await?;
    bea.ended(SOON).await?;
    let recording = Recording::read(&heard)?.between(from, to);
    let recording = recording.context("nothing was recorded")?;
    let voice = Recording {
        samples: voice.clone(),
        begun: None,
    };
    Ok(20.0 * (recording.loudness().max(1e-6) / voice.loudness()).log10())
}
