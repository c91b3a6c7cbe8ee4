//! What a finder does when it cannot start: another program may have its port for a while.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Starts something, again and again until that works, and says so once. `None` when told to stop
/// before.
pub(super) async fn retry<T, E: Display>(
    stop: &CancellationToken,
    finder: &str,
    start: impl FnMut() -> Result<T, E>,
) -> Option<T> {
    retry_every(PAUSE, stop, finder, start).await
}

async fn retry_every<T, E: Display>(
    pause: Duration,
    stop: &CancellationToken,
    finder: &str,
    mut start: impl FnMut() -> Result<T, E>,
) -> Option<T> {
    let mut has_failed = false;
    loop {
        match start() {
            Ok(started) => {
                if has_failed {
                    info!(finder, "finds others now");
                }
                return Some(started);
            }
            Err(error) if !has_failed => {
                warn!(finder, %error, "does not find others for now");
                has_failed = true;
            }
            Err(_) => {}
        }
        stop.run_until_cancelled(sleep(pause)).await?;
    }
}

/// Somebody who closes the other program is found soon, and a port that stays taken costs nothing.
const PAUSE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use socket2::Domain;
    use tokio::time::timeout;

    use super::*;
    use crate::finders::shared_port;

    const SOON: Duration = Duration::from_millis(10);

    #[tokio::test]
    async fn a_port_that_becomes_free_is_taken() {
        let other = UdpSocket::bind("0.0.0.0:0").unwrap();
        let port = other.local_addr().unwrap().port();
        let stop = CancellationToken::new();
        let starting = tokio::spawn({
            let stop = stop.clone();
            async move {
                let open = || shared_port::open(Domain::IPV4, port);
                retry_every(SOON, &stop, "test", open).await
            }
        });
        sleep(10 * SOON).await;
        assert!(!starting.is_finished());
        drop(other);
        let started = timeout(Duration::from_secs(5), starting).await;
        assert!(started.unwrap().unwrap().is_some());

        stop.cancel();
        let stopped = retry::<(), _>(&stop, "test", || Err("taken"));
        assert_eq!(stopped.await, None);
    }
}
