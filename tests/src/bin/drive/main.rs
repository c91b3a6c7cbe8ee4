//! Drives windows for `cargo xtask run` and measures calls for `--check` and `cargo xtask bench`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program speaks to its user"
)]

mod bench;
mod check;
mod door;
mod features;
mod forge;
mod lan;
mod livekit;
mod pair;
mod recovery;
mod relay;
mod show;
mod sources;
mod table;
mod traces;
mod voice;
mod windows;

use anyhow::Result;
use clap::{Parser, Subcommand};

use self::sources::Sources;

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
    /// What features cost.
    BenchFeatures(features::Options),
    /// How fast people on a local network see and call each other.
    BenchLan(lan::Options),
    /// Calls through a LiveKit server beside direct ones.
    BenchLivekit(livekit::Options),
    /// How long a call is away after what may happen to it.
    BenchRecovery(recovery::Options),
    /// A way to a program on this host of a lab, from where our standard input listens.
    Door(door::Options),
    /// False announcements on a local network.
    Forge(forge::Options),
    /// Our relay beside another signaling server.
    BenchRelay(relay::Options),
    /// What is done to a voice, in simulated rooms.
    BenchVoice(voice::Options),
    /// What is known of calls second by second, for the tests of who judges it.
    Traces(traces::Options),
}

fn main() -> Result<()> {
    // Before any thread: it says where the sound server is, to the windows too.
    #[cfg(target_os = "linux")]
    let _sound = ::devices::sound_server::prepare();
    tokio::runtime::Runtime::new()?.block_on(run(Cli::parse().form))
}

async fn run(form: Form) -> Result<()> {
    let work = async {
        match form {
            Form::Windows(sources) => windows::run(&sources).await,
            Form::Show { sources, seconds } => show::run(&sources, seconds).await,
            Form::Check { sources, seconds } => check::run(&sources, seconds).await,
            Form::Bench(options) => bench::run(&options).await,
            Form::BenchFeatures(options) => features::run(&options).await,
            Form::BenchLan(options) => lan::run(&options).await,
            Form::BenchLivekit(options) => livekit::run(&options).await,
            Form::BenchRecovery(options) => recovery::run(&options).await,
            Form::Door(options) => door::run(options).await,
            Form::Forge(options) => tokio::task::block_in_place(|| forge::run(&options)),
            Form::BenchRelay(options) => relay::run(&options).await,
            Form::BenchVoice(options) => voice::run(&options).await,
            Form::Traces(options) => traces::run(&options).await,
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
