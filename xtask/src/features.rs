//! One feature set for the whole workspace: any package alone reuses what the workspace built.
//!
//! Cargo unifies features over the packages that one command selects. `workspace-hack` names the
//! union, so that the selection makes no difference; this holds it to that, and writes it anew.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, bail};

use crate::packages::{packages, tree};
use crate::shell::{cargo, check, command, has};
use crate::target::target;

/// Compares what each package alone is built from with what the workspace is built from.
///
/// # Errors
/// When they differ: names the packages and what to run.
pub(crate) fn verify() -> Result<()> {
    let mut wrong = BTreeSet::new();
    let whole = resolved(&["--workspace"], WITH_TESTS)?;
    for package in packages()? {
        // `cargo xtask run` and `relay` build without what only tests need.
        for edges in [WITH_TESTS, WITHOUT_TESTS] {
            let alone = resolved(&["--package", &package], edges)?;
            for built in alone.difference(&whole) {
                wrong.insert(format!("{package} alone builds {built}"));
            }
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    for line in &wrong {
        println!("{line}");
    }
    bail!("half of the dependencies would be built twice; mend it with: cargo xtask features");
}

/// Writes `xtask/workspace-hack` anew.
pub(crate) fn write() -> Result<()> {
    check(&mut hakari(&["generate"])?)?;
    check(&mut hakari(&["manage-deps", "--yes"])?)?;
    verify()
}

/// What `cargo test` builds.
const WITH_TESTS: &str = "normal,build,dev";

/// What `cargo build` builds.
const WITHOUT_TESTS: &str = "normal,build";

/// Every dependency of a selection of packages with its version and features, ours left out.
fn resolved(selection: &[&str], edges: &str) -> Result<BTreeSet<String>> {
    let options = [
        "--edges",
        edges,
        "--prefix",
        "none",
        "--no-dedupe",
        "--format",
        "{p} [{f}]",
    ];
    let listed = tree(&[selection, &options].concat())?;
    Ok(listed
        .lines()
        .map(|line| line.replace(" (proc-macro)", "").replace(" (*)", ""))
        // Packages of ours are listed with their directory.
        .filter(|line| !line.is_empty() && !line.contains('('))
        .collect())
}

fn hakari(args: &[&str]) -> Result<Command> {
    if has("cargo-hakari") {
        let mut hakari = command("cargo-hakari", ["hakari"]);
        hakari.args(args);
        return Ok(hakari);
    }
    let tools = target().join("tools");
    let program = tools.join("bin/cargo-hakari");
    if !program.is_file() {
        println!("building cargo-hakari: a minute or two");
        let mut install = cargo(["install", "--locked", "cargo-hakari", "--version", HAKARI]);
        check(install.arg("--root").arg(&tools))?;
    }
    let mut hakari = command(program, ["hakari"]);
    hakari.args(args);
    Ok(hakari)
}

const HAKARI: &str = "0.9.39";
