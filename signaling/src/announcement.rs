//! What the application around an embedded relay says of itself on its networks, for whoever asks at
//! its port: a network that carries no multicast carries this. And whether it reaches whoever asks,
//! in turn: a firewall lets its own machine through and cannot be seen from there.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
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

/// All that is said to whoever asks without a WebSocket.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) announced: Announced,
    pub(crate) dial_back: Option<DialBack>,
}

/// Dials back to where a question came from, see [`Server::with_dial_back`](crate::Server).
#[derive(Clone)]
pub(crate) struct DialBack(Arc<DialFn>);

type DialFn = dyn Fn(SocketAddr, String) -> Dialling + Send + Sync;
type Dialling = Pin<Box<dyn Future<Output = String> + Send>>;

impl DialBack {
    pub(crate) fn new<Dialled>(
        dial: impl Fn(SocketAddr, String) -> Dialled + Send + Sync + 'static,
    ) -> Self
    where
        Dialled: Future<Output = String> + Send + 'static,
    {
        Self(Arc::new(move |from, said| Box::pin(dial(from, said))))
    }
}

impl fmt::Debug for DialBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DialBack")
    }
}

/// Answers what is said now, as bytes, and dials back.
pub(crate) fn router(said: Said) -> Router<Arc<Relay>> {
    Router::new()
        .route(PATH, get(answer))
        .route(DIAL_BACK_PATH, get(dial_back))
        .layer(Extension(said))
}

async fn answer(
    State(relay): State<Arc<Relay>>,
    Extension(said): Extension<Said>,
    Extension(newcomer): Extension<Arc<Newcomer>>,
    headers: HeaderMap,
) -> Response {
    if !is_meant(&relay, &newcomer, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let bytes = said.announced.borrow().clone();
    match bytes {
        Some(bytes) => ([(header::CONTENT_TYPE, BYTES)], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn dial_back(
    State(relay): State<Arc<Relay>>,
    Extension(said): Extension<Said>,
    Extension(newcomer): Extension<Arc<Newcomer>>,
    headers: HeaderMap,
) -> Response {
    if !is_meant(&relay, &newcomer, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let says_something = said.announced.borrow().is_some();
    let Some(DialBack(dial)) = said.dial_back.filter(|_| says_something) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let theirs = headers.get(ANNOUNCEMENT).and_then(|it| it.to_str().ok());
    let Some(theirs) = theirs else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    // Whoever hides behind a trusted proxy came from there for all that is known.
    dial(newcomer.came_from, theirs.to_owned())
        .await
        .into_response()
}

/// Whether a request is for us, and of no page of a browser.
fn is_meant(relay: &Relay, newcomer: &Newcomer, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let host = host.unwrap_or_default();
    let is_ours = is_numbers(host) || relay.hosts.dialled(host, newcomer.arrived_at).is_ok();
    is_ours && !headers.contains_key(header::ORIGIN)
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

/// Where it is asked whether the asker is reached in turn.
const DIAL_BACK_PATH: &str = "/dial-back";

/// What the asker announces, URL-safe base64 (RFC 4648, section 5).
const ANNOUNCEMENT: &str = "tincan-announcement";

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
