//! Requests without a library, from any address of this machine.

use std::net::{IpAddr, SocketAddr};

use signal_wire::PATH;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::soon;

/// A connection from this address; on Linux the whole of 127.0.0.0/8 is this machine's.
pub(crate) async fn from(source: &str, to: &str) -> std::io::Result<TcpStream> {
    let source: IpAddr = source.parse().expect("an address");
    let to: SocketAddr = to.parse().expect("an address and a port");
    let socket = TcpSocket::new_v4()?;
    socket.bind((source, 0).into())?;
    soon(socket.connect(to)).await
}

/// Asks for a WebSocket and returns the status of the answer; none when there is none.
pub(crate) async fn knock<S>(stream: &mut S, host: &str, headers: &str) -> Option<u16>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = format!(
        "GET {PATH} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(soon(stream.read_u8()).await.ok()?);
    }
    let line = String::from_utf8(line).ok()?;
    line.split(' ').nth(1)?.parse().ok()
}

/// The whole answer to a simple request; empty when nothing listens.
pub(crate) async fn get(address: &str, path: &str) -> String {
    let mut answer = String::new();
    let Ok(mut stream) = TcpStream::connect(address).await else {
        return answer;
    };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    if stream.write_all(request.as_bytes()).await.is_ok() {
        let _whole: Result<usize, _> = soon(stream.read_to_string(&mut answer)).await;
    }
    answer
}
