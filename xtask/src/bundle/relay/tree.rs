//! Files on their way into a package: copied, compressed, counted.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::{check, command};

/// Removes a directory, if there is one.
pub(super) fn clear(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", dir.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Copies a file, with its directories.
pub(super) fn install(from: &Path, to: &Path, mode: u32) -> Result<()> {
    make_place(to)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    set_mode(to, mode)
}

/// Writes a text, with its directories.
pub(super) fn write(to: &Path, text: &str) -> Result<()> {
    make_place(to)?;
    fs::write(to, text)?;
    set_mode(to, 0o644)
}

/// Copies a file and compresses it as Debian's policy wants manuals and changelogs.
pub(super) fn compressed(from: &Path, to: &Path) -> Result<()> {
    install(from, to, 0o644)?;
    check(command("gzip", ["-9n"]).arg(to))
}

/// Makes the directories of a file, which everybody may enter whatever the umask is.
fn make_place(of: &Path) -> Result<()> {
    let dir = of.parent().context("a file has a directory")?;
    let missing: Vec<_> = dir.ancestors().take_while(|it| !it.exists()).collect();
    for dir in missing.into_iter().rev() {
        fs::create_dir(dir)?;
        set_mode(dir, 0o755)?;
    }
    Ok(())
}

/// What the files take, each rounded up, as `Installed-Size` counts it.
pub(super) fn size_kib(tree: &Path) -> Result<u64> {
    let mut kib = 0;
    for name in files(tree)? {
        kib += fs::metadata(tree.join(name))?.len().div_ceil(1024);
    }
    Ok(kib)
}

/// Every file below a directory, seen from it.
pub(super) fn files(tree: &Path) -> Result<Vec<PathBuf>> {
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

/// Sets the rights of a file, where files have such.
fn set_mode(of: &Path, mode: u32) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(of, fs::Permissions::from_mode(mode))?;
    }
    #[cfg(not(unix))]
    let _ = (of, mode);
    Ok(())
}
