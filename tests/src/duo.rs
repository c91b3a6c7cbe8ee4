//! Two windows and a relay between them: Ada, who calls, and Bea.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

use crate::browser::MAX_BITRATE;
use crate::clock;
use crate::material::Material;
use crate::relay::Relay;
use crate::screen::Screen;
use crate::sound::{Heard, Recording, compare};
use crate::usage::{Meter, held, tree};
use crate::watch::{Seen, Watch};
use crate::window::{Options, SOON, Window};

/// Their names, in this order everywhere.
pub const NAMES: [&str; 2] = ["ada", "bea"];

/// Two open windows.
#[derive(Debug)]
pub struct Duo {
    /// Ada's and Bea's.
    pub windows: [Window; 2],
    /// Each window has a screen of its own.
    pub screens: [Screen; 2],
    /// Between them.
    pub relay: Relay,
    homes: PathBuf,
}

/// What one window was measured to do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Side {
    /// From the accepted answer to the first picture, milliseconds.
    pub accept_to_first_frame_ms: Option<f64>,
    /// From the accepted answer to the first sound, milliseconds.
    pub accept_to_first_audio_ms: Option<f64>,
    /// Distinct pictures of the other side on the screen, per second.
    pub fps: Option<f64>,
    /// From the other side's camera to this screen, milliseconds: median.
    pub glass_p50_ms: Option<f64>,
    /// The same: what 95 of 100 pictures do not exceed.
    pub glass_p95_ms: Option<f64>,
    /// Times at which the picture stood still.
    pub freezes: Option<usize>,
    /// From the other side's microphone to this speaker, milliseconds.
    pub mouth_to_ear_ms: Option<f64>,
    /// What was played against what was said, 0 to 1.
    pub correlation: Option<f64>,
    /// Cores in use by the window and all its children.
    pub cores: Option<f64>,
    /// Memory of the window and all its children, MiB.
    pub pss_mib: Option<f64>,
}

impl Side {
    /// By how much the picture is later than the sound, milliseconds.
    #[must_use]
    pub fn lip_sync_ms(&self) -> Option<f64> {
        Some(self.glass_p50_ms? - self.mouth_to_ear_ms?)
    }
}

impl Duo {
    /// Opens both windows at home; `args` are further options of the app for each.
    ///
    /// # Errors
    /// When something of it does not start.
    pub async fn open(homes: &Path, args: [Vec<String>; 2], sound: Option<&str>) -> Result<Self> {
        Self::open_at(Relay::start().await?, homes, args, sound).await
    }

    /// The same at this relay.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_at(
        relay: Relay,
        homes: &Path,
        args: [Vec<String>; 2],
        sound: Option<&str>,
    ) -> Result<Self> {
        let screens = [
            Screen::start(WINDOW.0, WINDOW.1).await?,
            Screen::start(WINDOW.0, WINDOW.1).await?,
        ];
        Self::open_on(screens, relay, homes, args, sound).await
    }

    /// The same on these screens, at least as large as a [`WINDOW`].
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_on(
        screens: [Screen; 2],
        relay: Relay,
        homes: &Path,
        args: [Vec<String>; 2],
        sound: Option<&str>,
    ) -> Result<Self> {
        let mut open = Vec::new();
        for ((name, args), screen) in NAMES.into_iter().zip(args).zip(screens) {
            let home = homes.join(name);
            let sound = sound.map(ToOwned::to_owned);
            let options = Options {
                name,
                home: &home,
                relay: relay.url(),
                args,
                sound,
                bus: None,
            };
            let window = Window::open(&screen, &options).await;
            let window = window.with_context(|| format!("the window of {name}"))?;
            open.push((window, screen));
        }
        let [ada, bea]: [_; 2] = open.try_into().ok().context("two windows were opened")?;
        let (windows, screens) = ([ada.0, bea.0], [ada.1, bea.1]);
        Ok(Self {
            windows,
            screens,
            relay,
            homes: homes.to_path_buf(),
        })
    }

    /// Ada calls Bea by the link that Bea copied; Bea sees who calls and accepts with video.
    ///
    /// # Errors
    /// When it does not come to a call.
    pub async fn call(&self) -> Result<()> {
        let [ada, bea] = &self.windows;
        let link = bea.link().await?;
        ada.call(&link).await?;
        bea.shows("incoming", SOON).await?;
        bea.page().says("Ada is calling", SOON).await?;
        bea.page().click("Accept with video").await?;
        for window in &self.windows {
            let connected = |line: &Value| line["phase"] == "connected";
            window.until("connection", SOON, connected).await?;
        }
        Ok(())
    }

    /// Ada shares the window of this title, chosen by its picture; Bea is told so and can see it. The
    /// picker is kept as a picture of this name ([`Screen::keep`]).
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn share(&self, title: &str, picker: &str) -> Result<()> {
        let [ada, bea] = &self.windows;
        ada.page().click("Share a screen or a window").await?;
        ada.page().says("Share with the call", SOON).await?;
        ada.page().named(title, SOON).await?;
        self.screens[0].keep(picker).await?;
        ada.page().click(title).await?;
        ada.page().says("sees your window", SOON).await?;
        let shared = |line: &Value| line["sharing"]["theirs"] == true;
        bea.until("shared screen", SOON, shared).await?;
        bea.page().named(ACTUAL_SIZE, SOON).await.map(drop)
    }

    /// Bea sees the shared screen pixel by pixel.
    ///
    /// # Errors
    /// When her window does not offer it.
    pub async fn actual_size(&self) -> Result<()> {
        self.windows[1].page().click(ACTUAL_SIZE).await
    }

    /// Bea ends the call; both come home.
    ///
    /// # Errors
    /// When one of them does not.
    pub async fn end(&self) -> Result<()> {
        self.windows[1].page().click("End the call").await?;
        for window in &self.windows {
            window
                .until("end", SOON, |line| line["state"] == "ended")
                .await?;
            window.shows("home", SOON).await?;
        }
        Ok(())
    }

    /// Measures a running call: `looking` with the pixels of both screens read, then `resting`
    /// for CPU and memory without that.
    ///
    /// # Errors
    /// When a window or a screen is gone. What cannot be measured is left out.
    pub async fn measure(
        &self,
        material: &Material,
        looking: Duration,
        resting: Duration,
    ) -> Result<[Side; 2]> {
        // The bar and the header leave the picture, and the call settles.
        sleep(SETTLE).await;
        let begun = clock::now();
        let seen = [
            look(&self.screens[0], looking)?,
            look(&self.screens[1], looking)?,
        ];
        let mut sides = [Side::default(), Side::default()];
        for (side, seen) in sides.iter_mut().zip(seen) {
            if let Ok(seen) = seen.await? {
                side.fps = Some(seen.per_second());
                side.glass_p50_ms = seen.age_ms(0.5);
                side.glass_p95_ms = seen.age_ms(0.95);
                side.freezes = Some(seen.freezes());
            }
        }
        let meters = self
            .windows
            .each_ref()
            .map(|window| Meter::start(window.pid()));
        sleep(resting).await;
        for (at, side) in sides.iter_mut().enumerate() {
            side.cores = Some(meters[at].cores());
            side.pss_mib = Some(held(&tree(self.windows[at].pid())).pss_mib);
            let figures = self.windows[at].figures().unwrap_or_default();
            side.accept_to_first_frame_ms = figures["acceptToFirstFrameMs"].as_f64();
            side.accept_to_first_audio_ms = figures["acceptToFirstAudioMs"].as_f64();
            // Whoever hears, hears the other.
            let heard = self.heard(at, &material.voices[1 - at], begun);
            side.mouth_to_ear_ms = heard.map(|heard| heard.lag_ms);
            side.correlation = heard.map(|heard| heard.correlation);
        }
        Ok(sides)
    }

    /// The options for windows that show and say the material, and write down what they play.
    #[must_use]
    pub fn args(homes: &Path, material: &Material) -> [Vec<String>; 2] {
        let args = |at: usize| {
            let speaker = homes.join(format!("{}.wav", NAMES[at]));
            let camera = match &material.clip {
                Some(clip) => format!("file:{}?stamp", clip.display()),
                None => material.camera.clone(),
            };
            let options = [
                ("--camera", camera),
                ("--microphone", material.microphones[at].clone()),
                ("--speaker", format!("file:{}", speaker.display())),
                // As Chromium gets it, or the two would not do the same work.
                ("--max-kbps", (MAX_BITRATE / 1000).to_string()),
            ];
            options
                .into_iter()
                .flat_map(|(name, value)| [name.to_owned(), value])
                .collect()
        };
        [args(0), args(1)]
    }

    fn heard(&self, at: usize, said: &[f32], from: Duration) -> Option<Heard> {
        let recording = Recording::read(&self.homes.join(format!("{}.wav", NAMES[at]))).ok()?;
        let end = recording.begun? + recording.length();
        let to = end.checked_sub(Duration::from_millis(100))?;
        compare(said, &recording.between(from, to)?)
    }
}

fn look(screen: &Screen, limit: Duration) -> Result<JoinHandle<Result<Seen>>> {
    let pixels = screen.pixels()?;
    Ok(spawn_blocking(move || {
        Watch::find(pixels, SOON)?.look(limit)
    }))
}

/// Width and height of a window, pixels.
pub const WINDOW: (u32, u32) = (1080, 720);

const ACTUAL_SIZE: &str = "Show the screen in its actual size";

/// The controls over the picture fade after three seconds.
const SETTLE: Duration = Duration::from_millis(4500);
