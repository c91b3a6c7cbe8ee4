//! Why clients left.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use signal_wire::{Absence, Address};
use tokio::time::Instant;

/// Why the last clients left, for [`REMEMBERED`]. At most [`MOST`]; then the oldest is forgotten, and
/// whoever asks for it hears that nothing is known.
#[derive(Debug, Default)]
pub(super) struct Departures {
    why: HashMap<Address, (Absence, Instant)>,
    /// In order; also those that came back since.
    order: VecDeque<(Address, Instant)>,
}

impl Departures {
    pub(super) fn note(&mut self, address: Address, why: Absence, now: Instant) {
        self.expire(now);
        if self.order.len() >= MOST {
            self.forget_oldest();
        }
        self.why.insert(address, (why, now));
        self.order.push_back((address, now));
    }

    pub(super) fn came_back(&mut self, address: &Address) {
        self.why.remove(address);
    }

    pub(super) fn why(&self, address: &Address, now: Instant) -> Absence {
        match self.why.get(address) {
            Some((why, at)) if now.duration_since(*at) < REMEMBERED => *why,
            Some(_) | None => Absence::Unknown,
        }
    }

    /// Forgets what is too old.
    pub(super) fn expire(&mut self, now: Instant) {
        let is_old = |at: Instant| now.duration_since(at) >= REMEMBERED;
        while self.order.front().is_some_and(|(_, at)| is_old(*at)) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((address, at)) = self.order.pop_front()
            && self
                .why
                .get(&address)
                .is_some_and(|(_, noted)| *noted == at)
        {
            self.why.remove(&address);
        }
    }
}

/// A call that loses its peer ends within 45 s.
const REMEMBERED: Duration = Duration::from_secs(60);

/// About 650 KiB.
const MOST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u16) -> Address {
        let mut bytes = [0; Address::LENGTH];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        Address::from_bytes(bytes)
    }

    #[test]
    fn the_last_reason_is_known_for_a_minute() {
        let start = Instant::now();
        let later = start + Duration::from_secs(30);
        let mut left = Departures::default();
        left.note(address(1), Absence::Silent, start);
        left.note(address(1), Absence::Closed, later);
        assert_eq!(left.why(&address(1), start + REMEMBERED), Absence::Closed);
        left.expire(start + REMEMBERED);
        assert_eq!(left.why(&address(1), start + REMEMBERED), Absence::Closed);
        assert_eq!(left.why(&address(1), later + REMEMBERED), Absence::Unknown);
        left.expire(later + REMEMBERED);
        assert!(left.why.is_empty() && left.order.is_empty());
    }

    #[test]
    fn whoever_is_back_has_not_left() {
        let now = Instant::now();
        let mut left = Departures::default();
        left.note(address(1), Absence::Closed, now);
        left.came_back(&address(1));
        assert_eq!(left.why(&address(1), now), Absence::Unknown);
    }

    #[test]
    fn of_too_many_the_oldest_is_forgotten() {
        let now = Instant::now();
        let mut left = Departures::default();
        for n in 0..10_000 {
            left.note(address(n), Absence::Closed, now);
            left.came_back(&address(n / 2));
            assert!(left.why.len() <= MOST && left.order.len() <= MOST);
        }
        assert_eq!(left.why(&address(5_000), now), Absence::Unknown);
        assert_eq!(left.why(&address(9_999), now), Absence::Closed);
    }
}
