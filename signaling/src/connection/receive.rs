//! From the client to its session.

use std::pin::pin;

use axum::extract::ws::Message;
use signal_wire::{ClientFrame, ErrorCode, FrameError};
use tokio::time::{Instant, sleep_until};

use super::{Attachment, CloseReason, Reader, read};
use crate::outbox::AckOfFuture;
use crate::sessions::Envelope;

/// Takes what the client sends until the connection ends. How fast that may be is the business of
/// the socket below.
pub(super) async fn all(attachment: &Attachment<'_>, reader: &mut Reader) -> CloseReason {
    let silence = attachment.relay.config.timing.silence;
    let mut heard = Instant::now();
    // Looked at when it ends, not set anew with each message.
    let mut silent = pin!(sleep_until(heard + silence));
    let mut skipped = 0_u64;
    loop {
        let message = tokio::select! {
            biased;
            message = read(reader) => message,
            () = &mut silent => {
                if heard + silence <= Instant::now() {
                    return CloseReason::Silent;
                }
                silent.as_mut().reset(heard + silence);
                continue;
            }
        };
        let message = match message {
            Ok(message) => message,
            Err(reason) => return reason,
        };
        heard = Instant::now();
        let taken = match message {
            Message::Text(text) => take(attachment, &text),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Binary(_) => Err(Refusal::Malformed),
            Message::Close(_) => return CloseReason::ClosedByClient,
        };
        match taken {
            Ok(()) => {}
            Err(Refusal::Unknown) => {
                skipped += 1;
                // Ever more rarely: a client decides how many there are.
                if skipped.is_power_of_two() {
                    tracing::debug!(skipped, "a client sends frames of a kind that is not known");
                }
            }
            Err(refusal @ (Refusal::Malformed | Refusal::NotDue | Refusal::AckOfFuture)) => {
                tracing::debug!(?refusal, "a frame is refused");
                return CloseReason::Fault(ErrorCode::Malformed);
            }
        }
    }
}

/// Why a frame is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It may mean something to a later version.
    Unknown,
    /// It is none.
    Malformed,
    /// The client has said hello already.
    NotDue,
    /// It acknowledges what was never sent.
    AckOfFuture,
}

/// Hands a frame to the session.
fn take(attachment: &Attachment<'_>, text: &str) -> Result<(), Refusal> {
    let Attachment {
        relay,
        address,
        ip: _,
        handle,
    } = *attachment;
    let now = Instant::now();
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
            relay.sessions().route(address, handle, envelope, now);
            Ok(())
        }
        Ok(ClientFrame::Ack { seq }) => {
            let acknowledged = relay.sessions().acknowledged(address, handle, seq, now);
            acknowledged.map_err(|AckOfFuture| Refusal::AckOfFuture)
        }
        Ok(ClientFrame::Ice {}) => {
            handle.ice.notify_one();
            Ok(())
        }
        Ok(ClientFrame::Hello { .. }) => Err(Refusal::NotDue),
        Err(FrameError::Unknown) => Err(Refusal::Unknown),
        Err(FrameError::TooLarge { .. } | FrameError::Malformed { .. }) => Err(Refusal::Malformed),
    }
}
