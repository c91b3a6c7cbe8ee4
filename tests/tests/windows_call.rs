//! Two real windows, as two people use them: who calls is seen, pictures move on both screens,
//! sound passes through a sound server, mute and camera-off are true on the other side, and the
//! end releases everything.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use call::carrier::Carrier;
use scenarios::census::Census;
use scenarios::duo::{Duo, NAMES};
use scenarios::livekit::LiveKit;
use scenarios::material::material;
use scenarios::relay::Relay;
use scenarios::senses::{hears, sees_movement, sound_settles};
use scenarios::sound_server::SoundServer;
use scenarios::stamp::find;
use scenarios::turn::{has_time_for, missing, skip, turn};
use scenarios::usage::{held, tree};
use scenarios::world::{is_of, path};
use serde_json::Value;
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

const SOON: Duration = Duration::from_secs(10);

/// The controls over the picture fade after three seconds.
const FADED: Duration = Duration::from_millis(4500);

#[tokio::test]
async fn two_people_call_each_other_with_native_pictures() -> Result<()> {
    let _turn = turn().await;
    two_people_call_each_other("native", Carrier::Direct).await
}

#[tokio::test]
async fn two_people_call_each_other_over_a_server() -> Result<()> {
    if !has_time_for("two windows over a server") {
        return Ok(());
    }
    let _turn = turn().await;
    two_people_call_each_other("native", Carrier::LiveKit).await
}

#[tokio::test]
async fn two_people_call_each_other_with_pictures_in_the_page() -> Result<()> {
    let _turn = turn().await;
    two_people_call_each_other("webview", Carrier::Direct).await
}

async fn two_people_call_each_other(picture: &str, carrier: Carrier) -> Result<()> {
    if let Some(program) = missing(NEEDED) {
        skip(
            &format!("two windows ({picture})"),
            &format!("there is no {program}"),
        );
        return Ok(());
    }
    let server = match carrier {
        Carrier::Direct => None,
        Carrier::LiveKit => match LiveKit::start().await? {
            Some(server) => Some(server),
            None => return Ok(()),
        },
    };
    let (relay, ways) = match &server {
        None => (Relay::start().await?, &["--via", "direct"]),
        Some(server) => {
            let options = server.relay_options()?;
            let relay = Relay::start_with("127.0.0.1:0", &options).await?;
            (relay, &["--via", "livekit"])
        }
    };
    let census = server.as_ref().map(|it| Census::start(it.api()));
    let material = material().await?;
    let sound = SoundServer::start(&NAMES).await?;
    let voices = [
        sound.speak("ada", &material.voices[0])?,
        sound.speak("bea", &material.voices[1])?,
    ];
    let homes = tempfile::tempdir()?;
    let args = NAMES.map(|name| {
        let ways = ways.iter().map(|it| (*it).to_owned());
        args(name, picture).into_iter().chain(ways).collect()
    });
    let duo = Duo::open_at(relay, homes.path(), args, Some(&sound.address())).await?;
    let before = at_rest(&duo, &sound).await?;

    duo.call().await?;
    carried_by(carrier, &duo).await?;
    sleep(FADED).await;
    both_see_a_moving_picture(&duo).await?;
    for (at, name) in NAMES.into_iter().enumerate() {
        sound_settles(&duo.windows[at]).await.context(name)?;
        let voices = [&material.voices[1 - at][..], &material.voices[at]];
        hears(&sound, name, voices, Duration::from_secs(7)).await?;
    }
    muted_is_silent(&duo, &sound).await?;
    camera_off_is_no_picture(&duo).await?;
    both_see_a_moving_picture(&duo).await?;

    duo.end().await?;
    let reasons = duo.windows.each_ref().map(|window| window.end_reason());
    let expected = ["remoteHangup", "localHangup"].map(|reason| Some(reason.to_owned()));
    assert_eq!(reasons, expected);
    let after = at_rest(&duo, &sound).await?;
    for (before, after) in before.iter().zip(&after) {
        // The first call fills thread pools of the toolkit and opens fonts, once.
        assert!(
            after.threads <= before.threads + 12,
            "{before:?} → {after:?}"
        );
        assert!(
            after.descriptors <= before.descriptors + 12,
            "{before:?} → {after:?}"
        );
        assert!(
            after.processes <= before.processes,
            "{before:?} → {after:?}"
        );
    }
    a_second_call_holds_no_more(&duo, &sound, &after).await?;
    if let Some(census) = census {
        census.until_deserted(Duration::from_secs(2)).await?;
        census.had_at_most(2)?;
    }
    drop(voices);
    Ok(())
}

fn args(name: &str, picture: &str) -> Vec<String> {
    let others = ["--camera", "synthetic", "--picture", picture];
    let others = others.map(str::to_owned).into_iter();
    SoundServer::devices(name)
        .into_iter()
        .chain(others)
        .collect()
}

/// Both windows tell a path of this carrier.
async fn carried_by(carrier: Carrier, duo: &Duo) -> Result<()> {
    for window in &duo.windows {
        let has_path = |line: &Value| path(line).is_some();
        let line = window.until("path", SOON, has_path).await?;
        let is_right = path(&line).is_some_and(|it| is_of(carrier, it));
        ensure!(is_right, "{carrier:?}: {line}");
    }
    Ok(())
}

/// Both screens show a picture of the other side that moves.
async fn both_see_a_moving_picture(duo: &Duo) -> Result<()> {
    for (name, screen) in NAMES.into_iter().zip(&duo.screens) {
        let seen = sees_movement(screen).await;
        seen.with_context(|| format!("{name}'s screen"))?;
    }
    Ok(())
}

async fn muted_is_silent(duo: &Duo, sound: &SoundServer) -> Result<()> {
    let [ada, bea] = &duo.windows;
    ada.page().click("Mute the microphone").await?;
    bea.until("mute", SOON, |line| line["remote"]["microphone"] == false)
        .await?;
    bea.page().says("Ada is muted", SOON).await?;
    // What was said before is played to its end.
    sleep(Duration::from_millis(500)).await;
    let heard = sound.hear("bea", Duration::from_secs(2)).await?;
    assert!(
        heard.loudness() < 0.001,
        "Bea hears {} of a muted Ada",
        heard.loudness()
    );
    ada.page().click("Unmute the microphone").await?;
    sleep(Duration::from_millis(500)).await;
    let heard = sound.hear("bea", Duration::from_secs(2)).await?;
    assert!(
        heard.loudness() > 0.003,
        "Bea hears {} of Ada",
        heard.loudness()
    );
    Ok(())
}

async fn camera_off_is_no_picture(duo: &Duo) -> Result<()> {
    let [ada, bea] = &duo.windows;
    ada.page().click("Turn the camera off").await?;
    bea.page().says("Ada’s camera is off", SOON).await?;
    sleep(Duration::from_millis(2500)).await;
    let none = |line: &Value| line["figures"]["framesPerSecondReceived"] == 0.0;
    bea.until("a second without pictures", SOON, none).await?;
    ensure!(
        find(&duo.screens[1].grab()?, scenarios::clock::now()).is_none(),
        "Bea still sees a picture of Ada"
    );
    ada.page().click("Turn the camera on").await?;
    bea.until("picture", SOON, |line| line["remote"]["camera"] == true)
        .await?;
    sleep(FADED).await;
    Ok(())
}

/// What both hold while nothing happens. No window may use a sound stream then.
async fn at_rest(duo: &Duo, sound: &SoundServer) -> Result<[scenarios::usage::Held; 2]> {
    // The ended screen and its tone take three seconds.
    sleep(Duration::from_millis(2500)).await;
    let streams = sound.streams().await?;
    ensure!(
        streams == 0,
        "{streams} sound streams are open outside of a call"
    );
    Ok(duo
        .windows
        .each_ref()
        .map(|window| held(&tree(window.pid()))))
}

async fn a_second_call_holds_no_more(
    duo: &Duo,
    sound: &SoundServer,
    after_first: &[scenarios::usage::Held; 2],
) -> Result<()> {
    duo.call().await?;
    sleep(Duration::from_secs(2)).await;
    duo.end().await?;
    let after_second = at_rest(duo, sound).await?;
    for (first, second) in after_first.iter().zip(&after_second) {
        assert!(
            second.threads <= first.threads + 3,
            "{first:?} → {second:?}"
        );
        assert!(
            second.descriptors <= first.descriptors + 3,
            "{first:?} → {second:?}"
        );
        assert!(
            second.processes <= first.processes,
            "{first:?} → {second:?}"
        );
    }
    Ok(())
}
