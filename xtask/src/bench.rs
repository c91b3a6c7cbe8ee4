//! Measuring: builds, then hands over to the package `scenarios`.

use anyhow::Result;

use crate::ensure::{Purpose, ensure};
use crate::run;
use crate::shell::check;
use crate::target;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// A call beside Chromium calling Chromium.
    Call {
        /// How many blocks of ours, Chromium's, Chromium's, ours.
        #[arg(long, default_value_t = 3)]
        blocks: u32,
        /// How long each call is measured.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
        /// How many calls in a row must leave nothing behind.
        #[arg(long, default_value_t = 100)]
        calls: u32,
    },
}

/// Runs a bench.
pub(crate) fn run(bench: &Bench) -> Result<()> {
    ensure(Purpose::Test)?;
    let _held = target::hold()?;
    run::build()?;
    let Bench::Call {
        blocks,
        seconds,
        calls,
    } = bench;
    let mut drive = run::drive(&["bench"]);
    drive.arg("--blocks").arg(blocks.to_string());
    drive.arg("--seconds").arg(seconds.to_string());
    check(drive.arg("--calls").arg(calls.to_string()))
}
