//! Conversions between samples, moments and the engine's own timeline.

use std::time::{Duration, Instant};

use media::backend::audio::SAMPLE_RATE_HZ;
use media::time::MediaTime;

/// How long `samples` last.
pub(crate) fn duration_of(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(SAMPLE_RATE_HZ))
}

/// Microseconds from `epoch` to `at`, negative when it is earlier.
pub(crate) fn micros_between(epoch: Instant, at: Instant) -> i64 {
    let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    match at.checked_duration_since(epoch) {
        Some(after) => micros(after),
        None => -micros(epoch.duration_since(at)),
    }
}

/// `at`, on the media timeline that begins at `epoch`.
pub(crate) fn media_time(epoch: Instant, at: Instant) -> MediaTime {
    MediaTime::from_micros(micros_between(epoch, at))
}
