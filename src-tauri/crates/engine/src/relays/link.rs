//! One link to one relay, and the task that forwards what comes through it.

use std::sync::Arc;

use identity::{Address, Identity, check_relay_url};
use signal_client::{Config, Link, LinkEvent, LinkState, Problem, Reach};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::News;
use crate::view::{RelayProblem, RelayView};

/// A link and its forwarding task. Dropping it sends what was handed over before, in the
/// background, and then ends both.
#[derive(Debug)]
pub(super) struct RelayLink {
    /// In its normal form, so that two links never go to one place.
    url: String,
    /// `None` when the URL is not usable.
    link: Option<Link>,
    forwarding: JoinHandle<()>,
}

/// Which relay a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Our own, which the user chose and where people reach us.
    Home,
    /// That of somebody whom we call, named by a link that anybody may have made.
    Guest,
}

impl RelayLink {
    /// Starts a link to the relay at `url`, which is in its [normal form](normal).
    pub(super) fn start(
        url: String,
        which: Which,
        identity: &Arc<Identity>,
        news: mpsc::Sender<News>,
    ) -> Self {
        let config = Config {
            reach: match which {
                Which::Home => Reach::Anywhere,
                Which::Guest => Reach::EncryptedOrNearby,
            },
            ..Config::default()
        };
        let (link, events) = match Link::connect_with(&url, Arc::clone(identity), config) {
            Ok((link, events)) => (Some(link), Some(events)),
            Err(error) => {
                tracing::warn!(%error, "the relay's URL is not usable");
                (None, None)
            }
        };
        let forwarding = tokio::spawn(async move {
            if let Some(events) = events {
                forward(which, events, news).await;
            }
        });
        Self {
            url,
            link,
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
            Some(link) => *link.state().borrow(),
            None => LinkState::Offline(Problem::NotARelay),
        }
    }

    /// Sends a call message, now or as soon as the relay is there.
    pub(super) fn send(&self, to: Address, message: Vec<u8>) {
        let Some(link) = &self.link else { return };
        if let Err(error) = link.send(to, message.into()) {
            tracing::warn!(%error, "a call message is not sent");
        }
    }

    /// Connects again, at once.
    pub(super) fn reconnect(&self) {
        if let Some(link) = &self.link {
            link.reconnect();
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

async fn forward(which: Which, mut events: mpsc::Receiver<LinkEvent>, control: mpsc::Sender<News>) {
    while let Some(event) = events.recv().await {
        let news = match event {
            LinkEvent::Message { from, payload } => News::Message {
                from,
                payload: payload.to_vec(),
            },
            LinkEvent::NotHere { to, why: _ } => News::NotHere { to },
            LinkEvent::Refused { to: _ } => {
                // Whoever it was for may well be there, and the phone repeats what still matters.
                tracing::debug!("the relay did not take a call message");
                continue;
            }
            LinkEvent::IceServers(_) => continue,
            // An expired message says that our own link was down, and nothing of the person it was
            // for; the phone repeats what still matters.
            LinkEvent::Expired { .. } => continue,
            LinkEvent::State(state) => match which {
                Which::Home => News::Home(view_of(state)),
                Which::Guest => News::Guest,
            },
        };
        if control.send(news).await.is_err() {
            return;
        }
    }
}

/// What the user reads of a link in this state.
pub(super) fn view_of(state: LinkState) -> RelayView {
    match state {
        LinkState::Connecting => RelayView::Connecting,
        LinkState::Online => RelayView::Online,
        LinkState::Offline(problem) => RelayView::Offline {
            problem: match problem {
                Problem::Unreachable => RelayProblem::Unreachable,
                Problem::NotARelay => RelayProblem::NotARelay,
                Problem::Refused => RelayProblem::Refused,
                Problem::BadProof => RelayProblem::BadProof,
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
