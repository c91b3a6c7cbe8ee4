//! Two programs without a window: Ada uses a feature, and both are measured beside a plain call.

use std::fmt::Write;
use std::time::Duration;

use anyhow::Result;
use scenarios::duo::Side;
use scenarios::material::Material;
use scenarios::page_window::{Motion, PageWindow};
use scenarios::peer::Peer;
use scenarios::relay::Relay;
use scenarios::screen::Screen;
use scenarios::watch::percentile;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Options, shown};
use crate::pair::{Pair, SOON, Setup};

/// What Ada uses in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feature {
    /// Nothing beside voice and camera.
    Plain,
    /// She shares a window of text that stands still.
    StillScreen,
    /// She shares one that scrolls all the time.
    ScrollingScreen,
    /// She records, and Bea agreed.
    Recording,
    /// She writes a text a second.
    Chat,
}

/// All calls of one kind: of each what was measured of Ada and of Bea.
struct Calls {
    feature: Feature,
    sides: Vec<[Side; 2]>,
}

/// What stays as it is from call to call.
struct Place<'a> {
    material: &'a Material,
    relay: Relay,
    screen: Screen,
    page: PageWindow,
    length: Duration,
}

/// Measures all features and returns the table.
pub(super) async fn measure(material: &Material, options: &Options) -> Result<String> {
    let length = options.length();
    let home = tempfile::tempdir()?;
    let screen = Screen::start(1400, 800).await?;
    let page = PageWindow::open(&screen, TITLE, (0, 0), PAGE, home.path()).await?;
    let place = Place {
        material,
        relay: Relay::start().await?,
        screen,
        page,
        length,
    };
    let mut all: Vec<Calls> = Feature::ALL
        .map(|feature| Calls {
            feature,
            sides: Vec::new(),
        })
        .into();
    for block in 1..=options.blocks {
        for feature in order() {
            options.wait_for_quiet().await?;
            println!("block {block}: {}", feature.name());
            let sides = place.call(feature).await?;
            let calls = all.iter_mut().filter(|it| it.feature == feature);
            calls.for_each(|it| it.sides.push(sides.clone()));
        }
    }
    Ok(table(&all))
}

/// A plain call on both sides of each pair of calls with a feature.
fn order() -> Vec<Feature> {
    let features = Feature::ALL.into_iter().filter(|it| *it != Feature::Plain);
    let pairs = features.flat_map(|it| [it, it, Feature::Plain]);
    [Feature::Plain].into_iter().chain(pairs).collect()
}

impl Place<'_> {
    async fn call(&self, feature: Feature) -> Result<[Side; 2]> {
        let home = tempfile::tempdir()?;
        let recordings = home.path().display().to_string();
        let setup = Setup {
            material: self.material,
            relay: &self.relay,
            display: Some(self.screen.display()),
            words: [&["--record", &recordings], &["--consent", "yes"]],
        };
        let mut pair = Pair::call(&setup).await?;
        self.begin(feature, &mut pair.ada).await?;
        let (material, length) = (self.material, self.length);
        let sides = match feature {
            Feature::Chat => {
                let texts = async |pair: &mut Pair| write_texts(&mut pair.ada, length).await;
                pair.measure_while(material, length, texts).await?
            }
            Feature::Plain
            | Feature::StillScreen
            | Feature::ScrollingScreen
            | Feature::Recording => pair.measure(material, length).await?,
        };
        pair.end().await?;
        self.page.set(Motion::Still)?;
        Ok(sides)
    }

    /// Until the feature is at work.
    async fn begin(&self, feature: Feature, ada: &mut Peer) -> Result<()> {
        let motion = match feature {
            Feature::Plain | Feature::Chat => return Ok(()),
            Feature::Recording => {
                ada.say("record start").await?;
                let runs =
                    |line: &Value| (line["recording"]["ours"]["state"] == "running").then_some(());
                return ada.until("recording", SOON, runs).await;
            }
            Feature::StillScreen => Motion::Still,
            Feature::ScrollingScreen => Motion::Scrolling,
        };
        self.page.set(motion)?;
        ada.say(&format!("share window {TITLE}")).await?;
        let is_on = |line: &Value| (line["share"]["state"] == "on").then_some(());
        ada.until("share", SOON, is_on).await?;
        sleep(SHARPENS).await;
        Ok(())
    }
}

/// A text a second.
async fn write_texts(ada: &mut Peer, length: Duration) -> Result<()> {
    let begun = Instant::now();
    for second in 0..length.as_secs() {
        ada.say(&format!(
            "say Second {second}: has everybody seen the minutes?"
        ))
        .await?;
        sleep_until(begun + Duration::from_secs(second + 1)).await;
    }
    Ok(())
}

impl Feature {
    const ALL: [Self; 5] = [
        Self::Plain,
        Self::StillScreen,
        Self::ScrollingScreen,
        Self::Recording,
        Self::Chat,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain call",
            Self::StillScreen => "a window shared, still",
            Self::ScrollingScreen => "a window shared, scrolling",
            Self::Recording => "recorded",
            Self::Chat => "a text a second",
        }
    }
}

impl Calls {
    /// The median of a figure of one side.
    fn median(&self, side: usize, figure: fn(&Side) -> Option<f64>) -> Option<f64> {
        percentile(self.sides.iter().filter_map(|it| figure(&it[side])), 0.5)
    }
}

/// The table as Markdown: a line for each feature and side, its difference to a plain call behind each
/// figure.
fn table(all: &[Calls]) -> String {
    let mut out = String::from(
        "| | side | cores | memory, MiB | camera → decoded p50, ms | p95, ms | mouth → ear, ms | \
         added < 33 ms |\n|---|---|---|---|---|---|---|---|\n",
    );
    let Some(plain) = all.iter().find(|it| it.feature == Feature::Plain) else {
        return out;
    };
    for calls in all {
        for (side, who) in ["Ada, who does it", "Bea"].into_iter().enumerate() {
            let cells = FIGURES.map(|figure| {
                let (value, without) = (calls.median(side, figure), plain.median(side, figure));
                match value.zip(without) {
                    Some((value, without)) if calls.feature != Feature::Plain => {
                        format!("{value:.2} ({:+.2})", value - without)
                    }
                    Some(_) | None => shown(value),
                }
            });
            let added = LATENCIES.into_iter().filter_map(|figure| {
                Some(calls.median(side, figure)? - plain.median(side, figure)?)
            });
            let verdict = match added.reduce(f64::max) {
                _ if calls.feature == Feature::Plain => "",
                Some(most) if most < FRAME_MS => "met",
                Some(_) => "**missed**",
                None => "not measured",
            };
            let (name, cells) = (calls.feature.name(), cells.join(" | "));
            // Writing to a string cannot fail.
            let _ = writeln!(out, "| {name} | {who} | {cells} | {verdict} |");
        }
    }
    out
}

/// A figure of a side.
type Figure = fn(&Side) -> Option<f64>;

const LATENCIES: [Figure; 3] = [
    |it| it.glass_p50_ms,
    |it| it.glass_p95_ms,
    |it| it.mouth_to_ear_ms,
];

const FIGURES: [Figure; 5] = [
    |it| it.cores,
    |it| it.pss_mib,
    LATENCIES[0],
    LATENCIES[1],
    LATENCIES[2],
];

/// A picture's time at 30 a second: what a feature may add.
const FRAME_MS: f64 = 1000.0 / 30.0;

const TITLE: &str = "notes";

/// The shared window.
const PAGE: (u32, u32) = (1280, 720);

/// Until a window that stands still was sent as finely as it will be.
const SHARPENS: Duration = Duration::from_secs(8);
