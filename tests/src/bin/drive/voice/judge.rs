//! WebRTC's processing in C++, PESQ and STOI: Python packages, in an environment of their own below
//! the target directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

use super::cases::{Case, Kind, TALKS_FROM_S};

/// A Python with what is needed.
pub(crate) struct Judge {
    python: PathBuf,
    script: PathBuf,
}

/// What it says of a case.
#[derive(Debug, Deserialize)]
pub(crate) struct Said {
    /// PESQ and STOI of each way, where somebody talks.
    pub(crate) quality: BTreeMap<String, (f64, f64)>,
    /// By how many samples WebRTC's sound is later.
    pub(crate) webrtc_late: usize,
}

impl Judge {
    pub(crate) async fn prepare(dir: &Path) -> Result<Self> {
        let script = dir.join("judge.py");
        std::fs::write(&script, include_str!("judge.py"))?;
        let home = dir.join("python");
        let python = home.join("bin/python");
        // Written last: an interrupted installation is done again.
        let done = home.join(PACKAGES.join("+"));
        if !done.is_file() {
            println!("installing {}", PACKAGES.join(", "));
            // Debian has what puts pip into it in a package of its own; the machine's serves as
            // well.
            let mut make = Command::new("python3");
            make.args(["-m", "venv", "--clear", "--without-pip"]);
            output(make.arg(&home)).await?;
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "--disable-pip-version-check", "--python"]);
            pip.arg(&python).args(["install", "--quiet"]);
            output(pip.args(PACKAGES)).await?;
            std::fs::write(&done, "")?;
        }
        Ok(Self { python, script })
    }

    /// Lets WebRTC process a case whose files are there, and judges all ways.
    pub(crate) async fn judge(
        &self,
        file: &impl Fn(&str) -> PathBuf,
        case: &Case,
        ways: &[super::Way],
    ) -> Result<Said> {
        let talks = match case.kind {
            Kind::Voice => TALKS_FROM_S,
            Kind::Echo | Kind::NoisyEcho | Kind::Level | Kind::Babble => -1.0,
        };
        let mut command = Command::new(&self.python);
        command.arg(&self.script);
        for what in ["microphone", "far", "voice", "webrtc"] {
            command.arg(file(what));
        }
        command.arg(case.scene.told_delay.as_millis().to_string());
        command.arg(talks.to_string());
        for way in ways {
            command.arg(file(way.name()));
        }
        let said = output(&mut command).await?;
        let last = said.lines().last().context("the judge said nothing")?;
        Ok(serde_json::from_str(last)?)
    }
}

async fn output(command: &mut Command) -> Result<String> {
    let out = command.stdin(Stdio::null()).output().await?;
    ensure!(
        out.status.success(),
        "{:?}: {}",
        command.as_std().get_program(),
        String::from_utf8_lossy(&out.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Pinned, so that figures of different days are figures of one thing.
const PACKAGES: [&str; 5] = [
    "numpy==2.2.6",
    "scipy==1.17.1",
    "aec-audio-processing==1.0.1",
    "pesq==0.0.4",
    "pystoi==0.4.1",
];
