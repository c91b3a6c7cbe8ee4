//! Counts connections, overall and by source.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Limits;

/// The places for connections.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    taken: Arc<Mutex<Taken>>,
    total: usize,
    per_source: usize,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_source: HashMap<IpAddr, usize>,
}

/// One place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    taken: Arc<Mutex<Taken>>,
    source: IpAddr,
}

impl Places {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            taken: Arc::default(),
            total: limits.connections,
            per_source: limits.connections_per_ip,
        }
    }

    /// Takes a place, if there is one for this source.
    pub(crate) fn take(&self, ip: IpAddr) -> Option<Place> {
        let source = source(ip);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let here = taken.by_source.get(&source).copied().unwrap_or(0);
        if taken.total >= self.total || here >= self.per_source {
            return None;
        }
        taken.total += 1;
        taken.by_source.insert(source, here + 1);
        drop(taken);
        Some(Place {
            taken: Arc::clone(&self.taken),
            source,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total -= 1;
        if let Some(here) = taken.by_source.get_mut(&self.source) {
            *here -= 1;
            if *here == 0 {
                taken.by_source.remove(&self.source);
            }
        }
    }
}

/// Whom an address belongs to: one machine can use a whole IPv6 /64 at will.
fn source(ip: IpAddr) -> IpAddr {
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
    fn places_are_counted_by_source_and_overall_and_come_back() {
        let limits = Limits {
            connections: 3,
            connections_per_ip: 2,
            ..Limits::default()
        };
        let places = Places::new(&limits);
        let take = |ip: &str| places.take(ip.parse().unwrap());
        let first = take("192.0.2.1").unwrap();
        let _second = take("::ffff:192.0.2.1").unwrap();
        assert!(take("192.0.2.1").is_none(), "one source has its share");
        let _third = take("2001:db8::1").unwrap();
        assert!(take("192.0.2.2").is_none(), "all places are taken");
        drop(first);
        let _fourth = take("2001:db8::2").unwrap();
        assert!(
            take("2001:db8:0:0:ffff::3").is_none(),
            "a /64 is one source"
        );
        drop((_second, _third, _fourth));
        assert!(places.taken.lock().unwrap().by_source.is_empty());
    }
}
