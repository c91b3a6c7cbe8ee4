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
        // Boxed: every connection holds what waits for the beginning, and few what comes after.
        let turn = Box::pin(sleep(spacing.saturating_mul(turn)));
        tokio::select! {
            () = turn => {}
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

    #[test]
    fn turns_fill_the_time_there_is_but_few_clients_need_not_wait() {
        let within = Duration::from_secs(10);
        assert_eq!(spacing(within, 5_000), Duration::from_millis(2));
        assert_eq!(spacing(within, 3), LONGEST_SPACING);
        assert_eq!(spacing(within, 0), LONGEST_SPACING);
    }

    #[tokio::test]
    async fn turns_come_one_after_the_other_once_the_end_has_begun() {
        let drain = Drain::default();
        let early = timeout(Duration::from_millis(20), drain.turn()).await;
        assert!(early.is_err() && !drain.has_begun());
        drain.begin(Duration::from_millis(400), 40);
        let start = Instant::now();
        let turns = (0..40).map(async |_| {
            drain.turn().await;
            start.elapsed()
        });
        let ends = join_all(turns).await;
        for (number, end) in (0..).zip(&ends) {
            assert!(
                *end >= Duration::from_millis(10) * number,
                "{number}: {end:?}"
            );
        }
    }

    #[tokio::test]
    async fn nobody_waits_when_there_is_a_hurry() {
        let drain = Drain::default();
        drain.begin(Duration::from_secs(3600), 1_000);
        let start = Instant::now();
        let turns = join_all((0..1000).map(|_| drain.turn()));
        let hurry = async { drain.hurry() };
        tokio::join!(turns, hurry);
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}
