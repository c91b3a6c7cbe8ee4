//! Everything that is checked, in the order in which it fails soonest.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::ensure::{Purpose, ensure};
use crate::shell::{cargo, command, has, output};
use crate::tally::{Count, Step, step};
use crate::target::{self, Begins};
use crate::{bundle, deny, docs, features, fuzz, livekit, ui};

/// What of it to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only the steps with a name in which a word begins like this.
    #[arg(long)]
    only: Option<String>,
    /// Also what takes long: many more random inputs, fuzzing, and everything that runs real
    /// programs five times over.
    #[arg(long)]
    long: bool,
}

/// Runs the checks, prints a summary, fails when one of them failed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let begun = Instant::now();
    let wanted = |name: &str| {
        options
            .only
            .as_ref()
            .is_none_or(|only| is_named(name, only))
    };
    if options.long && wanted("fuzzing") {
        fuzz::verify_seeds()?;
    }
    ensure(Purpose::Test)?;
    let _held = target::hold()?;
    let begins = Begins::now();
    // Both the compiler (the page is part of the app) and the page's checks need these.
    ui::build()?;
    if wanted("tests") || options.long {
        livekit::ensure()?;
    }
    let prepared = begun.elapsed();
    let long = if options.long { LONG } else { &[] };
    let mut steps = Vec::new();
    for (name, check) in CHECKS.iter().chain(long).filter(|(name, _)| wanted(name)) {
        steps.push(check(name)?);
    }
    let took = Took {
        begins,
        prepared,
        all: begun.elapsed(),
    };
    summary(&steps, &took, options)
}

/// Whether a word of a step's name begins like this: "ui" is no part of "build".
fn is_named(step: &str, only: &str) -> bool {
    let mut words = step.match_indices(only).map(|(at, _)| &step[..at]);
    words.any(|before| before.is_empty() || before.ends_with(' '))
}

type Check = fn(&'static str) -> Result<Step>;

/// The cheap ones first; then what compiles, each reusing what the one before it compiled.
const CHECKS: &[(&str, Check)] = &[
    ("format", |name| {
        step(name, &mut cargo(["fmt", "--all", "--check"]))
    }),
    ("format of fuzz targets", |name| {
        let args = ["fmt", "--manifest-path", "tests/fuzz/Cargo.toml", "--check"];
        step(name, &mut cargo(args))
    }),
    ("features", |name| checked(name, features::verify)),
    ("licences and sources", |name| {
        let mut deny = command(deny::program()?, ["check", "bans", "licenses", "sources"]);
        step(name, &mut deny)
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
    // The scenarios start the programs, which cargo builds for a test only when asked to.
    ("lints and build", |name| {
        let args = ["build", "--workspace", "--all-targets", "--quiet"];
        step(name, &mut linted(cargo(args))?)
    }),
    ("relay package", relay_package),
    ("tests", |name| step(name, &mut linted(tests(&[]))?)),
    ("docs and doc tests", |name| {
        step(name, &mut linted(docs::command())?)
    }),
];

/// What [`Options::long`] adds.
const LONG: &[(&str, Check)] = &[
    ("random inputs, many", |name| {
        let mut tests = linted(tests(&["--exclude", "scenarios"]))?;
        step(name, tests.env("PROPTEST_CASES", MANY_CASES))
    }),
    ("fuzzing", fuzz::step),
    ("slow recoveries", |name| {
        long_scenarios(name, &["--test", "recovery"])
    }),
    ("many on one network", |name| {
        long_scenarios(name, &["--test", "lan", "thirty"])
    }),
    ("calls over LiveKit", calls_over_livekit),
    ("agreement, further", |name| {
        let mut all = Step::empty(name);
        for (package, test) in [("call", "search"), ("engine", "simulation")] {
            let mut further = cargo(["test", "--package", package, "--test", test]);
            further.env("TINCAN_LONG", "1");
            all.add(&step(name, &mut linted(further)?)?);
        }
        Ok(all)
    }),
    ("real programs, again", |name| {
        let mut all = Step::empty(name);
        all.add(&programs(name)?);
        for _ in 0..AGAIN {
            let mut again = cargo(["test", "--package", "scenarios", "--no-fail-fast"]);
            again.args(["--package", "transport", "--package", "engine"]);
            again.args(TARGETS);
            all.add(&step(name, &mut linted(again)?)?);
        }
        Ok(all)
    }),
];

/// All tests of the workspace but the doc tests.
fn tests(options: &[&str]) -> Command {
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    tests.args(TARGETS).args(options);
    tests
}

/// Has clippy compile our own packages, with every lint an error: it compiles as rustc does, so
/// the dependencies of the tests serve it too, and nothing is compiled for the lints alone.
fn linted(mut build: Command) -> Result<Command> {
    let sysroot = output(&mut command("rustc", ["--print", "sysroot"])).context("no rustc")?;
    let clippy = std::path::Path::new(&sysroot)
        .join("bin")
        .join(format!("clippy-driver{}", std::env::consts::EXE_SUFFIX));
    if !clippy.is_file() {
        bail!("clippy is missing: rustup component add clippy");
    }
    build.env("RUSTC_WORKSPACE_WRAPPER", clippy);
    // As cargo-clippy hands it to its driver, which splits at this word.
    build.env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
    if std::env::var_os("CI").is_some() {
        // A fresh checkout finds nothing to increment, and leaves what none will find.
        build.env("CARGO_INCREMENTAL", "0");
    }
    Ok(build)
}

/// Runs a check that is ours.
fn checked(name: &'static str, check: fn() -> Result<()>) -> Result<Step> {
    println!("\n== {name}");
    let begun = Instant::now();
    let count = match check() {
        Ok(()) => Count::PASSED,
        Err(error) => {
            println!("{error:#}");
            Count::FAILED
        }
    };
    Ok(Step {
        name,
        count,
        took: begun.elapsed(),
    })
}

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
        count: Count::SKIPPED,
        ..Step::empty(name)
    })
}

/// The unit and the package that servers install.
fn relay_package(name: &'static str) -> Result<Step> {
    let tools = ["systemd-analyze", "lintian"];
    if let Some(missing) = tools.iter().find(|it| !has(it)) {
        println!("\n== {name}\nSKIPPED {name}: there is no {missing}");
        return Ok(Step {
            count: Count::SKIPPED,
            ..Step::empty(name)
        });
    }
    checked(name, bundle::relay::verify)
}

/// What takes long over a LiveKit server, with LiveKit's own client as the other side of sessions.
/// Where that cannot be had, the scenarios that need it say that they are skipped.
fn calls_over_livekit(name: &'static str) -> Result<Step> {
    match livekit::sdk() {
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("\nthe official SDK cannot be had: {error:#}");
        }
        done => done?,
    }
    let calls = ["livekit", "headless_call", "windows_call"];
    long_scenarios(name, &calls.map(|it| ["--test", it]).concat())
}

/// Scenarios with all that takes long. The programs that they start are built first: `cargo test`
/// does not build those of other packages, and would take what an earlier run left.
fn long_scenarios(name: &'static str, tests: &[&str]) -> Result<Step> {
    let mut all = programs(name)?;
    let mut scenarios = cargo(["test", "--package", "scenarios", "--no-fail-fast"]);
    scenarios.args(tests).env("TINCAN_LONG", "1");
    all.add(&step(name, &mut linted(scenarios)?)?);
    Ok(all)
}

/// Builds the programs that scenarios run: a test of theirs builds none of other packages.
fn programs(name: &'static str) -> Result<Step> {
    let programs = cargo(["build", "--workspace", "--bins", "--quiet"]);
    step(name, &mut linted(programs)?)
}

/// How long a run took.
struct Took {
    begins: Begins,
    /// For system packages and the page.
    prepared: Duration,
    all: Duration,
}

fn summary(steps: &[Step], took: &Took, options: &Options) -> Result<()> {
    let mut all = Count::default();
    println!(
        "\n{:<22}{:>8} {:>8} {:>8} {:>9}",
        "", "passed", "failed", "skipped", "seconds"
    );
    let alone = |name: &str, time: Duration| println!("{name:<22}{:>36.0}", time.as_secs_f64());
    alone("packages and page", took.prepared);
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
    alone("all", took.all);
    if options.only.is_none() && !options.long {
        let (found, aim) = match took.begins {
            Begins::Cold => ("nothing compiled", AIM_COLD),
            Begins::Warm => ("compiled dependencies", AIM_WARM),
        };
        let (minutes, aim) = (took.all.as_secs() / 60, aim.as_secs() / 60);
        println!("begun with {found}: {minutes} minutes, to reach at most {aim}");
    }
    let Count {
        passed,
        failed,
        skipped,
    } = all;
    println!("\n{passed} passed, {failed} failed, {skipped} skipped");
    if failed > 0 {
        // The count is the last line; the exit status says the rest.
        std::process::exit(1);
    }
    if passed == 0 {
        bail!("nothing was checked");
    }
    Ok(())
}

/// Every kind of test but doc tests, which are run with the docs.
const TARGETS: [&str; 3] = ["--lib", "--bins", "--tests"];

/// Sixteen times what the library tries by itself.
const MANY_CASES: &str = "4096";

/// A test that fails once in ten runs is caught two times in five.
const AGAIN: u32 = 5;

/// A first run on a machine compiles every dependency, on two cores.
const AIM_COLD: Duration = Duration::from_secs(40 * 60);

/// A later one finds them.
const AIM_WARM: Duration = Duration::from_secs(20 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_page_compiles_nothing() {
        let steps = |only: &str| -> Vec<&str> {
            let names = CHECKS.iter().map(|(name, _)| *name);
            names.filter(|name| is_named(name, only)).collect()
        };
        assert_eq!(
            steps("ui"),
            ["ui types", "ui lint", "ui tests", "ui stories"]
        );
        assert_eq!(steps("lints"), ["lints and build"]);
        assert_eq!(steps("tests"), ["ui tests", "tests", "docs and doc tests"]);
        assert_eq!(steps("nothing of this"), Vec::<&str>::new());
    }
}
