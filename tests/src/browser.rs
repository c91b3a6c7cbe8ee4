//! Chromium: the independent peer, and the one that the benches compare with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use data_encoding::BASE64;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::sleep;

use crate::clock;
use crate::program::free_port;
use crate::screen::Screen;
use crate::sound::Recording;
use crate::usage::tree;
use crate::webdriver::Page;

/// What a browser sends.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// What it shows.
    pub pictures: Pictures<'a>,
    /// A WAV file for the fake microphone.
    pub speech: &'a Path,
}

/// The pictures that a browser sends.
#[derive(Clone, Copy, Debug)]
pub enum Pictures<'a> {
    /// None.
    None,
    /// A clip, by the fake camera.
    Clip(&'a Path),
    /// Stamped pictures that the page paints.
    Stamped,
    /// The window of this title on its screen, as a person shares it.
    Window(&'a str),
}

impl Pictures<'_> {
    /// How the page calls them.
    const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Clip(_) => "camera",
            Self::Stamped => "stamped",
            Self::Window(_) => "window",
        }
    }

    /// What the browser needs to be told for them.
    fn flags(self) -> Vec<String> {
        match self {
            Self::None | Self::Stamped => vec![FAKE_UI.to_owned()],
            Self::Clip(clip) => vec![
                FAKE_UI.to_owned(),
                format!("--use-file-for-fake-video-capture={}", clip.display()),
            ],
            // The fake UI would share a whole screen; the real one picks what is called so.
            Self::Window(title) => vec![
                "--auto-accept-camera-and-microphone-capture".to_owned(),
                format!("--auto-select-window-capture-source-by-title={title}"),
            ],
        }
    }
}

/// A browser with one end of a call in it.
#[derive(Debug)]
pub struct Browser {
    page: Page,
    /// Whether it sends pictures.
    shows: bool,
    // After the page: the browser writes into its profile until it is gone.
    _home: TempDir,
    /// What to add to the browser's clock to have `CLOCK_MONOTONIC`, milliseconds.
    clock_offset: f64,
}

impl Browser {
    /// Opens a browser on a screen, its camera and microphone running.
    ///
    /// # Errors
    /// When chromedriver or Chromium does not start.
    pub async fn open(name: &str, screen: &Screen, source: &Source<'_>) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let html: PathBuf = home.path().join("peer.html");
        std::fs::write(&html, PAGE)?;
        let port = free_port()?;
        let mut driver = Command::new("chromedriver");
        driver
            .arg(format!("--port={port}"))
            .env("DISPLAY", screen.display());
        driver
            .env("HOME", home.path())
            .env_remove("WAYLAND_DISPLAY");
        let mut args: Vec<String> = QUIET.iter().chain(FLAGS).map(ToString::to_string).collect();
        args.push(format!(
            "--user-data-dir={}",
            home.path().join("profile").display()
        ));
        args.push(format!(
            "--use-file-for-fake-audio-capture={}",
            source.speech.display()
        ));
        args.extend(source.pictures.flags());
        args.push(format!("--app=file://{}", html.display()));
        let mut capabilities = Map::new();
        capabilities.insert(
            "goog:chromeOptions".to_owned(),
            json!({ "args": args, "excludeSwitches": ["enable-automation"] }),
        );
        let page = Page::open(name, &mut driver, port, capabilities).await?;
        page.client()
            .goto(&format!("file://{}", html.display()))
            .await?;
        let mut browser = Self {
            page,
            shows: !matches!(source.pictures, Pictures::None),
            _home: home,
            clock_offset: 0.0,
        };
        browser.clock_offset = browser.measure_clock().await?;
        browser
            .page
            .call(
                "open",
                json!({
                    "pictures": source.pictures.name(),
                    "width": 1280,
                    "height": 720,
                    "fps": 30,
                    "clockOffset": browser.clock_offset,
                    "worker": PAINT,
                }),
            )
            .await?;
        Ok(browser)
    }

    /// Makes the connection; `channels` as `RTCDataChannelInit` with a label each.
    ///
    /// # Errors
    /// When the page fails.
    pub async fn connect(&self, channels: &Value) -> Result<()> {
        let options = json!({ "maxBitrate": MAX_BITRATE, "dataChannels": channels });
        self.page.call("connect", options).await.map(drop)
    }

    /// Its offer.
    ///
    /// # Errors
    /// When the page fails.
    pub async fn offer(&self) -> Result<String> {
        text(&self.page.call("offer", Value::Null).await?)
    }

    /// Its answer to an offer.
    ///
    /// # Errors
    /// When it does not take the offer.
    pub async fn answer(&self, offer: &str) -> Result<String> {
        text(&self.page.call("answer", json!(offer)).await?)
    }

    /// Takes the answer to its offer.
    ///
    /// # Errors
    /// When it does not take the answer.
    pub async fn accept(&self, answer: &str) -> Result<()> {
        self.page.call("accept", json!(answer)).await.map(drop)
    }

    /// Its candidates since the last time, as `RTCIceCandidateInit`.
    ///
    /// # Errors
    /// When the page fails.
    pub async fn candidates(&self) -> Result<Vec<Value>> {
        Ok(serde_json::from_value(
            self.page.call("candidates", Value::Null).await?,
        )?)
    }

    /// Gives it a candidate of the other side.
    ///
    /// # Errors
    /// When it does not take it.
    pub async fn add_candidate(&self, candidate: &Value) -> Result<()> {
        self.page
            .call("addCandidate", candidate.clone())
            .await
            .map(drop)
    }

    /// What it says about the call, with the names of W3C webrtc-stats.
    ///
    /// # Errors
    /// When the page fails.
    pub async fn figures(&self) -> Result<Value> {
        self.page.call("figures", Value::Null).await
    }

    /// What its microphone handed over and what it played, for a while.
    ///
    /// # Errors
    /// When the page fails.
    pub async fn taps(&self, length: Duration) -> Result<[Recording; 2]> {
        let taps = self
            .page
            .call("taps", json!(length.as_millis() as u64))
            .await?;
        Ok([
            self.recording(&taps["said"])?,
            self.recording(&taps["heard"])?,
        ])
    }

    /// Shows what comes pixel by pixel, in the middle of its window.
    ///
    /// # Errors
    /// When the page fails.
    pub async fn actual_size(&self) -> Result<()> {
        self.page.call("actualSize", Value::Null).await.map(drop)
    }

    /// Its page, for clicks and scripts.
    #[must_use]
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// The browser's own processes, the driver not counted.
    ///
    /// # Errors
    /// When it is gone.
    pub fn root_pid(&self) -> Result<i32> {
        let all = tree(self.page.driver_pid());
        // The driver starts exactly one program.
        all.get(1).copied().context("the browser is gone")
    }

    /// Ends the call and the browser.
    ///
    /// # Errors
    /// When the browser does not close.
    pub async fn close(self) -> Result<()> {
        self.page.call("hangUp", Value::Null).await?;
        self.page.close().await
    }

    /// Asks for its clock several times; the quickest answer tells it best.
    async fn measure_clock(&self) -> Result<f64> {
        let mut best = (f64::INFINITY, 0.0);
        for _ in 0..30 {
            let before = clock::now().as_secs_f64() * 1e3;
            let theirs = self.page.run("return clock()", Vec::new()).await?;
            let after = clock::now().as_secs_f64() * 1e3;
            let theirs = theirs.as_f64().context("the page has no clock")?;
            if after - before < best.0 {
                best = (after - before, (before + after) / 2.0 - theirs);
            }
        }
        Ok(best.1)
    }

    fn recording(&self, tap: &Value) -> Result<Recording> {
        let bytes = BASE64.decode(tap["samples"].as_str().unwrap_or_default().as_bytes())?;
        let sample = |pair: &[u8]| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0;
        let begun = tap["begun"].as_f64().context("the tap got nothing")? + self.clock_offset;
        Ok(Recording {
            samples: bytes.chunks_exact(2).map(sample).collect(),
            begun: Some(Duration::from_secs_f64(begun / 1e3)),
        })
    }
}

/// Connects two browsers.
///
/// # Errors
/// When they do not find each other in ten seconds.
pub async fn call(caller: &Browser, callee: &Browser) -> Result<()> {
    caller.connect(&Value::Null).await?;
    callee.connect(&Value::Null).await?;
    let offer = caller.offer().await?;
    let answer = callee.answer(&offer).await?;
    caller.accept(&answer).await?;
    for _ in 0..100 {
        for (from, to) in [(caller, callee), (callee, caller)] {
            for candidate in from.candidates().await? {
                to.add_candidate(&candidate).await?;
            }
        }
        let mut are_there = true;
        for (browser, other) in [(caller, callee), (callee, caller)] {
            let figures = browser.figures().await?;
            let sees = figures["begunToFirstFrameMs"].is_number() || !other.shows;
            are_there &= sees && figures["connection"] == "connected";
        }
        if are_there {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the browsers did not connect")
}

fn text(value: &Value) -> Result<String> {
    Ok(value
        .as_str()
        .context("the page returned no text")?
        .to_owned())
}

const PAGE: &str = include_str!("browser/page.html");
const PAINT: &str = include_str!("browser/paint.js");

/// Bits per second of pictures, the same for both kinds of peers in a bench.
pub const MAX_BITRATE: u64 = 2_500_000;

/// No sandbox (tests run as root in containers), nothing that phones home, sound without a
/// question.
pub const QUIET: &[&str] = &[
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
];

/// Devices without a question.
pub const FAKE_UI: &str = "--use-fake-ui-for-media-stream";

/// Fake devices, and the same window size as the app's.
const FLAGS: &[&str] = &[
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--enable-blink-features=MediaStreamInsertableStreams",
    "--window-size=1080,720",
    "--window-position=0,0",
    "--disable-infobars",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
];
