//! The two servers, as processes of their own.

use std::time::Duration;

use anyhow::{Result, bail};
use scenarios::program::{Program, free_port};
use scenarios::relay::Relay;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::sleep;

use super::Options;

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `tincan-relay`.
    Ours,
    /// `peerjs`, of the npm package `peer`.
    Peer,
}

/// A running server; dropping it ends it.
#[derive(Debug)]
pub(super) enum Server {
    Ours(Relay),
    Peer(Program, u16),
}

impl Server {
    /// Starts one that lets everybody in who comes from this machine.
    pub(super) async fn start(kind: Kind, programs: &Options) -> Result<Self> {
        match kind {
            Kind::Ours => {
                let many = MANY.to_string();
                let raised: Vec<_> = OF_ONE_SOURCE.iter().flat_map(|it| [*it, &many]).collect();
                let started = Relay::start_program(&programs.relay, "127.0.0.1:0", &raised).await;
                Ok(Self::Ours(started?))
            }
            Kind::Peer => {
                let port = free_port()?;
                let mut command = Command::new("node");
                command
                    .arg(&programs.peer)
                    .args(["--path", "/", "--host", "127.0.0.1"]);
                command.args(["--port", &port.to_string()]);
                command.args(["--concurrent_limit", &MANY.to_string()]);
                let mut program = Program::start("peerjs", &mut command)?;
                program.drain();
                reachable(port).await?;
                Ok(Self::Peer(program, port))
            }
        }
    }

    pub(super) fn pid(&self) -> i32 {
        match self {
            Self::Ours(relay) => relay.pid(),
            Self::Peer(program, _) => program.pid(),
        }
    }
}

/// Waits until somebody listens.
async fn reachable(port: u16) -> Result<()> {
    for _ in 0..100 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    bail!("nothing listens at port {port}")
}

/// What our relay limits of one source, and of all together. All clients come from this machine, at
/// once.
const OF_ONE_SOURCE: [&str; 11] = [
    "--max-connections",
    "--max-per-ip",
    "--max-unauthenticated",
    "--arrivals-per-second",
    "--arrivals-burst",
    "--arrivals-per-ip-per-second",
    "--arrivals-per-ip-burst",
    "--proofs-per-second",
    "--proofs-burst",
    "--proofs-per-second-per-ip",
    "--proofs-burst-per-ip",
];

/// More connections than any bench makes.
const MANY: usize = 20_000;
