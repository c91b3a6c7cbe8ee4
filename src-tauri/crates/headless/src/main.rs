//! `tincan`: calls without a window.

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use devices::CameraChoice;
use engine::Engine;
use headless::compose;
use headless::figures::Figures;
use headless::memory;
use headless::options::Options;
use headless::outcome::EXIT_HELP;
use headless::recorder::Recorder;
use headless::session::{Purpose, Report, Session};
use store::Store;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

/// Private video calls between two people, without a window.
#[derive(Debug, Parser)]
#[command(name = "tincan", version, after_help = EXIT_HELP)]
struct Line {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    options: Options,

    /// Write the other side's pictures to this file, or `none`.
    #[arg(long, value_name = "FILE.y4m", global = true)]
    picture_out: Option<PathBuf>,

    /// Print one line of JSON a second with the call's figures, and one per change of state.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print our address and leave.
    Id,
    /// Wait for calls.
    Answer {
        /// Accept every call at once.
        #[arg(long)]
        auto: bool,
        /// Leave after the first call, with its exit status.
        #[arg(long)]
        once: bool,
    },
    /// Call somebody.
    Call {
        /// An address or an invite link.
        to: String,
        /// End the call after so many seconds with media.
        #[arg(long = "for", value_name = "SECONDS")]
        lasting: Option<u64>,
    },
}

fn main() -> ExitCode {
    memory::use_one_heap();
    let line = Line::parse();
    let wanted = std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned());
    // The library's own lines may show packets and addresses; ours never do.
    let filter = EnvFilter::new(format!(
        "{wanted},{},{}",
        transport::LOG_FILTER,
        engine::LOG_FILTER
    ));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let result = Runtime::new()
        .context("cannot start the async runtime")
        .and_then(|runtime| {
            let result = runtime.block_on(run(line));
            // Not dropped, for that waits until the read of standard input ends: with the next line.
            runtime.shutdown_background();
            result
        });
    match result {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(line: Line) -> Result<ExitCode> {
    let directory = match &line.options.data {
        Some(directory) => directory.clone(),
        None => {
            store::default_dir(Some("headless")).context("no place for our data; see --data")?
        }
    };
    let store = Store::open(&directory)?;
    let identity = Arc::new(store.identity());
    let (purpose, out) = match line.verb {
        Verb::Id => {
            writeln!(stdout(), "{}", identity.address())?;
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Answer { auto, once } => (Purpose::Answer { auto, once }, stdout()),
        Verb::Call { to, lasting } => (
            Purpose::Call {
                to,
                lasting: lasting.map(Duration::from_secs),
            },
            stdout(),
        ),
    };
    let settings = store.settings();
    let config = compose::config(&line.options, &settings, identity);
    let fps = config.video.fps as u32;
    let engine = Engine::start(config, compose::backends(&line.options, &settings))?;
    tokio::spawn(memory::give_back_after_calls(engine.ended()));
    let remote = engine.remote_picture();
    let _recorder = match &line.picture_out {
        Some(path) if path.as_os_str() != "none" => Some(Recorder::start(path, &remote, fps)?),
        Some(_) | None => None,
    };
    let report = if line.json {
        Report::Json(Figures::new(out).with_ages(&remote))
    } else {
        Report::Plain(out)
    };
    let video = line.options.camera != Some(CameraChoice::None);
    Session::new(engine, purpose, video, report).run().await
}
