//! The package that people install.

use anyhow::{Result, bail};

use crate::ensure::{Purpose, ensure};
use crate::shell::{check, command, root};
use crate::target::{self, target};
use crate::ui;

/// Builds the release and its Debian package.
pub(crate) fn bundle() -> Result<()> {
    ensure(Purpose::Build)?;
    let _held = target::hold()?;
    ui::build()?;
    // Tauri's own command line program, prebuilt in an npm package. It finds the app below where
    // it is started.
    let program = root().join("ui/node_modules/.bin/tauri");
    let mut tauri = command(program, ["build", "--bundles", "deb", "--ci"]);
    check(tauri.current_dir(root().join("src-tauri")))?;
    let made = target().join("release/bundle/deb");
    for entry in std::fs::read_dir(&made)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ext| ext == "deb") {
            println!("{}", path.display());
            return Ok(());
        }
    }
    bail!("no package in {}", made.display());
}
