//! How a relay ends: from one moment on nobody new comes in, and the clients are told one after
//! the other, so that they do not all come to its successor at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Begins once and never ends. Each connection waits for its turn.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    begun: CancellationToken,
    /// Everybody's turn is now.
    hurried: CancellationToken,
    spacing: OnceLock<Duration>,
    turns: AtomicU32,
}

impl Drain {
    /// Begins, with so many connections to tell within this time.
    pub(crate) fn begin(&self, within: Duration, connections: usize) {
        self.spacing.get_or_init(|| spacing(within, connections));
        self.begun.cancel();
    }

    /// Gives everybody their turn at once.
    pub(crate) fn hurry(&self) {
        self.hurried.cancel();
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Waits for the beginning.
    pub(crate) async fn begun(&self) {
        self.begun.cancelled().await;
    }

    /// Waits until the connection that calls this shall end.
    pub(crate) async fn turn(&self) {
        self.begun.cancelled().await;
        let spacing = self.spacing.get().copied().unwrap_or_default();
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        tokio::select! {
            () = sleep(spacing.saturating_mul(turn)) => {}
            () = self.hurried.cancelled() => {}
        }
    }
}

/// The time between two turns: they fill what there is, but a few clients need not wait for it.
fn spacing(within: Duration, connections: usize) -> Duration {
    let connections = u32::try_from(connections).unwrap_or(u32::MAX).max(1);
    (within / connections).min(LONGEST_SPACING)
}

/// A hundred clients a second are no burden for any relay, so there is no reason to spread them
/// further.
const LONGEST_SPACING: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_are_spread_over_the_time_there_is() {
        let drain = Drain::default();
        assert!(
            timeout(Duration::from_secs(60), drain.turn())
                .await
                .is_err()
        );
        let within = Duration::from_secs(10);
        drain.begin(within, 5000);
        let start = Instant::now();
        let turns = (0..5000).map(async |_| {
            drain.turn().await;
            start.elapsed()
        });
        let ends = join_all(turns).await;
        let early = ends.iter().filter(|it| **it <= within / 2).count();
        assert!((2400..2600).contains(&early), "{early} in the first half");
        assert!(ends.iter().all(|it| *it <= within));
    }

    #[tokio::test(start_paused = true)]
    async fn few_do_not_wait_long_and_nobody_waits_when_there_is_a_hurry() {
        let drain = Drain::default();
        drain.begin(Duration::from_secs(10), 3);
        let start = Instant::now();
        join_all((0..3).map(|_| drain.turn())).await;
        assert!(start.elapsed() <= Duration::from_millis(30));

        let drain = Drain::default();
        drain.begin(Duration::from_secs(3600), 1_000_000);
        let start = Instant::now();
        let turns = join_all((0..1000).map(|_| drain.turn()));
        let hurry = async {
            sleep(Duration::from_millis(100)).await;
            drain.hurry();
        };
        tokio::join!(turns, hurry);
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}
