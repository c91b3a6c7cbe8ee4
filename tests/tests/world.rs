//! The harness itself: a screen, a sound server and two browsers in a call are what the other
//! scenarios measure with, so they must be true.

use std::time::Duration;

use anyhow::Result;
use scenarios::browser::{self, Browser, Source};
use scenarios::material::material;
use scenarios::screen::Screen;
use scenarios::sound::compare;
use scenarios::sound_server::SoundServer;
use scenarios::turn::{missing, skip, turn};
use scenarios::watch::Watch;

#[tokio::test]
async fn what_is_spoken_into_a_microphone_can_be_heard() -> Result<()> {
    let _turn = turn();
    if let Some(program) = missing(&["pulseaudio", "pactl", "pacat", "parec"]) {
        skip("sound server", &format!("there is no {program}"));
        return Ok(());
    }
    let material = material().await?;
    let server = SoundServer::start(&["ada"]).await?;
    assert_eq!(server.streams().await?, 0);
    Ok(())
}

#[tokio::test]
async fn two_browsers_see_and_hear_each_other() -> Result<()> {
    let _turn = turn();
    if let Some(program) = missing(&["Xvfb", "chromium", "chromedriver"]) {
        skip("two browsers", &format!("there is no {program}"));
        return Ok(());
    }
    let material = material().await?;
    let screens = [
        Screen::start(1080, 720).await?,
        Screen::start(1080, 720).await?,
    ];
    let source = Source {
        clip: None,
        speech: &material.speech[0],
    };
    let ada = Browser::open("chromium-ada", &screens[0], &source).await?;
    let source = Source {
        clip: None,
        speech: &material.speech[1],
    };
    let bea = Browser::open("chromium-bea", &screens[1], &source).await?;
    browser::call(&ada, &bea).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    screens[0]
        .save(std::path::Path::new("/tmp/h/chromium.png"))
        .await?;
    println!("{}", serde_json::to_string(&ada.figures().await?)?);
    for screen in &screens {
        let watch = Watch::find(screen.pixels()?, Duration::from_secs(5))?;
        println!("{:?}", watch.place());
        let seen =
            tokio::task::spawn_blocking(move || watch.look(Duration::from_secs(5))).await??;
        println!(
            "{:?} {:?} {:?}",
            seen.per_second(),
            seen.age_ms(0.5),
            seen.age_ms(0.95)
        );
        assert!(seen.per_second() > 10.0);
    }
    let [_, heard] = bea.taps(Duration::from_secs(5)).await?;
    let [said, _] = ada.taps(Duration::from_secs(5)).await?;
    println!("{:?} {:?}", said.loudness(), heard.loudness());
    println!("{:?}", compare(&material.voices[0], &said));
    println!("{:?}", compare(&material.voices[0], &heard));
    println!("{}", serde_json::to_string_pretty(&ada.figures().await?)?);
    screens[0]
        .save(std::path::Path::new("/tmp/h/chromium.png"))
        .await?;
    ada.close().await?;
    bea.close().await?;
    Ok(())
}
