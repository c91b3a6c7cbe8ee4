//! coturn, a STUN and TURN server, in the middle of a lab.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::sleep;

use crate::clock;
use crate::lab::Lab;
use crate::program::Program;

/// A running server; dropping it ends it.
#[derive(Debug)]
pub struct Coturn {
    program: Program,
}

impl Coturn {
    /// Where it listens, as IANA has it.
    pub const PORT: u16 = 3478;

    /// What must be installed.
    pub const PROGRAM: &'static str = "turnserver";

    /// Starts one with these options, which say who may use it, and waits until it answers. It keeps
    /// its files in `home`.
    ///
    /// # Errors
    /// When it cannot be started or does not listen in time.
    pub async fn start(lab: &Lab, home: &Path, options: &[&str]) -> Result<Self> {
        let mut server = lab.internet().command(Path::new(Self::PROGRAM));
        server.args(["-n", "--realm=tincan", "--no-tls", "--no-dtls", "--no-cli"]);
        server
            .arg(format!("--listening-ip={}", Lab::MIDDLE))
            .arg(format!("--relay-ip={}", Lab::MIDDLE))
            .arg(format!("--listening-port={}", Self::PORT));
        for (option, file) in [("pidfile", "turn.pid"), ("userdb", "turn.db")] {
            server.arg(format!("--{option}={}", home.join(file).display()));
        }
        // Behind ours: of several addresses the first is the one that clients know.
        server.arg("--log-file=stdout").args(options);
        let mut program = Program::start(Self::PROGRAM, &mut server)?;
        program.drain();
        let mut running = Self { program };
        running.listens(lab).await?;
        Ok(running)
    }

    /// Its output is of no help: it writes it late.
    async fn listens(&mut self, lab: &Lab) -> Result<()> {
        let connect = format!("exec 3<>/dev/tcp/{}/{}", Lab::MIDDLE, Self::PORT);
        let until = clock::now() + SOON;
        while self.program.runs() && clock::now() < until {
            let mut bash = lab.internet().command(Path::new("bash"));
            bash.args(["-c", &connect]).stderr(Stdio::null());
            if bash.status().await?.success() {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
        bail!("{} does not listen", Self::PROGRAM)
    }
}

const SOON: Duration = Duration::from_secs(10);
