//! How fast people on a network see and call each other, many times, beside what LocalSend's timers
//! allow.

use std::time::Duration;

use anyhow::{Context, Result};
use scenarios::clock;
use scenarios::lab::{Addresses, Lab, Profile};
use scenarios::lan::{Person, acquaint, hang_up, loses, sees};
use scenarios::peer::Peer;
use scenarios::watch::percentile;
use serde_json::Value;

use crate::bench::wait_for_quiet;

/// How much to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// How often somebody starts, is seen, is called and leaves.
    #[arg(long, default_value_t = 20)]
    runs: u32,
    /// What each one's link to the switch is like.
    #[arg(long, default_value = "lan")]
    profile: String,
}

/// One run, milliseconds.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// From the start of the program until another one shows it.
    start_to_seen: f64,
    /// Until it shows the other one.
    start_to_sees: f64,
    /// From the caller's click until it hears that it rings.
    click_to_ringing: f64,
    /// From the click until the other one rings.
    click_to_ring: f64,
    /// As the caller counts it, from the acceptance it heard.
    accept_to_picture: Option<f64>,
    /// As the one counts it who accepted.
    accepting_to_picture: Option<f64>,
    /// From a quit until the other one shows it no more.
    quit_to_gone: f64,
}

/// Measures and prints the table.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let profile = Profile::named(&options.profile);
    let profile = profile.with_context(|| format!("no profile {}", options.profile))?;
    // Says at once why there is none.
    drop(Lab::start()?);
    wait_for_quiet().await?;
    let mut runs = Vec::new();
    for number in 1..=options.runs {
        let run = once(profile).await?;
        println!("{number}: {run:?}");
        runs.push(run);
    }
    println!("\n{}", table(profile, &runs));
    Ok(())
}

/// Ada is there; Bea starts, is called, accepts, and quits. Both know each other.
async fn once(profile: &Profile) -> Result<Run> {
    let (mut lab, homes) = (Lab::start()?, tempfile::tempdir()?);
    let mut net = lab.segment()?;
    let hosts = [lab.host()?, lab.host()?];
    let mut links = Vec::new();
    for host in &hosts {
        links.push(net.join(host, "eth0", Addresses::Both)?);
    }
    // A profile is that of a whole path.
    links[0].set(profile);
    let ada = Person::new(homes.path(), "ada", "Ada", &hosts[0]).await?;
    let bea = Person::new(homes.path(), "bea", "Bea", &hosts[1]).await?;
    acquaint(&ada, &bea).await?;
    let mut a = ada.waits(&["--lan", "known"])?;
    a.listen(SETTLE).await;
    let started = clock::now();
    let mut b = bea.waits(&["--lan", "known"])?;
    let (is_seen, sees_too) = tokio::join!(
        async { since(started, sees(&mut a, &bea, SOON).await) },
        async { since(started, sees(&mut b, &ada, SOON).await) }
    );
    a.listen(SETTLE).await;
    let clicked = clock::now();
    a.say(&format!("call {}", bea.address)).await?;
    let (rings_here, rings) = tokio::join!(
        async { since(clicked, a.phase("ringing", SOON).await) },
        async { since(clicked, b.state("incoming", SOON).await) }
    );
    b.listen(SETTLE).await;
    b.say("accept").await?;
    let [here, there] = [picture(&mut a).await?, picture(&mut b).await?];
    hang_up(&mut a, &mut b, SOON).await?;
    b.say("quit").await?;
    let quit = clock::now();
    let gone = since(quit, loses(&mut a, &bea, SOON).await)?;
    Ok(Run {
        start_to_seen: is_seen?,
        start_to_sees: sees_too?,
        click_to_ringing: rings_here?,
        click_to_ring: rings?,
        accept_to_picture: here,
        accepting_to_picture: there,
        quit_to_gone: gone,
    })
}

/// How long its first picture took, once there is one.
async fn picture(peer: &mut Peer) -> Result<Option<f64>> {
    let first = |line: &Value| line.pointer("/figures/acceptToFirstFrameMs")?.as_f64();
    peer.until("first picture", SOON, first).await.map(Some)
}

/// Milliseconds until something came about, if it did.
fn since<T>(begun: Duration, what: Result<T>) -> Result<f64> {
    what.map(|_| (clock::now() - begun).as_secs_f64() * 1e3)
}

/// The whole table as Markdown; times in milliseconds.
fn table(profile: &Profile, runs: &[Run]) -> String {
    let mut out = String::from(
        "| measure, ms | p50 | p95 | worst | to reach | |\n|---|---|---|---|---|---|\n",
    );
    for row in ROWS {
        let values: Vec<f64> = runs.iter().filter_map(row.figure).collect();
        let at = |share| percentile(values.iter().copied(), share);
        let shown = |value: Option<f64>| value.map_or("–".to_owned(), |it| format!("{it:.0}"));
        let (share, most) = row.goal;
        let verdict = match at(share) {
            Some(it) if values.len() == runs.len() && it <= most => "met",
            _ => "**missed**",
        };
        out.push_str(&format!(
            "| {} | {} | {} | {} | p{:.0} ≤ {most} | {verdict} |\n",
            row.measure,
            shown(at(0.5)),
            shown(at(0.95)),
            shown(at(1.0)),
            share * 100.0,
        ));
    }
    let seen = percentile(runs.iter().map(|it| it.start_to_seen), 0.5);
    let [first, second, third] = LOCALSEND_MS;
    let ratio = |of: f64| seen.map_or("–".to_owned(), |it| format!("{:.2}", it / of));
    let (of_first, of_second) = (ratio(first), ratio(second));
    out.push_str(&format!(
        "\n{} runs over `{}` ({}), both know each other, and the start of the program counts. LocalSend \
         announces itself {first:.0}, {second:.0} and {third:.0} ms after its start and is answered at \
         once (its timers, not a measurement, and without the start of the program): our median is \
         {of_first} of the first, and {of_second} of the second, which counts where the first is lost.\n",
        runs.len(),
        profile.name,
        profile.means,
    ));
    out
}

/// One measure, with the share of runs that shall be within the most that it may be.
struct Row {
    measure: &'static str,
    figure: fn(&Run) -> Option<f64>,
    goal: (f64, f64),
}

const ROWS: [Row; 7] = [
    Row {
        measure: "start → seen",
        figure: |it| Some(it.start_to_seen),
        goal: (0.95, 1000.0),
    },
    Row {
        measure: "start → sees",
        figure: |it| Some(it.start_to_sees),
        goal: (0.95, 1000.0),
    },
    Row {
        measure: "click → ringing, here",
        figure: |it| Some(it.click_to_ringing),
        goal: (0.5, 150.0),
    },
    Row {
        measure: "click → ringing, there",
        figure: |it| Some(it.click_to_ring),
        goal: (0.5, 150.0),
    },
    Row {
        measure: "accept → first picture, caller",
        figure: |it| it.accept_to_picture,
        goal: (0.5, 150.0),
    },
    Row {
        measure: "accept → first picture, called",
        figure: |it| it.accepting_to_picture,
        goal: (0.5, 150.0),
    },
    Row {
        measure: "quit → gone",
        figure: |it| Some(it.quit_to_gone),
        goal: (1.0, 5000.0),
    },
];

/// When LocalSend announces itself by multicast, milliseconds after its start: it waits 100, 500 and
/// 2000 ms in turn (`common/lib/src/task/discovery/multicast_discovery.dart`, commit 82e2d8c), and
/// others answer by HTTP at once.
const LOCALSEND_MS: [f64; 3] = [100.0, 600.0, 2600.0];

/// What was begun has ended, and a person would not be faster.
const SETTLE: Duration = Duration::from_millis(1500);

const SOON: Duration = Duration::from_secs(20);
