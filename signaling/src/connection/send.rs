//! From the session to its client: frames, acknowledgements and pings.

use std::future;
use std::time::SystemTime;

use axum::extract::ws::Message;
use futures::SinkExt;
use signal_wire::RelayFrame;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use super::{Attachment, CloseReason, Writer, write};

/// Writes what the session has for the client until the connection ends.
pub(super) async fn all(attachment: &Attachment<'_>, writer: &mut Writer) -> CloseReason {
    let Attachment {
        relay,
        address,
        ip,
        handle,
    } = *attachment;
    let timing = &relay.config.timing;
    let mut pings = interval_at(Instant::now() + timing.ping, timing.ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ack_at = None;
    loop {
        let written = tokio::select! {
            () = handle.outgoing.notified() => write_outgoing(attachment, writer).await,
            () = handle.incoming.notified(), if ack_at.is_none() => {
                ack_at = Some(Instant::now() + timing.ack_delay);
                Ok(())
            }
            () = handle.ice.notified() => {
                let issued = relay.ice.issue(address, ip, Instant::now(), SystemTime::now());
                match issued {
                    Some(servers) => write(writer, &RelayFrame::Ice(servers)).await,
                    None => Ok(()),
                }
            }
            () = at(ack_at) => {
                ack_at = None;
                let received = relay.sessions().received(address, handle);
                match received {
                    Some(seq) => write(writer, &RelayFrame::Ack { seq }).await,
                    None => Ok(()),
                }
            }
            _ = pings.tick() => {
                let ping = Message::Ping(Vec::new().into());
                writer.send(ping).await.map_err(|_| CloseReason::Lost)
            }
        };
        if let Err(reason) = written {
            return reason;
        }
    }
}

/// Writes everything that waits, and flushes once.
async fn write_outgoing(
    attachment: &Attachment<'_>,
    writer: &mut Writer,
) -> Result<(), CloseReason> {
    let Attachment {
        relay,
        address,
        ip: _,
        handle,
    } = *attachment;
    loop {
        let next = relay
            .sessions()
            .next_outgoing(address, handle, Instant::now());
        let Some(frame) = next else { break };
        writer
            .feed(Message::text(frame.encode()))
            .await
            .map_err(|_| CloseReason::Lost)?;
    }
    writer.flush().await.map_err(|_| CloseReason::Lost)
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => future::pending().await,
    }
}
