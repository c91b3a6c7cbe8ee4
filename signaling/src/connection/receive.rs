//! From the client to its session, no faster than the client may.

use axum::extract::ws::Message;
use signal_wire::{ClientFrame, ErrorCode};
use tokio::time::{Instant, sleep, timeout};

use super::{Attachment, CloseReason, Reader, read};
use crate::rate_limit::TokenBucket;
use crate::sessions::Envelope;

/// Takes what the client sends until the connection ends. One that sends too fast is read more
/// slowly, and TCP makes it wait.
pub(super) async fn all(attachment: &Attachment<'_>, reader: &mut Reader) -> CloseReason {
    let relay = attachment.relay;
    let (limits, now) = (&relay.config.limits, Instant::now());
    let mut frames = TokenBucket::new(limits.frames_per_second, limits.frames_burst, now);
    let mut bytes = TokenBucket::new(limits.bytes_per_second, limits.bytes_burst, now);
    loop {
        let message = match timeout(relay.config.timing.silence, read(reader)).await {
            Ok(Ok(message)) => message,
            Ok(Err(reason)) => return reason,
            Err(_) => return CloseReason::Silent,
        };
        let size = match &message {
            Message::Text(text) => text.len(),
            Message::Ping(data) | Message::Pong(data) => data.len(),
            Message::Binary(_) => return CloseReason::Fault(ErrorCode::Malformed),
            Message::Close(_) => return CloseReason::ClosedByClient,
        };
        if let Message::Text(text) = message
            && !take(attachment, &text)
        {
            return CloseReason::Fault(ErrorCode::Malformed);
        }
        let now = Instant::now();
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let delay = frames.take(1, now).max(bytes.take(size, now));
        if !delay.is_zero() {
            relay.metrics.rate_limit_delays.inc();
            sleep(delay).await;
        }
    }
}

/// Hands a frame to the session; false when it is none that is due.
fn take(attachment: &Attachment<'_>, text: &str) -> bool {
    let Attachment {
        relay,
        address,
        handle,
    } = *attachment;
    match ClientFrame::parse(text) {
        Ok(ClientFrame::Envelope {
            seq,
            id,
            to,
            payload,
        }) => {
            relay.metrics.messages.inc();
            let size = u64::try_from(payload.len()).unwrap_or(u64::MAX);
            relay.metrics.message_bytes.inc_by(size);
            let envelope = Envelope {
                seq,
                id,
                to,
                payload,
            };
            relay.sessions().route(address, handle, envelope);
            true
        }
        Ok(ClientFrame::Ack { seq }) => {
            relay.sessions().acknowledged(address, handle, seq);
            true
        }
        Ok(ClientFrame::Hello { .. }) | Err(_) => false,
    }
}
