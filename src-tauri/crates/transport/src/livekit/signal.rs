//! LiveKit's signaling protocol, as a client of `/rtc/v1` (one peer connection, and only we offer).
//!
//! A [`Connection`] is one task that owns the WebSocket and a `session::Session`, which decides
//! everything and knows no socket and no clock. The connection ends when it says
//! [`Event::Closed`], or is dropped: then it tells the server that we leave. It resumes by itself
//! after a lost socket, within [`Config::resume_for`]; a whole new join is for its owner.
//!
//! What must never happen here: a token outside of the `Authorization` header; a description, URL
//! or identity in a log; memory that grows by what the server sends.

mod cause;
mod dial;
mod endpoint;
mod event;
#[cfg(fuzzing)]
pub mod fuzzing;
mod read;
mod request;
mod roster;
mod session;
mod task;
#[cfg(test)]
mod tests;
mod token;
mod write;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Instrument as _;

pub use cause::{Action, Cause, Reason};
pub use event::{
    About, Answer, Candidate, Event, Joined, MAX_SECTIONS, Participant, Quality, Resumed, Sid,
    Source, Track, Verdict,
};
pub use token::Token;

pub use request::{AddTrack, Offer, Picture, Request, Sync};

use self::session::Session;
use super::Redacted;

/// How to join a room.
#[derive(Clone, Debug)]
pub struct Config {
    /// `ws:`, `wss:`, `http:` or `https:`, with a path where the server stands below one.
    pub url: Redacted<String>,
    /// A token for one room (JWT), which the server renews.
    pub token: Arc<Token>,
    /// Version of this program.
    pub version: String,
    /// The first offer, which travels with the request to join.
    pub offer: Option<Offer>,
    /// The tracks of that offer.
    pub tracks: Vec<AddTrack>,
    /// How long after a lost socket the session is tried to be resumed.
    pub resume_for: Duration,
}

/// A membership of a room.
#[derive(Debug)]
pub struct Connection {
    requests: mpsc::Sender<Request>,
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
    stop: DropGuard,
}

/// The task has `QUEUE` requests that it has not taken, or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signal connection takes no request")]
pub struct NotTaken;

impl Connection {
    /// Joins; the answer is the first event. On the current runtime.
    #[must_use]
    pub fn open(config: Config) -> Self {
        let (requests, asked) = mpsc::channel(QUEUE);
        let (told, events) = mpsc::channel(QUEUE);
        let stop = CancellationToken::new();
        let session = Session::new(Instant::now(), config);
        let run = task::run(session, asked, told, stop.clone());
        Self {
            requests,
            events,
            task: tokio::spawn(run.in_current_span()),
            stop: stop.drop_guard(),
        }
    }

    /// What happened next; `None` after [`Event::Closed`]. Cancel safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Asks for something, without waiting.
    ///
    /// # Errors
    ///
    /// When the request is not taken: the owner asks faster than the network carries, or the
    /// connection has ended.
    pub fn ask(&self, request: Request) -> Result<(), NotTaken> {
        self.requests.try_send(request).map_err(|_| NotTaken)
    }

    /// Leaves the room, and waits until the socket is closed; after so long no more, and then
    /// nothing of it is left either.
    pub async fn close(mut self, within: Duration) {
        drop(self.stop);
        if tokio::time::timeout(within, &mut self.task).await.is_err() {
            tracing::debug!("the server may not have heard that we leave");
            self.task.abort();
        }
    }
}

/// Requests that the task has not taken, and events that the owner has not: a join makes twenty of
/// each. When the requests are full, [`Connection::ask`] says so; when the events are, the socket
/// is not read, and the server waits.
const QUEUE: usize = 64;
