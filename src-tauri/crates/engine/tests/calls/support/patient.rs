//! Links to relays whose pauses before another attempt are hours.

use std::sync::Arc;
use std::time::Duration;

use engine::{Dialer, Dialled, SignalClient};
use identity::{Identity, RelayUrlError};
use signal_client::{Config, Timing};

/// Links over the network that stay away once they are lost, unless somebody waits for them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patient;

impl Dialer for Patient {
    fn dial(
        &self,
        url: &str,
        identity: Arc<Identity>,
        config: Config,
    ) -> Result<Dialled, RelayUrlError> {
        let timing = Timing {
            first_retry: DAY,
            longest_retry: DAY,
            ..config.timing
        };
        SignalClient.dial(url, identity, Config { timing, ..config })
    }
}

/// A pause is anything up to this.
const DAY: Duration = Duration::from_secs(24 * 3600);
