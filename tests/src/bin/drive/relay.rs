//! Our relay beside the server of the npm package `peer` (PeerJS), in the same run on the same
//! machine: what an idle connection takes of memory, and what a message takes of the processor.
//!
//! Both are asked for the same: connections that stay and say nothing, then pairs of them that send
//! each other a payload at a steady pace. Figures are medians over rounds; a round starts every
//! server anew. The clients are ours and run in this process, so they count for neither.

mod client;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use scenarios::usage::{Meter, resident_kib};
use scenarios::watch::percentile;
use tokio::time::sleep;

use client::{Crowd, PAYLOAD_BYTES};
use server::{Kind, Server};

/// How much to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Rounds, each with servers of its own.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Idle connections.
    #[arg(long, default_value_t = 1000)]
    connections: usize,
    /// How long messages pass.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Our program, of the build that is to be measured.
    #[arg(long)]
    relay: PathBuf,
    /// The program of the package `peer`.
    #[arg(long)]
    peer: PathBuf,
}

/// What one round found of one server.
struct Round {
    kib_per_connection: f64,
    micros_per_message: f64,
}

/// Measures and prints the table.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds {
        for (kind, found) in [(Kind::Ours, &mut ours), (Kind::Peer, &mut theirs)] {
            super::bench::wait_for_quiet().await?;
            let measured = measure(kind, options).await?;
            println!(
                "round {round}: {kind:?}: {:.2} KiB a connection, {:.1} µs a message",
                measured.kib_per_connection, measured.micros_per_message
            );
            found.push(measured);
        }
    }
    println!("\n{}", table(options, &ours, &theirs));
    println!("ours: {}", options.relay.display());
    Ok(())
}

async fn measure(kind: Kind, options: &Options) -> Result<Round> {
    let server = Server::start(kind, options).await?;
    // What a server allocates once, for whoever comes first, is not of a connection.
    let _first = Crowd::connect(&server, FEW).await?;
    sleep(SETTLE).await;
    let before = resident_kib(server.pid())?;
    let idle = Crowd::connect(&server, options.connections).await?;
    sleep(SETTLE).await;
    let grown = resident_kib(server.pid())? - before;
    drop((idle, server));

    let server = Server::start(kind, options).await?;
    let talking = Crowd::connect(&server, FEW).await?;
    talking.talk();
    sleep(SETTLE).await;
    let (meter, passed) = (Meter::start(server.pid()), talking.received());
    sleep(Duration::from_secs(options.seconds)).await;
    let (spent, passed) = (meter.spent(), talking.received() - passed);
    anyhow::ensure!(passed > 0, "no message passed");
    Ok(Round {
        kib_per_connection: grown / options.connections as f64,
        micros_per_message: spent.as_secs_f64() * 1e6 / passed as f64,
    })
}

fn table(options: &Options, ours: &[Round], theirs: &[Round]) -> String {
    let row = |name: &str, figure: fn(&Round) -> f64, goal: f64| {
        let median = |rounds: &[Round]| percentile(rounds.iter().map(figure), 0.5);
        let (Some(ours), Some(theirs)) = (median(ours), median(theirs)) else {
            return format!("{name}: not measured");
        };
        let met = if ours <= goal { "met" } else { "not met" };
        let ratio = ours / theirs;
        format!("{name:<28}{ours:>9.2}{theirs:>9.2}{ratio:>9.2}   at most {goal}: {met}")
    };
    let Options {
        rounds,
        connections,
        ..
    } = options;
    [
        format!(
            "{:<28}{:>9}{:>9}{:>9}   goal",
            format!("medians of {rounds} rounds"),
            "ours",
            "peer",
            "ratio"
        ),
        row(
            &format!("KiB, each of {connections} idle"),
            |round| round.kib_per_connection,
            GOAL_KIB,
        ),
        row(
            &format!("µs CPU, message of {PAYLOAD_BYTES} B"),
            |round| round.micros_per_message,
            GOAL_MICROS,
        ),
    ]
    .join("\n")
}

/// Connections that talk, in pairs; also those before anything is measured.
const FEW: usize = 100;

/// Until what follows a connection is over.
const SETTLE: Duration = Duration::from_secs(3);

/// To reach.
const GOAL_KIB: f64 = 2.5;

/// To reach.
const GOAL_MICROS: f64 = 11.0;
