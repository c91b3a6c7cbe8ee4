//! What the application around an embedded relay says of itself on its networks, for whoever asks at
//! its port: a network that carries no multicast carries this.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::watch;

use crate::newcomer::Newcomer;
use crate::relay::Relay;

/// What is said now; none while nothing is.
pub(crate) type Announced = watch::Receiver<Option<Bytes>>;

/// Answers what is said now, as bytes.
pub(crate) fn router(announced: Announced) -> Router<Arc<Relay>> {
    Router::new().route(PATH, get(answer).layer(Extension(announced)))
}

async fn answer(
    State(relay): State<Arc<Relay>>,
    Extension(announced): Extension<Announced>,
    Extension(newcomer): Extension<Arc<Newcomer>>,
    headers: HeaderMap,
) -> Response {
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let host = host.unwrap_or_default();
    let is_ours = is_numbers(host) || relay.hosts.dialled(host, newcomer.arrived_at).is_ok();
    if !is_ours || headers.contains_key(header::ORIGIN) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let said = announced.borrow().clone();
    match said {
        Some(bytes) => ([(header::CONTENT_TYPE, BYTES)], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Whether a host is named by its address, any address: the one that was dialled is another than
/// ours where something between translates them. A page of a browser reads an answer only under the
/// name of its own site, so a name is what it comes with when its site says that we are its server.
fn is_numbers(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    host.parse::<SocketAddr>().is_ok() || bare.unwrap_or(host).parse::<IpAddr>().is_ok()
}

/// Where it is asked for.
const PATH: &str = "/announcement";

const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_all_kinds_are_numbers_and_names_are_not() {
        for host in [
            "192.0.2.1",
            "192.0.2.1:80",
            "[2001:db8::1]",
            "[2001:db8::1]:80",
            "[fe80::1%2]:80",
        ] {
            assert!(is_numbers(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:80",
            "localhost",
            "1.2.3.4.evil.example",
        ] {
            assert!(!is_numbers(host), "{host}");
        }
    }
}
