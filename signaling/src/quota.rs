//! The connection quota: how many may be open at a time, overall and from one source.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Limits;

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
    by_source: HashMap<IpAddr, usize>,
}

/// The right to one connection; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    open: Arc<Mutex<Open>>,
    source: IpAddr,
}

impl ConnectionQuota {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            open: Arc::default(),
            total: limits.connections,
            per_source: limits.connections_per_ip,
        }
    }

    /// Counts one more connection, if this source and the whole relay are below their limits.
    pub(crate) fn acquire(&self, ip: IpAddr) -> Option<Permit> {
        let source = source(ip);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let here = open.by_source.get(&source).copied().unwrap_or(0);
        if open.total >= self.total || here >= self.per_source {
            return None;
        }
        open.total += 1;
        open.by_source.insert(source, here + 1);
        drop(open);
        Some(Permit {
            open: Arc::clone(&self.open),
            source,
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

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total -= 1;
        if let Some(here) = open.by_source.get_mut(&self.source) {
            *here -= 1;
            if *here == 0 {
                open.by_source.remove(&self.source);
            }
        }
    }
}

/// Whom an address belongs to: one machine can use a whole IPv6 /64 at will.
pub(crate) fn source(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_by_source_and_overall_until_they_end() {
        let limits = Limits {
            connections: 3,
            connections_per_ip: 2,
            ..Limits::default()
        };
        let quota = ConnectionQuota::new(&limits);
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
}
