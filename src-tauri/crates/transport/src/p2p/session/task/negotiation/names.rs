//! Says our link-local addresses of IPv6 where the library says what stands in for them. Pure.

use std::net::SocketAddr;

/// A description of ours, or one candidate, with the address of each candidate that `real` knows
/// another one for. Ports stay: the two are the same.
pub(crate) fn named(text: &str, real: impl Fn(SocketAddr) -> Option<SocketAddr>) -> String {
    let lines = text.split_inclusive("\r\n");
    lines
        .map(|line| renamed(line, &real).unwrap_or_else(|| line.to_owned()))
        .collect()
}

/// A line that is a candidate (RFC 8839, 5.1) of an address that is really another one.
fn renamed(line: &str, real: impl Fn(SocketAddr) -> Option<SocketAddr>) -> Option<String> {
    let mut words: Vec<&str> = line.split(' ').collect();
    let [first, _, _, _, address, port, ..] = words[..] else {
        return None;
    };
    if !first.trim_start_matches("a=").starts_with("candidate:") {
        return None;
    }
    let said = SocketAddr::new(address.parse().ok()?, port.parse().ok()?);
    let address = real(said)?.ip().to_string();
    words[4] = &address;
    Some(words.join(" "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Port 4000 stands for an address of a link.
    fn real(said: SocketAddr) -> Option<SocketAddr> {
        let stand_in: SocketAddr = "[::1]:4000".parse().unwrap();
        (said == stand_in).then(|| "[fe80::5%2]:4000".parse().unwrap())
    }

    #[test]
    fn what_stands_in_is_never_said_and_all_else_stays() {
        let sdp = "v=0\r\na=candidate:1 1 udp 2130706431 ::1 4000 typ host\r\n\
            a=candidate:1 1 udp 2130706431 ::1 4001 typ host\r\n\
            a=candidate:2 1 udp 2130706431 192.0.2.1 4000 typ host\r\na=end-of-candidates\r\n";
        let expected = sdp.replace("::1 4000", "fe80::5 4000");
        assert_eq!(named(sdp, real), expected);
        let alone = "candidate:1 1 udp 2130706431 ::1 4000 typ host";
        let expected = "candidate:1 1 udp 2130706431 fe80::5 4000 typ host";
        assert_eq!(named(alone, real), expected);
    }

    proptest! {
        #[test]
        fn any_text_without_stand_ins_stays(
            text in "((a=)?candidate:[0-9 a-z.:]{0,60}|[^\\r\\n]{0,60})(\\r\\n)?"
        ) {
            prop_assert_eq!(named(&text, |_| None), text);
        }
    }
}
