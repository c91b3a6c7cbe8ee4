//! The options that let clients into rooms at a LiveKit server.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use signal_relay::{LiveKitConfig, LiveKitSecret};
use zeroize::Zeroizing;

/// The server, and what the relay may do there.
#[derive(Debug, clap::Args)]
pub(super) struct LiveKitOptions {
    /// A LiveKit server that may carry calls, as wss://HOST; its API is asked for rooms at the same
    /// place. Clients are told this URL when both parties of a call ask
    #[arg(long, value_name = "URL", env = "TINCAN_RELAY_LIVEKIT_URL")]
    #[arg(requires_all = ["livekit_key", "livekit_secret_file"])]
    livekit_url: Option<String>,
    /// The API key that the relay has there
    #[arg(long, value_name = "KEY", env = "TINCAN_RELAY_LIVEKIT_KEY")]
    #[arg(requires = "livekit_url")]
    livekit_key: Option<String>,
    /// A file that holds the secret of that key, at least 32 characters
    #[arg(long, value_name = "FILE", env = "TINCAN_RELAY_LIVEKIT_SECRET_FILE")]
    #[arg(requires = "livekit_url")]
    livekit_secret_file: Option<PathBuf>,
}

impl LiveKitOptions {
    /// Reads the secret and checks the rest.
    pub(super) fn config(&self) -> anyhow::Result<Option<LiveKitConfig>> {
        let Some(url) = &self.livekit_url else {
            return Ok(None);
        };
        let (Some(key), Some(path)) = (&self.livekit_key, &self.livekit_secret_file) else {
            bail!("--livekit-url needs --livekit-key and --livekit-secret-file");
        };
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the LiveKit secret in {}", path.display()))?;
        let secret = LiveKitSecret::from_text(&Zeroizing::new(text))
            .with_context(|| format!("the LiveKit secret in {} cannot be used", path.display()))?;
        Ok(Some(LiveKitConfig::new(url, key, secret)?))
    }
}
