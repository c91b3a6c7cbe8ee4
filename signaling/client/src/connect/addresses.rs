//! The addresses of a relay, in the order in which they are tried.

use std::net::SocketAddr;

use identity::RelayUrl;
use tokio::net::lookup_host;

use super::nearby::Networks;
use crate::config::{Config, Reach};
use crate::event::Problem;

/// Every address that the relay may be connected at; at least one.
pub(super) async fn of(url: &RelayUrl, config: &Config) -> Result<Vec<SocketAddr>, Problem> {
    let mut addresses = config.addresses.clone();
    if addresses.is_empty() {
        let name = url.lookup_name();
        let resolved = lookup_host((name.as_str(), url.port())).await;
        addresses.extend(resolved.map_err(|_| Problem::Unreachable)?);
    }
    if addresses.is_empty() {
        return Err(Problem::Unreachable);
    }
    match config.reach {
        Reach::EncryptedOrNearby if !url.is_encrypted() => {
            let networks = Networks::of_this_machine().await;
            addresses.retain(|address| networks.contain(address.ip()));
        }
        Reach::EncryptedOrNearby | Reach::Anywhere => {}
    }
    if addresses.is_empty() {
        return Err(Problem::Unencrypted);
    }
    let mut order = interleaved(addresses);
    order.truncate(MAX_ADDRESSES);
    Ok(order)
}

/// One of each family in turn, beginning with the family that the resolver prefers, so that a
/// family without a path costs one attempt and not all of its own (RFC 8305, section 4).
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let prefers_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, others): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == prefers_v6);
    let mut order = Vec::new();
    let (mut preferred, mut others) = (preferred.into_iter(), others.into_iter());
    loop {
        let turn = [preferred.next(), others.next()];
        if turn == [None, None] {
            return order;
        }
        for address in turn.into_iter().flatten() {
            if !order.contains(&address) {
                order.push(address);
            }
        }
    }
}

/// More cannot be tried in the time of an attempt, and a resolver may answer with hundreds.
const MAX_ADDRESSES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_beginning_with_the_preferred_one() {
        let parse = |text: &str| -> Vec<SocketAddr> {
            text.split(' ').map(|it| it.parse().unwrap()).collect()
        };
        let sorted = parse("[::1]:1 [::2]:1 [::3]:1 1.1.1.1:1 [::1]:1 1.1.1.2:1");
        let expected = parse("[::1]:1 1.1.1.1:1 [::2]:1 1.1.1.2:1 [::3]:1");
        assert_eq!(interleaved(sorted), expected);
        let sorted = parse("1.1.1.1:1 1.1.1.2:1 [::1]:1");
        assert_eq!(interleaved(sorted), parse("1.1.1.1:1 [::1]:1 1.1.1.2:1"));
        assert!(interleaved(Vec::new()).is_empty());
    }

    #[tokio::test]
    async fn without_encryption_only_nearby_addresses_are_left_where_reach_says_so() {
        let far: SocketAddr = "203.0.113.9:4080".parse().unwrap();
        let near: SocketAddr = "127.0.0.1:4080".parse().unwrap();
        let of = async |url: &str, reach, addresses: &[SocketAddr]| {
            let addresses = addresses.to_vec();
            let config = Config {
                reach,
                addresses,
                ..Config::default()
            };
            of(&url.parse().unwrap(), &config).await
        };
        let (any, nearby) = (Reach::Anywhere, Reach::EncryptedOrNearby);
        let both = [far, near];
        assert_eq!(of("ws://a.b", nearby, &both).await, Ok(vec![near]));
        assert_eq!(
            of("ws://a.b", nearby, &[far]).await,
            Err(Problem::Unencrypted)
        );
        assert_eq!(of("wss://a.b", nearby, &both).await, Ok(both.to_vec()));
        assert_eq!(of("ws://a.b", any, &both).await, Ok(both.to_vec()));
        let literal = of("ws://[::ffff:203.0.113.9]:4080", nearby, &[]).await;
        assert_eq!(literal, Err(Problem::Unencrypted), "an address in disguise");
    }
}
