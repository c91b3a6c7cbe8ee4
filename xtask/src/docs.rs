//! The documentation's own lints, without a second build of all dependencies.
//!
//! `cargo doc` wants the dependencies in check mode, which the tests' builds do not share. Doc
//! tests are given those that are built already, so this program stands in for rustdoc while they
//! run: it has each library documented with every warning an error, then runs its doc tests.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::shell::cargo;
use crate::target::{built, target};

/// The variable by which this program knows that cargo takes it for rustdoc; its value is the
/// rustdoc that it stands in for.
const REAL: &str = "TINCAN_RUSTDOC";

/// Documents and doc-tests every library.
pub(crate) fn command() -> Command {
    let mut test = cargo(["test", "--workspace", "--doc", "--no-fail-fast"]);
    let real = std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    // By its place: the file that runs now is another one since the workspace was built.
    test.env("RUSTDOC", built("xtask")).env(REAL, real);
    test
}

/// Stands in for rustdoc, when cargo asks this program to.
pub(crate) fn stand_in() -> Option<Result<ExitCode>> {
    let real = std::env::var_os(REAL)?;
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    Some(run(&real, &args))
}

fn run(real: &OsString, args: &[OsString]) -> Result<ExitCode> {
    if args.iter().any(|it| it == "--test") {
        let mut document = Command::new(real);
        document.args(without_tests(args)).arg("-Dwarnings");
        document.arg("--out-dir").arg(target().join("doc"));
        if !document.status().context("cannot start rustdoc")?.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    let tests = Command::new(real).args(args).status();
    Ok(if tests.context("cannot start rustdoc")?.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The arguments that say what to document, less those that say how to test it.
fn without_tests(args: &[OsString]) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy();
        if WITH_VALUE.contains(&&*text) {
            args.next();
        } else if text != "--test" && !text.starts_with("--test-") {
            kept.push(arg.clone());
        }
    }
    kept
}

/// Options of doc tests whose value is the next argument.
const WITH_VALUE: [&str; 3] = ["--test-args", "--test-run-directory", "--test-runtool"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_options_of_tests_are_left_out() {
        let args = "--edition=2024 --test src/lib.rs --test-run-directory /x -L deps --test-args=y"
            .split(' ')
            .map(OsString::from)
            .collect::<Vec<_>>();
        let kept = without_tests(&args);
        assert_eq!(kept, ["--edition=2024", "src/lib.rs", "-L", "deps"]);
    }
}
