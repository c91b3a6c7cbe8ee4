//! Chromium's own processing, on the recordings of a case.
//!
//! Its fake microphone takes a file, but gives what it hears to no echo canceller: what Chromium
//! plays is its reference for a real device only. So the recording is played into a microphone of a
//! sound server, and the page plays the far end at the moment at which the recording has it. A voice
//! before both tells the page when that is, and where in what comes out the recording begins.
//!
//! All of it takes place in real time: a busy machine shows in the figures.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use data_encoding::BASE64;
use scenarios::browser::{FAKE_UI, QUIET};
use scenarios::material::write_wav;
use scenarios::program::free_port;
use scenarios::sound::find;
use scenarios::sound_server::SoundServer;
use scenarios::webdriver::Page;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::sleep;

/// An open browser, and its microphone and speaker.
pub(crate) struct Chromium {
    page: Page,
    // After the page: the browser writes into its profile until it is gone.
    home: TempDir,
    sound: SoundServer,
    /// What is said before each recording.
    opening: Vec<f32>,
}

impl Chromium {
    /// Opens it; `voice` is somebody of whom a second is said first.
    pub(crate) async fn open(voice: &[f32]) -> Result<Self> {
        let sound = SoundServer::start(&[NAME]).await?;
        sound.is_default(NAME).await?;
        let home = tempfile::tempdir()?;
        let html = home.path().join("voice.html");
        std::fs::write(&html, include_str!("chromium.html"))?;
        let port = free_port()?;
        let mut driver = Command::new("chromedriver");
        driver
            .arg(format!("--port={port}"))
            .env("PULSE_SERVER", sound.address())
            .env("HOME", home.path());
        let mut args: Vec<String> = QUIET.iter().map(ToString::to_string).collect();
        args.extend(["--headless", FAKE_UI].map(str::to_owned));
        let profile = home.path().join("profile");
        args.push(format!("--user-data-dir={}", profile.display()));
        let mut capabilities = Map::new();
        let options = json!({ "args": args, "excludeSwitches": ["mute-audio"] });
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        let page = Page::open("chromium", &mut driver, port, capabilities).await?;
        let url = format!("file://{}", html.display());
        page.client().goto(&url).await?;
        let second = voice
            .get(24_000..72_000)
            .context("the voice is too short")?;
        Ok(Self {
            page,
            home,
            sound,
            opening: second.to_vec(),
        })
    }

    /// What it makes of what the microphone hears while it plays `far`, 10 ms later.
    pub(crate) async fn processed(&self, microphone: &[f32], far: &[f32]) -> Result<Vec<f32>> {
        let pause = vec![0.0; PAUSE];
        let said = [
            &pause[..],
            &self.opening[..],
            &pause[..],
            microphone,
            &pause[..],
        ]
        .concat();
        let file = self.home.path().join("far.wav");
        // A buffer without samples is none to it.
        write_wav(&file, &[far, &pause[..]].concat())?;
        let far = BASE64.encode(&std::fs::read(&file)?);
        let begins = self.opening.len() + PAUSE;
        let seconds = (said.len() + 2 * PAUSE) as f64 / 48_000.0;
        let options = json!({
            "far": far,
            "after": (begins - LEAD) as f64 / 48_000.0,
            "seconds": seconds,
        });
        self.page.call("open", options).await?;
        let speaker = self.sound.say(NAME, &said)?;
        sleep(Duration::from_secs_f64(seconds)).await;
        let sound = self.page.call("close", Value::Null).await?;
        drop(speaker);
        let bytes = BASE64.decode(sound.as_str().unwrap_or_default().as_bytes())?;
        let sample = |pair: &[u8; 2]| f32::from(i16::from_le_bytes(*pair)) / 32_768.0;
        let sound: Vec<f32> = bytes.as_chunks::<2>().0.iter().map(sample).collect();
        let searched = sound.get(..4 * 48_000).context("too little was recorded")?;
        let opened = find(&self.opening, searched).context("the opening is not in it")?;
        let from = (opened + begins).saturating_sub(LATE);
        let sound = sound.get(from..).context("too little was recorded")?;
        ensure!(sound.len() >= microphone.len(), "too little was recorded");
        Ok(sound[..microphone.len()].to_vec())
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.page.close().await
    }
}

/// Whose microphone and speaker it has.
const NAME: &str = "chromium";

/// Half a second.
const PAUSE: usize = 24_000;

/// By how many samples the far end is played before the recording has it, as by a speaker that has
/// them in its buffer: a page hears late that something is said, and what is played after its own
/// echo is no reference.
const LEAD: usize = 4_800;

/// By how many samples what comes out is later than what went in: where it is found in is not exact,
/// and whoever compares it looks for later sound only.
pub(crate) const LATE: usize = 480;

/// What it needs.
pub(crate) const NEEDED: &[&str] = &["chromium", "chromedriver", "pulseaudio", "pactl", "pacat"];
