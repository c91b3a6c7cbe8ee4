//! Which LiveKit server, and what the relay may do there.

use std::fmt;
use std::net::IpAddr;

use axum::http::Uri;
use signal_wire::is_livekit_url;
use zeroize::Zeroizing;

/// A LiveKit server whose rooms the relay opens and closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveKitConfig {
    /// Without a slash at its end.
    url: String,
    pub(super) server: Server,
    pub(super) key: String,
    pub(super) secret: LiveKitSecret,
}

/// Where the server's API is: at the same place as the server, by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) encrypted: bool,
    /// A name or an IP address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Host and port as the URL has them.
    pub(super) authority: String,
    /// What the URL has behind them; empty, or it begins with a slash.
    pub(super) path: String,
}

/// What signs tokens: the secret of an API key. Overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct LiveKitSecret(Zeroizing<Vec<u8>>);

/// Why a LiveKit server cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiveKitConfigError {
    /// Neither `ws:` nor `wss:`, or without a host, or too long.
    #[error("{0:?} is not the URL of a LiveKit server: write wss://HOST or ws://HOST:PORT")]
    NotAUrl(String),
    /// An API key has no spaces, and is there.
    #[error("the API key is empty or has spaces in it")]
    NotAKey,
    /// A secret that can be guessed lets everybody into every room.
    #[error("a secret of {0} bytes is shorter than the {MIN_SECRET_BYTES} that LiveKit asks for")]
    ShortSecret(usize),
}

impl LiveKitConfig {
    /// The server at this URL (`wss://HOST`, as LiveKit's own clients are given it), where the API
    /// key `key` has this secret.
    ///
    /// # Errors
    /// When the URL or the key cannot be one.
    pub fn new(url: &str, key: &str, secret: LiveKitSecret) -> Result<Self, LiveKitConfigError> {
        let server = Server::of(url);
        let server = server.ok_or_else(|| LiveKitConfigError::NotAUrl(url.to_owned()))?;
        let fits = (1..=MAX_KEY_BYTES).contains(&key.len());
        if !fits || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(LiveKitConfigError::NotAKey);
        }
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            server,
            key: key.to_owned(),
            secret,
        })
    }

    /// The URL of the server, as clients are given it.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whether tokens travel in clear on a network, on their way from clients to the server.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        let host = &self.server.host;
        let is_here = match host.parse::<IpAddr>() {
            Ok(ip) => ip.to_canonical().is_loopback(),
            Err(_) => host == "localhost",
        };
        !self.server.encrypted && !is_here
    }
}

impl Server {
    fn of(url: &str) -> Option<Self> {
        if !is_livekit_url(url) {
            return None;
        }
        let uri: Uri = url.parse().ok()?;
        let encrypted = match uri.scheme_str()? {
            "wss" => true,
            "ws" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host();
        let host = host.strip_prefix('[').map_or(host, |v6| {
            // What has no closing bracket is no authority.
            v6.trim_end_matches(']')
        });
        if host.is_empty() || authority.as_str().contains('@') || uri.query().is_some() {
            return None;
        }
        let has_port = authority.as_str() != authority.host();
        let port = match (has_port, encrypted) {
            (true, _) => authority.port_u16().filter(|port| *port > 0)?,
            (false, true) => 443,
            (false, false) => 80,
        };
        Some(Self {
            encrypted,
            host: host.to_owned(),
            port,
            authority: authority.as_str().to_owned(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl LiveKitSecret {
    /// The content of a file that holds the secret: white space around it does not count.
    ///
    /// # Errors
    /// When it is short enough to be guessed.
    pub fn from_text(text: &str) -> Result<Self, LiveKitConfigError> {
        let secret = text.trim().as_bytes();
        if secret.len() < MIN_SECRET_BYTES {
            return Err(LiveKitConfigError::ShortSecret(secret.len()));
        }
        Ok(Self(Zeroizing::new(secret.to_vec())))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for LiveKitSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveKitSecret(…)")
    }
}

/// What `livekit-server` asks for at its start.
const MIN_SECRET_BYTES: usize = 32;

/// Those that LiveKit makes have about 15.
const MAX_KEY_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> LiveKitSecret {
        LiveKitSecret::from_text("south-of-the-river-there-is-a-mill\n").unwrap()
    }

    fn config(url: &str) -> Result<LiveKitConfig, LiveKitConfigError> {
        LiveKitConfig::new(url, "devkey", secret())
    }

    #[test]
    fn the_api_is_where_the_server_is() {
        let server = |url: &str| config(url).unwrap().server;
        let cloud = server("wss://app-1x2y3z.livekit.cloud");
        assert_eq!(
            (cloud.host.as_str(), cloud.port, cloud.encrypted),
            ("app-1x2y3z.livekit.cloud", 443, true)
        );
        assert_eq!(cloud.path, "");
        let own = server("ws://[::1]:7880/livekit/");
        assert_eq!(
            (own.host.as_str(), own.port, own.encrypted),
            ("::1", 7880, false)
        );
        assert_eq!(
            (own.authority.as_str(), own.path.as_str()),
            ("[::1]:7880", "/livekit")
        );
        let config = config("wss://livekit.example.org/").unwrap();
        assert_eq!(config.url, "wss://livekit.example.org");
    }

    #[test]
    fn what_is_no_server_no_key_and_no_secret_is_said_in_plain_words() {
        for url in [
            "",
            "livekit.example.org",
            "https://livekit.example.org",
            "wss://",
            "wss://:443",
            "wss://ada@livekit.example.org",
            "wss://livekit.example.org:99999",
            "wss://livekit.example.org/?a=b",
            "wss://livekit example",
        ] {
            let said = config(url).unwrap_err().to_string();
            assert!(said.contains("write wss://HOST"), "{url}: {said}");
        }
        for key in ["", "dev key", &"x".repeat(200)] {
            let refused = LiveKitConfig::new("wss://livekit.example.org", key, secret());
            assert_eq!(refused, Err(LiveKitConfigError::NotAKey), "{key}");
        }
        for (text, bytes) in [("", 0), (" \n", 0), ("secret", 6)] {
            let refused = LiveKitSecret::from_text(text);
            assert_eq!(refused, Err(LiveKitConfigError::ShortSecret(bytes)));
        }
    }

    #[test]
    fn only_what_stays_on_this_machine_may_go_in_clear_without_a_word() {
        let exposed = |url: &str| config(url).unwrap().is_exposed();
        assert!(exposed("ws://livekit.example.org") && exposed("ws://192.0.2.1:7880"));
        assert!(!exposed("ws://127.0.0.1:7880") && !exposed("ws://[::1]:7880"));
        assert!(!exposed("ws://localhost:7880") && !exposed("wss://livekit.example.org"));
    }

    #[test]
    fn the_secret_is_in_no_debug_text() {
        let shown = format!("{:?}", config("wss://livekit.example.org").unwrap());
        assert!(!shown.contains("mill"), "{shown}");
    }
}
