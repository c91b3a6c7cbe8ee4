//! What a trusted proxy says in HTTP headers: for whom it asks, and what they asked for.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::Proxies;

/// Whose request it is. Each proxy appends the address that it saw, so the list is true from its
/// right end to the first address that is no trusted proxy; what stands left of that anybody may
/// have written. A list that breaks off there, or is missing, leaves the last one who is known.
pub(crate) fn client(headers: &HeaderMap, peer: IpAddr, proxies: &Proxies) -> IpAddr {
    let mut known = peer;
    // As bytes: what stands left may be no text, and must not take the true entries with it.
    let lists = headers.get_all(FORWARDED_FOR).iter().rev();
    let from_the_right = lists.flat_map(|list| list.as_bytes().rsplit(|byte| *byte == b','));
    for entry in from_the_right {
        if !proxies.trust(known) {
            break;
        }
        let Some(ip) = str::from_utf8(entry).ok().and_then(address) else {
            break;
        };
        known = ip;
    }
    known
}

/// The host that the client dialled, as the nearest proxy says it; none when it says nothing.
pub(crate) fn host(headers: &HeaderMap) -> Option<&str> {
    let last: &HeaderValue = headers.get_all(FORWARDED_HOST).iter().next_back()?;
    let list = last.to_str().ok()?;
    list.rsplit(',').next().map(str::trim)
}

/// An address as proxies write it: some add the port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let ip = entry
        .parse()
        .ok()
        .or_else(|| Some(entry.parse::<SocketAddr>().ok()?.ip()))?;
    Some(ip.to_canonical())
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
        let pair = |value: &&'static str| (name.clone(), HeaderValue::from_static(value));
        values.iter().map(pair).collect()
    }

    #[test]
    fn the_client_is_the_rightmost_address_that_is_no_proxy() {
        let proxies = Proxies {
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
            header: false,
        };
        let cases: [(&[&'static str], &str); 10] = [
            (&[], "10.0.0.1"),
            (&[""], "10.0.0.1"),
            (&["192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.1, 192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.1", "192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.1, 10.0.0.2,10.0.0.3"], "192.0.2.1"),
            (&["192.0.2.1:4711"], "192.0.2.1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["192.0.2.1, nonsense"], "10.0.0.1"),
            (&["10.0.0.2"], "10.0.0.2"),
        ];
        let peer = "10.0.0.1".parse().unwrap();
        for (values, expected) in cases {
            let found = client(&headers(&FORWARDED_FOR, values), peer, &proxies);
            assert_eq!(found.to_string(), expected, "{values:?}");
        }
    }

    #[test]
    fn what_a_client_wrote_that_is_no_text_does_not_hide_its_address() {
        let proxies = Proxies {
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
            header: false,
        };
        let value = HeaderValue::from_bytes(b"\xff, 192.0.2.1").unwrap();
        let headers = HeaderMap::from_iter([(FORWARDED_FOR, value)]);
        let found = client(&headers, "10.0.0.1".parse().unwrap(), &proxies);
        assert_eq!(found.to_string(), "192.0.2.1");
    }

    #[test]
    fn nobody_else_is_believed() {
        let peer = "192.0.2.9".parse().unwrap();
        let forged = headers(&FORWARDED_FOR, &["198.51.100.1"]);
        assert_eq!(client(&forged, peer, &Proxies::default()), peer);
    }

    #[test]
    fn the_host_is_the_one_that_the_nearest_proxy_names() {
        let hosts = |values| {
            let headers = headers(&FORWARDED_HOST, values);
            host(&headers).map(str::to_owned)
        };
        assert_eq!(hosts(&[]), None);
        assert_eq!(hosts(&["a.example"]).as_deref(), Some("a.example"));
        assert_eq!(hosts(&["x", "a.example, b:1"]).as_deref(), Some("b:1"));
    }
}
