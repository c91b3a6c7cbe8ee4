//! Names of STUN and TURN servers to addresses, with a time limit and a cache.
//!
//! The library awaits each look-up inside the loop that also carries the media, so a DNS server
//! that does not answer would stop a running call. Shared by all sessions of a transport.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long one look-up may take: above the first retry of a usual resolver (1 s), below what a
/// call stands without media.
const RESOLVE_TIMEOUT: Duration = Duration::from_millis(1500);

/// How long addresses are used without a new look-up: the TTL that services give names which they
/// move on failure.
const FRESH: Duration = Duration::from_secs(60);

/// How long old addresses are used after a look-up failed. Each session resolves every server
/// again: without this pause each of them would wait for [`RESOLVE_TIMEOUT`] in turn.
const RETRY: Duration = Duration::from_secs(10);

/// Names that are remembered. The settings bring a few, and each relay that somebody is called
/// through may name others; when it is full the one that is the longest out of date is forgotten.
const CAPACITY: usize = 32;

/// Resolves and caches the names that settings and relays bring.
#[derive(Debug, Default)]
pub(crate) struct Resolver(Mutex<HashMap<String, Cached>>);

/// The result of a look-up that succeeded.
#[derive(Debug)]
struct Cached {
    /// Never empty.
    addresses: Vec<SocketAddr>,
    /// Until when they are used without a new look-up.
    until: Instant,
}

impl Resolver {
    /// The addresses of `host`, a name or literal with a port.
    pub(crate) async fn resolve(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        if let Ok(literal) = host.parse() {
            return Ok(vec![literal]);
        }
        if let Some(fresh) = self.fresh(host, Instant::now()) {
            return Ok(fresh);
        }
        let lookup = tokio::net::lookup_host(host);
        let found = match tokio::time::timeout(RESOLVE_TIMEOUT, lookup).await {
            Ok(found) => found.map(Iterator::collect),
            Err(late) => Err(late.into()),
        };
        self.keep_or_reuse(host, Instant::now(), found)
    }

    /// The cached addresses of `host` that need no new look-up at `now`.
    fn fresh(&self, host: &str, now: Instant) -> Option<Vec<SocketAddr>> {
        let cache = self.lock();
        let fresh = cache.get(host).filter(|it| now < it.until)?;
        Some(fresh.addresses.clone())
    }

    /// What to use for `host` when a look-up that ended at `now` brought `found`: its addresses,
    /// else the last ones. A failure is never cached by itself.
    fn keep_or_reuse(
        &self,
        host: &str,
        now: Instant,
        found: io::Result<Vec<SocketAddr>>,
    ) -> io::Result<Vec<SocketAddr>> {
        let mut cache = self.lock();
        let error = match found {
            Ok(addresses) if !addresses.is_empty() => {
                let cached = Cached {
                    addresses: addresses.clone(),
                    until: now + FRESH,
                };
                if cache.len() >= CAPACITY && !cache.contains_key(host) {
                    let oldest = cache.iter().min_by_key(|(_, it)| it.until);
                    let oldest = oldest.map(|(name, _)| name.clone());
                    oldest.and_then(|it| cache.remove(&it));
                }
                cache.insert(host.to_owned(), cached);
                return Ok(addresses);
            }
            Ok(_) => io::ErrorKind::NotFound.into(),
            Err(error) => error,
        };
        let last = cache.get_mut(host).ok_or(error)?;
        tracing::warn!("a server's name does not resolve: its last addresses are used");
        last.until = now + RETRY;
        Ok(last.addresses.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Cached>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "stun.example:3478";

    fn address(last: u8) -> SocketAddr {
        ([192, 0, 2, last], 3478).into()
    }

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_name_is_resolved_again_after_a_minute() {
        let (resolver, start) = (Resolver::default(), Instant::now());
        assert_eq!(resolver.fresh(HOST, start), None);
        resolver
            .keep_or_reuse(HOST, start, Ok(vec![address(1)]))
            .unwrap();
        assert_eq!(
            resolver.fresh(HOST, after(start, 59)),
            Some(vec![address(1)])
        );
        assert_eq!(resolver.fresh(HOST, after(start, 60)), None);
        let moved = resolver.keep_or_reuse(HOST, after(start, 60), Ok(vec![address(2)]));
        assert_eq!(moved.unwrap(), [address(2)]);
        assert_eq!(
            resolver.fresh(HOST, after(start, 61)),
            Some(vec![address(2)])
        );
    }

    #[test]
    fn the_last_addresses_serve_while_a_name_does_not_resolve() {
        let (resolver, start) = (Resolver::default(), Instant::now());
        resolver
            .keep_or_reuse(HOST, start, Ok(vec![address(1)]))
            .unwrap();
        let late = || Err(io::ErrorKind::TimedOut.into());
        for (at, found) in [(60, late()), (80, Ok(vec![]))] {
            let used = resolver.keep_or_reuse(HOST, after(start, at), found);
            assert_eq!(used.unwrap(), [address(1)]);
            let soon = resolver.fresh(HOST, after(start, at + 9));
            assert_eq!(soon, Some(vec![address(1)]), "asked a moment ago");
            assert_eq!(resolver.fresh(HOST, after(start, at + 10)), None);
        }
    }

    #[test]
    fn a_failure_is_not_cached() {
        let (resolver, start) = (Resolver::default(), Instant::now());
        let empty = resolver.keep_or_reuse(HOST, start, Ok(vec![])).unwrap_err();
        assert_eq!(empty.kind(), io::ErrorKind::NotFound);
        let late = Err(io::ErrorKind::TimedOut.into());
        let late = resolver.keep_or_reuse(HOST, start, late).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        assert_eq!(resolver.fresh(HOST, start), None);
    }

    #[test]
    fn names_do_not_add_up() {
        let (resolver, start) = (Resolver::default(), Instant::now());
        for number in 0..100 {
            let host = format!("{number}.example:3478");
            let found = Ok(vec![address(1)]);
            let _ = resolver.keep_or_reuse(&host, after(start, number), found);
        }
        assert_eq!(resolver.lock().len(), CAPACITY);
        let newest = resolver.fresh("99.example:3478", after(start, 99));
        assert_eq!(newest, Some(vec![address(1)]));
    }

    #[tokio::test]
    async fn a_literal_is_not_looked_up() {
        let resolver = Resolver::default();
        let own = resolver.resolve("192.0.2.7:3478").await.unwrap();
        assert_eq!(own, [address(7)]);
        assert!(resolver.lock().is_empty());
    }
}
