//! The PROXY protocol: one line or one binary header before the first byte of the client
//! (haproxy's `proxy-protocol.txt`, versions 1 and 2).
//!
//! Read byte for byte up to its end and not beyond, for what follows is the client's. How long
//! reading may take is the caller's business.

use std::io;
use std::net::IpAddr;

use ppp::{v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Why a header does not say whose connection it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("the connection ended")]
    Ended(#[from] io::Error),
    #[error("no header of the PROXY protocol")]
    Missing,
    #[error("a header that is longer than it may be")]
    TooLong,
    #[error("a header that cannot be read")]
    Malformed,
}

/// Reads the header of a connection: whose it is, or nothing when it is the proxy's own, such as a
/// look at our health.
pub(crate) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<Option<IpAddr>, HeaderError> {
    let mut start = [0; START];
    stream.read_exact(&mut start).await?;
    if start == v2::PROTOCOL_PREFIX {
        binary(stream, start).await
    } else if start.starts_with(LINE_PREFIX) {
        line(stream, start).await
    } else {
        Err(HeaderError::Missing)
    }
}

async fn binary(
    stream: &mut (impl AsyncRead + Unpin),
    start: [u8; START],
) -> Result<Option<IpAddr>, HeaderError> {
    let mut fixed = [0; FIXED - START];
    stream.read_exact(&mut fixed).await?;
    let [_, _, high, low] = fixed;
    let rest = usize::from(u16::from_be_bytes([high, low]));
    if rest > MAX_BINARY {
        return Err(HeaderError::TooLong);
    }
    let mut header = [start.as_slice(), &fixed].concat();
    header.resize(FIXED + rest, 0);
    let tail = header.get_mut(FIXED..).unwrap_or_default();
    stream.read_exact(tail).await?;
    let header = v2::Header::try_from(header.as_slice()).map_err(|_| HeaderError::Malformed)?;
    Ok(match (header.command, header.addresses) {
        (v2::Command::Local, _) => None,
        (v2::Command::Proxy, v2::Addresses::IPv4(pair)) => Some(pair.source_address.into()),
        (v2::Command::Proxy, v2::Addresses::IPv6(pair)) => {
            Some(IpAddr::V6(pair.source_address).to_canonical())
        }
        (v2::Command::Proxy, v2::Addresses::Unspecified | v2::Addresses::Unix(_)) => None,
    })
}

async fn line(
    stream: &mut (impl AsyncRead + Unpin),
    start: [u8; START],
) -> Result<Option<IpAddr>, HeaderError> {
    let mut header = start.to_vec();
    while header.last() != Some(&b'\n') {
        if header.len() >= MAX_LINE {
            return Err(HeaderError::TooLong);
        }
        header.push(stream.read_u8().await?);
    }
    let header = v1::Header::try_from(header.as_slice()).map_err(|_| HeaderError::Malformed)?;
    Ok(match header.addresses {
        v1::Addresses::Unknown => None,
        v1::Addresses::Tcp4(pair) => Some(pair.source_address.into()),
        v1::Addresses::Tcp6(pair) => Some(IpAddr::V6(pair.source_address).to_canonical()),
    })
}

/// The length of version 2's signature. The shortest line of version 1 is longer.
const START: usize = 12;

/// The length of version 2's header without what it says of itself.
const FIXED: usize = 16;

const LINE_PREFIX: &[u8] = b"PROXY ";

/// The longest line of version 1, with its end.
const MAX_LINE: usize = 107;

/// The addresses of version 2 take at most 216 bytes; the rest is for what proxies add, such as a
/// certificate's name. The field could say 64 KiB.
const MAX_BINARY: usize = 2048;

#[cfg(test)]
mod tests;
