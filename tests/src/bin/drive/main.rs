//! Drives windows for `cargo xtask run` and measures calls for `--check` and `cargo xtask bench`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program speaks to its user"
)]

mod bench;
mod check;
mod show;
mod table;
mod windows;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about = "What `cargo xtask run` and `cargo xtask bench` start")]
struct Cli {
    #[command(subcommand)]
    form: Form,
}

#[derive(Debug, Subcommand)]
enum Form {
    /// Two windows on this display, until both are closed.
    Windows(Sources),
    /// Two windows without a display: a call, a picture of each, the figures.
    Show {
        #[command(flatten)]
        sources: Sources,
        #[arg(long, default_value_t = 15)]
        seconds: u64,
    },
    /// The same with real pictures and speech; the last line is one JSON object.
    Check {
        #[command(flatten)]
        sources: Sources,
        #[arg(long, default_value_t = 15)]
        seconds: u64,
    },
    /// Calls beside Chromium's.
    Bench(bench::Options),
}

/// What both windows are started with.
#[derive(Clone, Debug, clap::Args)]
struct Sources {
    #[arg(long)]
    camera: Option<String>,
    #[arg(long)]
    microphone: Option<String>,
    #[arg(long)]
    picture: Option<String>,
}

impl Sources {
    /// As options of the app.
    fn args(&self) -> Vec<String> {
        let all = [
            ("--camera", &self.camera),
            ("--microphone", &self.microphone),
            ("--picture", &self.picture),
        ];
        let given = all
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)));
        given
            .flat_map(|(name, value)| [name.to_owned(), value])
            .collect()
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let work = async {
        match Cli::parse().form {
            Form::Windows(sources) => windows::run(&sources).await,
            Form::Show { sources, seconds } => show::run(&sources, seconds).await,
            Form::Check { sources, seconds } => check::run(&sources, seconds).await,
            Form::Bench(options) => bench::run(&options).await,
        }
    };
    // Leaving by the front door kills whatever was started.
    tokio::select! {
        result = work => result,
        () = asked_to_end() => Ok(()),
    }
}

/// Somebody pressed Ctrl+C, or another program wants this one to end.
async fn asked_to_end() {
    #[cfg(unix)]
    if let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    // Without a handler there is nothing to wait for but the end of the work.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
