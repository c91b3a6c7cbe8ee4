//! One transport session of a call: opened and closed within limits, and its news forwarded.
//!
//! Runs in tasks of its own beside the control task; nothing here decides anything about the call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use call::id::{CallId, SessionId};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use media::transport::{
    MediaTransport, OpenParams, Session, SessionControl, TransportError, TransportEvent,
    TransportStats,
};
use tokio::sync::{mpsc, oneshot};
use tracing::Span;

use crate::clock::Clock;

/// What the control task hears of a call's sessions and of its pipelines.
#[derive(Debug)]
pub(crate) enum News {
    /// The session was opened, or not.
    Opened {
        /// Which one.
        id: SessionId,
        /// The open session.
        session: Result<Box<Session>, TransportError>,
    },
    /// The session tells something.
    Transport {
        /// Which one.
        id: SessionId,
        /// What.
        event: TransportEvent,
    },
    /// The session's own figures.
    Figures {
        /// Which one.
        id: SessionId,
        /// Counted from the session's start.
        stats: Box<TransportStats>,
    },
    /// A pipeline cannot do its work.
    Broken {
        /// Of which call.
        call: CallId,
    },
    /// A shared screen cannot be sent or shown; the call goes on without.
    ScreenBroken {
        /// In which call.
        call: CallId,
        /// Whose.
        screen: Screen,
    },
    /// The session is gone with all that belonged to it.
    Closed {
        /// Which one.
        id: SessionId,
    },
}

/// Whose screen, and which of the pipelines that there were for it, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    Ours(u64),
    Theirs(u64),
}

/// A session on its way.
type Opening = BoxFuture<'static, Result<Session, TransportError>>;

/// Names a call in every log line inside. It stands alone, wherever it is made, so that no line
/// names two calls.
pub(crate) fn span_of(call: impl fmt::Display) -> Span {
    tracing::info_span!(parent: None, "call", id = %call)
}

/// Opens a session and reports it as [`News::Opened`], as a failure after
/// [`OPEN_LIMIT`]. When `cancelled` is told or dropped before, the call is over: what still opens is
/// closed, and [`News::Closed`] reported instead.
pub(crate) async fn open(
    id: SessionId,
    transport: Arc<dyn MediaTransport>,
    params: OpenParams,
    news: mpsc::Sender<News>,
    clock: Clock,
    cancelled: oneshot::Receiver<()>,
) {
    let mut opening = transport.open(params);
    let opened = tokio::select! {
        biased;
        opened = clock.timeout(OPEN_LIMIT, &mut opening) => opened,
        _ = cancelled => {
            discard(id, &clock, opening).await;
            report(&news, News::Closed { id }).await;
            return;
        }
    };
    match opened {
        Some(session) => {
            let session = session.map(Box::new);
            report(&news, News::Opened { id, session }).await;
        }
        None => {
            let late = TransportError::Internal("the session does not open".to_owned());
            let session = Err(late);
            report(&news, News::Opened { id, session }).await;
            discard(id, &clock, opening).await;
        }
    }
}

/// Closes a session that nobody waits for any more, if it opens soon; dropping it ends it else.
async fn discard(id: SessionId, clock: &Clock, opening: Opening) {
    if let Some(Ok(session)) = clock.timeout(GRACE, opening).await {
        close(id, clock, session.control.as_ref()).await;
    }
}

/// Closes a session. One that takes longer than [`CLOSE_LIMIT`] ends when the caller drops it.
pub(crate) async fn close(id: SessionId, clock: &Clock, session: &dyn SessionControl) {
    let closed = clock.timeout(CLOSE_LIMIT, session.close()).await;
    if closed.is_none() {
        tracing::error!(session = %id, "a session does not close and is dropped");
    }
}

/// Carries the events of one session to the control task until the session ends.
pub(crate) async fn forward(
    id: SessionId,
    mut events: BoxStream<'static, TransportEvent>,
    news: mpsc::Sender<News>,
) {
    while let Some(event) = events.next().await {
        if news.send(News::Transport { id, event }).await.is_err() {
            return;
        }
    }
}

/// Asks a session for its figures, which come as [`News::Figures`] or, after [`FIGURES_LIMIT`], not
/// at all.
pub(crate) async fn ask_for_figures(
    id: SessionId,
    session: Arc<dyn SessionControl>,
    clock: Clock,
    news: mpsc::Sender<News>,
) {
    if let Some(stats) = clock.timeout(FIGURES_LIMIT, session.stats()).await {
        let stats = Box::new(stats);
        report(&news, News::Figures { id, stats }).await;
    }
}

/// Tells the control task; fails only when the engine is gone.
pub(crate) async fn report(news: &mpsc::Sender<News>, what: News) {
    let _ = news.send(what).await;
}

/// How a thread of a call's pipeline tells that it cannot do its work: by [`Fault::report`], or by
/// dropping this in a panic.
pub(crate) struct Fault {
    call: CallId,
    news: mpsc::Sender<News>,
    /// The screen that it is of, without which the call goes on.
    screen: Option<Screen>,
}

impl Fault {
    /// For one thread of this call.
    pub(crate) const fn new(call: CallId, news: mpsc::Sender<News>) -> Self {
        Self {
            call,
            news,
            screen: None,
        }
    }

    /// For a thread of a shared screen, without which the call goes on.
    pub(crate) const fn of_screen(screen: Screen, call: CallId, news: mpsc::Sender<News>) -> Self {
        Self {
            call,
            news,
            screen: Some(screen),
        }
    }

    /// This thread cannot do its work: the call has no sound or pictures in one direction, or no
    /// screen. Waits while the control task is busy.
    pub(crate) fn report(&self) {
        let call = self.call;
        let news = match self.screen {
            Some(screen) => News::ScreenBroken { call, screen },
            None => News::Broken { call },
        };
        // Fails only when the engine is gone.
        let _ = self.news.blocking_send(news);
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.report();
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fault").field(&self.call).finish()
    }
}

/// An open session means local sockets and threads, no answer of the network: far less than a
/// second on any machine. Ten leave room for one that swaps, and end before the user gives up.
const OPEN_LIMIT: Duration = Duration::from_secs(10);

/// How long a session that is opened for nobody may take. It is closed after that, and what a call
/// holds is released within a second of its end.
const GRACE: Duration = Duration::from_millis(500);

/// Twice what a transport promises to take.
pub(crate) const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// Half of the time until a session is asked again, so that questions without an answer do not pile
/// up: each of them keeps its session from being dropped.
const FIGURES_LIMIT: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
