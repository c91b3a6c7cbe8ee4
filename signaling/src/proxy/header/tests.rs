use std::time::Duration;

use proptest::prelude::*;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::*;

/// What is read from these bytes, and how many bytes are left for the client.
fn reads(bytes: &[u8]) -> (Result<Option<IpAddr>, HeaderError>, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut left = bytes;
    let read = runtime.block_on(read(&mut left));
    (read, left.len())
}

fn version_2(command: v2::Command, addresses: v2::Addresses, extra: usize) -> Vec<u8> {
    let protocol = v2::Protocol::Stream;
    let header = v2::Builder::with_addresses(v2::Version::Two | command, protocol, addresses);
    let header = header.write_tlv(v2::Type::NoOp, &vec![0; extra]).unwrap();
    header.build().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn both_versions_say_whose_connection_it_is_and_leave_the_rest() {
    let v4 = v2::IPv4::new([192, 0, 2, 1], [10, 0, 0, 1], 4711, 443);
    let v6 = "2001:db8::1".parse::<std::net::Ipv6Addr>().unwrap();
    let v6 = v2::IPv6::new(v6, v6, 4711, 443);
    let cases = [
        (
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n".to_vec(),
            Some("192.0.2.1"),
        ),
        (
            b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n".to_vec(),
            Some("2001:db8::1"),
        ),
        (
            b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n".to_vec(),
            Some("192.0.2.1"),
        ),
        (b"PROXY UNKNOWN\r\n".to_vec(), None),
        (
            version_2(v2::Command::Proxy, v4.into(), 0),
            Some("192.0.2.1"),
        ),
        (
            version_2(v2::Command::Proxy, v6.into(), 1000),
            Some("2001:db8::1"),
        ),
        (version_2(v2::Command::Local, v4.into(), 0), None),
        (
            version_2(v2::Command::Proxy, v2::Addresses::Unspecified, 0),
            None,
        ),
    ];
    for (mut bytes, expected) in cases {
        bytes.extend_from_slice(b"GET /");
        let (read, left) = reads(&bytes);
        assert_eq!(read.unwrap(), expected.map(ip), "{bytes:?}");
        assert_eq!(left, 5, "{bytes:?}");
    }
}

#[test]
fn anything_else_is_refused() {
    let long_line = [b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat();
    let v4: v2::Addresses = v2::IPv4::new([192, 0, 2, 1], [10, 0, 0, 1], 1, 2).into();
    let long = version_2(v2::Command::Proxy, v4, MAX_BINARY);
    let error = |bytes: &[u8]| reads(bytes).0.unwrap_err();
    assert!(matches!(error(b""), HeaderError::Ended(_)));
    assert!(matches!(error(b"PROXY TCP4 1.2"), HeaderError::Ended(_)));
    assert!(matches!(error(b"GET / HTTP/1.1\r\n"), HeaderError::Missing));
    assert!(matches!(
        error(b"PROXY TCP4 nobody nowhere 1 2\r\n"),
        HeaderError::Malformed
    ));
    assert!(matches!(error(&long_line), HeaderError::TooLong));
    assert!(matches!(error(&long), HeaderError::TooLong));
}

#[tokio::test]
async fn a_header_may_come_in_pieces() {
    let (mut near, mut far) = tokio::io::duplex(64);
    let reading = tokio::spawn(async move { read(&mut far).await });
    for byte in b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n" {
        near.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let read = timeout(Duration::from_secs(5), reading).await.unwrap();
    assert_eq!(read.unwrap().unwrap(), Some(ip("192.0.2.1")));
}

proptest! {
    #[test]
    fn no_bytes_do_any_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for prefix in [&b""[..], LINE_PREFIX, v2::PROTOCOL_PREFIX] {
            let (_, left) = reads(&[prefix, &bytes].concat());
            prop_assert!(left <= bytes.len());
        }
    }
}
