//! The project's commands: `cargo xtask <command>`.
//!
//! Owns what developers and CI do alike: system packages, the UI's build, running two windows,
//! the checks, the bundle, the benches. It decides nothing about calls; whatever drives a window
//! or measures a call lives in the package `scenarios`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program speaks to its user"
)]

mod bench;
mod bundle;
mod deny;
mod docs;
mod ensure;
mod features;
mod fuzz;
mod gate;
mod livekit;
mod packages;
mod run;
mod shell;
mod tally;
mod target;
mod tool;
mod ui;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::ensure::Purpose;

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Tincan's commands"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install the system packages that building and testing need.
    Ensure {
        /// Only what a build needs.
        #[arg(long)]
        build: bool,
    },
    /// Build the page that the app shows.
    Ui,
    /// Two windows that can call each other, and a relay between them.
    Run(run::Options),
    /// Everything that is checked; CI runs just this.
    Test(gate::Options),
    /// Random bytes for every parser of what others send; needs a nightly compiler.
    Fuzz(fuzz::Options),
    /// Build the Debian package, of the app or of the relay.
    Bundle {
        #[arg(value_enum, default_value_t)]
        what: bundle::What,
    },
    /// Measure.
    Bench {
        #[command(subcommand)]
        bench: bench::Bench,
    },
    /// Write the TypeScript of every type that crosses to the page.
    Bindings,
    /// Write anew what gives all packages one feature set, after a change of dependencies.
    Features,
    /// Run the relay alone.
    Relay {
        /// Where to listen; port 0 picks a free one.
        #[arg(long, default_value = "127.0.0.1:4080")]
        listen: String,
        /// A name by which other machines reach it; needed when they can.
        #[arg(long)]
        host: Vec<String>,
    },
}

fn main() -> Result<ExitCode> {
    if let Some(documented) = docs::stand_in() {
        return documented;
    }
    if shell::is_of_another_checkout() {
        return shell::rebuilt();
    }
    match Cli::parse().command {
        Command::Ensure { build: true } => ensure::ensure(Purpose::Build),
        Command::Ensure { build: false } => ensure::ensure(Purpose::Test),
        Command::Ui => ui::build(),
        Command::Run(options) => run::run(&options),
        Command::Test(options) => gate::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Bundle { what } => bundle::bundle(what),
        Command::Bench { bench } => bench::run(&bench),
        Command::Bindings => run::bindings(),
        Command::Features => features::write(),
        Command::Relay { listen, host } => run::relay(&listen, &host),
    }?;
    Ok(ExitCode::SUCCESS)
}
