//! What people in a call of windows see and hear: real pixels of their screens, real sound of their
//! speakers.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::time::sleep;

use crate::clock;
use crate::screen::Screen;
use crate::sound::compare;
use crate::sound_server::SoundServer;
use crate::stamp::Stamp;
use crate::turn::note;
use crate::watch::Watch;
use crate::window::{SOON, Window};

/// Makes sure that two grabs of the X root window hold two different pictures of the other side, the
/// second one not older than a second.
///
/// # Errors
/// When there is no picture, or it stands still, or is old.
pub async fn sees_movement(screen: &Screen) -> Result<()> {
    let watch = Watch::find(screen.pixels()?, SOON)?;
    let first = grab(&watch, screen).await.context("the first grab")?;
    sleep(Duration::from_millis(500)).await;
    let second = grab(&watch, screen).await.context("the second grab")?;
    ensure!(first.number != second.number, "the picture stands still");
    let age = second.age(clock::now());
    ensure!(age < Duration::from_secs(1), "the picture is {age:?} old");
    Ok(())
}

/// A grab of the whole screen in which the picture is whole: one that is being drawn right now may
/// hold parts of two.
async fn grab(watch: &Watch, screen: &Screen) -> Result<Stamp> {
    for _ in 0..60 {
        if let Some(stamp) = watch.place().read_from(&screen.grab()?) {
            return Ok(stamp);
        }
        sleep(Duration::from_millis(17)).await;
    }
    bail!("no grab shows a whole picture")
}

/// Waits until a window's sound is delayed as much as before, three seconds in a row from now on: a
/// buffer that sheds the delay of a busy start plays faster, and is not alike what was said.
///
/// # Errors
/// When that does not come to be.
pub async fn sound_settles(window: &Window) -> Result<()> {
    window.catch_up();
    let mut before = f64::MAX;
    let mut steady = 0;
    for _ in 0..40 {
        let has_figures = |line: &Value| line["figures"]["audioJitterBufferDelay"].is_number();
        let line = window.until("figures", SOON, has_figures).await?;
        let delay = line["figures"]["audioJitterBufferDelay"].as_f64();
        let delay = delay.context("a number")?;
        steady = if (delay - before).abs() < 0.005 {
            steady + 1
        } else {
            0
        };
        note(&format!("sound waits {delay:.3} s"));
        if steady == 3 {
            return Ok(());
        }
        before = delay;
    }
    bail!("the sound does not settle")
}

/// Makes sure that the speaker of `name` plays the other voice for so long, and not the own one.
///
/// # Errors
/// When it plays something else, or nothing.
pub async fn hears(
    sound: &SoundServer,
    name: &str,
    [other, own]: [&[f32]; 2],
    length: Duration,
) -> Result<()> {
    let mut tried = 1;
    loop {
        let heard = sound.hear(name, length).await?;
        let alike = compare(other, &heard).context("too little was recorded")?;
        let own = compare(own, &heard).context("too little was recorded")?;
        note(&format!("{name} hears {alike:?}, the own voice {own:?}"));
        ensure!(own.correlation < 0.3, "{name} hears the own voice: {own:?}");
        if alike.correlation > 0.4 {
            return Ok(());
        }
        let loudness = heard.loudness();
        ensure!(
            tried < TRIES,
            "{name} hears {alike:?} of loudness {loudness}"
        );
        tried += 1;
    }
}

/// How often the speaker is listened to: the coder keeps the shape of a wave only loosely while its
/// rate is still low.
const TRIES: u32 = 3;
