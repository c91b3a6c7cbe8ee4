//! The links to relays: our home, where people reach us; while we call somebody who waits at another
//! relay, a guest link to theirs; and on local networks one to our own relay, and those to relays of
//! neighbours.

mod dial;
mod link;
mod route;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use call::id::CallId;
use identity::{Address, Identity};
use media::transport::{Credentials, IceServer, NoAccess};
use signal_client::{Absence, Config, LinkState, Problem, Reach};
use tokio::sync::mpsc;

pub use self::dial::{Dialer, Dialled, RelayConnection, SignalClient};
pub(crate) use self::link::{LinkId, Way};
use self::link::{RelayLink, normal, view_of};
pub(crate) use self::route::{Due, Routes};
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
        /// By which link, and who sent it, as the relay says.
        way: Way,
        /// What: untrusted bytes.
        frame: Bytes,
    },
    /// A relay says that nobody is there.
    NotHere {
        /// Where.
        way: Way,
        /// Why.
        why: Absence,
    },
    /// A relay gives access to a server that carries calls, or does not.
    Access {
        /// By which link.
        link: LinkId,
        /// For which call.
        call: CallId,
        /// What it says.
        answer: Result<Credentials, NoAccess>,
    },
    /// A link changed: see [`Relays::state`].
    Link(LinkId),
}

/// All links of this engine.
#[derive(Debug)]
pub(crate) struct Relays {
    dialer: Arc<dyn Dialer>,
    identity: Arc<Identity>,
    clock: Clock,
    news: mpsc::Sender<News>,
    links: BTreeMap<LinkId, RelayLink>,
    /// Whom we call at the guest relay: only messages for this person go there.
    guest: Option<Address>,
    /// When the last guest link was closed; `None` once the home link was taken back after it.
    guest_closed_at: Option<Instant>,
    /// Until when the links stay away that [failed on purpose](Self::fail).
    away_until: Option<Instant>,
    unsent: LogRate,
}

/// A relay on a local network.
#[derive(Debug)]
pub(crate) struct LocalRelay {
    /// Whose we are there.
    pub(crate) alias: Arc<Identity>,
    /// What it takes as its name, with its port.
    pub(crate) url: String,
    /// Where it may be reached, the best first.
    pub(crate) places: Vec<SocketAddr>,
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
            links: BTreeMap::new(),
            guest: None,
            guest_closed_at: None,
            away_until: None,
            unsent: LogRate::default(),
        }
    }

    /// Makes this relay our home; `None` for none. Whether that was not so before.
    pub(crate) fn set_home(&mut self, url: Option<&str>) -> bool {
        let url = url.map(normal);
        if self.url(LinkId::Home) == url.as_deref() {
            return false;
        }
        // A relay keeps one session per address, so two links to it would end each other.
        if url.is_some() && self.url(LinkId::Guest) == url.as_deref() {
            self.links.remove(&LinkId::Guest);
        }
        match url {
            Some(url) => self.start(LinkId::Home, url, Config::default()),
            None => {
                self.links.remove(&LinkId::Home);
            }
        }
        true
    }

    /// Opens a guest link to this relay, to reach `whom` there until [`Relays::close_guest`]. Our
    /// home needs no second link.
    pub(crate) fn open_guest(&mut self, whom: Address, url: &str) {
        let url = normal(url);
        self.guest_closed_at = None;
        self.guest = Some(whom);
        if self.url(LinkId::Home) == Some(&url) {
            self.links.remove(&LinkId::Guest);
        } else {
            let config = Config {
                reach: Reach::EncryptedOrNearby,
                ..Config::default()
            };
            self.start(LinkId::Guest, url, config);
        }
    }

    /// Opens a link to a relay on a local network, in place of one of the same id.
    pub(crate) fn open_local(&mut self, id: LinkId, relay: LocalRelay) {
        let config = Config {
            reach: Reach::EncryptedOrNearby,
            addresses: relay.places,
            ..Config::default()
        };
        let alias = relay.alias;
        let link = self.connect(id, relay.url, &alias, config);
        self.links.insert(id, link);
    }

    /// Closes a link, after what was handed over before has gone out.
    pub(crate) fn close_link(&mut self, id: LinkId) {
        self.links.remove(&id);
    }

    /// Closes the links to relays of neighbours but those that are to be kept.
    pub(crate) fn close_neighbours(&mut self, is_kept: impl Fn(&Address) -> bool) {
        self.links.retain(|id, _| match id {
            LinkId::Neighbour(alias) => is_kept(alias),
            LinkId::Home | LinkId::Guest | LinkId::Own => true,
        });
    }

    /// Closes the guest link, if there is one. To be called after every event without a call,
    /// because the home link may have to be taken back a while later:
    ///
    /// A relay keeps one session per address, and a relay with two host names looks like two. A
    /// guest link to our own home under its other name therefore ends the home link as taken over,
    /// at the latest when a greeting that was on its way arrives after the guest link's end. Within
    /// [`GUEST_AFTERMATH`] a home link that is taken over is connected again, once; later it was
    /// another copy of this profile, which keeps what it took.
    pub(crate) fn close_guest(&mut self) {
        self.guest = None;
        if self.links.remove(&LinkId::Guest).is_some() {
            self.guest_closed_at = Some(self.clock.now());
        }
        let lately = self
            .guest_closed_at
            .is_some_and(|it| self.clock.now() < it + GUEST_AFTERMATH);
        let taken_over = LinkState::Offline(Problem::TakenOver);
        if lately && self.state(LinkId::Home) == Some(taken_over) {
            self.guest_closed_at = None;
            self.reconnect();
        }
    }

    /// Connects to our home again, at once.
    pub(crate) fn reconnect(&self) {
        if let Some(home) = self.links.get(&LinkId::Home) {
            home.reconnect();
        }
    }

    /// Makes sure at once that every link still leads to its relay: the network changed, or a call
    /// lost its path.
    pub(crate) fn probe(&self) {
        self.links.values().for_each(RelayLink::probe);
    }

    /// Makes sure, before a call, that the links work that seem to: who calls is told soon where the
    /// relay hangs. An attempt to connect goes on.
    pub(crate) fn probe_before_call(&self) {
        let links = self.links.values();
        links
            .filter(|it| it.state() != LinkState::Connecting)
            .for_each(RelayLink::probe);
    }

    /// Whether a call waits for the links: then they are tried again soon after each failure.
    pub(crate) fn set_urgent(&self, is_urgent: bool) {
        self.links.values().for_each(|it| it.set_urgent(is_urgent));
    }

    /// Breaks all links, for so long.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn fail(&mut self, time: Duration) -> Result<(), CommandError> {
        if self.links.is_empty() {
            return Err(CommandError::NoRelay);
        }
        self.links.values().for_each(RelayLink::disconnect);
        self.away_until = Some(self.clock.now() + time);
        Ok(())
    }

    /// Time passes: links that failed on purpose are connected again once it is over.
    pub(crate) fn pass(&mut self) {
        let now = self.clock.now();
        if self.away_until.take_if(|until| *until <= now).is_some() {
            self.links.values().for_each(RelayLink::reconnect);
        }
    }

    /// Says goodbye to all relays, after what was handed over before has gone out.
    pub(crate) async fn close(&mut self) {
        let links = std::mem::take(&mut self.links).into_values();
        futures::future::join_all(links.map(RelayLink::close)).await;
    }

    /// How a link stands; `None` where there is none.
    pub(crate) fn state(&self, id: LinkId) -> Option<LinkState> {
        self.links.get(&id).map(RelayLink::state)
    }

    /// What there is to say of a link.
    pub(crate) fn view(&self, id: LinkId) -> RelayView {
        self.state(id).map_or(RelayView::None, view_of)
    }

    /// Whether a link works or is on its way.
    pub(crate) fn may_come_up(&self, id: LinkId) -> bool {
        match self.state(id) {
            Some(LinkState::Online | LinkState::Connecting) => true,
            Some(LinkState::Offline(_)) | None => false,
        }
    }

    /// Whether the program of a link's relay has ended, as its machine says.
    pub(crate) fn is_gone(&self, id: LinkId) -> bool {
        self.state(id) == Some(LinkState::Offline(Problem::Gone))
    }

    /// Whether messages can be sent by a link now.
    pub(crate) fn is_online(&self, id: LinkId) -> bool {
        self.state(id) == Some(LinkState::Online)
    }

    /// How somebody is reached who is not known to be on our networks: while there is a guest link to
    /// whom we call there, else through our home. `None` where there is neither.
    pub(crate) fn far_way(&self, who: &Address) -> Option<Way> {
        let is_guest = self.guest == Some(*who) && self.links.contains_key(&LinkId::Guest);
        let link = if is_guest {
            LinkId::Guest
        } else {
            LinkId::Home
        };
        let exists = self.links.contains_key(&link);
        exists.then_some(Way { link, at: *who })
    }

    /// The servers that our relays name for finding a path: home's, and those of the relay of whom
    /// we call. None whose credentials are not good any more, and none that a neighbour names.
    pub(crate) fn ice_servers(&self) -> Vec<IceServer> {
        let now = self.clock.now();
        let mut servers: Vec<IceServer> = Vec::new();
        let links = [LinkId::Home, LinkId::Guest];
        let links = links.iter().filter_map(|it| self.links.get(it));
        for server in links.flat_map(|it| it.ice_servers(now)) {
            if !servers.contains(&server) {
                servers.push(server);
            }
        }
        servers
    }

    /// Asks a relay for access to a server that carries this call with this person; answered by
    /// [`News::Access`]. Whether there is a link that takes the question.
    pub(crate) fn ask_for_access(&self, link: LinkId, call: CallId, with: Address) -> bool {
        let link = self.links.get(&link);
        link.is_some_and(|it| it.ask_for_access(call, with))
    }

    /// Gives back what a relay gave for this call.
    pub(crate) fn release_access(&self, link: LinkId, call: CallId) {
        if let Some(link) = self.links.get(&link) {
            link.release_access(call);
        }
    }

    /// Sends a frame. One that anybody can cause leaves room in the link for those of our own
    /// call, and is dropped where it cannot.
    pub(crate) fn send(&mut self, way: Way, frame: Vec<u8>, priority: Priority) {
        let Some(link) = self.links.get(&way.link) else {
            return;
        };
        if let Err(error) = link.send(way.at, frame, priority)
            && let Some(skipped) = self.unsent.admit(self.clock.now())
        {
            tracing::warn!(%error, skipped, "a frame is not sent");
        }
    }

    fn url(&self, id: LinkId) -> Option<&str> {
        self.links.get(&id).map(RelayLink::url)
    }

    fn start(&mut self, id: LinkId, url: String, config: Config) {
        let identity = Arc::clone(&self.identity);
        let link = self.connect(id, url, &identity, config);
        self.links.insert(id, link);
    }

    fn connect(
        &self,
        id: LinkId,
        url: String,
        identity: &Arc<Identity>,
        config: Config,
    ) -> RelayLink {
        let dialer = self.dialer.as_ref();
        RelayLink::start(dialer, url, id, identity, config, self.news.clone())
    }
}

/// How long after the end of a guest link its greeting may still arrive at a relay and end the home
/// link there: longer than a link takes to dial.
const GUEST_AFTERMATH: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
