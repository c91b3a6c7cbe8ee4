//! The packages that people install: the app's, and the relay's.

use anyhow::{Result, bail};

use crate::ensure::{Purpose, ensure};
use crate::shell::{check, command, root};
use crate::target::{self, target};
use crate::ui;

pub(crate) mod relay;

/// What to build.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(crate) enum What {
    /// The app's Debian package.
    #[default]
    App,
    /// The relay's Debian package, and what a container image of it is made of.
    Relay,
}

/// Builds what people install.
pub(crate) fn bundle(what: What) -> Result<()> {
    match what {
        What::App => app(),
        What::Relay => relay::bundle(),
    }
}

/// Builds the release and its Debian package.
fn app() -> Result<()> {
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
