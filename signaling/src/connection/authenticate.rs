//! Who a client is: the challenge and its answer.

use signal_wire::{
    Address, Challenge, ClientFrame, ErrorCode, FrameError, Proof, RelayFrame, VERSION,
};
use tokio::time::{Instant, sleep};
use tungstenite::Message;

use super::{CloseReason, Origin, Socket, random, why_unread};
use crate::proofs::Busy;
use crate::relay::Relay;
use crate::sessions::Proven;

/// Asks the client who it is and checks the answer.
pub(super) async fn client(
    relay: &Relay,
    socket: &mut Socket,
    origin: &Origin,
) -> Result<Proven, CloseReason> {
    let nonce = Challenge(random().ok_or(CloseReason::Stopping)?);
    let challenge = RelayFrame::Challenge {
        version: VERSION,
        nonce,
    };
    let challenge = Message::text(challenge.encode());
    let sent = socket.send(challenge).await;
    sent.map_err(|_| CloseReason::Lost)?;
    let ClientFrame::Hello {
        version,
        capabilities: _,
        address,
        proof,
        resume,
    } = first_frame(socket).await?
    else {
        tracing::debug!("a client did not begin with hello");
        return Err(CloseReason::Fault(ErrorCode::Malformed));
    };
    if version != VERSION {
        return Err(CloseReason::Fault(ErrorCode::Version));
    }
    check(relay, origin, &address, &nonce, &proof).await?;
    Ok(Proven {
        address,
        resume,
        ip: origin.permit.ip(),
    })
}

/// The first frame of a kind that this version knows.
async fn first_frame(socket: &mut Socket) -> Result<ClientFrame, CloseReason> {
    loop {
        let message = socket.next().await;
        match message.map_err(|error| why_unread(&error))? {
            Message::Text(text) => match ClientFrame::parse(&text) {
                Ok(frame) => return Ok(frame),
                Err(FrameError::Unknown) => {}
                Err(error @ (FrameError::TooLarge { .. } | FrameError::Malformed { .. })) => {
                    tracing::debug!(%error, "a client did not begin with a frame");
                    return Err(CloseReason::Fault(ErrorCode::Malformed));
                }
            },
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Frame(_) => {
                return Err(CloseReason::Fault(ErrorCode::Malformed));
            }
            Message::Close(_) => return Err(CloseReason::ClosedByClient),
        }
    }
}

/// Checks a proof when it is its turn; the client may have meant any of the places that its
/// request can mean.
async fn check(
    relay: &Relay,
    origin: &Origin,
    address: &Address,
    nonce: &Challenge,
    proof: &Proof,
) -> Result<(), CloseReason> {
    let turn = relay.proofs().take(origin.permit.ip(), Instant::now());
    let wait = turn.map_err(|Busy| CloseReason::Fault(ErrorCode::Busy))?;
    if !wait.is_zero() {
        sleep(wait).await;
    }
    let mut places = origin.dialled.iter();
    if places.any(|place| identity::verify_proof(address, nonce, place, proof).is_ok()) {
        Ok(())
    } else {
        Err(CloseReason::Fault(ErrorCode::BadProof))
    }
}
