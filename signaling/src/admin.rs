//! How the relay does, for whoever runs it: `/health`, `/ready` and `/metrics` at an address of
//! their own, without TLS. Nothing here names a client. It goes on answering while the relay ends.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::map_response;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::http;
use crate::metrics::Metrics;
use crate::relay::Relay;

/// Answers for ever.
pub(crate) async fn serve(listener: TcpListener, relay: Arc<Relay>) {
    let router = Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .layer(map_response(http::last_answer))
        .with_state(relay);
    let mut asking = JoinSet::new();
    let mut turned_away = 0_u64;
    loop {
        while asking.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) if asking.len() < MOST => {
                asking.spawn(timeout(PATIENCE, http::serve(stream, router.clone())));
            }
            Ok(_) => {
                turned_away += 1;
                // Ever more rarely: whoever asks decides how many there are.
                if turned_away.is_power_of_two() {
                    tracing::warn!(turned_away, "too many ask how the relay does");
                }
            }
            Err(error) => {
                tracing::warn!(kind = ?error.kind(), "cannot accept a look at the relay");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether newcomers get in: not while the relay ends, nor while it is full.
async fn ready(State(relay): State<Arc<Relay>>) -> (StatusCode, &'static str) {
    if relay.drain.has_begun() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else if relay.is_full() {
        (StatusCode::SERVICE_UNAVAILABLE, "full")
    } else {
        (StatusCode::OK, "ready")
    }
}

async fn metrics(State(relay): State<Arc<Relay>>) -> impl IntoResponse {
    let text = relay.metrics.text(relay.gauges());
    ([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], text)
}

/// Connections at a time; others are closed.
const MOST: usize = 16;

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// As long as that of the relay itself.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
