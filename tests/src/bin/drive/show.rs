//! Two windows where there is no display: what a person would see and do, and the figures.

use std::time::Duration;

use anyhow::{Context, Result};
use scenarios::duo::{Duo, NAMES};
use scenarios::program::target;
use serde_json::to_string_pretty;
use tokio::time::sleep;

use crate::sources::{Sources, relay};

/// One calls, the other accepts; both windows are saved as pictures; the call ends.
pub(crate) async fn run(sources: &Sources, seconds: u64) -> Result<()> {
    let run = target()?.join("run");
    std::fs::create_dir_all(&run)?;
    let homes = tempfile::tempdir()?;
    let mut args = sources.args()?;
    // Nobody listens here.
    if !args.iter().any(|it| it == "--speaker") {
        args.extend(["--speaker".to_owned(), "none".to_owned()]);
    }
    let server = sources.server().await?;
    let relay = relay(server.as_ref()).await?;
    let duo = Duo::open_at(relay, homes.path(), [args.clone(), args], None).await?;
    duo.call().await?;
    println!("Ada called Bea, Bea accepted.");
    sleep(Duration::from_secs(seconds)).await;
    for (at, name) in NAMES.into_iter().enumerate() {
        let picture = run.join(format!("{name}.png"));
        duo.screens[at].save(&picture).await?;
        let figures = duo.windows[at]
            .figures()
            .context("the call has no figures")?;
        println!(
            "{name}: {}\n{}",
            picture.display(),
            to_string_pretty(&figures)?
        );
    }
    duo.end().await?;
    for (name, window) in NAMES.into_iter().zip(&duo.windows) {
        println!(
            "{name}: the call ended: {}",
            window.end_reason().unwrap_or_default()
        );
    }
    Ok(())
}
