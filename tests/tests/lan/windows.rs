//! Two real windows on a network with nothing around.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use scenarios::clock;
use scenarios::lab::{Addresses, Host};
use scenarios::material::material;
use scenarios::screen::Screen;
use scenarios::senses::{hears, sees_movement, sound_settles};
use scenarios::sound_server::SoundServer;
use scenarios::turn::{missing, note, skip};
use scenarios::window::{Options, Window};
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio::try_join;

use crate::{SOON, alone, lab};

/// A window, and the screen that it is on.
struct Seat {
    name: &'static str,
    window: Window,
    screen: Screen,
}

impl Seat {
    /// Opens one of somebody on a host.
    async fn open(
        host: &Host,
        name: &'static str,
        homes: &Path,
        sound: &SoundServer,
    ) -> Result<Self> {
        let screen = Screen::start(1080, 720).await?;
        let home = homes.join(name);
        // Its size is no matter of this scenario.
        let camera = ["--camera", "synthetic", "--size", "640x360", "--fps", "15"];
        let camera = camera.map(str::to_owned);
        let options = Options {
            name,
            home: &home,
            relay: "none",
            args: [&SoundServer::devices(name)[..], &camera].concat(),
            sound: Some(sound.address()),
            bus: None,
        };
        let window = Window::open_on(host, &screen, &options).await;
        Ok(Self {
            name,
            window: window.with_context(|| format!("the window of {name}"))?,
            screen,
        })
    }

    async fn says(&self, text: &str) -> Result<()> {
        self.window.page().says(text, SOON).await.context(self.name)
    }

    /// For somebody to look at.
    async fn keep(&self, what: &str) -> Result<()> {
        self.screen.keep(&format!("{}-{what}", self.name)).await
    }

    /// Waits until the call is up, and says by which way it goes.
    async fn path(&self) -> Result<String> {
        let has_path = |line: &Value| line["figures"]["path"].is_string();
        let line = self.window.until("a path", SOON, has_path).await?;
        let path = line["figures"]["path"].as_str();
        Ok(path.unwrap_or_default().to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_see_and_call_each_other_where_nothing_is_around() -> Result<()> {
    if let Some(program) = missing(&NEEDED) {
        skip(
            "two windows on a local network",
            &format!("there is no {program}"),
        );
        return Ok(());
    }
    let _alone = alone().await;
    let Some(mut lab) = lab() else {
        return Ok(());
    };
    let material = material().await?;
    let sound = SoundServer::start(&NAMES).await?;
    let [voice_of_ada, voice_of_bea] = &material.voices;
    let _voices = [
        sound.speak("ada", voice_of_ada)?,
        sound.speak("bea", voice_of_bea)?,
    ];
    let homes = tempfile::tempdir()?;
    let hosts = [lab.host()?, lab.host()?];
    let mut net = lab.segment()?;
    let _links = [
        net.join(&hosts[0], "eth0", Addresses::Both)?,
        net.join(&hosts[1], "eth0", Addresses::Both)?,
    ];
    likes_the_dark(&homes.path().join("bea"))?;
    let (ada, bea) = try_join!(
        Seat::open(&hosts[0], "ada", homes.path(), &sound),
        Seat::open(&hosts[1], "bea", homes.path(), &sound),
    )?;

    lets_people_see_her(&bea, &ada).await?;
    calls(&ada, &bea).await?;
    for seat in [&ada, &bea] {
        seat.says("On your network").await?;
        let path = seat.path().await?;
        ensure!(path == "local", "{}'s call goes {path}", seat.name);
        seat.keep("call").await?;
    }
    sleep(FADED).await;
    for seat in [&ada, &bea] {
        let seen = sees_movement(&seat.screen).await;
        seen.with_context(|| format!("{}'s screen", seat.name))?;
    }
    try_join!(sound_settles(&ada.window), sound_settles(&bea.window))?;
    try_join!(
        hears(&sound, "ada", [voice_of_bea, voice_of_ada], LISTENED),
        hears(&sound, "bea", [voice_of_ada, voice_of_bea], LISTENED),
    )?;
    ends(&bea, &ada).await?;
    // Whoever was called knows the caller, who is seen by those that know them.
    bea.window.page().named("Call Ada", SOON).await?;
    bea.keep("after").await
}

/// Both are alone until Bea presses the button that is there then; after that Ada sees her, and she
/// does not see Ada, who has pressed none.
async fn lets_people_see_her(bea: &Seat, ada: &Seat) -> Result<()> {
    for seat in [ada, bea] {
        seat.says("Nobody you know is here yet").await?;
        seat.keep("alone").await?;
    }
    let page = bea.window.page();
    let begun = clock::now();
    page.click("Let people on this network see me").await?;
    ada.window.page().named("Call Bea", SOON).await?;
    let seen = clock::now() - begun;
    note(&format!("pressed to seen in another window {seen:?}"));
    ensure!(seen <= Duration::from_secs(3), "{seen:?}");
    ada.says("Not in your contacts").await?;
    bea.says("Nobody else is here yet").await?;
    ensure!(!page.has("Call Ada").await?);
    // Who comes fades in.
    sleep(Duration::from_millis(300)).await;
    ada.keep("home").await?;
    bea.keep("home").await
}

/// Ada calls by one press, and Bea accepts.
async fn calls(ada: &Seat, bea: &Seat) -> Result<()> {
    let begun = clock::now();
    ada.window.page().click("Call Bea").await?;
    bea.window.shows("incoming", SOON).await?;
    let rang = clock::now() - begun;
    bea.says("Ada is calling").await?;
    ada.says("Ringing").await?;
    ada.keep("calling").await?;
    bea.keep("incoming").await?;
    let begun = clock::now();
    bea.window.page().click("Accept with video").await?;
    for seat in [ada, bea] {
        let connected = |line: &Value| line["phase"] == "connected";
        seat.window.until("connection", SOON, connected).await?;
    }
    let connected = clock::now() - begun;
    note(&format!(
        "in windows: click to ringing {rang:?}, accept to connected {connected:?}"
    ));
    Ok(())
}

/// The first one ends the call; both come home, and know who did it.
async fn ends(first: &Seat, other: &Seat) -> Result<()> {
    first.window.page().click("End the call").await?;
    for (seat, reason) in [(first, "localHangup"), (other, "remoteHangup")] {
        let ended = |line: &Value| line["state"] == "ended";
        let ended = seat.window.until("end", SOON, ended).await?;
        ensure!(ended["reason"] == reason, "{}: {ended}", seat.name);
        seat.window.shows("home", SOON).await?;
    }
    Ok(())
}

/// Somebody who has been here before, and chose the dark theme.
fn likes_the_dark(home: &Path) -> Result<()> {
    let data = home.join("data");
    fs::create_dir_all(&data)?;
    let settings = json!({ "name": "Bea", "started": true, "theme": "dark" });
    Ok(fs::write(data.join("settings.json"), settings.to_string())?)
}

const NAMES: [&str; 2] = ["ada", "bea"];

const NEEDED: [&str; 6] = [
    "Xvfb",
    "WebKitWebDriver",
    "pulseaudio",
    "pactl",
    "pacat",
    "parec",
];

/// The controls over the picture fade after three seconds.
const FADED: Duration = Duration::from_millis(4500);

/// Three pieces of sound that are compared, of which the middle one counts.
const LISTENED: Duration = Duration::from_secs(7);
