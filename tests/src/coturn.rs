//! coturn, a STUN and TURN server, in the middle of a lab.

use std::path::Path;

use anyhow::Result;

use crate::lab::Lab;
use crate::program::Program;

/// A running server; dropping it ends it.
#[derive(Debug)]
pub struct Coturn {
    _program: Program,
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
        lab.listens(Self::PORT, || program.runs()).await?;
        Ok(Self { _program: program })
    }
}
