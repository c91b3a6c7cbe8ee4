//! Leaves out of our descriptions what tells nobody anything. Pure.
//!
//! A sealed message is padded to 4 KiB, or else to 16. With all that the library writes, an offer of
//! every stream needs the larger size, which takes a quarter of a second on a slow line.

/// A description of the library's without
/// - candidates of component 2: RTCP shares the first (RFC 5761), and the library lists each twice;
/// - what it says of a source besides its CNAME (RFC 5576, 6.1): `a=msid` says it too (RFC 8830).
pub(super) fn slim(sdp: &str) -> String {
    let lines = sdp.split_inclusive("\r\n");
    lines.filter(|it| !is_redundant(it)).collect()
}

fn is_redundant(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (Some(attribute), Some(second)) = (words.next(), words.next()) else {
        return false;
    };
    (attribute.starts_with("a=candidate:") && second == "2")
        || (attribute.starts_with("a=ssrc:") && !second.starts_with("cname:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_elsewhere_goes() {
        let sdp = "v=0\r\na=mid:0\r\na=msid:person voice\r\na=ssrc:2 cname:person\r\n\
            a=ssrc:2 msid:person voice\r\na=ssrc:2 mslabel:person\r\na=ssrc:2 label:voice\r\n\
            a=candidate:7 1 udp 1 192.0.2.7 9 typ host\r\n\
            a=candidate:7 2 udp 1 192.0.2.7 9 typ host\r\na=end-of-candidates\r\n";
        let expected = "v=0\r\na=mid:0\r\na=msid:person voice\r\na=ssrc:2 cname:person\r\n\
            a=candidate:7 1 udp 1 192.0.2.7 9 typ host\r\na=end-of-candidates\r\n";
        assert_eq!(slim(sdp), expected);
        assert_eq!(slim(expected), expected);
    }
}
