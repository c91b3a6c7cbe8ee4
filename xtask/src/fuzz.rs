//! Fuzzing: random bytes, led by what they reach, for every parser of what others send.
//!
//! The targets are in `tests/fuzz`, a package of its own that only a nightly compiler builds. Each
//! begins with the seeds that are committed there, and with what earlier runs found below the target
//! directory.

mod report;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::ensure::{Purpose, ensure};
use crate::shell::{check, command, forget_package, has, output, root};
use crate::tally::{Count, Step};
use crate::target::{self, target};
use crate::tool::Tool;

use report::Report;

/// What to fuzz.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long each target runs.
    #[arg(long, default_value_t = SECONDS)]
    seconds: u64,
    /// Write the committed seeds anew, from what the encoders make, and run nothing.
    #[arg(long)]
    seeds: bool,
    /// The targets to run; all of them when none is named.
    names: Vec<String>,
}

/// Runs targets, and fails when one of them found something.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure(Purpose::Build)?;
    let _held = target::hold()?;
    if let Some(missing) = missing() {
        bail!("{missing}");
    }
    if options.seeds {
        return seeds();
    }
    let all = names()?;
    if let Some(unknown) = options.names.iter().find(|it| !all.contains(it)) {
        bail!(
            "there is no target {unknown}; there are: {}",
            all.join(", ")
        );
    }
    let wanted = if options.names.is_empty() {
        all
    } else {
        options.names.clone()
    };
    let count = fuzz(&wanted, options.seconds)?;
    if count.failed > 0 {
        bail!(
            "{} of {} targets found something",
            count.failed,
            wanted.len()
        );
    }
    Ok(())
}

/// Runs all targets as one check; skipped where they cannot be built.
pub(crate) fn step(name: &'static str) -> Result<Step> {
    println!("\n== {name}");
    let begun = Instant::now();
    let count = match missing() {
        Some(missing) => {
            println!("SKIPPED {name}: {missing}");
            Count::SKIPPED
        }
        None => fuzz(&names()?, SECONDS)?,
    };
    Ok(Step {
        name,
        count,
        took: begun.elapsed(),
    })
}

/// Whether each target has something to begin with. Asked before anything is built: a target that
/// has nothing is known at once, and would end a long run in its middle.
pub(crate) fn verify_seeds() -> Result<()> {
    seeded(&names()?)
}

/// Whether each of these has seeds; the error names all that have none.
fn seeded(names: &[String]) -> Result<()> {
    let without: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !has_files(&seeds_of(name)))
        .collect();
    if without.is_empty() {
        return Ok(());
    }
    bail!("no seeds: {}: cargo xtask fuzz --seeds", without.join(", "))
}

fn has_files(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut files| files.next().is_some())
}

/// What this machine lacks for fuzzing, and how to get it.
fn missing() -> Option<&'static str> {
    if !cfg!(all(unix, target_pointer_width = "64")) {
        return Some("libFuzzer and the address sanitizer need a 64-bit Unix");
    }
    if !has("rustup") {
        return Some("fuzzing needs a nightly compiler, and there is no rustup to find one with");
    }
    let version = output(&mut nightly("rustc", &["--version"]));
    version.is_none().then_some(
        "fuzzing needs a nightly compiler: rustup toolchain install nightly --profile minimal",
    )
}

/// Builds the targets and runs them one after the other.
fn fuzz(names: &[String], seconds: u64) -> Result<Count> {
    seeded(names)?;
    let bins = build(names)?;
    println!("{:<24}{:>12} {:>9}  findings", "", "executions", "features");
    let mut count = Count::default();
    for name in names {
        let report = run_target(&bins, name, seconds)?;
        println!("{name:<24}{report}");
        count.add(if report.finding.is_none() {
            Count::PASSED
        } else {
            Count::FAILED
        });
    }
    Ok(count)
}

/// Builds targets with the address sanitizer, and says where they are.
fn build(names: &[String]) -> Result<PathBuf> {
    let version = output(&mut nightly("rustc", &["--version", "--verbose"]));
    let version = version.context("the nightly compiler does not say its version")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("the nightly compiler does not say for what it compiles")?;
    let program = CARGO_FUZZ.program()?;
    let mut build = nightly(program, &["build", "--target", host, "--fuzz-dir"]);
    build.arg(package()).arg("--target-dir").arg(home());
    if let [one] = names {
        build.arg(one);
    }
    check(&mut build)?;
    Ok(home().join(host).join("release"))
}

/// Runs one target for some seconds.
fn run_target(bins: &Path, name: &str, seconds: u64) -> Result<Report> {
    let place = |kind: &str| -> Result<PathBuf> {
        let place = home().join(kind).join(name);
        fs::create_dir_all(&place)?;
        Ok(place)
    };
    let (corpus, artifacts) = (place("corpus")?, place("artifacts")?);
    let log = place("log")?.join("last.txt");
    let mut run = command(bins.join(name), LIMITS);
    run.arg(format!("-max_total_time={seconds}"));
    run.arg(format!("-artifact_prefix={}/", artifacts.display()));
    // What is found goes into the first directory.
    run.arg(corpus).arg(seeds_of(name));
    run.env("ASAN_OPTIONS", "detect_odr_violation=0");
    run.stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log)?);
    let status = run
        .status()
        .with_context(|| format!("cannot start {name}"))?;
    let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    Ok(Report::read(&said, status.success(), &log))
}

/// Has the encoders write the seeds. They are private, but to what is built for fuzzing.
fn seeds() -> Result<()> {
    let bins = build(&["seeds".to_owned()])?;
    check(&mut command(bins.join("seeds"), [package().join("seeds")]))
}

/// What a target begins with.
fn seeds_of(name: &str) -> PathBuf {
    package().join("seeds").join(name)
}

/// Every target, by the name of its file.
fn names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(package().join("fuzz_targets"))? {
        let path = entry?.path();
        names.extend(
            path.file_stem()
                .and_then(|it| it.to_str())
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

/// A command of the nightly toolchain. The cargo that started us is another one's.
fn nightly(program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
    let mut nightly = command("rustup", ["run", "nightly"]);
    nightly.arg(program).args(args);
    nightly.env_remove("CARGO").env_remove("RUSTC");
    forget_package(&mut nightly);
    nightly
}

fn package() -> PathBuf {
    root().join("tests/fuzz")
}

/// Where it is built, and where what runs found is kept.
fn home() -> PathBuf {
    target().join("fuzz")
}

/// Long enough to go past the seeds.
const SECONDS: u64 = 30;

/// What one input may cost: a parser answers in milliseconds and allocates little more than it is
/// given, and the sanitizer keeps 256 MiB of what was freed.
const LIMITS: [&str; 4] = [
    "-timeout=10",
    "-rss_limit_mb=1024",
    "-malloc_limit_mb=64",
    "-print_final_stats=1",
];

const CARGO_FUZZ: Tool = Tool {
    name: "cargo-fuzz",
    version: "0.13.2",
    wheel_sha256: "612108f626b6ee0e5d63b1a0e257c89c13abffbd8fff539ccbffb7205b33093f",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_a_program_of_the_manifest() -> Result<()> {
        let manifest = fs::read_to_string(package().join("Cargo.toml"))?;
        let (_, bins) = manifest.split_once("[[bin]]").context("no program")?;
        let mut bins = bins
            .split("[[bin]]")
            .map(|bin| bin.lines().find_map(|line| line.strip_prefix("name = ")))
            .map(|name| name.map(|it| it.trim_matches('"').to_owned()))
            .collect::<Option<Vec<_>>>()
            .context("a program without a name")?;
        bins.sort();
        assert_eq!(bins, names()?);
        Ok(())
    }

    #[test]
    fn all_targets_without_seeds_are_named_at_once() {
        let names = ["call_phone", "nobody", "nothing"].map(str::to_owned);
        let error = seeded(&names).map_err(|it| it.to_string());
        let told = "no seeds: nobody, nothing: cargo xtask fuzz --seeds";
        assert_eq!(error, Err(told.to_owned()));
    }
}
