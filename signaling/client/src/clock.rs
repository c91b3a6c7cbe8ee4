//! What time a relay says it is.

use std::sync::Arc;
use std::time::SystemTime;

use identity::Identity;

use crate::config::Config;
use crate::connect::Connector;
use crate::event::Problem;

/// Asks the relay at this URL what time it is, to the second, over a connection of its own and
/// without saying who we are: the relay, or a proxy before it, puts it into its first answer
/// (RFC 9110, 6.6.1). `None` when it does not. Takes at most
/// [`Timing::connect`](crate::Timing::connect).
///
/// # Errors
/// When the relay is not there; [`Problem::NotARelay`] also for what cannot be the URL of one.
pub async fn date_of(url: &str, config: Config) -> Result<Option<SystemTime>, Problem> {
    // It signs nothing: who answers the challenge is welcomed, and this connection ends before.
    let nobody = Identity::generate().map_err(|_| Problem::Unreachable)?;
    let connector = Connector::new(url, Arc::new(nobody), config);
    connector.map_err(|_| Problem::NotARelay)?.date().await
}
