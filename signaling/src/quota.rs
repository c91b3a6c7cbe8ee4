//! The connection quota: how many may be open at a time, overall and from one source.
//!
//! A relay of the internet refuses who is too many: its clients wait for calls, and an idle one is
//! as good as any. At a relay inside an application a visitor comes to speak with that application,
//! so where it is full, the oldest connection that the application has written nothing to makes
//! room. What a visitor itself sends does not count: it costs nothing to send.

use std::collections::{BTreeMap, HashMap};
use std::future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::config::Limits;
use crate::source::{Prefix, Shares, of_internet, of_neighbours, sources};

/// Counts open connections against their limits.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionQuota {
    open: Arc<Mutex<Open>>,
    total: usize,
    per_source: usize,
    shares: fn(IpAddr) -> Shares,
    makes_room: bool,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    /// In the order in which they came.
    by_age: BTreeMap<u64, Held>,
    by_source: HashMap<Prefix, usize>,
}

/// A connection that counts.
#[derive(Debug)]
struct Held {
    ip: IpAddr,
    /// Whether it stays when there are too many.
    is_kept: bool,
    evicted: Option<CancellationToken>,
}

/// The right to one connection; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    open: Arc<Mutex<Open>>,
    ip: IpAddr,
    number: u64,
    shares: fn(IpAddr) -> Shares,
    evicted: Option<CancellationToken>,
}

impl ConnectionQuota {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            open: Arc::default(),
            total: limits.connections,
            per_source: limits.connections_per_ip,
            shares: of_internet,
            makes_room: false,
        }
    }

    /// For the visitors of a relay inside an application.
    pub(crate) fn of_neighbours(limits: &Limits) -> Self {
        Self {
            shares: of_neighbours,
            makes_room: true,
            ..Self::new(limits)
        }
    }

    /// For a single source.
    pub(crate) fn of_one(connections: usize) -> Self {
        Self {
            open: Arc::default(),
            total: connections,
            per_source: connections,
            shares: of_internet,
            makes_room: false,
        }
    }

    /// Counts one more connection, if all that it belongs to and the whole relay are below their
    /// limits, or another one makes room for it.
    pub(crate) fn acquire(&self, ip: IpAddr) -> Option<Permit> {
        let mut open = lock(&self.open);
        let full = |(source, shares): (Prefix, u32)| {
            let shares = usize::try_from(shares).unwrap_or(usize::MAX);
            let here = open.by_source.get(&source).copied().unwrap_or(0);
            (here >= self.per_source.saturating_mul(shares)).then_some(source)
        };
        let crowded: Vec<Prefix> = sources(ip, (self.shares)(ip)).filter_map(full).collect();
        if open.by_age.len() >= self.total || !crowded.is_empty() {
            let number = self.may_go(&open, &crowded)?;
            if let Some(token) = open.close(number, self.shares)?.evicted {
                token.cancel();
            }
        }
        let evicted = self.makes_room.then(CancellationToken::new);
        let held = Held {
            ip,
            is_kept: false,
            evicted: evicted.clone(),
        };
        let number = open.next;
        open.next += 1;
        open.by_age.insert(number, held);
        for (source, _) in sources(ip, (self.shares)(ip)) {
            *open.by_source.entry(source).or_default() += 1;
        }
        drop(open);
        Some(Permit {
            open: Arc::clone(&self.open),
            ip,
            number,
            shares: self.shares,
            evicted,
        })
    }

    /// The oldest connection whose end makes room in all these sources.
    fn may_go(&self, open: &Open, crowded: &[Prefix]) -> Option<u64> {
        let frees = |held: &Held| {
            let mut crowded = crowded.iter();
            crowded.all(|it| sources(held.ip, (self.shares)(held.ip)).any(|of| of.0 == *it))
        };
        let mut by_age = open.by_age.iter().filter(|_| self.makes_room);
        let (number, _) = by_age.find(|(_, held)| !held.is_kept && frees(held))?;
        Some(*number)
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        lock(&self.open).by_age.len()
    }

    /// Whether there is no room for anybody.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.total
    }
}

impl Open {
    /// Counts a connection no longer, if it still counts.
    fn close(&mut self, number: u64, shares: fn(IpAddr) -> Shares) -> Option<Held> {
        let held = self.by_age.remove(&number)?;
        for (source, _) in sources(held.ip, shares(held.ip)) {
            if let Some(here) = self.by_source.get_mut(&source) {
                *here -= 1;
                if *here == 0 {
                    self.by_source.remove(&source);
                }
            }
        }
        Some(held)
    }
}

impl Permit {
    /// Where the connection comes from.
    pub(crate) const fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Whether the connection may have to make room for another one.
    pub(crate) const fn is_visitors(&self) -> bool {
        self.evicted.is_some()
    }

    /// From now on the connection stays when there are too many.
    pub(crate) fn keep(&self) {
        if !self.is_visitors() {
            return;
        }
        if let Some(held) = lock(&self.open).by_age.get_mut(&self.number) {
            held.is_kept = true;
        }
    }

    /// Waits until the connection has to make room: it counts no longer, and shall end.
    pub(crate) async fn evicted(&self) {
        match &self.evicted {
            Some(evicted) => evicted.cancelled().await,
            None => future::pending().await,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // Nothing to give back when it has made room.
        let _held = lock(&self.open).close(self.number, self.shares);
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn neighbours(connections: usize, connections_per_ip: usize) -> ConnectionQuota {
        ConnectionQuota::of_neighbours(&Limits {
            connections,
            connections_per_ip,
            ..Limits::default()
        })
    }

    fn is_evicted(permit: &Permit) -> bool {
        permit
            .evicted
            .as_ref()
            .is_some_and(CancellationToken::is_cancelled)
    }

    #[test]
    fn the_oldest_visitor_that_was_written_nothing_makes_room() {
        let quota = neighbours(3, 2);
        let acquire = |ip: &str| quota.acquire(ip.parse().unwrap());
        let kept = acquire("192.0.2.1").unwrap();
        kept.keep();
        let (second, other) = (acquire("192.0.2.1").unwrap(), acquire("192.0.2.2").unwrap());
        let third = acquire("192.0.2.1").unwrap();
        assert!(is_evicted(&second), "of the source that has its share");
        assert!(!is_evicted(&kept) && !is_evicted(&other));
        drop(second);
        let fourth = acquire("192.0.2.3").unwrap();
        assert!(is_evicted(&other), "of all, the oldest");
        assert_eq!(quota.len(), 3);
        third.keep();
        fourth.keep();
        assert!(acquire("192.0.2.4").is_none(), "all are needed");
        drop((kept, other, third, fourth));
        assert_eq!(quota.len(), 0);
        assert!(quota.open.lock().unwrap().by_source.is_empty());
    }

    #[test]
    fn neighbours_of_one_network_of_ipv6_are_several_sources() {
        let quota = neighbours(100, 2);
        let acquire = |ip: &str| quota.acquire(ip.parse().unwrap()).unwrap();
        let of_one = ["fd00::1"; 3].map(acquire);
        assert_eq!(of_one.each_ref().map(is_evicted), [true, false, false]);
        let others = ["fd00::2", "fd00::3", "fd00::4", "fd00::5"].map(acquire);
        assert!(!others.iter().any(is_evicted), "the /64 has three shares");
        let _one_more = acquire("fd00::6");
        assert!(is_evicted(&of_one[1]), "the oldest of the /64");
        let _elsewhere = acquire("fd00:0:0:1::1");
        assert!(!is_evicted(&of_one[2]));
    }

    #[test]
    fn a_relay_of_the_internet_refuses_whoever_is_too_many() {
        let quota = quota(1, 1);
        let first = quota.acquire("192.0.2.1".parse().unwrap()).unwrap();
        assert!(quota.acquire("192.0.2.2".parse().unwrap()).is_none());
        assert!(!is_evicted(&first));
    }
}
