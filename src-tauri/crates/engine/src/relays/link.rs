//! One link to one relay, and the task that forwards what comes through it.

use std::sync::Arc;
use std::time::Instant;

use call::id::CallId;
use identity::{Address, Identity, check_relay_url};
use media::transport::{Credentials, IceServer, NoAccess};
use signal_client::{
    CallNumber, Config, IceServers, Link, LinkEvent, LinkState, Problem, SendError,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::News;
use super::dial::{Dialer, RelayConnection};
use crate::sealing::Priority;
use crate::view::RelayView;

/// A link and its forwarding task. Dropping it sends what was handed over before, in the
/// background, and then ends both.
#[derive(Debug)]
pub(super) struct RelayLink {
    /// In its normal form, so that two links never go to one place.
    url: String,
    /// `None` when the URL is not usable.
    link: Option<Box<dyn RelayConnection>>,
    /// What the relay named last.
    servers: watch::Receiver<Option<IceServers>>,
    forwarding: JoinHandle<()>,
}

/// Which relay a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LinkId {
    /// That which the user chose and where people reach us.
    Home,
    /// That of somebody whom we call, named by a link that anybody may have made.
    Guest,
    /// Our own on local networks, where neighbours reach us by our alias.
    Own,
    /// That of the neighbour with this alias.
    Neighbour(Address),
}

impl LinkId {
    /// Whether people have aliases there.
    pub(crate) const fn is_local(self) -> bool {
        match self {
            Self::Own | Self::Neighbour(_) => true,
            Self::Home | Self::Guest => false,
        }
    }
}

/// How somebody is reached: by a link, and an address at its relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// By which link.
    pub(crate) link: LinkId,
    /// The person's address at the relay there: on local networks an alias.
    pub(crate) at: Address,
}

impl RelayLink {
    /// Starts a link to the relay at `url`, which is in its [normal form](normal).
    pub(super) fn start(
        dialer: &dyn Dialer,
        url: String,
        id: LinkId,
        identity: &Arc<Identity>,
        config: Config,
        news: mpsc::Sender<News>,
    ) -> Self {
        let (link, events) = match dialer.dial(&url, Arc::clone(identity), config) {
            Ok((link, events)) => (Some(link), Some(events)),
            Err(error) => {
                tracing::warn!(%error, "the relay's URL is not usable");
                (None, None)
            }
        };
        let (named, servers) = watch::channel(None);
        let forwarding = tokio::spawn(async move {
            if let Some(events) = events {
                forward(id, events, news, named).await;
            }
        });
        Self {
            url,
            link,
            servers,
            forwarding,
        }
    }

    /// The relay's URL in its normal form.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// How the link stands now.
    pub(super) fn state(&self) -> LinkState {
        match &self.link {
            Some(link) => link.state(),
            None => LinkState::Offline(Problem::NotARelay),
        }
    }

    /// The servers that the relay named, while they are good.
    pub(super) fn ice_servers(&self, now: Instant) -> Vec<IceServer> {
        usable(self.servers.borrow().as_ref(), now)
    }

    /// Sends a sealed frame, now or as soon as the relay is there.
    ///
    /// # Errors
    /// When the link has no place for a frame of this priority.
    pub(super) fn send(
        &self,
        to: Address,
        frame: Vec<u8>,
        priority: Priority,
    ) -> Result<(), SendError> {
        let Some(link) = &self.link else {
            return Ok(());
        };
        let reserved = match priority {
            Priority::OurCall => 0,
            Priority::Others => RESERVED,
        };
        if link.room() <= reserved {
            return Err(SendError::Full);
        }
        link.send(to, frame.into())
    }

    /// Asks for access to a server that carries this call, now or as soon as the relay is there, and
    /// says whether the link takes the question.
    pub(super) fn ask_for_access(&self, call: CallId, with: Address) -> bool {
        let link = self.link.as_ref();
        link.is_some_and(|it| it.ask_access(CallNumber(call.0), with).is_ok())
    }

    /// Gives it back.
    pub(super) fn release_access(&self, call: CallId) {
        // A link that is full or gone leaves it to the relay, which sees that nobody is in the room.
        if let Some(Err(error)) = self
            .link
            .as_ref()
            .map(|it| it.release_access(CallNumber(call.0)))
        {
            tracing::warn!(%error, "access is not given back");
        }
    }

    /// Connects again, at once.
    pub(super) fn reconnect(&self) {
        if let Some(link) = &self.link {
            link.reconnect();
        }
    }

    /// Makes sure that the connection still works.
    pub(super) fn probe(&self) {
        if let Some(link) = &self.link {
            link.probe();
        }
    }

    /// Says whether a call waits for the link, so that it is tried again soon after each failure.
    pub(super) fn set_urgent(&self, is_urgent: bool) {
        if let Some(link) = &self.link {
            link.set_urgent(is_urgent);
        }
    }

    /// Breaks the connection, and connects again only when asked to.
    pub(super) fn disconnect(&self) {
        if let Some(link) = &self.link {
            link.disconnect();
        }
    }

    /// Sends what was handed over before, says goodbye and ends.
    pub(super) async fn close(mut self) {
        if let Some(link) = self.link.take() {
            link.close().await;
        }
    }
}

impl Drop for RelayLink {
    fn drop(&mut self) {
        self.forwarding.abort();
        if let Some(link) = self.link.take() {
            tokio::spawn(link.close());
        }
    }
}

/// What the URL of a relay is compared by; a text that is none is compared as it is.
pub(super) fn normal(url: &str) -> String {
    check_relay_url(url).unwrap_or_else(|_| url.to_owned())
}

/// Forwards what the control task shall hear; servers are kept for when they are asked for.
pub(super) async fn forward(
    link: LinkId,
    mut events: mpsc::Receiver<LinkEvent>,
    control: mpsc::Sender<News>,
    named: watch::Sender<Option<IceServers>>,
) {
    while let Some(event) = events.recv().await {
        let news = match event {
            LinkEvent::Message { from, payload } => News::Frame {
                way: Way { link, at: from },
                frame: payload,
            },
            LinkEvent::NotHere { to, why } => News::NotHere {
                way: Way { link, at: to },
                why,
            },
            LinkEvent::IceServers(servers) => {
                named.send_replace(Some(servers));
                continue;
            }
            LinkEvent::Refused { to: _ } => {
                // Whoever it was for may well be there, and the phone repeats what still matters.
                tracing::debug!("the relay did not take a call message");
                continue;
            }
            // An expired message says that our own link was down, and nothing of the person it was
            // for; the phone repeats what still matters.
            LinkEvent::Expired { .. } => continue,
            LinkEvent::Access {
                call, url, token, ..
            } => News::Access {
                link,
                call: CallId(call.0),
                answer: credentials(link, url, token.as_str()),
            },
            LinkEvent::NoAccess { call, why } => {
                tracing::warn!(?why, "the relay gives no access to a server");
                News::Access {
                    link,
                    call: CallId(call.0),
                    answer: Err(NoAccess),
                }
            }
            LinkEvent::State(_) => News::Link(link),
        };
        if control.send(news).await.is_err() {
            return;
        }
    }
}

/// What a relay gives, where we go there. Anybody can make a link that names a relay of theirs, and
/// must not send us unencrypted to whatever machine they like.
pub(super) fn credentials(link: LinkId, url: String, token: &str) -> Result<Credentials, NoAccess> {
    if link != LinkId::Home && !url.starts_with("wss:") {
        tracing::warn!("a relay that is not ours names a server without encryption");
        return Err(NoAccess);
    }
    let token = token.to_owned();
    Ok(Credentials { url, token })
}

/// Those servers whose credentials are good now.
pub(super) fn usable(named: Option<&IceServers>, now: Instant) -> Vec<IceServer> {
    let good = named.filter(|it| now < it.valid_until);
    let servers = good.iter().flat_map(|it| &it.servers);
    servers
        .map(|it| IceServer {
            url: it.url.clone(),
            username: it.username.clone(),
            credential: it.credential.clone(),
        })
        .collect()
}

/// What the user reads of a link in this state.
pub(super) fn view_of(state: LinkState) -> RelayView {
    match state {
        LinkState::Connecting => RelayView::Connecting,
        LinkState::Online => RelayView::Online,
        LinkState::Offline(problem) => RelayView::Offline {
            problem: problem.into(),
        },
    }
}

/// Places of a link that only frames for the other side of our own call may take: a whole offer with
/// its candidates, and the answers that anybody can cause keep as many.
const RESERVED: usize = Link::CAPACITY / 2;
