//! The relay for servers: a Debian package, and what a container image is made of.
//!
//! The package is put together here from `packaging/relay`, with the tools that Debian itself has
//! for it (`dpkg-shlibdeps`, `dpkg-deb`). The image's program is linked without shared libraries,
//! because an image from scratch has none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::ensure::{Purpose, ensure};
use crate::shell::{cargo, check, command, output, root};
use crate::target::{self, built, target};

mod tree;

use tree::{clear, compressed, files, install, size_kib, write};

/// Builds the package, and a directory that `buildah build` makes an image of. Prints both.
pub(crate) fn bundle() -> Result<()> {
    ensure(Purpose::Build)?;
    let _held = target::hold()?;
    let work = target().join("release/bundle/relay");
    clear(&work)?;
    check(&mut cargo(RELEASE))?;
    println!("{}", package(&work, &released())?.display());
    println!("{}", image(&work.join("image"))?.display());
    Ok(())
}

/// Checks the unit, and a package of the program that the tests use.
pub(crate) fn verify() -> Result<()> {
    let work = target().join("debug/bundle/relay");
    clear(&work)?;
    let program = built(PROGRAM);
    if !program.is_file() {
        bail!("{PROGRAM} is missing: cargo build --package signal-relay");
    }
    unit(&work, &program)?;
    let stripped = work.join(PROGRAM);
    install(&program, &stripped, 0o755)?;
    check(command("strip", ["--strip-all"]).arg(&stripped))?;
    let package = package(&work, &stripped)?;
    let mut lintian = command("lintian", ["--fail-on", "error,warning"]);
    check(lintian.arg(package))
}

/// Checks the unit as if the program were installed.
fn unit(work: &Path, program: &Path) -> Result<()> {
    let unit = fs::read_to_string(source().join("tincan-relay.service"))?;
    let here = work.join("tincan-relay.service");
    let program = program.display().to_string();
    write(&here, &unit.replace("/usr/bin/tincan-relay", &program))?;
    let verified = command("systemd-analyze", ["verify", "--man=no"])
        .arg(&here)
        .output()?;
    let said = String::from_utf8_lossy(&verified.stderr);
    // What systemd ignores is a warning to it; a limit that is ignored is none.
    if !verified.status.success() || !said.trim().is_empty() {
        bail!("systemd-analyze verify: {} {said}", verified.status);
    }
    Ok(())
}

/// The program that [`RELEASE`] builds.
pub(crate) fn released() -> PathBuf {
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    target().join("release").join(name)
}

/// The Debian package of a program.
fn package(work: &Path, program: &Path) -> Result<PathBuf> {
    let tree = work.join("tree");
    install(program, &tree.join("usr/bin").join(PROGRAM), 0o755)?;
    for (from, to) in FILES {
        install(&source().join(from), &tree.join(to), 0o644)?;
    }
    let copyright = root().join("src-tauri/linux/copyright");
    install(&copyright, &tree.join(DOC).join("copyright"), 0o644)?;
    for (from, to) in COMPRESSED {
        compressed(&source().join(from), &tree.join(to))?;
    }
    let version = version()?;
    let architecture = output(&mut command("dpkg", ["--print-architecture"]));
    let architecture = architecture.context("dpkg is missing")?;
    let control = fs::read_to_string(source().join("debian/control"))?
        .replace("@VERSION@", &version)
        .replace("@ARCHITECTURE@", &architecture)
        .replace("@SIZE@", &size_kib(&tree)?.to_string())
        .replace("@LIBRARIES@", &libraries(work, program)?);
    let debian = tree.join("DEBIAN");
    write(&debian.join("control"), &control)?;
    write(&debian.join("conffiles"), "/etc/default/tincan-relay\n")?;
    write(&debian.join("md5sums"), &sums(&tree)?)?;
    for script in SCRIPTS {
        let from = source().join("debian").join(script);
        install(&from, &debian.join(script), 0o755)?;
    }
    let made = work.join(format!("{PROGRAM}_{version}_{architecture}.deb"));
    let mut pack = command("dpkg-deb", ["--build", "--root-owner-group"]);
    check(pack.arg(&tree).arg(&made))?;
    Ok(made)
}

/// What an image is made of: the program, linked whole, and the Containerfile.
fn image(dir: &Path) -> Result<PathBuf> {
    // Only the program is linked anew: what it is made of stays as it was built.
    let mut build = cargo([
        "rustc",
        "--release",
        "--package",
        "signal-relay",
        "--locked",
    ]);
    build.args(["--bin", PROGRAM]);
    check(build.args(["--", "-C", "target-feature=+crt-static"]))?;
    install(&released(), &dir.join(PROGRAM), 0o755)?;
    let recipe = source().join("Containerfile");
    install(&recipe, &dir.join("Containerfile"), 0o644)?;
    Ok(dir.to_path_buf())
}

/// The version of the workspace, which the changelog must have reached.
fn version() -> Result<String> {
    let version = env!("CARGO_PKG_VERSION");
    let changelog = fs::read_to_string(source().join("debian/changelog"))?;
    if !changelog.starts_with(&format!("{PROGRAM} ({version})")) {
        bail!("packaging/relay/debian/changelog does not begin with version {version}");
    }
    Ok(version.to_owned())
}

/// The packages that hold the program's shared libraries, as a package names them.
fn libraries(work: &Path, program: &Path) -> Result<String> {
    // The tool wants to stand in a source package.
    let here = work.join("shlibdeps");
    write(&here.join("debian/control"), "Source: tincan-relay\n")?;
    let mut shlibdeps = command("dpkg-shlibdeps", ["-O"]);
    shlibdeps.current_dir(&here).arg(program);
    let found = output(&mut shlibdeps).context("dpkg-shlibdeps failed: is dpkg-dev installed?")?;
    let libraries = found.strip_prefix("shlibs:Depends=");
    Ok(libraries
        .context("dpkg-shlibdeps found nothing")?
        .to_owned())
}

/// The `md5sums` of a package, for those who check what is installed.
fn sums(tree: &Path) -> Result<String> {
    let mut names: Vec<_> = files(tree)?;
    names.retain(|name| !name.starts_with("DEBIAN") && !name.starts_with("etc"));
    names.sort();
    let mut sums = command("md5sum", &names);
    let listed = output(sums.current_dir(tree)).context("md5sum failed")?;
    Ok(format!("{listed}\n"))
}

fn source() -> PathBuf {
    root().join("packaging/relay")
}

/// Only what the relay needs, optimised.
pub(crate) const RELEASE: [&str; 5] = [
    "build",
    "--release",
    "--package",
    "signal-relay",
    "--locked",
];

const PROGRAM: &str = "tincan-relay";

const DOC: &str = "usr/share/doc/tincan-relay";

/// From `packaging/relay` into the package.
const FILES: &[(&str, &str)] = &[
    ("tincan-relay.default", "etc/default/tincan-relay"),
    (
        "tincan-relay.service",
        "lib/systemd/system/tincan-relay.service",
    ),
    (
        "nginx.conf",
        "usr/share/doc/tincan-relay/examples/nginx.conf",
    ),
    (
        "haproxy.cfg",
        "usr/share/doc/tincan-relay/examples/haproxy.cfg",
    ),
    ("Caddyfile", "usr/share/doc/tincan-relay/examples/Caddyfile"),
];

/// The same, compressed: the name gets its ending.
const COMPRESSED: &[(&str, &str)] = &[
    ("tincan-relay.1", "usr/share/man/man1/tincan-relay.1"),
    ("debian/changelog", "usr/share/doc/tincan-relay/changelog"),
];

/// What runs when the package comes and goes.
const SCRIPTS: &[&str] = &["postinst", "prerm", "postrm"];
