//! Running what was built: two windows and a relay, the relay alone, the bindings.

use std::process::Command;

use anyhow::Result;

use crate::ensure::{Purpose, ensure};
use crate::shell::{cargo, check, command};
use crate::target::{self, built};
use crate::{livekit, ui};

/// How the two windows are run. What is not given here is up to the app.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// synthetic, file:CLIP.y4m, device:NAME or none; for both windows.
    #[arg(long)]
    camera: Option<String>,
    /// synthetic, file:SPEECH.wav, device:NAME or none; for both windows.
    #[arg(long)]
    microphone: Option<String>,
    /// native or webview: how pictures reach the screen.
    #[arg(long)]
    picture: Option<String>,
    /// Through a LiveKit server, which is started too.
    #[arg(long)]
    livekit: bool,
    /// Without a display: measure a call and print the figures as one JSON object.
    #[arg(long)]
    check: bool,
    /// How long the measured call lasts.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
}

/// Builds everything and runs two windows.
pub(crate) fn run(options: &Options) -> Result<()> {
    let has_display = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    let alone = options.check || (cfg!(target_os = "linux") && !has_display);
    ensure(if alone {
        Purpose::Unseen
    } else {
        Purpose::Build
    })?;
    let held = target::hold()?;
    build()?;
    if options.livekit {
        livekit::build()?;
    }
    if !alone {
        // These windows stay for as long as somebody looks at them.
        drop(held);
    }
    let form = match (options.check, alone) {
        (true, _) => "check",
        (false, true) => "show",
        (false, false) => "windows",
    };
    let mut drive = drive(&[form]);
    for (name, value) in [
        ("--camera", &options.camera),
        ("--microphone", &options.microphone),
        ("--picture", &options.picture),
    ] {
        if let Some(value) = value {
            drive.arg(name).arg(value);
        }
    }
    if options.livekit {
        drive.arg("--livekit");
    }
    if alone {
        drive.arg("--seconds").arg(options.seconds.to_string());
    }
    check(&mut drive)
}

/// The page, then every program.
pub(crate) fn build() -> Result<()> {
    ui::build()?;
    check(&mut cargo(["build", "--workspace", "--bins"]))
}

/// The program of the package `scenarios` that drives windows and measures calls.
pub(crate) fn drive(args: &[&str]) -> Command {
    command(built("drive"), args)
}

/// Runs the relay until it is stopped.
pub(crate) fn relay(listen: &str, hosts: &[String]) -> Result<()> {
    ensure(Purpose::Build)?;
    let held = target::hold()?;
    check(&mut cargo(["build", "--package", "signal-relay"]))?;
    drop(held);
    let hosts = hosts.iter().flat_map(|host| ["--host", host]);
    check(command(built("tincan-relay"), ["--listen", listen]).args(hosts))
}

/// Writes the bindings that a test otherwise compares.
pub(crate) fn bindings() -> Result<()> {
    let _held = target::hold()?;
    let mut test = cargo(["test", "--workspace", "--lib", "--quiet", "bindings"]);
    check(test.env("TINCAN_WRITE_BINDINGS", "1"))
}
