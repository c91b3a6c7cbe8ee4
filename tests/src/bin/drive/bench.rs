//! Calls of ours beside calls of Chromium's, in the same run on the same machine.
//!
//! Blocks of ours, Chromium's, Chromium's, ours; the figure is the median over all calls of a
//! kind. CPU and memory come from calls in which no pixel is read.

use std::time::Duration;

use anyhow::{Context, Result};
use scenarios::browser::{self, Browser, Pictures, Source};
use scenarios::devices::SYNTHETIC;
use scenarios::duo::{Duo, Side};
use scenarios::material::{Material, material};
use scenarios::peer::{Peer, address};
use scenarios::relay::Relay;
use scenarios::screen::Screen;
use scenarios::sound::delay;
use scenarios::usage::{Held, Machine, Meter, held, tree};
use scenarios::watch::Watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::pair::{Pair, SOON, Setup, WARM_UP_SECONDS};
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
    let setup = Setup {
        material,
        relay,
        display: None,
        words: [caller, &[]],
    };
    let mut pair = Pair::call(&setup).await?;
    let sides = pair.measure(material, length).await?;
    pair.end().await?;
    Ok(sides)
}

/// One call for latency, with stamped pictures; one for CPU and memory, with the clip.
async fn call_chromium(material: &Material, length: Duration) -> Result<[Side; 2]> {
    let mut sides = [Side::default(), Side::default()];
    let screens = [
        Screen::start(1080, 720).await?,
        Screen::start(1080, 720).await?,
    ];
    let browsers = open_browsers(&screens, material, Pictures::Stamped).await?;
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
    let clip = material.clip.as_deref();
    let pictures = clip.map_or(Pictures::Stamped, Pictures::Clip);
    let browsers = open_browsers(&screens, material, pictures).await?;
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
    pictures: Pictures<'_>,
) -> Result<[Browser; 2]> {
    let source = |at: usize| Source {
        pictures,
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

/// Pools and caches fill in the first calls, and stay.
const WARM_UP_CALLS: u32 = 10;

/// Beyond this, other work delays what is measured.
const QUIET_CORES: f64 = 0.15;
