//! The links to relays: our own, where people reach us, and while we call somebody who waits at
//! another relay, one to theirs.

use std::sync::Arc;

use identity::{Address, Identity};
use signal_client::{Link, LinkEvent, LinkState, Problem};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::event::Event;
use crate::view::{RelayProblem, RelayView};

/// All links of this engine.
#[derive(Debug)]
pub(crate) struct Relays {
    identity: Arc<Identity>,
    events: mpsc::Sender<Event>,
    home: Option<Line>,
    visit: Option<(Address, Line)>,
}

/// A link and the task that forwards what comes through it. Dropping it sends what was handed
/// over before, in the background, and then ends both.
#[derive(Debug)]
struct Line {
    url: String,
    link: Option<Link>,
    pump: JoinHandle<()>,
}

/// Which link something came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Home,
    Visit,
}

impl Relays {
    /// No link yet.
    pub(crate) fn new(identity: Arc<Identity>, events: mpsc::Sender<Event>) -> Self {
        Self {
            identity,
            events,
            home: None,
            visit: None,
        }
    }

    /// Lives at this relay from now on; `None` for none. Returns what to show until news comes.
    pub(crate) fn live_at(&mut self, url: Option<&str>) -> Option<RelayView> {
        if self.home.as_ref().map(|it| it.url.as_str()) == url {
            return None;
        }
        self.home = url.map(|url| self.line(url, Which::Home));
        Some(match &self.home {
            Some(Line { link: Some(_), .. }) => RelayView::Connecting,
            Some(Line { link: None, .. }) => RelayView::Offline {
                problem: RelayProblem::NotARelay,
            },
            None => RelayView::None,
        })
    }

    /// Reaches `who` at this relay until [`Relays::leave`]; our own relay needs no visit.
    pub(crate) fn visit(&mut self, who: Address, url: &str) {
        if self.home.as_ref().is_some_and(|it| it.url == url) {
            self.visit = None;
        } else {
            self.visit = Some((who, self.line(url, Which::Visit)));
        }
    }

    /// Ends the visit, if there is one. A relay with two names looks like two, and there our own
    /// visit took the place of the link at home: it is taken back.
    /// Says whether there was one.
    pub(crate) fn leave(&mut self) -> bool {
        if self.visit.take().is_none() {
            return false;
        }
        let taken_over = LinkState::Offline(Problem::TakenOver);
        let home = self.home.as_ref().and_then(|it| it.link.as_ref());
        if let Some(home) = home.filter(|it| *it.state().borrow() == taken_over) {
            home.reconnect();
        }
        true
    }

    /// Says goodbye to all relays, after what was handed over before has gone out.
    pub(crate) async fn close(&mut self) {
        let lines = [self.home.take(), self.visit.take().map(|(_, line)| line)];
        for mut line in lines.into_iter().flatten() {
            if let Some(link) = line.link.take() {
                link.close().await;
            }
        }
    }

    /// Whether a relay is set that `who` can be reached through.
    pub(crate) fn leads_to(&self, who: &Address) -> bool {
        self.home.is_some() || self.visit.as_ref().is_some_and(|(it, _)| it == who)
    }

    /// Whether messages can be sent now: to whom we visit if we do, else to anybody at home.
    pub(crate) fn is_online(&self) -> bool {
        let line = self
            .visit
            .as_ref()
            .map(|(_, line)| line)
            .or(self.home.as_ref());
        line.and_then(|it| it.link.as_ref())
            .is_some_and(|it| matches!(*it.state().borrow(), LinkState::Online))
    }

    /// Sends a call message.
    pub(crate) fn send(&self, to: Address, message: Vec<u8>) {
        let line = match &self.visit {
            Some((who, line)) if *who == to => Some(line),
            Some(_) | None => self.home.as_ref(),
        };
        let Some(link) = line.and_then(|it| it.link.as_ref()) else {
            return;
        };
        if let Err(error) = link.send(to, message.into()) {
            tracing::warn!(%error, "a call message is not sent");
        }
    }

    fn line(&self, url: &str, which: Which) -> Line {
        let (link, inbox) = match Link::connect(url, Arc::clone(&self.identity)) {
            Ok((link, inbox)) => (Some(link), Some(inbox)),
            Err(error) => {
                tracing::warn!(%error, "the relay's URL is not usable");
                (None, None)
            }
        };
        let events = self.events.clone();
        let pump = tokio::spawn(async move {
            if let Some(inbox) = inbox {
                forward(which, inbox, events).await;
            }
        });
        Line {
            url: url.to_owned(),
            link,
            pump,
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.pump.abort();
        if let Some(link) = self.link.take() {
            tokio::spawn(link.close());
        }
    }
}

async fn forward(which: Which, mut inbox: mpsc::Receiver<LinkEvent>, control: mpsc::Sender<Event>) {
    while let Some(event) = inbox.recv().await {
        let event = match event {
            LinkEvent::Message { from, payload } => Event::Message {
                from,
                payload: payload.to_vec(),
            },
            LinkEvent::NotHere { to } => Event::NotHere { to },
            // The trouble is between us and the relay: it says nothing of whom we call, and the
            // phone repeats what matters.
            LinkEvent::Expired { .. } => continue,
            LinkEvent::State(state) => match which {
                Which::Home => Event::Relay(view_of(state)),
                Which::Visit => Event::Visit,
            },
        };
        if control.send(event).await.is_err() {
            return;
        }
    }
}

fn view_of(state: LinkState) -> RelayView {
    match state {
        LinkState::Connecting => RelayView::Connecting,
        LinkState::Online => RelayView::Online,
        LinkState::Offline(problem) => RelayView::Offline {
            problem: match problem {
                Problem::Unreachable => RelayProblem::Unreachable,
                Problem::NotARelay => RelayProblem::NotARelay,
                Problem::Refused => RelayProblem::Refused,
                Problem::TakenOver => RelayProblem::TakenOver,
            },
        },
    }
}
                Problem::Full => RelayProblem::Full,
