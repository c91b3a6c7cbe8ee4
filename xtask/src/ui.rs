//! The page that the app shows: built by npm, and only when it changed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::shell::{check, root};

/// Installs what the page needs and builds it, as far as anything changed.
pub(crate) fn build() -> Result<()> {
    install()?;
    let ui = root().join("ui");
    let built = modified(&ui.join("dist/index.html"));
    if built.is_none() || built < newest_source(&ui)? {
        check(npm(&["run", "build"]).env("NODE_ENV", "production"))?;
    }
    Ok(())
}

/// Installs what the lock file names, when it changed since.
pub(crate) fn install() -> Result<()> {
    let ui = root().join("ui");
    // npm writes its own note of what is installed; it is older than a changed lock file.
    let installed = modified(&ui.join("node_modules/.package-lock.json"));
    if installed.is_none() || installed < modified(&ui.join("package-lock.json")) {
        check(&mut npm(&["ci", "--no-audit", "--no-fund"]))?;
    }
    Ok(())
}

/// An npm command in the page's directory.
pub(crate) fn npm(args: &[&str]) -> Command {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(root().join("ui")).args(args);
    npm
}

fn newest_source(ui: &Path) -> Result<Option<SystemTime>> {
    let mut newest = None;
    let mut open = vec![ui.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type()?.is_dir() {
                if !NOT_SOURCES.iter().any(|no| name == *no) {
                    open.push(entry.path());
                }
            } else {
                newest = newest.max(modified(&entry.path()));
            }
        }
    }
    Ok(newest)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// Directories whose files the build does not read, or writes itself.
const NOT_SOURCES: [&str; 6] = [
    "node_modules",
    "dist",
    "paraglide",
    "tests",
    "e2e",
    "test-results",
];
