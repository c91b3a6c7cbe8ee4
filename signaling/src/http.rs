//! What a relay answers over HTTP: the WebSocket upgrade, and its health.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, State, WebSocketUpgrade};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use signal_wire::{MAX_FRAME_BYTES, PATH};

use crate::connection;
use crate::quota::Permit;
use crate::relay::Relay;

/// What the relay answers over HTTP. Requests carry the [`Permit`] of their connection as an
/// extension.
pub(crate) fn router(relay: Arc<Relay>) -> Router {
    Router::new()
        .route(PATH, get(upgrade))
        .route(&format!("{PATH}/"), get(upgrade))
        .route("/health", get(|| async { "ok" }))
        .with_state(relay)
}

/// What is answered when the quota is used up.
pub(crate) fn full() -> Router {
    Router::new().fallback(|| async { (StatusCode::SERVICE_UNAVAILABLE, "no room") })
}

async fn upgrade(
    State(relay): State<Arc<Relay>>,
    Extension(permit): Extension<Arc<Permit>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(host) = dialed_host(&headers) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if !relay.config.hosts.is_empty()
        && !relay
            .config
            .hosts
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&host))
    {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
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
                connection::run(relay, socket, &host).await;
                drop((permit, tracked));
            }
        })
}

/// The host that the client dialed, without the port (RFC 9110, section 7.2).
fn dialed_host(headers: &HeaderMap) -> Option<String> {
    let host: Authority = headers.get(header::HOST)?.to_str().ok()?.parse().ok()?;
    Some(host.host().to_owned())
}

/// Most frames are below 1 KiB; with the default of 128 KiB each, idle connections would take
/// most of the memory.
const BUFFER_BYTES: usize = 4 * 1024;
