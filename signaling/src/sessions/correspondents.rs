//! Whom a client wrote to lately.

use std::collections::VecDeque;
use std::time::Duration;

use signal_wire::Address;
use tokio::time::Instant;

use crate::source::Prefix;

/// The last addresses that a client wrote to, for [`REMEMBERED`]. At most [`MOST`], and at most
/// [`MOST_OF_NETWORK`] of one network, so that strangers to whom an app answers by itself do not
/// push out those whom its owner speaks with; the one that was written to longest ago goes first.
#[derive(Debug, Default)]
pub(super) struct Correspondents {
    /// The latest at the back.
    recent: VecDeque<Recent>,
}

#[derive(Debug)]
struct Recent {
    address: Address,
    /// `None` for somebody who was not there.
    network: Option<Prefix>,
    at: Instant,
}

impl Correspondents {
    /// The client writes to somebody; says whether that makes them a correspondent.
    pub(super) fn note(&mut self, address: Address, network: Option<Prefix>, now: Instant) -> bool {
        let is_new = !self.contain(&address, now);
        self.recent.retain(|it| it.address != address);
        let of_network = |it: &Recent| it.network == network;
        let crowded = self.recent.iter().filter(|it| of_network(it)).count() >= MOST_OF_NETWORK;
        let oldest = if crowded {
            self.recent.iter().position(of_network)
        } else {
            (self.recent.len() >= MOST).then_some(0)
        };
        if let Some(oldest) = oldest {
            self.recent.remove(oldest);
        }
        self.recent.push_back(Recent {
            address,
            network,
            at: now,
        });
        is_new
    }

    pub(super) fn contain(&self, address: &Address, now: Instant) -> bool {
        self.recent
            .iter()
            .any(|it| it.address == *address && now.duration_since(it.at) < REMEMBERED)
    }
}

/// Longer than any ring, and than most pauses in what a call sends over its relay.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// More than one person speaks with in that time.
const MOST: usize = 32;

/// An office behind one address, or the machines of one attacker.
const MOST_OF_NETWORK: usize = 8;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(n: u8) -> Address {
        Address::from_bytes([n; Address::LENGTH])
    }

    fn network(n: u8) -> Option<Prefix> {
        Some(Prefix::network(Ipv4Addr::new(192, 0, n, 1).into()))
    }

    #[test]
    fn whoever_was_written_to_is_known_for_ten_minutes() {
        let now = Instant::now();
        let mut ann = Correspondents::default();
        assert!(ann.note(address(1), network(1), now));
        assert!(!ann.note(address(1), network(1), now));
        let last = now + REMEMBERED - Duration::from_millis(1);
        assert!(ann.contain(&address(1), last));
        assert!(!ann.contain(&address(1), now + REMEMBERED));
        assert!(!ann.contain(&address(2), now));
        assert!(ann.note(address(1), network(1), now + REMEMBERED));
    }

    #[test]
    fn many_of_one_network_push_out_their_like_only() {
        let now = Instant::now();
        let mut ann = Correspondents::default();
        ann.note(address(0), network(0), now);
        for n in 1..=100 {
            ann.note(address(n), network(1), now);
        }
        assert!(ann.contain(&address(0), now));
        assert!(ann.contain(&address(100), now) && !ann.contain(&address(92), now));
        for n in 101..=200 {
            ann.note(address(n), network(n), now);
        }
        assert_eq!(ann.recent.len(), MOST);
        assert!(!ann.contain(&address(0), now));
    }
}
