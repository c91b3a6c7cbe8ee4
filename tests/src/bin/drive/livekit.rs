//! Calls through a LiveKit server beside calls from machine to machine, in the same run on the same
//! machine.
//!
//! Blocks of direct, LiveKit, LiveKit, direct; the figure is the median over all sides of a kind.
//! And two of LiveKit's official clients for Python on the same server, once a block: they send a
//! picture of their own, 640x360 at 15 a second.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use scenarios::clock;
use scenarios::duo::{NAMES, Side};
use scenarios::livekit::LiveKit;
use scenarios::material::material;
use scenarios::relay::Relay;
use scenarios::sdk::{self, Sdk};
use scenarios::usage::Meter;
use scenarios::watch::percentile;
use serde_json::Value;

use crate::bench::{call_headless, wait_for_quiet};
use crate::table::Calls;

/// How much to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[arg(long, default_value_t = 3)]
    blocks: u32,
    #[arg(long, default_value_t = 15)]
    seconds: u64,
}

/// Measures and prints the table.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let material = material().await?;
    let length = Duration::from_secs(options.seconds);
    let server = LiveKit::start().await?;
    let server = server.context("there is no livekit-server: cargo xtask test makes it")?;
    let server_options = server.relay_options()?;
    let [mut direct, mut livekit, mut python] = [(); 3].map(|()| Calls::default());
    let interpreter = sdk::place()?;
    for block in 1..=options.blocks {
        for through_server in [false, true, true, false] {
            wait_for_quiet().await?;
            let (calls, name) = if through_server {
                (&mut livekit, "livekit")
            } else {
                (&mut direct, "direct")
            };
            println!("block {block}: {name}");
            let relay = Relay::start_with("127.0.0.1:0", &server_options).await?;
            let sides = call_headless(&material, length, &relay, &["--via", name]).await?;
            calls.0.extend(sides);
        }
        wait_for_quiet().await?;
        println!("block {block}: two official clients");
        python
            .0
            .extend(official(&interpreter, &server, block, length).await?);
    }
    println!("\n{}", table(&direct, &livekit, &python));
    if !material.real {
        println!("The clip and the voices were synthetic.");
    }
    Ok(())
}

/// Two official clients meet in a room: what each sees of the other.
async fn official(
    interpreter: &Path,
    server: &LiveKit,
    block: u32,
    length: Duration,
) -> Result<Vec<Side>> {
    let mut pair = [
        Sdk::start(interpreter).await?,
        Sdk::start(interpreter).await?,
    ];
    let room = format!("bench-{block}");
    let begun = clock::now();
    for (sdk, name) in pair.iter_mut().zip(NAMES) {
        let passphrase = Some("a passphrase of the bench");
        sdk.goes(server, name, &room, passphrase).await?;
    }
    let [one, other] = &mut pair;
    let meters = [Meter::start(one.pid()?), Meter::start(other.pid()?)];
    let (one, other) = tokio::try_join!(one.hears_for(length), other.hears_for(length))?;
    let cores = meters.map(|it| it.cores());
    let mut sides = vec![side(&one, &other, begun), side(&other, &one, begun)];
    for (side, cores) in sides.iter_mut().zip(cores) {
        side.accept_to_first_frame_ms
            .context("an official client saw no picture")?;
        side.cores = Some(cores);
    }
    Ok(sides)
}

/// What one saw and heard of the other, since both were told where to go.
fn side(mine: &[Value], theirs: &[Value], begun: Duration) -> Side {
    let numbered = |events: &[Value], name: &str| -> Vec<(u64, Duration)> {
        let named = events.iter().filter(|it| it["event"] == name);
        let numbers = named.filter_map(|it| Some((it["number"].as_u64()?, sdk::at(it)?)));
        numbers.collect()
    };
    let shown: HashMap<u64, Duration> = numbered(theirs, "shown").into_iter().collect();
    let seen = numbered(mine, "picture");
    let since = |at: Duration| (at.saturating_sub(begun)).as_secs_f64() * 1e3;
    let heard = mine.iter().find(|it| it["event"] == "first_sound");
    let ages = |share| {
        let ages = seen.iter().filter_map(|(number, at)| {
            let shown = shown.get(number)?;
            Some((at.checked_sub(*shown)?).as_secs_f64() * 1e3)
        });
        percentile(ages, share)
    };
    let fps = seen
        .first()
        .zip(seen.last())
        .map(|((_, first), (_, last))| {
            let span = (*last - *first).as_secs_f64().max(f64::EPSILON);
            (seen.len() - 1) as f64 / span
        });
    Side {
        accept_to_first_frame_ms: seen.first().map(|(_, at)| since(*at)),
        accept_to_first_audio_ms: heard.and_then(sdk::at).map(since),
        fps,
        glass_p50_ms: ages(0.5),
        glass_p95_ms: ages(0.95),
        ..Side::default()
    }
}

/// One measure, and what it shall be through a server.
struct Row {
    measure: &'static str,
    figure: fn(&Side) -> Option<f64>,
    goal: Option<Goal>,
}

enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// To either side of zero.
    Within(f64),
}

/// The whole table as Markdown.
fn table(direct: &Calls, livekit: &Calls, python: &Calls) -> String {
    let mut out =
        String::from("| measure | direct | LiveKit | ratio | to reach | | official clients |\n");
    out.push_str("|---|---|---|---|---|---|---|\n");
    let shown = |value: Option<f64>| value.map_or("–".to_owned(), |it| format!("{it:.2}"));
    for Row {
        measure,
        figure,
        goal,
    } in ROWS
    {
        let (ours, theirs) = (direct.median(figure), livekit.median(figure));
        let ratio = match goal {
            // Of a figure that may be on either side of zero a ratio says nothing.
            Some(Goal::Within(_)) => None,
            None | Some(Goal::AtMost(_) | Goal::AtLeast(_)) => {
                theirs.zip(ours).map(|(theirs, ours)| theirs / ours)
            }
        };
        let (goal, met) = match goal {
            None => ("–".to_owned(), None),
            Some(Goal::AtMost(most)) => (format!("≤ {most}"), theirs.map(|it| it <= most)),
            Some(Goal::AtLeast(least)) => (format!("≥ {least}"), theirs.map(|it| it >= least)),
            Some(Goal::Within(most)) => (format!("± {most}"), theirs.map(|it| it.abs() <= most)),
        };
        let verdict = met.map_or("", |it| if it { "met" } else { "**missed**" });
        let (ours, theirs, ratio) = (shown(ours), shown(theirs), shown(ratio));
        let official = shown(python.median(figure));
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| {measure} | {ours} | {theirs} | {ratio} | {goal} | {verdict} | {official} |"
        );
    }
    out
}

const ROWS: [Row; 9] = [
    Row {
        measure: "accept → first picture, ms",
        figure: |it| it.accept_to_first_frame_ms,
        goal: Some(Goal::AtMost(600.0)),
    },
    Row {
        measure: "accept → first sound, ms",
        figure: |it| it.accept_to_first_audio_ms,
        goal: None,
    },
    Row {
        measure: "pictures a second",
        figure: |it| it.fps,
        goal: None,
    },
    Row {
        measure: "camera → picture, p50, ms",
        figure: |it| it.glass_p50_ms,
        goal: None,
    },
    Row {
        measure: "camera → picture, p95, ms",
        figure: |it| it.glass_p95_ms,
        goal: None,
    },
    Row {
        measure: "mouth → ear, ms",
        figure: |it| it.mouth_to_ear_ms,
        goal: None,
    },
    Row {
        measure: "picture later than sound, ms",
        figure: Side::lip_sync_ms,
        goal: Some(Goal::Within(40.0)),
    },
    Row {
        measure: "sound, correlation",
        figure: |it| it.correlation,
        // Another voice has less than 0.2, the same one unchanged more than 0.99: between them is
        // room for what encoding and the jitter buffer do to a wave, and none for another voice.
        goal: Some(Goal::AtLeast(0.6)),
    },
    Row {
        measure: "CPU of one program, cores",
        figure: |it| it.cores,
        goal: None,
    },
];
