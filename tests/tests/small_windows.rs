//! The small windows: a call comes in while the user looks at something else, and the running call
//! stays in sight while its window does not. Both are before all others and take real clicks.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use scenarios::clock;
use scenarios::desktop::{Desktop, NEEDED};
use scenarios::devices::SYNTHETIC;
use scenarios::peer::Peer;
use scenarios::relay::Relay;
use scenarios::turn::{missing, skip, turn};
use scenarios::window::{Options, Window};
use tokio::process::Command;
use tokio::time::sleep;

const SOON: Duration = Duration::from_secs(10);

/// The title of the small window: who calls.
const CALLER: &str = "Ada";

#[tokio::test]
async fn a_call_comes_up_before_other_windows_and_is_answered_there() -> Result<()> {
    let _turn = turn().await;
    let needed = NEEDED.iter().chain(&["Xvfb", "WebKitWebDriver", "xclip"]);
    let needed: Vec<&str> = needed.copied().collect();
    if let Some(program) = missing(&needed) {
        skip("the incoming window", &format!("there is no {program}"));
        return Ok(());
    }
    let desktop = Desktop::start(1280, 800).await?;
    let homes = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let home = homes.path().join("bea");
    let bea = Window::open(&desktop.screen, &window_options(&home, &relay, &desktop)).await?;
    let link = bea.link().await?;
    look_elsewhere(&desktop).await?;

    let mut ada = ada(&homes.path().join("ada"), &relay, &link)?;
    let window = rings(&desktop).await?;
    let state = desktop.property(&window, "_NET_WM_STATE").await?;
    ensure!(state.contains("_NET_WM_STATE_ABOVE"), "{state}");
    ada.say("end").await?;
    quiet(&desktop).await?;
    let shown = desktop.closed_notification().await?;
    assert_eq!(shown, ["Ada is calling", "Video call"]);
    drop(ada);

    let mut ada = self::ada(&homes.path().join("ada"), &relay, &link)?;
    let window = rings(&desktop).await?;
    answer(&desktop, &window).await?;
    ada.phase("connected", SOON).await?;
    bea.shows("call", SOON).await?;
    quiet(&desktop).await?;
    ada.say("end").await?;
    bea.shows("home", SOON).await
}

#[tokio::test]
async fn a_call_whose_window_is_minimised_goes_on_in_a_small_one() -> Result<()> {
    let _turn = turn().await;
    let needed = NEEDED.iter().chain(&["Xvfb", "WebKitWebDriver", "xclip"]);
    let needed: Vec<&str> = needed.copied().collect();
    if let Some(program) = missing(&needed) {
        skip("the call in small", &format!("there is no {program}"));
        return Ok(());
    }
    let desktop = Desktop::start(1280, 800).await?;
    let homes = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let bea = Window::open(
        &desktop.screen,
        &window_options(&homes.path().join("bea"), &relay, &desktop),
    )
    .await?;
    let link = bea.link().await?;
    let mut ada = ada(&homes.path().join("ada"), &relay, &link)?;
    bea.shows("incoming", SOON).await?;
    bea.page().click("Accept with video").await?;
    ada.phase("connected", SOON).await?;
    bea.shows("call", SOON).await?;
    ensure!(
        desktop.window(IN_SMALL).await?.is_none(),
        "a small window beside a large one"
    );

    look_elsewhere(&desktop).await?;
    let small = comes(&desktop).await?;
    let state = desktop.property(&small, "_NET_WM_STATE").await?;
    ensure!(state.contains("_NET_WM_STATE_ABOVE"), "{state}");
    press_until_gone(&desktop, &small, BACK).await?;
    bea.shows("call", SOON).await?;

    look_elsewhere(&desktop).await?;
    let small = comes(&desktop).await?;
    press_until_gone(&desktop, &small, END).await?;
    ada.state("ended", SOON).await?;
    Ok(())
}

fn window_options<'a>(home: &'a Path, relay: &'a Relay, desktop: &Desktop) -> Options<'a> {
    Options {
        name: "bea",
        home,
        relay: relay.url(),
        args: SYNTHETIC.map(str::to_owned).to_vec(),
        sound: None,
        bus: Some(desktop.bus().to_owned()),
    }
}

/// The small window of the running call, once it shows.
async fn comes(desktop: &Desktop) -> Result<String> {
    let until = clock::now() + SOON;
    loop {
        if let Some(window) = desktop.window(IN_SMALL).await? {
            return Ok(window);
        }
        ensure!(clock::now() < until, "the call does not go on in small");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Clicks until the window goes, as one does when the page still loads.
async fn press_until_gone(desktop: &Desktop, window: &str, [x, y]: [u32; 2]) -> Result<()> {
    let until = clock::now() + SOON;
    while desktop.window(IN_SMALL).await?.is_some() {
        ensure!(clock::now() < until, "the small window takes no click");
        desktop.click(window, x, y).await?;
        sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// The title of the running call's small window.
const IN_SMALL: &str = "Ada – Tincan";

/// Where its buttons are: back to the large window, and the end.
const BACK: [u32; 2] = [176, 168];
const END: [u32; 2] = [224, 168];

/// Another window has the focus.
async fn look_elsewhere(desktop: &Desktop) -> Result<()> {
    let title = "Tincan – bea";
    let main = desktop.window(title).await?.context("no main window")?;
    let mut away = Command::new("xdotool");
    away.args(["windowminimize", &main]);
    let status = away
        .env("DISPLAY", desktop.screen.display())
        .status()
        .await?;
    ensure!(status.success(), "the window cannot be minimised");
    Ok(())
}

fn ada(home: &Path, relay: &Relay, link: &str) -> Result<Peer> {
    fs::create_dir_all(home)?;
    let settings = serde_json::json!({ "name": CALLER }).to_string();
    fs::write(home.join("settings.json"), settings)?;
    let words: Vec<&str> = ["call", link].into_iter().chain(SYNTHETIC).collect();
    Peer::start("ada", home, relay.url(), &words)
}

/// Clicks until the window goes, as one does when the page still loads.
async fn answer(desktop: &Desktop, window: &str) -> Result<()> {
    let [x, y] = ACCEPT_WITH_VIDEO;
    let until = clock::now() + SOON;
    while desktop.window(CALLER).await?.is_some() {
        ensure!(clock::now() < until, "the small window takes no answer");
        desktop.click(window, x, y).await?;
        sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// The small window, once it and the notification show.
async fn rings(desktop: &Desktop) -> Result<String> {
    let until = clock::now() + SOON;
    loop {
        let (window, notes) = (
            desktop.window(CALLER).await?,
            desktop.notifications().await?,
        );
        if let (Some(window), 1) = (&window, notes) {
            return Ok(window.clone());
        }
        ensure!(
            clock::now() < until,
            "window {window:?}, {notes} notifications"
        );
        sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until neither shows any more.
async fn quiet(desktop: &Desktop) -> Result<()> {
    let until = clock::now() + SOON;
    loop {
        let (window, notes) = (
            desktop.window(CALLER).await?,
            desktop.notifications().await?,
        );
        if window.is_none() && notes == 0 {
            return Ok(());
        }
        ensure!(
            clock::now() < until,
            "window {window:?}, {notes} notifications"
        );
        sleep(Duration::from_millis(50)).await;
    }
}

/// Where the button is in the small window.
const ACCEPT_WITH_VIDEO: [u32; 2] = [190, 454];
