//! What a relay answers over HTTP: the WebSocket upgrade, and that it lives.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use identity::Authority;
use signal_wire::{OLD_PATH, PATH};
use tokio::io::{AsyncRead, AsyncWrite};
use tungstenite::handshake::server::create_response_with_body;

use crate::announcement::{self, Said};
use crate::connection::{self, Origin};
use crate::hosts::Misdirected;
use crate::metrics::Refusal;
use crate::newcomer::{Newcomer, Source};
use crate::proxy::forwarded;
use crate::quota::Permit;
use crate::relay::Relay;

/// What the relay answers over HTTP. Requests carry their [`Newcomer`].
pub(crate) fn router(relay: Arc<Relay>, said: Option<Said>) -> Router {
    said.map(announcement::router)
        .unwrap_or_default()
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
    request: Request,
) -> Response {
    let Ok(answer) = create_response_with_body(&request, Body::empty) else {
        return no_upgrade();
    };
    let (dialled, permit) = match admit(&relay, &newcomer, request.headers()) {
        Ok(admitted) => admitted,
        Err(refusal) => {
            relay.metrics.refused(refusal);
            return refused(refusal);
        }
    };
    let origin = Origin {
        dialled,
        permit,
        newcomer,
    };
    let upgrade = hyper::upgrade::on(request);
    relay
        .tasks
        .spawn(connection::run(Arc::clone(&relay), upgrade, origin));
    answer
}

/// Tells a client of the version before that this relay has another one.
async fn refuse_version(
    State(relay): State<Arc<Relay>>,
    Extension(newcomer): Extension<Arc<Newcomer>>,
    request: Request,
) -> Response {
    let Ok(answer) = create_response_with_body(&request, Body::empty) else {
        return no_upgrade();
    };
    let upgrade = hyper::upgrade::on(request);
    let refuse = connection::refuse_version(Arc::clone(&relay), upgrade, newcomer);
    relay.tasks.spawn(refuse);
    answer
}

/// The answer to what asks for no WebSocket, or for one of another version (RFC 6455, section
/// 4.2.2): what it should have asked for.
fn no_upgrade() -> Response {
    let wanted = [
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_VERSION, "13"),
    ];
    (StatusCode::UPGRADE_REQUIRED, wanted, "only WebSockets").into_response()
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
    // A browser lets a page of any site open a WebSocket to this machine and its neighbours, and
    // says by this field that it does (RFC 6455, section 10.2).
    if relay.config.embedded && headers.contains_key(header::ORIGIN) {
        return Err(Refusal::Page);
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
    let dialled = relay
        .hosts
        .dialled(host.unwrap_or_default(), newcomer.arrived_at);
    let dialled = dialled.map_err(|misdirected| match misdirected {
        Misdirected::Unreadable => Refusal::Malformed,
        Misdirected::Elsewhere => Refusal::Host,
    })?;
    Ok((dialled, permit))
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
        Refusal::Page => (StatusCode::FORBIDDEN, "not for pages of browsers"),
        Refusal::Far => (StatusCode::FORBIDDEN, "not from so far away"),
    }
    .into_response()
}

/// What announces a body (RFC 9112, section 6).
const BODY: [HeaderName; 2] = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// The smallest that hyper takes; a WebSocket request is below 1 KiB.
const REQUEST_BYTES: usize = 8 * 1024;
