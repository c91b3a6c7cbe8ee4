//! Which files there are to look at.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository.
pub(crate) fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the root is above us")?;
    Ok(root.to_path_buf())
}

/// Every source of ours, generated ones left out.
pub(crate) fn sources() -> Result<Vec<PathBuf>> {
    let root = root()?;
    let mut all = Vec::new();
    for dir in [
        "signaling",
        "src-tauri",
        "tests",
        "xtask",
        "ui/src",
        "ui/e2e",
        "ui/tests",
    ] {
        if root.join(dir).is_dir() {
            all.extend(files(
                &root.join(dir),
                &["rs", "ts", "svelte", "js", "css"],
            )?);
        }
    }
    all.retain(|path| {
        !path
            .components()
            .any(|part| GENERATED.iter().any(|it| part.as_os_str() == *it))
    });
    Ok(all)
}

/// The files below `dir` that end so, build output left out.
pub(crate) fn files(dir: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let extensions: BTreeSet<_> = extensions.iter().copied().collect();
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if path.is_dir() {
                if !["target", "node_modules", "gen", "dist"].contains(&name) {
                    open.push(path);
                }
            } else if path
                .extension()
                .and_then(|it| it.to_str())
                .is_some_and(|it| extensions.contains(it))
            {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Directories of the page that programs write.
const GENERATED: [&str; 2] = ["bindings", "paraglide"];
