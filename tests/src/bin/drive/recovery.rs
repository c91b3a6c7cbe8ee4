//! How long a call is away after each event of the table, many times.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use call::carrier::Carrier;
use scenarios::lab::Lab;
use scenarios::recovery::event::{Due, EVENTS, Event};
use scenarios::recovery::{Outcome, run as once};
use scenarios::watch::percentile;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::bench::wait_for_quiet;

/// How much to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// How often each event happens.
    #[arg(long, default_value_t = 20)]
    runs: u32,
    /// Only events whose names begin like this; several are separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How many calls are measured at once. More than one disturb each other.
    #[arg(long, default_value_t = 1)]
    at_once: usize,
    /// Let a LiveKit server carry the calls.
    #[arg(long)]
    livekit: bool,
}

impl Options {
    const fn carrier(&self) -> Carrier {
        if self.livekit {
            Carrier::LiveKit
        } else {
            Carrier::Direct
        }
    }
}

/// Measures and prints the table.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let is_meant = |event: &&Event| {
        let only = &options.only;
        let is_here = event.is_for(options.carrier(), true);
        is_here && (only.is_empty() || only.iter().any(|it| event.is_meant(it)))
    };
    let events: Vec<&'static Event> = EVENTS.iter().filter(is_meant).collect();
    if events.is_empty() {
        bail!("no event of that name");
    }
    // Says at once why there is none.
    drop(Lab::start()?);
    wait_for_quiet().await?;
    let mut rows: Vec<Row> = events.iter().map(|event| Row::new(event)).collect();
    for (at, seed, result) in measure(&events, options).await {
        rows[at].add(seed, result);
    }
    println!("\n{}", table(&rows));
    for row in &rows {
        for note in &row.notes {
            println!("{}: {note}", row.event.name);
        }
    }
    Ok(())
}

/// Every run of every event; which, with which seed, and what came of it.
async fn measure(
    events: &[&'static Event],
    options: &Options,
) -> Vec<(usize, u64, Result<Outcome>)> {
    let places = Arc::new(Semaphore::new(options.at_once.max(1)));
    let mut running = JoinSet::new();
    let carrier = options.carrier();
    for seed in 1..=u64::from(options.runs) {
        for (at, event) in events.iter().copied().enumerate() {
            let places = Arc::clone(&places);
            running.spawn(async move {
                let _place = places.acquire_owned().await;
                let result = once(event, carrier, seed, LIMIT).await;
                println!("{} {seed}: {}", event.name, brief(event, &result));
                (at, seed, result)
            });
        }
    }
    running.join_all().await
}

/// One run in a line.
fn brief(event: &Event, result: &Result<Outcome>) -> String {
    match result {
        Ok(outcome) => {
            let took = outcome.took(event.due);
            let took = took.map_or("never".to_owned(), |it| format!("{} ms", it.as_millis()));
            let [ada, bea] = &outcome.states;
            let why = outcome.disagreement.as_deref().unwrap_or_default();
            let late = outcome.lateness.as_micros();
            format!("{took}; {ada} | {bea} {why} (emulator p99 {late} µs)")
        }
        Err(error) => format!("no call: {error:#}"),
    }
}

/// All runs of one event.
struct Row {
    event: &'static Event,
    outcomes: Vec<Outcome>,
    /// Runs in which there was no call to begin with.
    failed: usize,
    notes: Vec<String>,
}

impl Row {
    fn new(event: &'static Event) -> Self {
        Self {
            event,
            outcomes: Vec::new(),
            failed: 0,
            notes: Vec::new(),
        }
    }

    fn add(&mut self, seed: u64, result: Result<Outcome>) {
        match result {
            Ok(outcome) => {
                if let Some(why) = &outcome.disagreement {
                    self.notes.push(format!("seed {seed}: {why}"));
                }
                self.outcomes.push(outcome);
            }
            Err(error) => {
                self.notes.push(format!("seed {seed}: no call: {error:#}"));
                self.failed += 1;
            }
        }
    }

    /// How many runs never came to what is due.
    fn never(&self) -> usize {
        let due = self.event.due;
        let never = self.outcomes.iter().filter(|it| it.took(due).is_none());
        never.count()
    }

    fn disagree(&self) -> usize {
        let disagree = self.outcomes.iter().filter(|it| it.disagreement.is_some());
        disagree.count()
    }

    /// Seconds that the runs took which came to what is due.
    fn took(&self) -> impl Iterator<Item = f64> {
        let took = self
            .outcomes
            .iter()
            .filter_map(|it| it.took(self.event.due));
        took.map(|it| it.as_secs_f64())
    }

    fn verdict(&self) -> &'static str {
        let Some(goal) = self.event.goal else {
            return "";
        };
        let within = |share: f64, most_ms: u64| {
            percentile(self.took(), share).is_some_and(|it| it * 1e3 <= most_ms as f64)
        };
        let all = self.never() + self.disagree() + self.failed == 0;
        if all && within(0.5, goal.p50_ms) && within(0.95, goal.p95_ms) {
            "met"
        } else {
            "**missed**"
        }
    }
}

/// The whole table as Markdown; times in seconds.
fn table(rows: &[Row]) -> String {
    let mut out = String::from(
        "| | event | sound | picture | caller / callee | all | sound late | never | disagree | goal | |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    out.extend(rows.iter().map(line));
    let late = rows
        .iter()
        .flat_map(|it| &it.outcomes)
        .map(|it| it.lateness);
    let late = late.max().unwrap_or_default().as_secs_f64() * 1e3;
    out.push_str(&format!(
        "\np50 / p95 / worst in seconds, of the worse side. Packets left the emulator at most {late:.1} ms \
         late (p99 of the worst run); above 3 ms the machine was too busy for these figures.\n"
    ));
    out
}

/// One event of the table.
fn line(row: &Row) -> String {
    let (event, all) = (row.event, &row.outcomes);
    let worse = |of: fn(&Outcome) -> [Option<Duration>; 2]| {
        spread(all.iter().filter_map(move |it| {
            let [ada, bea] = of(it);
            Some(ada?.max(bea?).as_secs_f64())
        }))
    };
    let (sound, picture) = match event.due {
        Due::Media => (worse(|it| it.sound), worse(|it| it.picture)),
        Due::End(_) => ("–".to_owned(), "–".to_owned()),
    };
    let median = |of: &mut dyn Iterator<Item = Duration>| {
        shown(percentile(of.map(|it| it.as_secs_f64()), 0.5))
    };
    let [ada, bea] = [0, 1].map(|at| median(&mut all.iter().filter_map(|it| it.picture[at])));
    let late = median(&mut all.iter().flat_map(|it| it.late).flatten());
    let goal = event.goal.map_or("–".to_owned(), |goal| {
        let [p50, p95] = [goal.p50_ms, goal.p95_ms].map(|it| it as f64 / 1e3);
        format!("{p50:.1} / {p95:.1}")
    });
    let (name, what, took) = (event.name, event.what, spread(row.took()));
    let (runs, never, disagree) = (all.len(), row.never(), row.disagree());
    let verdict = row.verdict();
    format!(
        "| {name} | {what} | {sound} | {picture} | {ada} / {bea} | {took} | {late} \
         | {never} of {runs} | {disagree} | {goal} | {verdict} |\n"
    )
}

/// Three percentiles.
fn spread(values: impl Iterator<Item = f64>) -> String {
    let values: Vec<f64> = values.collect();
    let at = |share: f64| shown(percentile(values.iter().copied(), share));
    format!("{} / {} / {}", at(0.5), at(0.95), at(1.0))
}

fn shown(seconds: Option<f64>) -> String {
    seconds.map_or("–".to_owned(), |it| format!("{it:.2}"))
}

/// A call that is not back by then has been given up by both.
const LIMIT: Duration = Duration::from_secs(60);
