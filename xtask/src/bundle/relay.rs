//! The relay for servers: a Debian package, and what a container image is made of.
//!
//! The package is put together here from `packaging/relay`, with the tools that Debian itself has
//! for it (`dpkg-shlibdeps`, `dpkg-deb`). The image's program is linked without shared libraries,
//! because an image from scratch has none.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::ensure::{Purpose, ensure};
use crate::shell::{cargo, check, command, output, root};
use crate::target::{self, target};

/// Builds the package, and a directory that `buildah build` makes an image of. Prints both.
pub(crate) fn bundle() -> Result<()> {
    ensure(Purpose::Build)?;
    let _held = target::hold()?;
    let work = target().join("release/bundle/relay");
    clear(&work)?;
    println!("{}", package(&work)?.display());
    println!("{}", image(&work.join("image"))?.display());
    Ok(())
}

/// The Debian package.
fn package(work: &Path) -> Result<PathBuf> {
    let mut build = cargo([
        "build",
        "--release",
        "--package",
        "signal-relay",
        "--locked",
    ]);
    check(&mut build)?;
    let tree = work.join("tree");
    let program = target().join("release").join(PROGRAM);
    install(&program, &tree.join("usr/bin").join(PROGRAM), 0o755)?;
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
        .replace("@LIBRARIES@", &libraries(work, &program)?);
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
    let host = host()?;
    let mut build = cargo([
        "build",
        "--release",
        "--package",
        "signal-relay",
        "--locked",
    ]);
    // Named, the target is told from the machine that builds: its build scripts and macros are
    // linked as ever.
    build.args(["--target", &host]);
    check(build.env("RUSTFLAGS", "-C target-feature=+crt-static"))?;
    let program = target().join(&host).join("release").join(PROGRAM);
    install(&program, &dir.join(PROGRAM), 0o755)?;
    install(
        &source().join("Containerfile"),
        &dir.join("Containerfile"),
        0o644,
    )?;
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

/// What cargo calls this machine.
fn host() -> Result<String> {
    let said = output(&mut command("rustc", ["-vV"])).context("no rustc")?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

fn source() -> PathBuf {
    root().join("packaging/relay")
}

fn clear(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", dir.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Copies a file, with its directories.
fn install(from: &Path, to: &Path, mode: u32) -> Result<()> {
    make_place(to)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(fs::set_permissions(to, fs::Permissions::from_mode(mode))?)
}

fn write(to: &Path, text: &str) -> Result<()> {
    make_place(to)?;
    fs::write(to, text)?;
    Ok(fs::set_permissions(to, fs::Permissions::from_mode(0o644))?)
}

/// Copies a file and compresses it as Debian's policy wants manuals and changelogs.
fn compressed(from: &Path, to: &Path) -> Result<()> {
    install(from, to, 0o644)?;
    check(command("gzip", ["-9n"]).arg(to))
}

/// Makes the directories of a file, which everybody may enter whatever the umask is.
fn make_place(of: &Path) -> Result<()> {
    let dir = of.parent().context("a file has a directory")?;
    let missing: Vec<_> = dir.ancestors().take_while(|it| !it.exists()).collect();
    for dir in missing.into_iter().rev() {
        fs::create_dir(dir)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
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

fn size_kib(tree: &Path) -> Result<u64> {
    let mut kib = 0;
    for name in files(tree)? {
        kib += fs::metadata(tree.join(name))?.len().div_ceil(1024);
    }
    Ok(kib)
}

/// Every file below a directory, seen from it.
fn files(tree: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut dirs = vec![tree.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                found.push(path.strip_prefix(tree)?.to_path_buf());
            }
        }
    }
    Ok(found)
}

const PROGRAM: &str = "tincan-relay";

const DOC: &str = "usr/share/doc/tincan-relay";

/// From `packaging/relay` into the package.
const FILES: &[(&str, &str)] = &[
    ("tincan-relay.default", "etc/default/tincan-relay"),
    (
        "tincan-relay.service",
        "lib/systemd/system/tincan-relay.service",
    ),
];

/// The same, compressed: the name gets its ending.
const COMPRESSED: &[(&str, &str)] = &[
    ("tincan-relay.1", "usr/share/man/man1/tincan-relay.1"),
    ("debian/changelog", "usr/share/doc/tincan-relay/changelog"),
];

/// What runs when the package comes and goes.
const SCRIPTS: &[&str] = &["postinst", "prerm", "postrm"];
