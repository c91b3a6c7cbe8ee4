//! What features cost: each beside a plain call, a shared window beside Chromium's share of the same
//! window, and the panel of statistics open beside closed.
//!
//! Everything alternates (plain, feature, feature, plain), and a figure is the median of its kind.

mod costs;
mod panel;
mod share;

use std::time::Duration;

use anyhow::Result;
use scenarios::material::material;

use crate::bench::wait_for_quiet;

/// How much to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[arg(long, default_value_t = 3)]
    blocks: u32,
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Only this part.
    #[arg(long)]
    only: Option<Part>,
    /// Do not wait for a machine that has nothing else to do.
    #[arg(long)]
    while_busy: bool,
}

impl Options {
    async fn wait_for_quiet(&self) -> Result<()> {
        if self.while_busy {
            return Ok(());
        }
        wait_for_quiet().await
    }

    /// How long each call is measured.
    const fn length(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// What is measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Features beside a plain call.
    Costs,
    /// A shared window beside Chromium's.
    Share,
    /// The panel of statistics.
    Panel,
}

/// Measures and prints the tables.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let material = material().await?;
    let is_wanted = |part| options.only.is_none_or(|only| only == part);
    if is_wanted(Part::Costs) {
        println!("\n{}", costs::measure(&material, options).await?);
    }
    if is_wanted(Part::Share) {
        println!("\n{}", share::measure(&material, options).await?);
    }
    if is_wanted(Part::Panel) {
        println!("\n{}", panel::measure(&material, options).await?);
    }
    if !material.real {
        println!("The clip and the voices were synthetic.");
    }
    Ok(())
}

/// A figure with two digits, or a dash.
fn shown(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.2}"))
}
