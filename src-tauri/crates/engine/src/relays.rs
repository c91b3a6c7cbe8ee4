//! The links to relays: our home, where people reach us, and while we call somebody who waits at
//! another relay, a guest link to theirs.

mod dial;
mod link;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use identity::{Address, Identity};
use media::transport::IceServer;
use signal_client::{Absence, LinkState, Problem};
use tokio::sync::mpsc;

pub use self::dial::{Dialer, Dialled, RelayConnection, SignalClient};
use self::link::{RelayLink, Which, normal, view_of};
use crate::clock::Clock;
use crate::command::CommandError;
use crate::log_rate::LogRate;
use crate::sealing::Priority;
use crate::view::RelayView;

/// What the control task hears of relays.
#[derive(Debug)]
pub(crate) enum News {
    /// A frame came through a relay.
    Frame {
        /// Who sent it, as the relay says.
        from: Address,
        /// What: untrusted bytes.
        frame: Bytes,
    },
    /// A relay says that nobody is at this address.
    NotHere {
        /// Where.
        to: Address,
        /// Why.
        why: Absence,
    },
    /// The link to our home relay changed.
    Home(RelayView),
    /// The link to the guest relay changed: see [`Relays::guest`].
    Guest,
}

/// All links of this engine.
#[derive(Debug)]
pub(crate) struct Relays {
    dialer: Arc<dyn Dialer>,
    identity: Arc<Identity>,
    clock: Clock,
    news: mpsc::Sender<News>,
    home: Option<RelayLink>,
    guest: Option<Guest>,
    /// When the last guest link was closed; `None` once the home link was taken back after it.
    guest_closed_at: Option<Instant>,
    /// Until when the links stay away that [failed on purpose](Self::fail).
    away_until: Option<Instant>,
    unsent: LogRate,
}

/// A link to the relay of one person whom we call.
#[derive(Debug)]
struct Guest {
    /// Only messages for this person go this way.
    whom: Address,
    link: RelayLink,
}

impl Relays {
    /// No link yet.
    pub(crate) fn new(
        dialer: Arc<dyn Dialer>,
        identity: Arc<Identity>,
        clock: Clock,
        news: mpsc::Sender<News>,
    ) -> Self {
        Self {
            dialer,
            identity,
            clock,
            news,
            home: None,
            guest: None,
            guest_closed_at: None,
            away_until: None,
            unsent: LogRate::default(),
        }
    }

    /// Makes this relay our home; `None` for none. Returns what to show until news comes, or
    /// `None` when that was our home already.
    pub(crate) fn set_home(&mut self, url: Option<&str>) -> Option<RelayView> {
        let url = url.map(normal);
        if self.home.as_ref().map(RelayLink::url) == url.as_deref() {
            return None;
        }
        // A relay keeps one session per address, so two links to it would end each other.
        self.guest
            .take_if(|guest| url.as_deref() == Some(guest.link.url()));
        self.home = url.map(|url| self.start(url, Which::Home));
        Some(match &self.home {
            Some(link) => view_of(link.state()),
            None => RelayView::None,
        })
    }

    /// Opens a guest link to this relay, to reach `whom` there until [`Relays::close_guest`]. Our
    /// home needs no second link.
    pub(crate) fn open_guest(&mut self, whom: Address, url: &str) {
        let url = normal(url);
        self.guest_closed_at = None;
        self.guest = if self.home.as_ref().is_some_and(|it| it.url() == url) {
            None
        } else {
            let link = self.start(url, Which::Guest);
            Some(Guest { whom, link })
        };
    }

    /// Closes the guest link, if there is one, and says whether there was. To be called after
    /// every event without a call, because the home link may have to be taken back a while later:
    ///
    /// A relay keeps one session per address, and a relay with two host names looks like two. A
    /// guest link to our own home under its other name therefore ends the home link as taken over,
    /// at the latest when a greeting that was on its way arrives after the guest link's end. Within
    /// [`GUEST_AFTERMATH`] a home link that is taken over is connected again, once; later it was
    /// another copy of this profile, which keeps what it took.
    pub(crate) fn close_guest(&mut self) -> bool {
        let closed = self.guest.take().is_some();
        if closed {
            self.guest_closed_at = Some(self.clock.now());
        }
        let lately = self
            .guest_closed_at
            .is_some_and(|it| self.clock.now() < it + GUEST_AFTERMATH);
        let taken_over = LinkState::Offline(Problem::TakenOver);
        if lately && self.home.as_ref().map(RelayLink::state) == Some(taken_over) {
            self.guest_closed_at = None;
            self.reconnect();
        }
        closed
    }

    /// Connects to our home again, at once.
    pub(crate) fn reconnect(&self) {
        if let Some(home) = &self.home {
            home.reconnect();
        }
    }

    /// Makes sure at once that every link still leads to its relay: the network changed, or a call
    /// lost its path.
    pub(crate) fn probe(&self) {
        self.links().for_each(RelayLink::probe);
    }

    /// Makes sure, before a call, that the links work that seem to: who calls is told soon where the
    /// relay hangs. An attempt to connect goes on.
    pub(crate) fn probe_before_call(&self) {
        let links = self.links();
        links
            .filter(|it| it.state() != LinkState::Connecting)
            .for_each(RelayLink::probe);
    }

    /// Whether a call waits for the links: then they are tried again soon after each failure.
    pub(crate) fn set_urgent(&self, is_urgent: bool) {
        self.links().for_each(|it| it.set_urgent(is_urgent));
    }

    /// Breaks all links, for so long.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn fail(&mut self, time: Duration) -> Result<(), CommandError> {
        if self.links().next().is_none() {
            return Err(CommandError::NoRelay);
        }
        self.links().for_each(RelayLink::disconnect);
        self.away_until = Some(self.clock.now() + time);
        Ok(())
    }

    /// Time passes: links that failed on purpose are connected again once it is over.
    pub(crate) fn pass(&mut self) {
        let now = self.clock.now();
        if self.away_until.take_if(|until| *until <= now).is_some() {
            self.links().for_each(RelayLink::reconnect);
        }
    }

    /// Says goodbye to all relays, after what was handed over before has gone out.
    pub(crate) async fn close(&mut self) {
        let links = [self.home.take(), self.guest.take().map(|it| it.link)];
        for link in links.into_iter().flatten() {
            link.close().await;
        }
    }

    /// What there is to say of the guest link, while there is one.
    pub(crate) fn guest(&self) -> Option<RelayView> {
        self.guest.as_ref().map(|it| view_of(it.link.state()))
    }

    /// Whether a relay is set that `who` can be reached through.
    pub(crate) fn leads_to(&self, who: &Address) -> bool {
        self.home.is_some() || self.guest.as_ref().is_some_and(|it| it.whom == *who)
    }

    /// Whether messages can be sent now: while there is a guest link to whom we call there, else
    /// through our home.
    pub(crate) fn is_online(&self) -> bool {
        let guest = self.guest.as_ref().map(|it| &it.link);
        guest
            .or(self.home.as_ref())
            .is_some_and(|it| it.state() == LinkState::Online)
    }

    /// The servers that our relays name for finding a path: home's, and those of the relay of whom
    /// we call. None whose credentials are not good any more.
    pub(crate) fn ice_servers(&self) -> Vec<IceServer> {
        let now = self.clock.now();
        let mut servers: Vec<IceServer> = Vec::new();
        for server in self.links().flat_map(|it| it.ice_servers(now)) {
            if !servers.contains(&server) {
                servers.push(server);
            }
        }
        servers
    }

    /// Sends a sealed frame. One that anybody can cause leaves room in the link for those of our own
    /// call, and is dropped where it cannot.
    pub(crate) fn send(&mut self, to: Address, frame: Vec<u8>, priority: Priority) {
        let link = match &self.guest {
            Some(guest) if guest.whom == to => Some(&guest.link),
            Some(_) | None => self.home.as_ref(),
        };
        let Some(link) = link else { return };
        if let Err(error) = link.send(to, frame, priority)
            && let Some(skipped) = self.unsent.admit(self.clock.now())
        {
            tracing::warn!(%error, skipped, "a frame is not sent");
        }
    }

    fn links(&self) -> impl Iterator<Item = &RelayLink> {
        let guest = self.guest.as_ref().map(|it| &it.link);
        self.home.iter().chain(guest)
    }

    fn start(&self, url: String, which: Which) -> RelayLink {
        RelayLink::start(
            self.dialer.as_ref(),
            url,
            which,
            &self.identity,
            self.news.clone(),
        )
    }
}

/// How long after the end of a guest link its greeting may still arrive at a relay and end the home
/// link there: longer than a link takes to dial.
const GUEST_AFTERMATH: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
