//! Running other programs from the repository's root.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

/// The repository's root: this package's parent.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let package = package();
        package.parent().map_or(package.clone(), Path::to_path_buf)
    })
}

/// Whether this program was built for another checkout than the one that cargo runs it for. Cargo
/// goes by the age of files: where two checkouts build into one directory, the older one is given
/// the program of the younger, and with it the other one's checks.
pub(crate) fn is_of_another_checkout() -> bool {
    package() != Path::new(BUILT_FOR)
}

/// Has cargo build this program for the checkout that it runs it for, and hands over to that.
pub(crate) fn rebuilt() -> Result<ExitCode> {
    let main = package().join("src/main.rs");
    let touched = File::options()
        .append(true)
        .open(&main)
        .and_then(|file| file.set_modified(SystemTime::now()));
    touched.with_context(|| format!("cannot touch {}", main.display()))?;
    let mut again = cargo(["run", "--quiet", "--package", "xtask", "--"]);
    let status = again.args(std::env::args_os().skip(1)).status();
    let code = status.context("cannot start cargo")?.code();
    Ok(code
        .and_then(|it| u8::try_from(it).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

/// This package, as cargo tells its place when it runs this program.
fn package() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| BUILT_FOR.into(), PathBuf::from)
}

/// This package when the program was built.
const BUILT_FOR: &str = env!("CARGO_MANIFEST_DIR");

/// A command in the repository's root.
pub(crate) fn command<S: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    args: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).args(args);
    command
}

/// The cargo that started us, without what it set for us alone.
pub(crate) fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = command(
        std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        args,
    );
    forget_package(&mut command);
    command
}

/// Takes out of a command's environment what cargo set for this program alone: build scripts of some
/// dependencies watch it, and a value that comes and goes with the way cargo was started would
/// rebuild them each time.
pub(crate) fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("CARGO_PKG_") || text == "CARGO_MANIFEST_DIR" {
            command.env_remove(text);
        }
    }
}

/// Runs a command and fails with its name when it fails.
pub(crate) fn check(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start {shown}"))?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

/// What a command prints, when it succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let out = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    out.status
        .success()
        .then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// Whether a program can be found.
pub(crate) fn has(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// A command as one would type it.
pub(crate) fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
