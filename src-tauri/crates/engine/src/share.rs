//! What we share: a screen or a window, from the moment that it is wanted until nothing is held of it.
//!
//! Belongs to the control task and never blocks: sources open and close on blocking threads and come
//! back as [`News`]. Whether anything may be shared is for the phone to say; what is shared, and whether
//! it is there, is known here alone. Pictures go from the source's thread into the slot of an encoder
//! and past the gate, which shuts before anything else happens when sharing ends.

use std::sync::Arc;
use std::time::Instant;

use media::backend::screen::{ScreenBackend, ScreenError, ScreenSink, ScreenStream, SourceId};
use media::picture::Captured;
use media::queue::Slot;
use tokio::sync::mpsc;
use tracing::Span;

use crate::gate::Gate;
use crate::machine::Machine;
use crate::timeline::media_time;
use crate::view::{ShareProblem, ShareView};

/// What the control task hears of what is shared.
#[derive(Debug)]
pub(crate) enum News {
    /// The source was opened, or not.
    Opened {
        /// Which opening this answers.
        turn: u64,
        /// The source at work, or why it is not.
        result: Result<Box<dyn ScreenStream>, ScreenError>,
    },
    /// There is nothing to see of it, or there is again.
    Hidden {
        /// Which opening it came from.
        turn: u64,
        /// Whether it is minimised.
        hidden: bool,
    },
    /// The source is gone.
    Ended {
        /// Which opening it came from.
        turn: u64,
        /// Why.
        error: ScreenError,
    },
    /// A source is closed and nothing of it is left.
    Closed,
}

/// What is shared now.
pub(crate) struct Share {
    backend: Arc<dyn ScreenBackend>,
    machine: Machine,
    epoch: Instant,
    news: mpsc::Sender<News>,
    gate: Gate,
    /// What the user chose last.
    chosen: Option<SourceId>,
    state: State,
    /// The number of the last opening.
    turn: u64,
    /// Sources that are on their way to be opened, wanted or not, or to be closed.
    moving: usize,
    /// Why the last share ended by itself.
    problem: Option<ShareProblem>,
    /// What the phone has to be told.
    report: Option<bool>,
}

#[derive(Debug)]
enum State {
    /// Nothing is shared.
    Off,
    /// A source is on its way, and may be minimised.
    Opening { hidden: bool },
    /// A source gives pictures.
    On {
        stream: Box<dyn ScreenStream>,
        hidden: bool,
    },
}

impl Share {
    /// Nothing is shared. `epoch` is where the media timeline of this engine begins.
    pub(crate) fn new(
        backend: Arc<dyn ScreenBackend>,
        machine: Machine,
        epoch: Instant,
        news: mpsc::Sender<News>,
    ) -> Self {
        Self {
            backend,
            machine,
            epoch,
            news,
            gate: Gate::default(),
            chosen: None,
            state: State::Off,
            turn: 0,
            moving: 0,
            problem: None,
            report: None,
        }
    }

    /// The user chose this to be shared.
    pub(crate) fn choose(&mut self, source: SourceId) {
        self.chosen = Some(source);
    }

    /// The phone wants what is chosen to be shared: opens it in the place of what was shared before.
    /// Its pictures go into `slot`.
    pub(crate) fn begin(&mut self, slot: Slot<Captured>) {
        self.problem = None;
        self.close();
        let Some(source) = self.chosen.clone() else {
            return self.end();
        };
        self.turn += 1;
        self.moving += 1;
        self.state = State::Opening { hidden: false };
        let (turn, backend, call) = (self.turn, Arc::clone(&self.backend), Span::current());
        let sink = Box::new(Sink {
            slot,
            news: self.news.clone(),
            turn,
        });
        self.machine.threads.report(self.news.clone(), move || {
            let _call = call.entered();
            let result = backend.open(&source, sink);
            News::Opened { turn, result }
        });
    }

    /// Nothing shall be shared. When this returns, nothing leaves any more.
    pub(crate) fn end(&mut self) {
        self.close();
        self.turn += 1;
        self.report = Some(false);
    }

    /// Sharing ends by itself.
    pub(crate) fn fail(&mut self, problem: ShareProblem) {
        self.end();
        self.problem = Some(problem);
    }

    /// The call is over: why its last share ended is of no interest any more.
    pub(crate) fn forget(&mut self) {
        self.problem = None;
    }

    /// Something became of a source.
    pub(crate) fn on_news(&mut self, news: News) {
        match news {
            News::Opened { turn, result } => {
                self.moving -= 1;
                match result {
                    Ok(stream) if turn == self.turn => self.opened(stream),
                    Ok(stream) => self.let_go(stream),
                    Err(error) if turn == self.turn => {
                        tracing::warn!(%error, "nothing is shared");
                        self.fail(ShareProblem::from(&error));
                    }
                    Err(_) => {}
                }
            }
            News::Hidden { turn, hidden: now } => match &mut self.state {
                State::Opening { hidden } | State::On { hidden, .. } if turn == self.turn => {
                    *hidden = now;
                }
                State::Off | State::Opening { .. } | State::On { .. } => {}
            },
            News::Ended { turn, error } => {
                if turn == self.turn {
                    tracing::info!(%error, "what was shared is gone");
                    self.fail(ShareProblem::from(&error));
                }
            }
            News::Closed => self.moving -= 1,
        }
    }

    /// What the phone has to be told, if anything.
    pub(crate) fn report(&mut self) -> Option<bool> {
        self.report.take()
    }

    /// Where our screen leaves.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Whether nothing of a source is held any more.
    pub(crate) fn is_released(&self) -> bool {
        matches!(self.state, State::Off) && self.moving == 0
    }

    /// What the user reads of it.
    pub(crate) fn view(&self) -> ShareView {
        match &self.state {
            State::Off => ShareView::Off {
                problem: self.problem,
            },
            State::Opening { .. } => ShareView::Starting,
            State::On { stream, hidden } => ShareView::On {
                name: stream.source().name.clone(),
                kind: stream.source().kind,
                hidden: *hidden,
            },
        }
    }

    fn opened(&mut self, stream: Box<dyn ScreenStream>) {
        let hidden = match self.state {
            State::Opening { hidden } => hidden,
            State::Off | State::On { .. } => false,
        };
        self.state = State::On { stream, hidden };
        self.gate
            .open(media_time(self.epoch, self.machine.clock.media_now()));
        self.report = Some(true);
    }

    fn close(&mut self) {
        self.gate.shut();
        match std::mem::replace(&mut self.state, State::Off) {
            State::On { stream, .. } => self.let_go(stream),
            // What still opens is let go of when it is there.
            State::Off | State::Opening { .. } => {}
        }
    }

    fn let_go(&mut self, stream: Box<dyn ScreenStream>) {
        self.moving += 1;
        let call = Span::current();
        self.machine.threads.report(self.news.clone(), move || {
            let _call = call.entered();
            drop(stream);
            News::Closed
        });
    }
}

struct Sink {
    slot: Slot<Captured>,
    news: mpsc::Sender<News>,
    turn: u64,
}

impl Sink {
    /// Fails only when the engine is gone.
    fn tell(&self, news: News) {
        let _ = self.news.blocking_send(news);
    }
}

impl ScreenSink for Sink {
    fn picture(&mut self, captured: Captured) {
        self.slot.push(captured);
    }

    fn hidden(&mut self, hidden: bool) {
        let turn = self.turn;
        self.tell(News::Hidden { turn, hidden });
    }

    fn ended(&mut self, error: ScreenError) {
        let turn = self.turn;
        self.tell(News::Ended { turn, error });
    }
}
