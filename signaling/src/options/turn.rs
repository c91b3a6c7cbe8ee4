//! The options that name STUN and TURN servers to clients.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use signal_relay::{IceConfig, TurnSecret};

use super::Period;

/// Which servers clients are told of, so that nobody has to set them up in the app.
#[derive(Debug, clap::Args)]
pub(super) struct TurnOptions {
    /// A STUN server that clients shall use, stun:HOST:PORT; may be repeated
    #[arg(long, value_name = "URL", env = "TINCAN_RELAY_STUN_URL")]
    #[arg(value_delimiter = ',')]
    stun_url: Vec<String>,
    /// A TURN server that clients shall use, turn:HOST:PORT; may be repeated. It must know the same
    /// secret (coturn: use-auth-secret and static-auth-secret)
    #[arg(long, value_name = "URL", env = "TINCAN_RELAY_TURN_URL")]
    #[arg(value_delimiter = ',', requires = "turn_secret_file")]
    turn_url: Vec<String>,
    /// A file that holds the secret of the TURN servers, at least 16 characters
    #[arg(long, value_name = "FILE", env = "TINCAN_RELAY_TURN_SECRET_FILE")]
    turn_secret_file: Option<PathBuf>,
    /// How long the credentials that a client gets are good; it gets new ones in time. A call whose
    /// path breaks later than that may not find another one by TURN
    #[arg(long, value_name = "TIME", env = "TINCAN_RELAY_TURN_TTL")]
    #[arg(default_value_t = Period(TTL))]
    turn_ttl: Period,
}

impl TurnOptions {
    /// Reads the secret and checks the rest.
    pub(super) fn config(&self) -> anyhow::Result<IceConfig> {
        let config = IceConfig::default().with_stun(self.stun_url.clone())?;
        if self.turn_url.is_empty() {
            return Ok(config);
        }
        let Some(path) = &self.turn_secret_file else {
            bail!("--turn-url needs --turn-secret-file");
        };
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the TURN secret in {}", path.display()))?;
        let secret = TurnSecret::from_text(&text)
            .with_context(|| format!("the TURN secret in {} cannot be used", path.display()))?;
        Ok(config.with_turn(self.turn_url.clone(), secret, self.turn_ttl.0)?)
    }
}

/// Longer than nearly every call; four hours of a stranger's traffic are the price of a credential
/// that leaks.
const TTL: Duration = Duration::from_secs(4 * 60 * 60);
