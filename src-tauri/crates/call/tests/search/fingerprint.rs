//! What makes two worlds the same: everything but the time of day and the number of a report.
//!
//! A phone holds moments as numbers, and counts its reports. Two worlds that differ only by when
//! they began, or by how long a quiet call has lasted, have the same future, so they must be one
//! state, or no search would end. The hasher makes them one without a look inside a phone: the
//! search lets time begin at a number, and chooses ids of calls, that nothing else reaches, and so
//! knows by its size what a number is.
//!
//! - A moment counts by how far it is from now; beyond [`OLD`] in the past, all are alike.
//! - A counter counts by its difference from the counter before it, up to [`FAR`].
//! - All else counts as it is.
//!
//! Where two states are taken for one that are not, the search misses states; what it finds is
//! always a real run.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use call::time::Timestamp;

/// Where time begins, in milliseconds.
pub(crate) const BEGINNING: u64 = 1 << 50;

/// Ids of calls lie between this and [`BEGINNING`], counters below.
pub(crate) const CALLS: u64 = 1 << 40;

/// No rule of a phone tells ages beyond this apart, but for rings of strangers. Its longest limit
/// of that kind is `PROBE_AFTER`, 5 s, where the relay says why nobody is there.
const OLD: Duration = Duration::from_secs(6);

/// No rule of a phone tells reports apart that are this far from each other: it asks which of two is
/// newer, and whether the other side has heard the second last.
const FAR: u64 = 4;

/// A number that is equal for worlds that are the same.
pub(crate) fn fingerprint(now: Timestamp, world: &impl Hash) -> u64 {
    let mut hasher = Relative {
        inner: DefaultHasher::new(),
        now: millis(now.elapsed()),
        pending: None,
        counter: None,
    };
    world.hash(&mut hasher);
    hasher.finish()
}

struct Relative {
    inner: DefaultHasher,
    now: u64,
    /// A counter, or the seconds of a `Duration`: what follows tells.
    pending: Option<u64>,
    /// The counter before.
    counter: Option<u64>,
}

impl Relative {
    fn moment(&mut self, moment: u64) {
        let ahead = moment.saturating_sub(self.now);
        let ago = self.now.saturating_sub(moment).min(millis(OLD));
        self.inner.write_u64(ahead);
        self.inner.write_u64(ago);
    }

    /// Writes the pending number as a counter.
    fn flush(&mut self) {
        if let Some(counter) = self.pending.take() {
            let before = self.counter.replace(counter).unwrap_or(counter);
            let (more, less) = (counter.saturating_sub(before), before.saturating_sub(counter));
            self.inner.write_u64(more.min(FAR));
            self.inner.write_u64(less.min(FAR));
        }
    }
}

impl Hasher for Relative {
    fn write(&mut self, bytes: &[u8]) {
        self.flush();
        self.inner.write(bytes);
    }

    fn write_u32(&mut self, number: u32) {
        // Nanoseconds follow the seconds of a `Duration`; no counter is followed by 32 bits.
        if let Some(seconds) = self.pending.take() {
            self.inner.write_u64(seconds);
        }
        self.inner.write_u32(number);
    }

    fn write_u64(&mut self, number: u64) {
        self.flush();
        match number {
            BEGINNING.. => self.moment(number),
            CALLS.. => self.inner.write_u64(number),
            _ => self.pending = Some(number),
        }
    }

    fn finish(&self) -> u64 {
        self.inner.finish()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
