//! Waiting for what shall come true, with a bound.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Polls until there is something.
pub(crate) async fn eventually<T: Debug>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < BOUND, "it never came true: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Far beyond what anything takes that is right, on a machine that does other things too.
pub(crate) const BOUND: Duration = Duration::from_secs(10);
