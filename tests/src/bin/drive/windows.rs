//! Two windows on the display that is there.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::duo::NAMES;
use scenarios::program::{Program, built, target, unseen};
use tokio::process::Command;

use crate::sources::{Sources, relay};

/// Runs until both windows are closed. People and settings are kept from run to run.
pub(crate) async fn run(sources: &Sources) -> Result<()> {
    let args = sources.args()?;
    let server = sources.server().await?;
    let relay = relay(server.as_ref()).await?;
    let mut windows = Vec::new();
    for name in NAMES {
        let data = target()?.join("run").join(name);
        std::fs::create_dir_all(&data)?;
        let mut command = Command::new(built("tincan-app")?);
        command.args(["--profile", name, "--relay", relay.url()]);
        command.arg("--data").arg(data).args(&args);
        command.args(unseen(&args));
        let mut window = Program::start(name, &mut command)?;
        window.drain();
        windows.push(window);
    }
    println!("Copy the link in one window and paste it in the other. Close both to end.");
    for (name, window) in NAMES.into_iter().zip(&mut windows) {
        let status = window.ended(Duration::MAX).await?;
        ensure!(status.success(), "the window of {name} ended: {status}");
    }
    Ok(())
}
