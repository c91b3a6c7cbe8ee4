//! The connection quota: how many may be open at a time, overall and from one source.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Limits;
use crate::source::{Prefix, sources};

/// Counts open connections against their limits.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionQuota {
    open: Arc<Mutex<Open>>,
    total: usize,
    per_source: usize,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_source: HashMap<Prefix, usize>,
}

/// The right to one connection; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    open: Arc<Mutex<Open>>,
    ip: IpAddr,
}

impl ConnectionQuota {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            open: Arc::default(),
            total: limits.connections,
            per_source: limits.connections_per_ip,
        }
    }

    /// For a single source.
    pub(crate) fn of_one(connections: usize) -> Self {
        Self {
            open: Arc::default(),
            total: connections,
            per_source: connections,
        }
    }

    /// Counts one more connection, if all that it belongs to and the whole relay are below their
    /// limits.
    pub(crate) fn acquire(&self, ip: IpAddr) -> Option<Permit> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let here = |source| open.by_source.get(&source).copied().unwrap_or(0);
        let full = |(source, shares): (Prefix, u32)| {
            let shares = usize::try_from(shares).unwrap_or(usize::MAX);
            here(source) >= self.per_source.saturating_mul(shares)
        };
        if open.total >= self.total || sources(ip).any(full) {
            return None;
        }
        open.total += 1;
        for (source, _) in sources(ip) {
            *open.by_source.entry(source).or_default() += 1;
        }
        drop(open);
        Some(Permit {
            open: Arc::clone(&self.open),
            ip,
        })
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total
    }

    /// Whether there is no room for anybody.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.total
    }
}

impl Permit {
    /// Where the connection comes from.
    pub(crate) const fn ip(&self) -> IpAddr {
        self.ip
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total -= 1;
        for (source, _) in sources(self.ip) {
            if let Some(here) = open.by_source.get_mut(&source) {
                *here -= 1;
                if *here == 0 {
                    open.by_source.remove(&source);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(connections: usize, connections_per_ip: usize) -> ConnectionQuota {
        ConnectionQuota::new(&Limits {
            connections,
            connections_per_ip,
            ..Limits::default()
        })
    }

    #[test]
    fn connections_are_counted_by_source_and_overall_until_they_end() {
        let quota = quota(3, 2);
        let acquire = |ip: &str| quota.acquire(ip.parse().unwrap());
        let first = acquire("192.0.2.1").unwrap();
        let _second = acquire("::ffff:192.0.2.1").unwrap();
        assert!(acquire("192.0.2.1").is_none(), "one source has its share");
        let _third = acquire("2001:db8::1").unwrap();
        assert!(acquire("192.0.2.2").is_none(), "the relay is full");
        drop(first);
        let _fourth = acquire("2001:db8::2").unwrap();
        assert!(
            acquire("2001:db8:0:0:ffff::3").is_none(),
            "a /64 is one source"
        );
        drop((_second, _third, _fourth));
        assert!(quota.open.lock().unwrap().by_source.is_empty());
    }

    #[test]
    fn whoever_owns_many_networks_of_ipv6_has_few_shares() {
        let quota = quota(1_000, 4);
        let take = |ips: &mut dyn Iterator<Item = u128>| -> Vec<Permit> {
            ips.filter_map(|bits| quota.acquire(IpAddr::V6(bits.into())))
                .collect()
        };
        let base = 0x2001_0db8 << 96;
        let of_one_56 = take(&mut (0..256_u128).map(|n| base | n << 64));
        assert_eq!(of_one_56.len(), 8, "256 networks have two shares");
        let of_one_48 = take(&mut (0..65_536_u128).map(|n| base | n << 64));
        assert_eq!(
            of_one_48.len(),
            8,
            "65,536 networks have four, two are taken"
        );
        let elsewhere = take(&mut (0..1_u128).map(|_| base | 1 << 80));
        assert_eq!(elsewhere.len(), 1);
        drop((of_one_56, of_one_48, elsewhere));
        assert!(quota.open.lock().unwrap().by_source.is_empty());
    }
}
