//! A socket whose other end is a client of tungstenite's, over a pipe that holds little.

use futures::{FutureExt, SinkExt, StreamExt};
use tokio::io::{DuplexStream, duplex};
use tokio_tungstenite::WebSocketStream;

use super::*;

/// A pipe in memory takes no time.
const SOON: std::time::Duration = std::time::Duration::from_millis(100);

/// A relay's socket and its client, with so many bytes between the two.
async fn pair(bytes: usize) -> (Socket<DuplexStream>, WebSocketStream<DuplexStream>) {
    let (ours, theirs) = duplex(bytes);
    let client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    (Socket::new(ours, &[]), client)
}

fn text(length: usize) -> Message {
    Message::text("x".repeat(length))
}

#[tokio::test]
async fn what_is_queued_goes_out_while_the_next_message_is_awaited() {
    let (mut socket, mut client) = pair(64 * 1024).await;
    for length in [1, 200, 1000] {
        socket.queue(text(length)).unwrap();
    }
    assert!(
        socket.progress().now_or_never().is_none(),
        "it says nothing"
    );
    for length in [1, 200, 1000] {
        assert_eq!(client.next().await.unwrap().unwrap(), text(length));
    }
    client.send(text(70)).await.unwrap();
    assert_eq!(socket.next().await.unwrap(), text(70));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_heard_and_gets_the_rest_later() {
    let (mut socket, mut client) = pair(256).await;
    let mut queued = 0;
    while socket.has_room() {
        socket.queue(text(1000)).unwrap();
        queued += 1;
    }
    assert!(queued * 1000 <= QUEUE_BYTES + 1000);
    client.send(text(7)).await.unwrap();
    assert_eq!(socket.next().await.unwrap(), text(7));
    assert!(!socket.has_room());
    let reading = async {
        for _ in 0..queued {
            assert_eq!(client.next().await.unwrap().unwrap(), text(1000));
        }
    };
    let (progress, ()) = tokio::join!(socket.progress(), reading);
    assert!(matches!(progress, Ok(Progress::Room)) && socket.has_room());
}

#[tokio::test]
async fn pings_are_answered_and_a_close_is_too() {
    let (mut socket, mut client) = pair(1024).await;
    client.send(Message::Ping("!".into())).await.unwrap();
    client.close(None).await.unwrap();
    assert_eq!(socket.next().await.unwrap(), Message::Ping("!".into()));
    assert_eq!(socket.next().await.unwrap(), Message::Close(None));
    socket.close().await.unwrap();
    assert!(socket.next().await.is_err());
    assert_eq!(
        client.next().await.unwrap().unwrap(),
        Message::Pong("!".into())
    );
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Close(None));
}

#[tokio::test]
async fn answers_to_pings_of_a_client_that_does_not_read_are_bounded() {
    let (mut socket, mut client) = pair(256).await;
    for _ in 0..100 {
        client
            .feed(Message::Ping(vec![7; 125].into()))
            .await
            .unwrap();
        let both = async { tokio::join!(client.flush(), socket.next()) };
        let Ok((_flushed, read)) = tokio::time::timeout(SOON, both).await else {
            break;
        };
        read.unwrap();
    }
    assert!(!socket.has_room());
    assert!(socket.queued < 2 * MAX_QUEUED_BYTES);
}

#[tokio::test]
async fn nothing_is_read_after_an_error() {
    let (mut socket, mut client) = pair(64 * 1024).await;
    let mut sending = std::pin::pin!(client.send(text(MAX_FRAME_BYTES + 1)));
    assert!((&mut sending).now_or_never().is_none(), "the pipe is full");
    assert!(matches!(socket.next().await, Err(Error::Capacity(_))));
    for _ in 0..3 {
        assert!(matches!(socket.next().await, Err(Error::AlreadyClosed)));
    }
}

#[tokio::test]
async fn what_came_behind_the_request_is_read_first() {
    let (ours, _theirs) = duplex(64);
    let masked = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
    let mut socket = Socket::new(ours, &masked);
    assert_eq!(socket.next().await.unwrap(), Message::text("hi"));
}
