//! What the doctor is asked to look at, and what a person reads of it.

use std::io::Write;

use anyhow::{Context, Result};
use doctor::{Check, Device, Peer, Report, Subjects};
use media::backend::device::DeviceId;
use store::Settings;

use crate::compose;
use crate::options::Options;

/// What to look at, by options and settings; `peer` is another machine to check against.
#[must_use]
pub fn subjects(options: &Options, settings: &Settings, peer: Option<&str>) -> Subjects {
    let backends = compose::backends(options, settings);
    let chosen = |id: &Option<String>| id.clone().map(DeviceId);
    Subjects {
        program: concat!("Tincan ", env!("CARGO_PKG_VERSION")).to_owned(),
        lan: backends.lan,
        port: None,
        peer: peer.map(|it| Peer::Place(it.to_owned())),
        relay: compose::relay(options, settings),
        ice_servers: compose::ice_servers(options, settings),
        bind: options.bind,
        camera: Device::Try {
            backend: backends.camera,
            chosen: chosen(&settings.camera),
        },
        microphone: Device::Try {
            backend: backends.audio.clone(),
            chosen: chosen(&settings.microphone),
        },
        speaker: Device::Try {
            backend: backends.audio,
            chosen: chosen(&settings.speaker),
        },
    }
}

/// Examines, and writes each finding as it comes, or all of them as JSON.
///
/// # Errors
/// When it cannot be written.
pub async fn run(subjects: Subjects, json: bool, out: &mut impl Write) -> Result<Report> {
    let report = doctor::examine(subjects, |_| {}).await;
    if json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        for check in &report.checks {
            tell(check, out).context("cannot write what was found")?;
        }
    }
    Ok(report)
}

/// One line of what is the case, and one of what to do.
fn tell(check: &Check, out: &mut impl Write) -> std::io::Result<()> {
    let (word, title) = (check.verdict.word(), check.kind.title());
    writeln!(out, "{word}  {title}: {}", check.finding.cause())?;
    match check.finding.remedy() {
        Some(remedy) => writeln!(out, "      {remedy}"),
        None => Ok(()),
    }
}
