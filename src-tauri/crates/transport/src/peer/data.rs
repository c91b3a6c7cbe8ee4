//! Data channels, reliable and ordered (RFC 8831): a task for each, which ends when the channel does
//! or with the session.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use webrtc::data_channel::{DataChannel, DataChannelEvent};

/// What happens on a channel.
#[derive(Debug)]
pub(crate) enum DataEvent {
    /// Messages flow.
    Open,
    Message(Bytes),
    /// The other side closed it, or the whole connection.
    Closed,
    /// The library stopped delivering without saying why.
    Ended,
}

/// Carries messages both ways until the channel ends or `stop`; of those that come, no larger ones
/// than of `most` bytes. Messages to send that wait before the channel is open leave when it opens.
pub(crate) async fn run(
    channel: Arc<dyn DataChannel>,
    most: usize,
    outgoing: mpsc::Receiver<Bytes>,
    events: mpsc::Sender<DataEvent>,
    stop: CancellationToken,
) {
    let opened = CancellationToken::new();
    tokio::select! {
        () = send(&*channel, outgoing, &opened) => {}
        () = receive(&*channel, most, &events, &opened) => {}
        () = stop.cancelled() => {}
    }
}

/// Sends what comes, from when the channel is `opened`. Never ends: the end of the channel is told
/// by its receiving half alone.
async fn send(
    channel: &dyn DataChannel,
    mut outgoing: mpsc::Receiver<Bytes>,
    opened: &CancellationToken,
) {
    opened.cancelled().await;
    while let Some(message) = outgoing.recv().await {
        if channel.send(BytesMut::from(&message[..])).await.is_err() {
            tracing::warn!("a message was not sent: its channel is closed");
        }
    }
    std::future::pending::<()>().await;
}

/// Tells what happens on the channel until it ends, and notes when it is `opened`: a message may
/// come before the library says so.
async fn receive(
    channel: &dyn DataChannel,
    most: usize,
    events: &mpsc::Sender<DataEvent>,
    opened: &CancellationToken,
) {
    loop {
        let event = match channel.poll().await {
            Some(DataChannelEvent::OnOpen) => {
                tracing::debug!("a data channel is open");
                opened.cancel();
                DataEvent::Open
            }
            Some(DataChannelEvent::OnMessage(message)) if message.data.len() <= most => {
                opened.cancel();
                DataEvent::Message(message.data.freeze())
            }
            Some(DataChannelEvent::OnMessage(message)) => {
                tracing::warn!(bytes = message.data.len(), "dropped a message: too large");
                continue;
            }
            Some(DataChannelEvent::OnClose | DataChannelEvent::OnClosing) => DataEvent::Closed,
            Some(_) => continue,
            None => DataEvent::Ended,
        };
        let last = matches!(event, DataEvent::Closed | DataEvent::Ended);
        if events.send(event).await.is_err() || last {
            return;
        }
    }
}

/// Takes what comes on a channel that nothing uses here and drops it, until the channel ends or
/// `stop`. What nobody took would fill the window that all channels share (RFC 9260, 6).
pub(crate) async fn drop_all(channel: Arc<dyn DataChannel>, stop: CancellationToken) {
    let dropping = async {
        let mut told = false;
        while let Some(event) = channel.poll().await {
            let is_message = matches!(event, DataChannelEvent::OnMessage(_));
            if is_message && !std::mem::replace(&mut told, true) {
                tracing::warn!("messages on a data channel are dropped: nothing uses it here");
            }
        }
    };
    stop.run_until_cancelled(dropping).await;
}

/// Waits until the messages of a queue are taken and the library had a moment to send them, or
/// [`LINGER`] is over.
pub(crate) async fn drained(queue: &mpsc::Sender<Bytes>) {
    let taken = async {
        while queue.capacity() < queue.max_capacity() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let _ = tokio::time::timeout(LINGER, taken).await;
}

/// How long a closing session lets its last messages leave, also those of a channel that is about to
/// open: a few round trips on most paths, and a small part of the second that a close may take.
pub(crate) const LINGER: Duration = Duration::from_millis(150);
