//! Everything that is checked, in the order in which it fails soonest.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::ensure::{Purpose, ensure};
use crate::shell::{cargo, command};
use crate::tally::{Count, Step, step};
use crate::{deny, ui};

/// What of it to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only the steps whose names contain this.
    #[arg(long)]
    only: Option<String>,
}

/// Runs the checks, prints a summary, fails when one of them failed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let begun = Instant::now();
    ensure(Purpose::Test)?;
    // Both the compiler (the page is part of the app) and the page's checks need these.
    ui::build()?;
    let prepared = begun.elapsed();
    let mut steps = Vec::new();
    for (name, check) in CHECKS {
        if options
            .only
            .as_ref()
            .is_none_or(|only| name.contains(only.as_str()))
        {
            steps.push(check(name)?);
        }
    }
    summary(&steps, prepared, begun.elapsed())
}

type Check = fn(&'static str) -> Result<Step>;

/// The cheap ones first; then what compiles, each reusing what the one before it compiled.
const CHECKS: &[(&str, Check)] = &[
    ("format", |name| {
        step(name, &mut cargo(["fmt", "--all", "--check"]))
    }),
    ("licences and sources", |name| {
        let mut deny = command(deny::program()?, ["check", "bans", "licenses", "sources"]);
        step(name, deny.env_remove("CARGO_MANIFEST_DIR"))
    }),
    ("known faults", known_faults),
    ("ui types", |name| {
        step(name, &mut ui::npm(&["run", "check"]))
    }),
    ("ui lint", |name| step(name, &mut ui::npm(&["run", "lint"]))),
    ("ui tests", |name| {
        step(name, &mut ui::npm(&["run", "test"]))
    }),
    ("ui stories", |name| {
        step(name, &mut ui::npm(&["run", "e2e"]))
    }),
    ("clippy", |name| {
        let args = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ];
        step(name, &mut cargo(args))
    }),
    ("docs", |name| {
        let mut doc = cargo(["doc", "--workspace", "--no-deps", "--quiet"]);
        step(name, doc.env("RUSTDOCFLAGS", "-D warnings"))
    }),
    // The scenarios start the programs, which cargo builds for a test only when asked to.
    ("build", |name| {
        step(
            name,
            &mut cargo(["build", "--workspace", "--all-targets", "--quiet"]),
        )
    }),
    ("tests", |name| {
        step(name, &mut cargo(["test", "--workspace", "--no-fail-fast"]))
    }),
];

fn known_faults(name: &'static str) -> Result<Step> {
    let program = deny::program()?;
    if deny::has_advisories(&program) {
        return step(
            name,
            &mut command(program, ["check", "--disable-fetch", "advisories"]),
        );
    }
    println!("\n== {name}");
    println!("SKIPPED {name}: the RustSec database cannot be fetched from here");
    Ok(Step {
        name,
        count: Count::SKIPPED,
        took: Duration::ZERO,
    })
}

fn summary(steps: &[Step], prepared: Duration, total: Duration) -> Result<()> {
    let mut all = Count::default();
    println!(
        "\n{:<22}{:>8} {:>8} {:>8} {:>9}",
        "", "passed", "failed", "skipped", "seconds"
    );
    println!(
        "{:<22}{:>36.0}",
        "packages and page",
        prepared.as_secs_f64()
    );
    for Step { name, count, took } in steps {
        let Count {
            passed,
            failed,
            skipped,
        } = count;
        let took = took.as_secs_f64();
        println!("{name:<22}{passed:>8} {failed:>8} {skipped:>8} {took:>9.0}");
        all.add(*count);
    }
    println!("{:<22}{:>36.0}\n", "all", total.as_secs_f64());
    let Count {
        passed,
        failed,
        skipped,
    } = all;
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed > 0 {
        // The count is the last line; the exit status says the rest.
        std::process::exit(1);
    }
    if passed == 0 {
        bail!("nothing was checked");
    }
    Ok(())
}
