//! The request that opens a connection: where to, and what its query says.

use std::io::Write as _;

use data_encoding::BASE64URL;
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message as _;
use url::{Host, Url};

use super::Config;
use super::cause::Cause;
use super::event::Sid;
use super::write;
use crate::livekit::Redacted;
use crate::livekit::proto::request::{
    ClientInfo, ConnectionSettings, JoinRequest, WrappedJoinRequest,
};

/// What a socket is opened with. `Debug` shows nothing of it.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    /// With `join_request` in its query, without the token.
    pub(super) url: Redacted<Url>,
    pub(super) token: Redacted<String>,
}

impl Dial {
    /// The request that joins, or that resumes.
    pub(super) fn new(config: &Config, resume: Option<&Sid>) -> Result<Self, Cause> {
        let mut url = base(&config.url.0)?;
        // With an offer in it the request has some ten kilobytes, and proxies take URLs of eight.
        let wrapped = WrappedJoinRequest {
            compression: GZIP,
            join_request: compressed(&join_request(config, resume).encode_to_vec()),
        };
        // With padding, without which the server does not read it; that is escaped.
        let query = BASE64URL.encode(&wrapped.encode_to_vec());
        url.query_pairs_mut().append_pair("join_request", &query);
        Ok(Self {
            url: Redacted(url),
            token: config.token.newest(),
        })
    }

    /// Host and port as dialled; `None` without a host.
    pub(super) fn authority(&self) -> Option<(String, u16)> {
        let host = match self.url.0.host()? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        Some((host, self.url.0.port_or_known_default()?))
    }

    /// Whether TLS is due.
    pub(super) fn is_encrypted(&self) -> bool {
        self.url.0.scheme() == "wss"
    }
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("a vector takes all that is written")
}

/// The address of the signal endpoint of a server.
fn base(server: &str) -> Result<Url, Cause> {
    let mut url = Url::parse(server).map_err(|_| Cause::BadAddress)?;
    let scheme = match url.scheme() {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        _ => return Err(Cause::BadAddress),
    };
    url.set_scheme(scheme).map_err(|()| Cause::BadAddress)?;
    url.set_query(None);
    url.set_fragment(None);
    let mut path = url.path_segments_mut().map_err(|()| Cause::BadAddress)?;
    path.pop_if_empty().extend(["rtc", "v1"]);
    drop(path);
    Ok(url)
}

fn join_request(config: &Config, resume: Option<&Sid>) -> JoinRequest {
    let client_info = ClientInfo {
        sdk: SDK_RUST,
        version: config.version.clone(),
        protocol: PROTOCOL,
        os: std::env::consts::OS.to_owned(),
    };
    let common = JoinRequest {
        client_info: Some(client_info),
        connection_settings: Some(ConnectionSettings {
            auto_subscribe: true,
        }),
        ..JoinRequest::default()
    };
    match resume {
        None => JoinRequest {
            add_track_requests: config.tracks.iter().map(write::add_track).collect(),
            publisher_offer: config.offer.as_ref().map(write::offer),
            ..common
        },
        Some(resume) => JoinRequest {
            reconnect: true,
            reconnect_reason: SIGNAL_LOST,
            participant_sid: resume.as_str().to_owned(),
            ..common
        },
    }
}

/// `WrappedJoinRequest.Compression`.
const GZIP: i32 = 1;
/// The last protocol that has all of a session's life and nothing that a room of two lacks: 16
/// would bring packet trailers, 18 data channels that are negotiated beforehand.
const PROTOCOL: i32 = 15;
/// The server then takes the first codec of a section for the published one, which is right with
/// one codec per offer.
const SDK_RUST: i32 = 8;

/// Of `ReconnectReason`: the socket was lost.
const SIGNAL_LOST: i32 = 1;
