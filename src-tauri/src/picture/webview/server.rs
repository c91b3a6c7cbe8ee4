//! The socket that one page reads pictures from, on the loopback interface.
//!
//! Any program of this machine can reach a loopback port; a page of any site in a browser can try
//! too. So the path carries a secret of this run, compared in constant time, and the `Origin`
//! must be our own page's.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use super::message::{self, StreamKind};
use super::outbox::{Outbox, Shown};
use crate::picture::Feeds;

/// What a connection needs.
#[derive(Debug)]
pub(super) struct Pictures {
    pub(super) token: String,
    pub(super) feeds: Feeds,
    /// What shows where.
    pub(super) places: watch::Receiver<Places>,
    /// Changes with every new picture.
    pub(super) news: watch::Receiver<u64>,
    /// Counts the connections: the newest one gets the pictures.
    pub(super) newest: watch::Sender<u64>,
}

/// Where the streams show; `None` for one that does not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Places {
    pub(super) remote: Option<Shown>,
    pub(super) local: Option<Shown>,
    pub(super) screen: Option<Shown>,
}

/// The origins that our own page has: the first on Linux and macOS, the second on Windows.
const ORIGINS: [&str; 2] = ["tauri://localhost", "http://tauri.localhost"];

/// An acknowledgement has four bytes; more is no message of our page.
const MAX_MESSAGE: usize = 64;

/// Takes a free port of the loopback interface.
///
/// # Errors
/// When the system has none.
pub(super) fn listen() -> std::io::Result<(std::net::TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves pages until it is aborted.
///
/// # Errors
/// When the port is lost.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    pictures: Arc<Pictures>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::warn!(%error, "pictures may come late");
        }
    });
    let routes = Router::new()
        .route("/pictures/{token}", get(connect))
        .with_state(pictures);
    axum::serve(listener, routes).await
}

async fn connect(
    State(pictures): State<Arc<Pictures>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let known: bool = token.as_bytes().ct_eq(pictures.token.as_bytes()).into();
    let origin = headers
        .get(header::ORIGIN)
        .map(header::HeaderValue::as_bytes);
    let ours = ORIGINS.iter().any(|it| Some(it.as_bytes()) == origin);
    if !known || !ours {
        tracing::warn!(known, ours, "a stranger asked for pictures");
        return StatusCode::NOT_FOUND.into_response();
    }
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| async move { feed(socket, &pictures).await })
}

/// Sends pictures to one page until it goes, or until a newer page comes.
async fn feed(mut socket: WebSocket, pictures: &Pictures) {
    let mut newest = pictures.newest.subscribe();
    let mut number = 0;
    pictures.newest.send_modify(|it| {
        *it += 1;
        number = *it;
    });
    let mut news = pictures.news.clone();
    let mut places = pictures.places.clone();
    let feeds = &pictures.feeds;
    let mut remote = Outbox::new(StreamKind::Remote, feeds.remote.clone());
    let mut local = Outbox::new(StreamKind::Local, feeds.local.clone());
    let mut screen = Outbox::new(StreamKind::Screen, feeds.screen.clone());
    let mut sequence = 0;
    loop {
        let shown = *places.borrow_and_update();
        for (outbox, shown) in [
            (&mut remote, shown.remote),
            (&mut local, shown.local),
            (&mut screen, shown.screen),
        ] {
            let Some(message) = shown.and_then(|it| outbox.next(it, &mut sequence)) else {
                continue;
            };
            if socket.send(Message::Binary(message.into())).await.is_err() {
                return;
            }
        }
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    if let Some(drawn) = message::acknowledged(&bytes) {
                        remote.acknowledge(drawn);
                        local.acknowledge(drawn);
                        screen.acknowledge(drawn);
                    }
                }
                Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            changed = news.changed() => if changed.is_err() { return },
            changed = places.changed() => if changed.is_err() { return },
            overtaken = newest.wait_for(|it| *it != number) => {
                tracing::debug!(ended = overtaken.is_err(), "another page gets the pictures");
                return;
            }
        }
    }
}
