//! The same window shared by two of our windows and by two of Chromium's: how sharp it arrives, how
//! late a change of it, how smoothly it scrolls, and what that costs. No cameras, one voice each way.
//!
//! Who shares has the window beside their own on one screen, and who watches sees it pixel by pixel on
//! another, where it is read. Processors are measured while nobody reads.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use scenarios::browser::{self, Browser, MAX_BITRATE, Pictures, Source};
use scenarios::duo::{Duo, WINDOW};
use scenarios::material::Material;
use scenarios::page_window::{Motion, PageWindow};
use scenarios::relay::Relay;
use scenarios::screen::{Raster, Screen};
use scenarios::stamp::Place;
use scenarios::text_window::ssim;
use scenarios::usage::Meter;
use scenarios::watch::{Watch, percentile};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::{Options, shown};

/// What was measured of one share.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Likeness of what stands still, see [`ssim`].
    sharpness: Option<f64>,
    /// From a change to its being seen while little else changes: median and 19 of 20, milliseconds.
    tick_p50_ms: Option<f64>,
    tick_p95_ms: Option<f64>,
    /// The same while all of it scrolls.
    scroll_p50_ms: Option<f64>,
    scroll_p95_ms: Option<f64>,
    /// Of thirty steps a second that the window scrolls, how many are seen.
    scroll_per_second: Option<f64>,
    /// Cores of who shares and of who watches, while it is still and while it scrolls.
    still_cores: [Option<f64>; 2],
    scroll_cores: [Option<f64>; 2],
}

/// Measures both in turns and returns the table.
pub(super) async fn measure(material: &Material, options: &Options) -> Result<String> {
    let length = options.length();
    let [mut ours, mut chromium] = [Vec::new(), Vec::new()];
    for block in 1..=options.blocks {
        for is_ours in [true, false, false, true] {
            options.wait_for_quiet().await?;
            if is_ours {
                println!("block {block}: our windows");
                ours.push(by_windows(material, length).await?);
            } else {
                println!("block {block}: Chromium's");
                chromium.push(by_chromium(material, length).await?);
            }
        }
    }
    Ok(table(&ours, &chromium))
}

/// A screen with room for a window and the shared one beside it, another one, and the shared window.
async fn stage(place: &Path) -> Result<([Screen; 2], PageWindow)> {
    let screens = [
        Screen::start(WINDOW.0 + PAGE.0, WINDOW.1).await?,
        Screen::start(WINDOW.0, WINDOW.1).await?,
    ];
    let at = (WINDOW.0 as usize, 0);
    let page = PageWindow::open(&screens[0], TITLE, at, PAGE, place).await?;
    Ok((screens, page))
}

async fn by_windows(material: &Material, length: Duration) -> Result<Seen> {
    let homes = tempfile::tempdir()?;
    let (screens, page) = stage(homes.path()).await?;
    let args = [0, 1].map(|at: usize| {
        let kbps = (MAX_BITRATE / 1000).to_string();
        let options = [
            ("--camera", "synthetic"),
            ("--microphone", material.microphones[at].as_str()),
            ("--speaker", "none"),
            ("--max-kbps", &kbps),
        ];
        let options = options.into_iter();
        options
            .flat_map(|(name, value)| [name.to_owned(), value.to_owned()])
            .collect()
    });
    let duo = Duo::open_on(screens, Relay::start().await?, homes.path(), args, None).await?;
    duo.call().await?;
    for window in &duo.windows {
        window.page().click("Turn the camera off").await?;
    }
    duo.share(TITLE, "picker").await?;
    duo.actual_size().await?;
    let pids = duo.windows.each_ref().map(|it| it.pid());
    let seen = watch(&duo.screens, &page, pids, length).await?;
    duo.screens[1].keep("shared-by-us").await?;
    duo.end().await?;
    Ok(seen)
}

async fn by_chromium(material: &Material, length: Duration) -> Result<Seen> {
    let homes = tempfile::tempdir()?;
    let (screens, page) = stage(homes.path()).await?;
    let source = |at: usize, pictures| Source {
        pictures,
        speech: &material.speech[at],
    };
    let shares = source(0, Pictures::Window(TITLE));
    let ada = Browser::open("chromium-ada", &screens[0], &shares).await?;
    let watches = source(1, Pictures::None);
    let bea = Browser::open("chromium-bea", &screens[1], &watches).await?;
    browser::call(&ada, &bea).await?;
    bea.actual_size().await?;
    let pids = [ada.root_pid()?, bea.root_pid()?];
    let seen = watch(&screens, &page, pids, length).await?;
    screens[1].keep("shared-by-chromium").await?;
    let sent = ada.figures().await?;
    println!("  it sent {}", sent["sentVideoCodec"]);
    ada.close().await?;
    bea.close().await?;
    Ok(seen)
}

/// Measures a share that runs: still, ticking, scrolling.
async fn watch(
    screens: &[Screen; 2],
    page: &PageWindow,
    pids: [i32; 2],
    length: Duration,
) -> Result<Seen> {
    let mut seen = Seen::default();
    // The controls fade, and what stands still becomes sharp.
    sleep(SHARPENS).await;
    seen.still_cores = cores(pids, length).await;
    let [shown, arrived] = [screens[0].grab()?, screens[1].grab()?];
    let found = spawn_blocking({
        let (at, size) = (page.at, page.size);
        move || likeness(&shown, at, size, &arrived)
    });
    let ((left, top), likeness) = found.await?.context("the window is not seen")?;
    seen.sharpness = Some(likeness);

    page.set(Motion::Ticking)?;
    sleep(SETTLES).await;
    let place = Place {
        x: left as f64,
        y: top as f64,
        ..Place::of_picture(page.size.0 as usize)
    };
    let watch = Watch::at(screens[1].pixels()?, place);
    let ticks = spawn_blocking(move || Ok::<_, anyhow::Error>((watch.look(length)?, watch)));
    let (ticks, watch) = ticks.await??;
    seen.tick_p50_ms = ticks.age_ms(0.5);
    seen.tick_p95_ms = ticks.age_ms(0.95);

    page.set(Motion::Scrolling)?;
    sleep(SETTLES).await;
    let scrolled = spawn_blocking(move || watch.look(length)).await??;
    seen.scroll_p50_ms = scrolled.age_ms(0.5);
    seen.scroll_p95_ms = scrolled.age_ms(0.95);
    seen.scroll_per_second = Some(scrolled.per_second());
    seen.scroll_cores = cores(pids, length).await;
    page.set(Motion::Still)?;
    Ok(seen)
}

async fn cores(pids: [i32; 2], length: Duration) -> [Option<f64>; 2] {
    let meters = pids.map(Meter::start);
    sleep(length).await;
    meters.map(|it| Some(it.cores()))
}

/// Where the window lies on the other screen, for toolkits round the middle of a window differently,
/// and how alike its middle is on both.
fn likeness(
    shown: &Raster,
    at: (usize, usize),
    size: (u32, u32),
    arrived: &Raster,
) -> Option<((usize, usize), f64)> {
    let size = (size.0 as usize, size.1 as usize);
    let middle = (size.0 * 3 / 4, size.1 * 3 / 4);
    let from = (size.0 / 8, size.1 / 8);
    let original = |x: usize, y: usize| f64::from(shown.at(at.0 + from.0 + x, at.1 + from.1 + y));
    let room = |screen: usize, window: usize| screen.saturating_sub(window);
    let places = (0..=room(arrived.height, size.1))
        .flat_map(|y| (0..=room(arrived.width, size.0)).map(move |x| (x, y)));
    let off = |(left, top): (usize, usize)| -> f64 {
        let points = (0..middle.1).step_by(23).flat_map(|y| {
            let row = (0..middle.0).step_by(17);
            row.map(move |x| (x, y))
        });
        let off = points.map(|(x, y)| {
            let there = f64::from(arrived.at(left + from.0 + x, top + from.1 + y));
            (original(x, y) - there).abs()
        });
        off.sum()
    };
    let best = places
        .map(|place| (off(place), place))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let (_, (left, top)) = best?;
    let likeness = ssim(middle, original, |x, y| {
        f64::from(arrived.at(left + from.0 + x, top + from.1 + y))
    });
    Some(((left, top), likeness))
}

/// The table as Markdown.
fn table(ours: &[Seen], chromium: &[Seen]) -> String {
    let mut out = String::from("| the same window, shared | ours | Chromium | ratio |\n");
    out.push_str("|---|---|---|---|\n");
    for (measure, figure) in ROWS {
        let median = |all: &[Seen]| percentile(all.iter().filter_map(figure), 0.5);
        let (ours, theirs) = (median(ours), median(chromium));
        let ratio = ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
        let digits = |value: Option<f64>| match value {
            // Likenesses differ behind the second digit.
            Some(share) if measure == SHARPNESS => format!("{share:.4}"),
            other => shown(other),
        };
        let (ours, theirs, ratio) = (digits(ours), digits(theirs), shown(ratio));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| {measure} | {ours} | {theirs} | {ratio} |");
    }
    out
}

/// One measure, and how to have it of a share.
type Row = (&'static str, fn(&Seen) -> Option<f64>);

const SHARPNESS: &str = "still: likeness, SSIM";

const ROWS: [Row; 10] = [
    (SHARPNESS, |it| it.sharpness),
    ("typing: change → seen, p50, ms", |it| it.tick_p50_ms),
    ("typing: change → seen, p95, ms", |it| it.tick_p95_ms),
    ("scrolling: change → seen, p50, ms", |it| it.scroll_p50_ms),
    ("scrolling: change → seen, p95, ms", |it| it.scroll_p95_ms),
    ("scrolling: steps of 30 seen a second", |it| {
        it.scroll_per_second
    }),
    ("still: cores of who shares", |it| it.still_cores[0]),
    ("still: cores of who watches", |it| it.still_cores[1]),
    ("scrolling: cores of who shares", |it| it.scroll_cores[0]),
    ("scrolling: cores of who watches", |it| it.scroll_cores[1]),
];

const TITLE: &str = "notes";

/// The shared window: as large as fits into a window of ours with its margins.
const PAGE: (u32, u32) = (960, 600);

/// Until what stands still was sent as finely as it will be, by either of them.
const SHARPENS: Duration = Duration::from_secs(10);

/// Rate control takes a moment to see that all of it moves.
const SETTLES: Duration = Duration::from_secs(5);
