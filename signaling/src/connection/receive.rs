//! From the client to its session.

use signal_wire::{ClientFrame, ErrorCode, FrameError};
use tokio::time::Instant;
use tungstenite::Message;

use super::{Attachment, CloseReason, Due};
use crate::outbox::AckOfFuture;
use crate::sessions::Envelope;

/// Takes a message of the client. How fast they may come is the business of the socket below.
/// `skipped` counts frames of a kind that is not known.
pub(super) fn take(
    attachment: &Attachment<'_>,
    message: Message,
    due: &mut Due<'_>,
    skipped: &mut u64,
) -> Result<(), CloseReason> {
    let now = Instant::now();
    due.heard(now);
    let taken = match message {
        Message::Text(text) => take_frame(attachment, &text, due, now),
        Message::Ping(_) | Message::Pong(_) => Ok(()),
        Message::Binary(_) | Message::Frame(_) => Err(Refusal::Malformed),
        Message::Close(_) => return Err(CloseReason::ClosedByClient),
    };
    match taken {
        Ok(()) => Ok(()),
        Err(Refusal::Unknown) => {
            *skipped += 1;
            // Ever more rarely: a client decides how many there are.
            if skipped.is_power_of_two() {
                tracing::debug!(skipped, "a client sends frames of a kind that is not known");
            }
            Ok(())
        }
        Err(refusal @ (Refusal::Malformed | Refusal::NotDue | Refusal::AckOfFuture)) => {
            tracing::debug!(?refusal, "a frame is refused");
            Err(CloseReason::Fault(ErrorCode::Malformed))
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
fn take_frame(
    attachment: &Attachment<'_>,
    text: &str,
    due: &mut Due<'_>,
    now: Instant,
) -> Result<(), Refusal> {
    let Attachment {
        relay,
        address,
        ip,
        handle,
    } = attachment;
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
            due.arrived(now);
            let envelope = Envelope {
                seq,
                id,
                to,
                payload,
            };
            relay.sessions().route(*address, handle, envelope, now);
            Ok(())
        }
        Ok(ClientFrame::Ack { seq }) => {
            let acknowledged = relay.sessions().acknowledged(*address, handle, seq, now);
            acknowledged.map_err(|AckOfFuture| Refusal::AckOfFuture)
        }
        Ok(ClientFrame::Ice {}) => {
            due.servers = true;
            Ok(())
        }
        Ok(ClientFrame::Access { call, with }) => {
            let session = relay.sessions().token(*address, handle);
            if let (Some(livekit), Some(session)) = (&relay.livekit, session) {
                livekit.ask((*address, session, *ip), call, with, now);
            }
            Ok(())
        }
        Ok(ClientFrame::Release { call }) => {
            if let Some(livekit) = &relay.livekit {
                livekit.release(address, call, now);
            }
            Ok(())
        }
        Ok(ClientFrame::Hello { .. }) => Err(Refusal::NotDue),
        Err(FrameError::Unknown) => Err(Refusal::Unknown),
        Err(FrameError::TooLarge { .. } | FrameError::Malformed { .. }) => Err(Refusal::Malformed),
    }
}
