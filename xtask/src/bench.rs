//! Measuring: builds, then hands over to the package `scenarios`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::bundle::relay;
use crate::ensure::{Purpose, ensure};
use crate::livekit;
use crate::run;
use crate::shell::{cargo, check};
use crate::target::{self, target};
use crate::ui;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// A call beside Chromium calling Chromium.
    Call {
        /// How many blocks of ours, Chromium's, Chromium's, ours.
        #[arg(long, default_value_t = 3)]
        blocks: u32,
        /// How long each call is measured.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
        /// How many calls in a row must leave nothing behind.
        #[arg(long, default_value_t = 100)]
        calls: u32,
    },
    /// What features cost: each beside a plain call, a shared window beside Chromium's share of it,
    /// the panel of statistics open beside closed.
    Features {
        /// How many blocks of plain, feature, feature, plain.
        #[arg(long, default_value_t = 3)]
        blocks: u32,
        /// How long each call is measured.
        #[arg(long, default_value_t = 15)]
        seconds: u64,
        /// Only one of `costs`, `share`, `panel`.
        #[arg(long)]
        only: Option<String>,
    },
    /// How long a call is away after what may happen to it: another interface, no path, a killed
    /// side, …
    Recovery {
        /// How often each event happens.
        #[arg(long, default_value_t = 20)]
        runs: u32,
        /// Only events whose names begin like this, separated by commas: `a,c4`.
        #[arg(long)]
        only: Option<String>,
        /// How many calls are measured at once; more than one disturb each other.
        #[arg(long, default_value_t = 1)]
        at_once: u32,
        /// Let a LiveKit server carry the calls.
        #[arg(long)]
        livekit: bool,
    },
    /// How fast people on a local network without anything around see and call each other.
    Lan {
        /// How often somebody starts, is seen, is called and leaves.
        #[arg(long, default_value_t = 20)]
        runs: u32,
        /// What the network is like: `lan`, `wifi`, …
        #[arg(long, default_value = "lan")]
        profile: String,
    },
    /// Calls through a LiveKit server beside direct ones.
    Livekit {
        /// How many blocks of direct, LiveKit, LiveKit, direct.
        #[arg(long, default_value_t = 3)]
        blocks: u32,
        /// How long each call is measured.
        #[arg(long, default_value_t = 15)]
        seconds: u64,
    },
    /// The relay, as it is released, beside the server of the npm package `peer`.
    Relay {
        /// How often everything is measured anew.
        #[arg(long, default_value_t = 3)]
        rounds: u32,
        /// How many connections say nothing.
        #[arg(long, default_value_t = 1000)]
        connections: u32,
        /// How long messages pass.
        #[arg(long, default_value_t = 15)]
        seconds: u64,
    },
    /// Records what is known of calls over bad networks, second by second: the traces that the tests
    /// of `media::quality` go by.
    Traces {
        /// Only the trace of this name.
        #[arg(long)]
        only: Option<String>,
    },
    /// What is done to a voice: echo, noise, levels in simulated rooms, beside WebRTC's own code and
    /// Chromium; and how much later it is heard.
    Voice {
        /// Without Chromium, WebRTC's code, PESQ and STOI, for which Python packages are installed.
        #[arg(long)]
        ours_only: bool,
        /// Without Chromium, which takes as long as it sounds: six minutes.
        #[arg(long)]
        without_chromium: bool,
    },
}

/// Runs a bench.
pub(crate) fn run(bench: &Bench) -> Result<()> {
    ensure(Purpose::Test)?;
    let _held = target::hold()?;
    match bench {
        Bench::Call {
            blocks,
            seconds,
            calls,
        } => {
            run::build()?;
            let mut drive = run::drive(&["bench"]);
            drive.arg("--blocks").arg(blocks.to_string());
            drive.arg("--seconds").arg(seconds.to_string());
            check(drive.arg("--calls").arg(calls.to_string()))
        }
        Bench::Features {
            blocks,
            seconds,
            only,
        } => {
            run::build()?;
            let mut drive = run::drive(&["bench-features"]);
            drive.arg("--blocks").arg(blocks.to_string());
            drive.arg("--seconds").arg(seconds.to_string());
            if let Some(only) = only {
                drive.arg("--only").arg(only);
            }
            check(&mut drive)
        }
        Bench::Lan { runs, profile } => {
            check(&mut programs())?;
            let mut drive = run::drive(&["bench-lan"]);
            drive.arg("--runs").arg(runs.to_string());
            check(drive.arg("--profile").arg(profile))
        }
        Bench::Livekit { blocks, seconds } => {
            livekit::build()?;
            livekit::sdk()?;
            check(&mut programs())?;
            let mut drive = run::drive(&["bench-livekit"]);
            drive.arg("--blocks").arg(blocks.to_string());
            check(drive.arg("--seconds").arg(seconds.to_string()))
        }
        Bench::Recovery {
            runs,
            only,
            at_once,
            livekit,
        } => {
            if *livekit {
                livekit::build()?;
            }
            check(&mut programs())?;
            let mut drive = run::drive(&["bench-recovery"]);
            drive.arg("--runs").arg(runs.to_string());
            drive.arg("--at-once").arg(at_once.to_string());
            if let Some(only) = only {
                drive.arg("--only").arg(only);
            }
            if *livekit {
                drive.arg("--livekit");
            }
            check(&mut drive)
        }
        Bench::Relay {
            rounds,
            connections,
            seconds,
        } => {
            let peer = peer()?;
            check(&mut cargo(["build", "--package", "scenarios", "--bins"]))?;
            // What people install, not what tests run.
            check(&mut cargo(relay::RELEASE))?;
            let mut drive = run::drive(&["bench-relay"]);
            drive.arg("--relay").arg(relay::released());
            drive.arg("--rounds").arg(rounds.to_string());
            drive.arg("--connections").arg(connections.to_string());
            drive.arg("--seconds").arg(seconds.to_string());
            check(drive.arg("--peer").arg(peer))
        }
        Bench::Traces { only } => {
            check(&mut programs())?;
            let mut drive = run::drive(&["traces", "--out", TRACES]);
            if let Some(only) = only {
                drive.arg("--only").arg(only);
            }
            check(&mut drive)
        }
        Bench::Voice {
            ours_only,
            without_chromium,
        } => {
            check(&mut programs())?;
            let mut drive = run::drive(&["bench-voice"]);
            if *ours_only {
                drive.arg("--ours-only");
            }
            if *without_chromium {
                drive.arg("--without-chromium");
            }
            check(&mut drive)
        }
    }
}

/// Builds what runs without a window.
fn programs() -> Command {
    let mut build = cargo(["build", "--package", "scenarios", "--bins"]);
    build.args(["--package", "signal-relay", "--package", "headless"]);
    build
}

/// The program of the other signaling server, which npm installs below the target directory.
fn peer() -> Result<PathBuf> {
    let home = target().join("bench/peer");
    let program = home.join("node_modules/peer/dist/bin/peerjs.js");
    if !program.is_file() {
        fs::create_dir_all(&home)?;
        let mut install = ui::npm(&["install", "--no-audit", "--no-fund", "--no-save"]);
        check(install.arg("--prefix").arg(&home).arg(PEER))?;
    }
    Ok(program)
}

/// Where the tests look for them; commands run at the root of the repository.
const TRACES: &str = "src-tauri/crates/media/src/quality/traces";

/// Pinned, so that figures of different days are figures of one program.
const PEER: &str = "peer@1.0.2";
