//! Links to relays whose state a test sees.

use std::sync::{Arc, Mutex};

use engine::{Dialer, Dialled};
use identity::{Identity, RelayUrlError};
use signal_client::{Config, Link, LinkState, Problem};
use tokio::sync::watch;

/// Links over the network to relays of neighbours, whoever dialled them. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed(Arc<Mutex<Vec<watch::Receiver<LinkState>>>>);

impl Observed {
    /// Whether neighbours were linked to and none is reached any more: each one's machine says that
    /// their program has ended, or the link was closed.
    pub(crate) fn are_all_gone(&self) -> bool {
        let gone = LinkState::Offline(Problem::Gone);
        let states = self.0.lock().unwrap();
        let is_gone = |it: &watch::Receiver<_>| it.has_changed().is_err() || *it.borrow() == gone;
        !states.is_empty() && states.iter().all(is_gone)
    }
}

impl Dialer for Observed {
    fn dial(
        &self,
        url: &str,
        identity: Arc<Identity>,
        config: Config,
    ) -> Result<Dialled, RelayUrlError> {
        let is_to_neighbour = !config.addresses.is_empty();
        let (link, events) = Link::connect_with(url, identity, config)?;
        if is_to_neighbour {
            self.0.lock().unwrap().push(link.state());
        }
        Ok((Box::new(link), events))
    }
}
