//! What can carry calls here, by name.

use std::sync::Arc;

use call::carrier::Carrier;
use media::transport::MediaTransport;

/// The transports of this program.
#[derive(Clone, Debug)]
pub(crate) struct Transports {
    pub(crate) direct: Arc<dyn MediaTransport>,
    pub(crate) livekit: Option<Arc<dyn MediaTransport>>,
}

impl Transports {
    /// The transport of this name, if there is one.
    pub(crate) fn of(&self, carrier: Carrier) -> Option<Arc<dyn MediaTransport>> {
        match carrier {
            Carrier::Direct => Some(Arc::clone(&self.direct)),
            Carrier::LiveKit => self.livekit.clone(),
        }
    }

    /// The names of those that there are.
    pub(crate) fn carriers(&self) -> Vec<Carrier> {
        let all = Carrier::ALL.iter().copied();
        all.filter(|it| self.of(*it).is_some()).collect()
    }
}
