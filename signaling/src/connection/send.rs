//! From the session to its client: frames, acknowledgements and pings.

use std::pin::pin;
use std::time::SystemTime;

use axum::extract::ws::Message;
use futures::SinkExt;
use signal_wire::RelayFrame;
use tokio::time::{Instant, sleep_until};

use super::{Attachment, CloseReason, Writer, write};

/// Writes what the session has for the client until the connection ends.
pub(super) async fn all(attachment: &Attachment<'_>, writer: &mut Writer) -> CloseReason {
    let Attachment { relay, handle, .. } = *attachment;
    let timing = &relay.config.timing;
    let mut due = Due {
        ping: Instant::now() + timing.ping,
        ack: None,
    };
    // One timer for both. It may end early, as when an acknowledgement went along with something
    // else, and is then set anew.
    let mut timer = pin!(sleep_until(due.ping));
    loop {
        let written = tokio::select! {
            () = handle.outgoing.notified() => write_outgoing(attachment, writer, &mut due).await,
            () = handle.incoming.notified(), if due.ack.is_none() => {
                let ack = Instant::now() + timing.ack_delay;
                due.ack = Some(ack);
                if ack < timer.deadline() {
                    timer.as_mut().reset(ack);
                }
                Ok(())
            }
            () = handle.ice.notified() => write_servers(attachment, writer).await,
            () = &mut timer => {
                let written = write_due(attachment, writer, &mut due).await;
                timer.as_mut().reset(due.next());
                written
            }
        };
        if let Err(reason) = written {
            return reason;
        }
    }
}

/// When something has to be written that is not in the outbox.
struct Due {
    ping: Instant,
    /// None while nothing has arrived that is not acknowledged.
    ack: Option<Instant>,
}

impl Due {
    fn next(&self) -> Instant {
        self.ack.map_or(self.ping, |ack| ack.min(self.ping))
    }
}

/// Writes everything that waits, with the acknowledgement if one is due later, and flushes once.
async fn write_outgoing(
    attachment: &Attachment<'_>,
    writer: &mut Writer,
    due: &mut Due,
) -> Result<(), CloseReason> {
    let Attachment {
        relay,
        address,
        ip: _,
        handle,
    } = *attachment;
    let mut written = false;
    loop {
        let next = relay
            .sessions()
            .next_outgoing(address, handle, Instant::now());
        let Some(frame) = next else { break };
        feed(writer, &frame).await?;
        written = true;
    }
    if written && due.ack.take().is_some() {
        feed_ack(attachment, writer).await?;
    }
    flush(writer).await
}

/// Writes what is due now.
async fn write_due(
    attachment: &Attachment<'_>,
    writer: &mut Writer,
    due: &mut Due,
) -> Result<(), CloseReason> {
    let now = Instant::now();
    if due.ack.take_if(|ack| *ack <= now).is_some() {
        feed_ack(attachment, writer).await?;
    }
    if due.ping <= now {
        due.ping = now + attachment.relay.config.timing.ping;
        let ping = Message::Ping(Vec::new().into());
        writer.feed(ping).await.map_err(|_| CloseReason::Lost)?;
    }
    flush(writer).await
}

/// Names STUN and TURN servers, if there are any.
async fn write_servers(
    attachment: &Attachment<'_>,
    writer: &mut Writer,
) -> Result<(), CloseReason> {
    let Attachment {
        relay, address, ip, ..
    } = *attachment;
    let issued = relay
        .ice
        .issue(address, ip, Instant::now(), SystemTime::now());
    match issued {
        Some(servers) => write(writer, &RelayFrame::Ice(servers)).await,
        None => Ok(()),
    }
}

async fn feed_ack(attachment: &Attachment<'_>, writer: &mut Writer) -> Result<(), CloseReason> {
    let Attachment {
        relay,
        address,
        ip: _,
        handle,
    } = *attachment;
    let received = relay.sessions().received(address, handle);
    match received {
        Some(seq) => feed(writer, &RelayFrame::Ack { seq }).await,
        None => Ok(()),
    }
}

async fn feed(writer: &mut Writer, frame: &RelayFrame) -> Result<(), CloseReason> {
    let message = Message::text(frame.encode());
    writer.feed(message).await.map_err(|_| CloseReason::Lost)
}

async fn flush(writer: &mut Writer) -> Result<(), CloseReason> {
    writer.flush().await.map_err(|_| CloseReason::Lost)
}
