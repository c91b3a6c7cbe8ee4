//! A LiveKit server in the middle of a lab.

use std::net::SocketAddr;

use anyhow::Result;

use super::Lab;
use crate::livekit::LiveKit;

/// A running server; dropping it kills it.
#[derive(Debug)]
pub struct Server(LiveKit);

impl Server {
    /// Where it listens, as its documentation has it.
    pub const PORT: u16 = 7880;

    /// Starts one, and waits until it listens.
    ///
    /// # Errors
    /// When it cannot be started or does not listen in time.
    pub async fn start(lab: &Lab) -> Result<Self> {
        let command = lab.internet().command(&LiveKit::program()?);
        let place = SocketAddr::from((Lab::MIDDLE, Self::PORT));
        let mut running = LiveKit::spawn(command, place)?;
        lab.listens(Self::PORT, || running.runs()).await?;
        Ok(Self(running))
    }

    /// The options of a relay that uses it.
    ///
    /// # Errors
    /// When the file of the secret cannot be written.
    pub fn relay_options(&self) -> Result<Vec<String>> {
        self.0.relay_options()
    }

    /// Ends it as a crash does.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(self) -> Result<()> {
        self.0.kill().await
    }
}
