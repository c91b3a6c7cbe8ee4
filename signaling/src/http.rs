//! What a relay answers over HTTP: the WebSocket upgrade, and its health.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use signal_wire::{MAX_FRAME_BYTES, OLD_PATH, PATH};

use crate::connection::{self, Caller};
use crate::hosts::Misdirected;
use crate::quota::Permit;
use crate::relay::Relay;

/// What the relay answers over HTTP. Requests carry the [`Permit`] of their connection as an
/// extension.
pub(crate) fn router(relay: Arc<Relay>) -> Router {
    Router::new()
        .route(PATH, get(upgrade))
        .route(&format!("{PATH}/"), get(upgrade))
        .route(OLD_PATH, get(refuse_version))
        .route(&format!("{OLD_PATH}/"), get(refuse_version))
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
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let dialled = match relay.hosts.dialled(host.unwrap_or_default()) {
        Ok(dialled) => dialled,
        Err(Misdirected::Unreadable) => return StatusCode::BAD_REQUEST.into_response(),
        Err(Misdirected::Elsewhere) => return StatusCode::MISDIRECTED_REQUEST.into_response(),
    };
    let ip = permit.ip();
    bounded(upgrade).on_upgrade(move |socket| {
        let tracked = relay.tasks.token();
        async move {
            connection::run(relay, socket, Caller { dialled, ip }).await;
            drop((permit, tracked));
        }
    })
}

/// Tells a client of the version before that this relay has another one.
async fn refuse_version(
    State(relay): State<Arc<Relay>>,
    Extension(permit): Extension<Arc<Permit>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    bounded(upgrade).on_upgrade(move |socket| {
        let tracked = relay.tasks.token();
        async move {
            connection::refuse_version(&relay, socket).await;
            drop((permit, tracked));
        }
    })
}

/// A WebSocket that holds no more than frames can take.
fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_write_buffer_size(4 * MAX_FRAME_BYTES)
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
}

/// Most frames are below 1 KiB; with the default of 128 KiB each, idle connections would take
/// most of the memory.
const BUFFER_BYTES: usize = 4 * 1024;
