//! What cargo knows of our packages.

use anyhow::{Context, Result};

use crate::shell::{cargo, output};

/// The names of our packages but this one: it installs what all others need, so it builds before
/// them and alone.
pub(crate) fn packages() -> Result<Vec<String>> {
    let listed = tree(&["--workspace", "--depth", "0", "--prefix", "none"])?;
    let names = listed.lines().filter_map(|line| line.split(' ').next());
    Ok(names
        .filter(|name| !name.is_empty() && *name != "xtask")
        .map(str::to_owned)
        .collect())
}

/// What `cargo tree` prints.
pub(crate) fn tree(args: &[&str]) -> Result<String> {
    let mut tree = cargo(["tree", "--locked"]);
    output(tree.args(args)).context("cargo tree failed: is Cargo.lock up to date?")
}
