//! The links to relays: our own, where people reach us, and while we call somebody who waits at
//! another relay, one to theirs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use identity::{Address, Identity, check_relay_url};
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
    /// When the last visit ended; `None` once home was taken back after it.
    left_at: Option<Instant>,
}

/// A link and the task that forwards what comes through it. Dropping it sends what was handed
/// over before, in the background, and then ends both.
#[derive(Debug)]
struct Line {
    /// In its normal form, so that two links never go to one place.
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
            left_at: None,
        }
    }

    /// Lives at this relay from now on; `None` for none. Returns what to show until news comes.
    pub(crate) fn live_at(&mut self, url: Option<&str>) -> Option<RelayView> {
        let url = url.map(normal);
        if self.home.as_ref().map(|it| &it.url) == url.as_ref() {
            return None;
        }
        // Two links to one relay would throw each other out.
        self.visit
            .take_if(|(_, line)| url.as_ref() == Some(&line.url));
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
        let url = normal(url);
        self.left_at = None;
        if self.home.as_ref().is_some_and(|it| it.url == url) {
            self.visit = None;
        } else {
            self.visit = Some((who, self.line(url, Which::Visit)));
        }
    }

    /// Ends the visit, if there is one, and says whether there was. A relay with two names looks
    /// like two, and there our own visit takes the place of the link at home, even a moment after
    /// its end: asked again after whatever happens, this takes it back once.
    pub(crate) fn leave(&mut self) -> bool {
        let left = self.visit.take().is_some();
        if left {
            self.left_at = Some(Instant::now());
        }
        let taken_over = LinkState::Offline(Problem::TakenOver);
        if self.left_at.is_some_and(|it| it.elapsed() < AFTERMATH)
            && self
                .home_link()
                .is_some_and(|it| *it.state().borrow() == taken_over)
        {
            self.left_at = None;
            self.reconnect();
        }
        left
    }

    /// Connects to our own relay again, at once.
    pub(crate) fn reconnect(&self) {
        if let Some(link) = self.home_link() {
            link.reconnect();
        }
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

    fn home_link(&self) -> Option<&Link> {
        self.home.as_ref().and_then(|it| it.link.as_ref())
    }

    fn line(&self, url: String, which: Which) -> Line {
        let (link, inbox) = match Link::connect(&url, Arc::clone(&self.identity)) {
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
        Line { url, link, pump }
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

/// What the URL of a relay is compared by; a text that is none is compared as it is.
fn normal(url: &str) -> String {
    check_relay_url(url).unwrap_or_else(|_| url.to_owned())
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
                Problem::Full => RelayProblem::Full,
                Problem::TakenOver => RelayProblem::TakenOver,
                Problem::CertificateUntrusted => RelayProblem::CertificateUntrusted,
                Problem::CertificateExpired => RelayProblem::CertificateExpired,
                Problem::CertificateOtherName => RelayProblem::CertificateOtherName,
                Problem::Unencrypted => RelayProblem::Unencrypted,
            },
        },
    }
}

/// How long after a visit its greeting may still arrive at the relay and take the place of home:
/// longer than a link takes to dial.
const AFTERMATH: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio::time::{sleep, timeout};

    use super::*;

    const TAKEN_OVER: RelayView = RelayView::Offline {
        problem: RelayProblem::TakenOver,
    };

    /// A relay of two names, `127.0.0.1` and `localhost`.
    async fn relay() -> [String; 2] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let never = std::future::pending();
        let config = signal_relay::Config::default();
        tokio::spawn(signal_relay::serve(listener, config, never));
        ["127.0.0.1", "localhost"].map(|host| format!("ws://{host}:{port}"))
    }

    fn relays() -> (Relays, mpsc::Receiver<Event>) {
        let (events, heard) = mpsc::channel(64);
        let identity = Identity::from_seed(&[1; 32]);
        (Relays::new(Arc::new(identity), events), heard)
    }

    fn somebody() -> Address {
        Identity::from_seed(&[2; 32]).address()
    }

    async fn until(heard: &mut mpsc::Receiver<Event>, view: &RelayView) {
        let told = async {
            while let Some(event) = heard.recv().await {
                if matches!(&event, Event::Relay(now) if now == view) {
                    return;
                }
            }
        };
        timeout(Duration::from_secs(10), told).await.unwrap();
    }

    #[tokio::test]
    async fn a_relay_spelt_in_two_ways_has_one_link() {
        let (mut relays, _heard) = relays();
        let connecting = Some(RelayView::Connecting);
        assert_eq!(relays.live_at(Some("ws://127.0.0.1:1")), connecting);
        assert_eq!(relays.live_at(Some("ws://127.0.0.1:1/")), None);
        relays.visit(somebody(), "ws://127.0.0.1:1/v1");
        assert!(relays.visit.is_none());

        relays.visit(somebody(), "ws://127.0.0.1:2/v1");
        assert!(relays.visit.is_some());
        assert_eq!(relays.live_at(Some("ws://127.0.0.1:2")), connecting);
        assert!(relays.visit.is_none());
    }

    #[tokio::test]
    async fn home_is_taken_back_from_our_own_visit() {
        let [home, other_name] = relay().await;
        let (mut relays, mut heard) = relays();
        relays.live_at(Some(&home));
        until(&mut heard, &RelayView::Online).await;
        relays.visit(somebody(), &other_name);
        until(&mut heard, &TAKEN_OVER).await;
        assert!(relays.leave());
        until(&mut heard, &RelayView::Online).await;
    }

    #[tokio::test]
    async fn home_is_taken_back_from_a_visit_that_arrives_after_its_end() {
        let [home, other_name] = relay().await;
        let (mut relays, mut heard) = relays();
        relays.live_at(Some(&home));
        until(&mut heard, &RelayView::Online).await;
        relays.visit(somebody(), &other_name);
        assert!(relays.leave());
        let late = Link::connect(&other_name, Arc::clone(&relays.identity)).unwrap();
        until(&mut heard, &TAKEN_OVER).await;
        assert!(!relays.leave());
        until(&mut heard, &RelayView::Online).await;
        drop(late);
    }

    #[tokio::test]
    async fn another_copy_keeps_what_it_took_until_the_user_wants_it_back() {
        let [home, _] = relay().await;
        let (mut relays, mut heard) = relays();
        relays.live_at(Some(&home));
        until(&mut heard, &RelayView::Online).await;
        let (copy, _its_events) = Link::connect(&home, Arc::clone(&relays.identity)).unwrap();
        until(&mut heard, &TAKEN_OVER).await;
        assert!(!relays.leave());
        sleep(Duration::from_millis(200)).await;
        assert_eq!(*copy.state().borrow(), LinkState::Online);
        relays.reconnect();
        until(&mut heard, &RelayView::Online).await;
    }
}
