//! What a relay answers over HTTP: the WebSocket upgrade, and that it lives.

use std::future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, State, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::StreamExt;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use identity::Authority;
use signal_wire::{MAX_FRAME_BYTES, OLD_PATH, PATH};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::connection::{self, Origin};
use crate::hosts::Misdirected;
use crate::metrics::Refusal;
use crate::newcomer::{Newcomer, Source};
use crate::proxy::forwarded;
use crate::quota::Permit;
use crate::relay::Relay;

/// What the relay answers over HTTP. Requests carry their [`Newcomer`].
pub(crate) fn router(relay: Arc<Relay>) -> Router {
    Router::new()
        .route(PATH, get(upgrade))
        .route(&format!("{PATH}/"), get(upgrade))
        .route(OLD_PATH, get(refuse_version))
        .route(&format!("{OLD_PATH}/"), get(refuse_version))
        .route("/health", get(|| async { "ok" }))
        .layer(map_response(last_answer))
        .with_state(relay)
}

/// One request for each connection: what follows it is a WebSocket or nothing, so that frames are
/// counted from where they begin (`metered`).
pub(crate) async fn last_answer(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// What is answered to a connection that is not taken in.
pub(crate) fn refusing(refusal: Refusal) -> Router {
    Router::new()
        .fallback(move || async move { refused(refusal) })
        .layer(map_response(last_answer))
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
    let (dialled, permit) = match admit(&relay, &newcomer, &headers) {
        Ok(admitted) => admitted,
        Err(refusal) => {
            relay.metrics.refused(refusal);
            return refused(refusal);
        }
    };
    // Until the connection is a task itself.
    let tracked = relay.tasks.token();
    bounded(upgrade).on_upgrade(move |socket| {
        let origin = Origin {
            dialled,
            permit,
            newcomer,
        };
        // A task of its own is no larger than what it runs; the one of the upgrade holds the socket
        // several times over.
        relay
            .tasks
            .spawn(connection::run(Arc::clone(&relay), socket.split(), origin));
        drop(tracked);
        future::ready(())
    })
}

/// Tells a client of the version before that this relay has another one.
async fn refuse_version(
    State(relay): State<Arc<Relay>>,
    Extension(newcomer): Extension<Arc<Newcomer>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    bounded(upgrade).on_upgrade(move |socket| {
        let tracked = relay.tasks.token();
        async move {
            tokio::select! {
                () = connection::refuse_version(&relay, socket) => {}
                () = newcomer.place.evicted() => {}
            }
            drop((newcomer, tracked));
        }
    })
}

/// Which places the client may have dialled, and its right to be here. A trusted proxy says both
/// in headers.
fn admit(
    relay: &Relay,
    newcomer: &Newcomer,
    headers: &HeaderMap,
) -> Result<(Vec<Authority>, Arc<Permit>), Refusal> {
    // Its bytes would be taken for frames.
    if BODY.iter().any(|it| headers.contains_key(it)) {
        return Err(Refusal::Malformed);
    }
    let dialled = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let (permit, host) = match &newcomer.source {
        Source::Counted(permit) => (Arc::clone(permit), dialled),
        Source::Proxy(proxy) => {
            let client = forwarded::client(headers, *proxy, &relay.config.proxies);
            let permit = Arc::new(relay.admit(client)?);
            (permit, forwarded::host(headers).or(dialled))
        }
    };
    let dialled = relay.hosts.dialled(host.unwrap_or_default());
    let dialled = dialled.map_err(|misdirected| match misdirected {
        Misdirected::Unreadable => Refusal::Malformed,
        Misdirected::Elsewhere => Refusal::Host,
    })?;
    Ok((dialled, permit))
}

/// A WebSocket that holds no more than frames can take.
fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_write_buffer_size(4 * MAX_FRAME_BYTES)
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
}

/// The answer to whoever is not taken in: they may come back later, or are wrong here.
fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Full | Refusal::Crowded => (StatusCode::SERVICE_UNAVAILABLE, "no room"),
        Refusal::Rate => (StatusCode::TOO_MANY_REQUESTS, "too often"),
        Refusal::Slow => (StatusCode::REQUEST_TIMEOUT, "too slow"),
        Refusal::ProxyHeader => (StatusCode::BAD_REQUEST, "no PROXY header"),
        Refusal::Malformed => (StatusCode::BAD_REQUEST, "no request that can be answered"),
        Refusal::Host => (
            StatusCode::MISDIRECTED_REQUEST,
            "this relay has another name: see its --host",
        ),
    }
    .into_response()
}

/// What announces a body (RFC 9112, section 6).
const BODY: [HeaderName; 2] = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// What each WebSocket holds from its first byte to its last, so that it is most of what an idle
/// connection takes. A larger frame gets a buffer of its size, and what was read of it at once waits
/// in `metered`.
const READ_BYTES: usize = 128;

/// Frames that are written together are sent once they are so large, even without a flush. Not
/// allocated before it is needed.
const WRITE_BYTES: usize = 4 * 1024;

/// The smallest that hyper takes; a WebSocket request is below 1 KiB.
const REQUEST_BYTES: usize = 8 * 1024;
