//! How many proofs of addresses are checked in a second, overall and from one source: a check costs
//! more than anything else that a stranger can ask for.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Limits;
use crate::rate_limit::TokenBucket;
use crate::source::Prefix;

/// Rates of proofs. Holds at most [`SOURCES`] sources.
#[derive(Debug)]
pub(crate) struct ProofBudget {
    all: TokenBucket,
    by_source: HashMap<Prefix, TokenBucket>,
    per_second: u32,
    burst: u32,
}

/// More proofs are due than a client can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

impl ProofBudget {
    pub(crate) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            all: TokenBucket::new(limits.proofs_per_second, limits.proofs_burst, now),
            by_source: HashMap::new(),
            per_second: limits.proofs_per_second_per_ip,
            burst: limits.proofs_burst_per_ip,
        }
    }

    /// Takes the right to one check, and says how long to wait before it. A check that would be due
    /// too late is not counted.
    pub(crate) fn take(&mut self, ip: IpAddr, now: Instant) -> Result<Duration, Busy> {
        let source = Prefix::customer(ip);
        if !self.by_source.contains_key(&source) {
            self.make_room(now);
        }
        let (per_second, burst) = (self.per_second, self.burst);
        let here = self
            .by_source
            .entry(source)
            .or_insert_with(|| TokenBucket::new(per_second, burst, now));
        let due = here.delay(1, now).max(self.all.delay(1, now));
        if due > LONGEST_WAIT {
            return Err(Busy);
        }
        here.take(1, now);
        self.all.take(1, now);
        Ok(due)
    }

    /// Forgets the sources that have their whole burst again, and when there are still too many,
    /// whichever: the rate over all sources holds without them.
    fn make_room(&mut self, now: Instant) {
        if self.by_source.len() < SOURCES {
            return;
        }
        self.by_source.retain(|_, bucket| !bucket.is_full(now));
        if self.by_source.len() >= SOURCES {
            self.by_source.clear();
        }
    }
}

/// The most sources that are remembered: about 500 KiB.
const SOURCES: usize = 4096;

/// The longest that a client waits for its proof to be checked: below what it may take for its
/// whole hello.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(now: Instant) -> ProofBudget {
        let limits = Limits {
            proofs_per_second: 10,
            proofs_burst: 10,
            proofs_per_second_per_ip: 2,
            proofs_burst_per_ip: 3,
            ..Limits::default()
        };
        ProofBudget::new(&limits, now)
    }

    fn ip(n: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(n).into()
    }

    #[test]
    fn a_source_waits_and_is_refused_when_it_would_wait_too_long() {
        let now = Instant::now();
        let mut budget = budget(now);
        let waits: Vec<_> = (0..9).map(|_| budget.take(ip(1), now)).collect();
        let ms = |n| Ok(Duration::from_millis(n));
        let expected = [
            ms(0),
            ms(0),
            ms(0),
            ms(500),
            ms(1000),
            ms(1500),
            ms(2000),
            Err(Busy),
            Err(Busy),
        ];
        assert_eq!(waits, expected);
        assert_eq!(budget.take(ip(2), now), ms(0), "another source is free");
        let later = now + Duration::from_secs(1);
        assert_eq!(budget.take(ip(1), later), ms(1500), "refusals cost nothing");
    }

    #[test]
    fn many_sources_share_what_there_is() {
        let now = Instant::now();
        let mut budget = budget(now);
        let taken = (0..100)
            .filter(|n| budget.take(ip(*n), now).is_ok())
            .count();
        assert_eq!(taken, 30, "a burst of ten, and two seconds of ten");
    }

    #[test]
    fn the_sources_that_are_remembered_are_bounded() {
        let now = Instant::now();
        let mut budget = budget(now);
        for n in 0..20_000 {
            let _taken: Result<Duration, Busy> = budget.take(ip(n), now);
            assert!(budget.by_source.len() <= SOURCES);
        }
    }
}
