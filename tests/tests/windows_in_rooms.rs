//! Two real windows on speakers, each in a room of its own: they hear each other and not
//! themselves.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use media::testing::room::{LiveRoom, Room, amplified, level_dbfs};
use scenarios::duo::{Duo, NAMES};
use scenarios::material::material;
use scenarios::room::AcousticRoom;
use scenarios::senses::sound_settles;
use scenarios::sound::{Recording, compare};
use scenarios::sound_server::SoundServer;
use scenarios::turn::{missing, note, skip, turn};
use tokio::time::sleep;

const NEEDED: &[&str] = &[
    "Xvfb",
    "WebKitWebDriver",
    "pulseaudio",
    "pactl",
    "pacat",
    "parec",
    "xclip",
];

/// A canceller knows the room by then, and what was said before is over.
const LEARNT: Duration = Duration::from_secs(6);

#[tokio::test]
async fn two_people_on_speakers_hear_each_other_and_not_themselves() -> Result<()> {
    let _turn = turn().await;
    if let Some(program) = missing(NEEDED) {
        skip("two windows in rooms", &format!("there is no {program}"));
        return Ok(());
    }
    let plain = own_voice(false).await?;
    ensure!(
        plain.iter().all(|it| *it > -25.0),
        "the rooms give nothing back: {plain:?}"
    );
    let removed = own_voice(true).await?;
    for (at, name) in NAMES.into_iter().enumerate() {
        note(&format!(
            "{name}'s own voice comes back at {:.1} dB, with all that is done to a voice at {:.1} dB",
            plain[at], removed[at]
        ));
        // In rooms that are computed it is 30 dB and more. Here the noise of the room covers what is
        // left, since gain raises that when nobody talks.
        ensure!(
            removed[at] < plain[at] - 20.0,
            "{name} hears themselves: {plain:?}, {removed:?}"
        );
    }
    Ok(())
}

/// How loud each of the two hears themselves, in dB of how loud the other one hears them. Where
/// voices are `processed` both talk at once in the end, and are heard.
async fn own_voice(processed: bool) -> Result<[f32; 2]> {
    let material = material().await?;
    let voices = material.voices.each_ref().map(|voice| {
        let by = -26.0 - level_dbfs(voice);
        amplified(voice.clone(), by)
    });
    let sound = SoundServer::start(&NAMES).await?;
    let around = |name, room| {
        let room = LiveRoom::new(room, 9.0, Duration::from_millis(10));
        AcousticRoom::around(&sound, name, room)
    };
    let rooms = [
        around(NAMES[0], Room::OFFICE)?,
        around(NAMES[1], Room::KITCHEN)?,
    ];
    let homes = tempfile::tempdir()?;
    let args = NAMES.map(|name| args(name, processed));
    let duo = Duo::open(homes.path(), args, Some(&sound.address())).await?;
    duo.call().await?;
    for window in &duo.windows {
        sound_settles(window).await?;
    }
    let mut own = [0.0; 2];
    for at in [0, 1] {
        rooms[at].says(&voices[at]);
        sleep(LEARNT).await;
        let length = Duration::from_secs(6);
        let [ada, bea] = NAMES.map(|name| sound.hear(name, length));
        let (ada, bea) = tokio::try_join!(ada, bea)?;
        let heard = [ada, bea];
        let [theirs, back] = [&heard[1 - at], &heard[at]];
        own[at] = loudness_of(&voices[at], back)? - loudness_of(&voices[at], theirs)?;
        let levels = heard.each_ref().map(|it| level_dbfs(&it.samples));
        note(&format!(
            "{} talks: the two speakers play {levels:.1?} dBFS, the own voice comes back at {:.1} dB",
            NAMES[at], own[at]
        ));
        rooms[at].says(&[]);
        sleep(Duration::from_secs(1)).await;
    }
    if processed {
        for (room, voice) in rooms.iter().zip(&voices) {
            room.says(voice);
        }
        sleep(Duration::from_secs(2)).await;
        for (at, name) in NAMES.into_iter().enumerate() {
            let heard = sound.hear(name, Duration::from_secs(7)).await?;
            let alike = |voice: &[f32]| compare(voice, &heard).map_or(0.0, |it| it.correlation);
            let (other, own) = (alike(&voices[1 - at]), alike(&voices[at]));
            note(&format!(
                "both talk: {name} hears {other:.2}, the own voice {own:.2}"
            ));
            ensure!(other > 0.2, "{name} does not hear the other side: {other}");
            ensure!(own < other / 2.0, "{name} hears themselves: {own}, {other}");
        }
    }
    duo.end().await?;
    Ok(own)
}

/// How loud a voice is in what was heard, in dBFS, whatever else is in it: gain may raise the noise
/// of a room in which nobody talks.
fn loudness_of(voice: &[f32], heard: &Recording) -> Result<f32> {
    let alike = compare(voice, heard).context("too little was recorded")?;
    let share = 20.0 * alike.correlation.max(1e-3).log10();
    Ok(level_dbfs(&heard.samples) + share as f32)
}

fn args(name: &str, processed: bool) -> Vec<String> {
    let mut args: Vec<String> = SoundServer::devices(name).into();
    args.extend(["--camera", "synthetic"].map(str::to_owned));
    let switches = ["--echo-cancellation", "--noise-suppression", "--auto-gain"];
    if !processed {
        args.extend(
            switches
                .iter()
                .flat_map(|it| [(*it).to_owned(), "off".to_owned()]),
        );
    }
    args
}
