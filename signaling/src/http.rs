//! What a relay answers over HTTP: the WebSocket upgrade, and that it lives.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, State, WebSocketUpgrade};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use signal_wire::{MAX_FRAME_BYTES, PATH};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::connection;
use crate::metrics::Refusal;
use crate::pending::Place;
use crate::proxy::forwarded;
use crate::quota::Permit;
use crate::relay::Relay;

/// A connection that has not asked for anything yet. Its request carries it as an extension.
#[derive(Debug)]
pub(crate) struct Newcomer {
    pub(crate) place: Arc<Place>,
    pub(crate) source: Source,
}

/// Whom a connection counts for.
#[derive(Debug)]
pub(crate) enum Source {
    /// It counts already, as long as this lives.
    Counted {
        /// Its right to be here.
        _permit: Permit,
    },
    /// This trusted proxy has still to say for whom, in the headers of the request.
    Proxy(IpAddr),
}

/// What the relay answers over HTTP. Requests carry their [`Newcomer`].
pub(crate) fn router(relay: Arc<Relay>) -> Router {
    Router::new()
        .route(PATH, get(upgrade))
        .route(&format!("{PATH}/"), get(upgrade))
        .route("/health", get(|| async { "ok" }))
        .with_state(relay)
}

/// What is answered to a connection that is not taken in.
pub(crate) fn refusing(refusal: Refusal) -> Router {
    Router::new().fallback(move || async move { refused(refusal) })
}

/// Serves one request, or hands its connection over to whoever upgraded it. How long that may take
/// is the caller's business.
pub(crate) async fn serve<S>(stream: S, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // No timeout of hyper's own: it would begin anew with each part of a request.
    let request = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .keep_alive(false)
        .max_buf_size(REQUEST_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    if request.await.is_err() {
        tracing::debug!("a request was not served to its end");
    }
}

async fn upgrade(
    State(relay): State<Arc<Relay>>,
    Extension(newcomer): Extension<Arc<Newcomer>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let (permit, forwarded_host) = match newcomer.source {
        Source::Counted { .. } => (None, None),
        Source::Proxy(proxy) => {
            let client = forwarded::client(&headers, proxy, &relay.config.proxies);
            match relay.admit(client) {
                Ok(permit) => (Some(permit), forwarded::host(&headers)),
                Err(refusal) => {
                    relay.metrics.refused(refusal);
                    return refused(refusal);
                }
            }
        }
    };
    let Some(host) = dialed_host(&headers, forwarded_host) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if !relay.config.hosts.is_empty()
        && !relay
            .config
            .hosts
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&host))
    {
        relay.metrics.refused(Refusal::Host);
        return refused(Refusal::Host);
    }
    upgrade
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_write_buffer_size(4 * MAX_FRAME_BYTES)
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .on_upgrade(move |socket| {
            let tracked = relay.tasks.token();
            async move {
                connection::run(relay, socket, &host, &newcomer.place).await;
                drop((permit, newcomer, tracked));
            }
        })
}

/// The host that the client dialed, without the port (RFC 9110, section 7.2), unless a trusted
/// proxy says another.
fn dialed_host(headers: &HeaderMap, forwarded: Option<&str>) -> Option<String> {
    let host = match forwarded {
        Some(host) => host,
        None => headers.get(header::HOST)?.to_str().ok()?,
    };
    let host: Authority = host.parse().ok()?;
    Some(host.host().to_owned())
}

/// The answer to whoever is not taken in: they may come back later, or are wrong here.
fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Full | Refusal::Crowded => (StatusCode::SERVICE_UNAVAILABLE, "no room"),
        Refusal::Rate => (StatusCode::TOO_MANY_REQUESTS, "too often"),
        Refusal::Slow => (StatusCode::REQUEST_TIMEOUT, "too slow"),
        Refusal::ProxyHeader => (StatusCode::BAD_REQUEST, "no PROXY header"),
        Refusal::Host => (
            StatusCode::MISDIRECTED_REQUEST,
            "this relay has another name: see its --host",
        ),
    }
    .into_response()
}

/// Most frames are below 1 KiB; with the default of 128 KiB each, idle connections would take
/// most of the memory.
const BUFFER_BYTES: usize = 4 * 1024;

/// The smallest that hyper takes; a WebSocket request is below 1 KiB.
const REQUEST_BYTES: usize = 8 * 1024;
