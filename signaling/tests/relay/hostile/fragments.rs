//! What goes below the messages of a WebSocket (RFC 6455, section 5.4): fragments that never become
//! one, and frames that hold nothing.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::{Pair, Process, attack_time, hostile, tell};
use crate::support::soon;

/// A socket on which the relay speaks WebSocket and has not been told who is there.
async fn upgraded(url: &str, n: u8) -> TcpStream {
    let place = url
        .trim_start_matches("ws://")
        .trim_end_matches(signal_wire::PATH);
    let socket = TcpSocket::new_v4().expect("there is IPv4");
    socket.bind(SocketAddr::new(hostile(n), 0)).expect("a port");
    // What waits in buffers is not what the relay took.
    socket
        .set_send_buffer_size(16 * 1024)
        .expect("it can be set");
    let place = place.parse().expect("numbers");
    let mut stream = socket.connect(place).await.expect("the relay is there");
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {place}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        signal_wire::PATH
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it is read");
    let mut answer = [0; 12];
    soon(stream.read_exact(&mut answer))
        .await
        .expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 101");
    stream
}

/// Writes these frames again and again, and says how many bytes the relay took.
async fn push(mut stream: TcpStream, first: &'static [u8], again: [u8; 6]) -> usize {
    let many = again.repeat(2_000);
    let mut taken = 0;
    let endless = async {
        let _begun: Result<(), _> = stream.write_all(first).await;
        while let Ok(count) = stream.write(&many).await {
            taken += count;
        }
    };
    let _over: Result<(), _> = timeout(attack_time(), endless).await;
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_make_no_message_are_read_as_slowly_as_others() {
    let relay = Process::start(&[]).await;
    let mut pair = Pair::online(&relay.url).await;
    let before = relay.figures();
    // The beginning of a message and empty fragments; pings; pongs.
    let kinds: [(&[u8], u8); 3] = [(&[0x01, 0x80, 1, 2, 3, 4], 0x00), (&[], 0x89), (&[], 0x8a)];
    let attacks = kinds.into_iter().zip(1..).map(|((first, opcode), n)| {
        let url = relay.url.clone();
        tokio::spawn(async move {
            let stream = upgraded(&url, n).await;
            push(stream, first, [opcode, 0x80, 1, 2, 3, 4]).await
        })
    });
    let attacks: Vec<_> = attacks.collect();
    pair.speak().await;
    let load = relay.load_since(before);
    for attack in attacks {
        let taken = attack.await.expect("the attack goes on");
        tell(&format!("{taken} bytes were taken"));
        // The system's receive buffer, and a second of what a client may send.
        assert!(taken < 2 * 1024 * 1024, "{taken} bytes were taken");
    }
    assert!(load < 0.5, "{load} of a processor");
    relay.has_grown_at_most(8 * 1024, 32);
}
