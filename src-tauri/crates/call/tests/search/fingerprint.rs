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

use std::hash::{Hash, Hasher};
use std::time::Duration;

use call::time::Timestamp;

/// Where time begins, in milliseconds.
pub(crate) const BEGINNING: u64 = 1 << 50;

/// Ids of calls lie between this and [`BEGINNING`], counters below.
pub(crate) const CALLS: u64 = 1 << 40;

/// No rule of a phone tells ages beyond this apart, but for rings of strangers. Its longest limit
/// of that kind is `CLOSED_SILENCE`, 5 s, where the relay says why nobody is there.
const OLD: Duration = Duration::from_secs(5);

/// No rule of a phone tells reports apart that are this far from each other: it asks which of two is
/// newer, and whether the other side has heard the second last.
const FAR: u64 = 2;

/// A number that is equal for worlds that are the same.
pub(crate) fn fingerprint(now: Timestamp, world: &impl Hash) -> u64 {
    let mut hasher = Relative {
        mixed: 0,
        now: millis(now.elapsed()),
        pending: None,
        counter: None,
    };
    world.hash(&mut hasher);
    hasher.finish()
}

struct Relative {
    mixed: u64,
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
        self.mix(ahead);
        self.mix(ago);
    }

    /// Takes a number in, by the folded product that wyhash is made of.
    fn mix(&mut self, number: u64) {
        let product = u128::from(self.mixed ^ number ^ ODD) * u128::from(FACTOR);
        self.mixed = (product as u64 ^ (product >> 64) as u64).rotate_left(23);
    }

    /// Writes the pending number as a counter.
    fn flush(&mut self) {
        if let Some(counter) = self.pending.take() {
            let before = self.counter.replace(counter).unwrap_or(counter);
            let (more, less) = (
                counter.saturating_sub(before),
                before.saturating_sub(counter),
            );
            self.mix(more.min(FAR));
            self.mix(less.min(FAR));
        }
    }
}

impl Hasher for Relative {
    fn write(&mut self, bytes: &[u8]) {
        self.flush();
        for part in bytes.chunks(8) {
            let mut number = [0; 8];
            number[..part.len()].copy_from_slice(part);
            self.mix(u64::from_le_bytes(number) ^ part.len() as u64);
        }
    }

    fn write_u32(&mut self, number: u32) {
        // Nanoseconds follow the seconds of a `Duration`; no counter is followed by 32 bits.
        if let Some(seconds) = self.pending.take() {
            self.mix(seconds);
        }
        self.mix(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.flush();
        match number {
            BEGINNING.. => self.moment(number),
            CALLS.. => self.mix(number),
            _ => self.pending = Some(number),
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.flush();
        self.mix(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.flush();
        self.mix(number as u64);
    }

    fn finish(&self) -> u64 {
        self.mixed
    }
}

/// Without it a number that is the same as what was mixed before would make zero of both.
const ODD: u64 = 0xa076_1d64_78bd_642f;

const FACTOR: u64 = 0xe703_7ed1_a0b4_28db;

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
