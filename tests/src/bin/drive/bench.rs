//! Calls of ours beside calls of Chromium's, in the same run on the same machine.
//!
//! Blocks of ours, Chromium's, Chromium's, ours; the figure is the median over all calls of a
//! kind. CPU and memory come from calls in which no pixel is read.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use scenarios::browser::{self, Browser, Source};
use scenarios::devices::SYNTHETIC;
use scenarios::duo::{Duo, NAMES, Side};
use scenarios::material::{Material, material};
use scenarios::peer::{Peer, address};
use scenarios::relay::Relay;
use scenarios::screen::Screen;
use scenarios::sound::{Recording, compare, delay};
use scenarios::usage::{Held, Machine, Meter, held, tree};
use scenarios::watch::{Watch, percentile};
use serde_json::Value;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::table::{Calls, Growth, table};

/// How much to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[arg(long, default_value_t = 3)]
    blocks: u32,
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    #[arg(long, default_value_t = 100)]
    calls: u32,
}

/// Measures and prints the table.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let material = material().await?;
    let length = Duration::from_secs(options.seconds);
    let [mut headless, mut windows, mut chromium] = [(); 3].map(|()| Calls::default());
    for block in 1..=options.blocks {
        for ours in [true, false, false, true] {
            wait_for_quiet().await?;
            if ours {
                println!("block {block}: two headless peers");
                let relay = Relay::start().await?;
                let sides = call_headless(&material, length, &relay, &[]).await?;
                headless.0.extend(sides);
                println!("block {block}: two windows");
                windows.0.extend(call_windows(&material, length).await?);
            } else {
                println!("block {block}: two of Chromium");
                chromium.0.extend(call_chromium(&material, length).await?);
            }
        }
    }
    println!("{} calls in a row", options.calls);
    let growth = match options.calls {
        0 => None,
        calls => Some(calls_in_a_row(calls).await?),
    };
    println!("\n{}", table(&headless, &windows, &chromium, growth));
    if !material.real {
        println!("The clip and the voices were synthetic.");
    }
    Ok(())
}

/// A busy machine measures itself. Waits until it is quiet, or says that it is not.
pub(crate) async fn wait_for_quiet() -> Result<()> {
    for _ in 0..20 {
        let machine = Machine::start()?;
        sleep(Duration::from_secs(3)).await;
        if machine.cores()? < QUIET_CORES {
            return Ok(());
        }
    }
    println!("the machine is busy with other work: take these figures with salt");
    Ok(())
}

async fn call_windows(material: &Material, length: Duration) -> Result<[Side; 2]> {
    let homes = tempfile::tempdir()?;
    let duo = Duo::open(homes.path(), Duo::args(homes.path(), material), None).await?;
    duo.call().await?;
    let sides = duo.measure(material, length, length).await?;
    duo.end().await?;
    Ok(sides)
}

/// A call at this relay, with these further words of the caller.
pub(crate) async fn call_headless(
    material: &Material,
    length: Duration,
    relay: &Relay,
    caller: &[&str],
) -> Result<[Side; 2]> {
    let homes = tempfile::tempdir()?;
    let args = Duo::args(homes.path(), material);
    let bea_home = homes.path().join("bea");
    let to = address(&bea_home).await?;
    let words = |verb: &[&str], args: &[String]| -> Vec<String> {
        verb.iter()
            .map(ToString::to_string)
            .chain(args.iter().cloned())
            .collect()
    };
    let start = |name: &str, words: Vec<String>| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Peer::start(name, &homes.path().join(name), relay.url(), &words)
    };
    let mut bea = start("bea", words(&["answer", "--auto", "--once"], &args[1]))?;
    bea.online(SOON).await?;
    let calls = [&["call", to.as_str()], caller].concat();
    let mut ada = start("ada", words(&calls, &args[0]))?;
    let mut sides = [Side::default(), Side::default()];
    let mut peers = [&mut ada, &mut bea];
    for peer in &mut peers {
        peer.phase("connected", SOON).await?;
        for _ in 0..WARM_UP_SECONDS {
            peer.figures().await?;
        }
    }
    let meters = [0, 1].map(|at| Meter::start(peers[at].program().pid()));
    sleep(length).await;
    for (at, side) in sides.iter_mut().enumerate() {
        side.cores = Some(meters[at].cores());
        side.pss_mib = Some(held(&tree(peers[at].program().pid())).pss_mib);
        let mut seconds = Vec::new();
        for _ in 0..length.as_secs() {
            seconds.push(peers[at].figures().await?);
        }
        let median = |pointer: &str| {
            percentile(
                seconds
                    .iter()
                    .filter_map(|line| line.pointer(pointer)?.as_f64()),
                0.5,
            )
        };
        side.fps = median("/framesPerSecondReceived");
        side.glass_p50_ms = median("/pictureAgeMs/p50");
        side.glass_p95_ms = median("/pictureAgeMs/p95");
        let freezes = |line: Option<&Value>| line.and_then(|line| line["freezeCount"].as_u64());
        let new = freezes(seconds.last()).zip(freezes(seconds.first()));
        side.freezes = new.map(|(last, first)| (last - first) as usize);
        let last = seconds.last().context("the call has no figures")?;
        side.accept_to_first_frame_ms = last["acceptToFirstFrameMs"].as_f64();
        side.accept_to_first_audio_ms = last["acceptToFirstAudioMs"].as_f64();
        let heard = heard(
            &homes.path().join(format!("{}.wav", NAMES[at])),
            &material.voices[1 - at],
        );
        side.mouth_to_ear_ms = heard.as_ref().ok().map(|heard| heard.lag_ms);
        side.correlation = heard.ok().map(|heard| heard.correlation);
    }
    ada.say("end").await?;
    ada.ended(SOON).await?;
    bea.ended(SOON).await?;
    Ok(sides)
}

fn heard(path: &Path, said: &[f32]) -> Result<scenarios::sound::Heard> {
    let recording = Recording::read(path)?;
    let begun = recording.begun.context("the recording has no clock")?;
    let end = begun + recording.length();
    let part = recording.between(begun + Duration::from_secs(WARM_UP_SECONDS), end);
    compare(said, &part.context("the recording is too short")?).context("nothing was heard")
}

/// One call for latency, with stamped pictures; one for CPU and memory, with the clip.
async fn call_chromium(material: &Material, length: Duration) -> Result<[Side; 2]> {
    let mut sides = [Side::default(), Side::default()];
    let screens = [
        Screen::start(1080, 720).await?,
        Screen::start(1080, 720).await?,
    ];
    let browsers = open_browsers(&screens, material, None).await?;
    browser::call(&browsers[0], &browsers[1]).await?;
    sleep(Duration::from_secs(WARM_UP_SECONDS)).await;
    for (at, screen) in screens.iter().enumerate() {
        let pixels = screen.pixels()?;
        let look = move || Watch::find(pixels, SOON)?.look(length);
        if let Ok(seen) = spawn_blocking(look).await? {
            sides[at].fps = Some(seen.per_second());
            sides[at].glass_p50_ms = seen.age_ms(0.5);
            sides[at].glass_p95_ms = seen.age_ms(0.95);
            sides[at].freezes = Some(seen.freezes());
        }
        let figures = browsers[at].figures().await?;
        sides[at].accept_to_first_frame_ms = figures["begunToFirstFrameMs"].as_f64();
        // Both taps run at once: what left the other microphone, and what came out here.
        let tap = Duration::from_secs(6);
        let (theirs, ours) = tokio::join!(browsers[1 - at].taps(tap), browsers[at].taps(tap));
        let heard = delay(&theirs?[0], &ours?[1]);
        sides[at].correlation = heard.map(|heard| heard.correlation);
        sides[at].mouth_to_ear_ms = heard.map(|heard| heard.lag_ms);
    }
    for browser in browsers {
        browser.close().await?;
    }
    let browsers = open_browsers(&screens, material, material.clip.as_deref()).await?;
    browser::call(&browsers[0], &browsers[1]).await?;
    sleep(Duration::from_secs(WARM_UP_SECONDS)).await;
    let meters = [browsers[0].root_pid()?, browsers[1].root_pid()?].map(Meter::start);
    sleep(length).await;
    for (at, side) in sides.iter_mut().enumerate() {
        side.cores = Some(meters[at].cores());
        side.pss_mib = Some(held(&tree(browsers[at].root_pid()?)).pss_mib);
    }
    for browser in browsers {
        browser.close().await?;
    }
    Ok(sides)
}

async fn open_browsers(
    screens: &[Screen; 2],
    material: &Material,
    clip: Option<&Path>,
) -> Result<[Browser; 2]> {
    let source = |at: usize| Source {
        clip,
        speech: &material.speech[at],
    };
    let ada = Browser::open("chromium-ada", &screens[0], &source(0)).await?;
    Ok([
        ada,
        Browser::open("chromium-bea", &screens[1], &source(1)).await?,
    ])
}

/// Many calls of the same two programs, and what they hold afterwards beyond what they held
/// after the first ten.
async fn calls_in_a_row(calls: u32) -> Result<Growth> {
    let homes = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let to = address(&homes.path().join("bea")).await?;
    let start = |name: &str, words: &[&str]| {
        let words: Vec<&str> = words.iter().chain(&SYNTHETIC).copied().collect();
        Peer::start(name, &homes.path().join(name), relay.url(), &words)
    };
    let (mut ada, mut bea) = (
        start("ada", &["answer"])?,
        start("bea", &["answer", "--auto"])?,
    );
    ada.online(SOON).await?;
    bea.online(SOON).await?;
    let mut before = None;
    for call in 0..calls {
        if call == WARM_UP_CALLS.min(calls / 2) {
            before = Some(settled(&mut ada).await);
        }
        ada.say(&format!("call {to}")).await?;
        ada.phase("connected", SOON).await?;
        bea.phase("connected", SOON).await?;
        ada.figures().await?;
        ada.say("end").await?;
        for peer in [&mut ada, &mut bea] {
            peer.state("idle", SOON).await?;
        }
    }
    let before = before.context("no call was made")?;
    let after = settled(&mut ada).await;
    Ok(Growth {
        calls,
        pss_mib: after.pss_mib - before.pss_mib,
        threads: after.own_threads as i64 - before.own_threads as i64,
        pool: after.threads as i64 - before.threads as i64,
        descriptors: after.descriptors as i64 - before.descriptors as i64,
    })
}

/// What it holds when everything of a call must be released.
async fn settled(peer: &mut Peer) -> Held {
    sleep(Duration::from_secs(3)).await;
    held(&tree(peer.program().pid()))
}

const SOON: Duration = Duration::from_secs(10);

/// Until rate control and jitter buffers have settled.
const WARM_UP_SECONDS: u64 = 5;

/// Pools and caches fill in the first calls, and stay.
const WARM_UP_CALLS: u32 = 10;

/// Beyond this, other work delays what is measured.
const QUIET_CORES: f64 = 0.15;
