//! How many connections may arrive: in a second, from one source and in all.
//!
//! The source is asked first, by all the networks that it may own ([`sources`]), so that one that knocks too often does not use up what is there for
//! all. Bounded in memory: buckets of sources that have been quiet are thrown away, and when there
//! are too many sources at a time, those without a bucket share one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::config::Limits;
use crate::rate_limit::TokenBucket;
use crate::source::{Prefix, of_internet, sources};

/// Counts arrivals against their limits.
#[derive(Debug)]
pub(crate) struct Arrivals {
    limits: Limits,
    rates: Mutex<Rates>,
}

#[derive(Debug)]
struct Rates {
    all: TokenBucket,
    by_source: HashMap<Prefix, TokenBucket>,
    /// For sources that came when there were too many.
    others: TokenBucket,
}

impl Arrivals {
    pub(crate) fn new(limits: &Limits, now: Instant) -> Self {
        let rates = Rates {
            all: TokenBucket::new(limits.arrivals_per_second, limits.arrivals_burst, now),
            by_source: HashMap::new(),
            others: of_source(limits, 1, now),
        };
        Self {
            limits: limits.clone(),
            rates: Mutex::new(rates),
        }
    }

    /// Whether one more may come from this address now.
    pub(crate) fn admit(&self, ip: IpAddr, now: Instant) -> bool {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let Rates {
            all,
            by_source,
            others,
        } = &mut *rates;
        for (source, shares) in sources(ip, of_internet(ip)) {
            if by_source.len() >= MAX_SOURCES && !by_source.contains_key(&source) {
                by_source.retain(|_, bucket| !bucket.is_full(now));
            }
            if by_source.len() < MAX_SOURCES {
                let new = || of_source(&self.limits, shares, now);
                by_source.entry(source).or_insert_with(new);
            }
            let bucket = by_source.get(&source).unwrap_or(others);
            if !bucket.delay(1, now).is_zero() {
                return false;
            }
        }
        for (source, _) in sources(ip, of_internet(ip)) {
            by_source.get_mut(&source).unwrap_or(others).take(1, now);
        }
        all.try_take(1, now)
    }
}

/// The bucket of a source that has so many shares.
fn of_source(limits: &Limits, shares: u32, now: Instant) -> TokenBucket {
    let rate = limits.arrivals_per_ip_per_second.saturating_mul(shares);
    let burst = limits.arrivals_per_ip_burst.saturating_mul(shares);
    TokenBucket::new(rate, burst, now)
}

/// About 1 MiB.
const MAX_SOURCES: usize = 8192;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    fn limits() -> Limits {
        Limits {
            arrivals_per_second: 10,
            arrivals_burst: 4,
            arrivals_per_ip_per_second: 1,
            arrivals_per_ip_burst: 2,
            ..Limits::default()
        }
    }

    fn ip(number: usize) -> IpAddr {
        let number = u32::try_from(number).unwrap();
        IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number))
    }

    #[test]
    fn one_source_uses_up_its_own_share_and_not_that_of_all() {
        let start = Instant::now();
        let arrivals = Arrivals::new(&limits(), start);
        let admitted = (0..100).filter(|_| arrivals.admit(ip(1), start)).count();
        assert_eq!(admitted, 2);
        assert!(arrivals.admit(ip(2), start) && arrivals.admit(ip(3), start));
        assert!(!arrivals.admit(ip(4), start), "that was the share of all");
        let later = start + Duration::from_secs(1);
        assert!(arrivals.admit(ip(1), later) && !arrivals.admit(ip(1), later));
    }

    #[test]
    fn whoever_owns_many_networks_of_ipv6_does_not_use_up_the_share_of_all() {
        let start = Instant::now();
        let limits = Limits {
            arrivals_per_second: 100,
            arrivals_burst: 100,
            ..limits()
        };
        let arrivals = Arrivals::new(&limits, start);
        let network = |n: u128| IpAddr::V6((0x2001_0db8 << 96 | n << 64).into());
        let of_one_56 = (0..256).filter(|n| arrivals.admit(network(*n), start));
        assert_eq!(of_one_56.count(), 4, "256 networks have two shares");
        let of_one_48 = (0..65_536).filter(|n| arrivals.admit(network(*n), start));
        assert_eq!(of_one_48.count(), 4, "65,536 have four, two are taken");
        assert!(arrivals.admit(network(65_536), start), "elsewhere");
    }

    #[test]
    fn memory_is_bounded_and_quiet_sources_make_room() {
        let start = Instant::now();
        let generous = Limits {
            arrivals_per_second: u32::MAX,
            arrivals_burst: u32::MAX,
            ..limits()
        };
        let arrivals = Arrivals::new(&generous, start);
        let sources = || arrivals.rates.lock().unwrap().by_source.len();
        for number in 0..MAX_SOURCES {
            assert!(arrivals.admit(ip(number), start));
        }
        let late = (MAX_SOURCES..2 * MAX_SOURCES).filter(|it| arrivals.admit(ip(*it), start));
        assert_eq!(late.count(), 2, "they share one bucket");
        assert_eq!(sources(), MAX_SOURCES);
        assert!(arrivals.admit(ip(0), start), "it still has its own");
        let later = start + Duration::from_secs(60);
        assert!(arrivals.admit(ip(MAX_SOURCES), later));
        assert_eq!(sources(), 1);
    }
}
