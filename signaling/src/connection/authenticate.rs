//! Who a client is: the challenge and its answer.

use axum::extract::ws::Message;
use signal_wire::{Address, Challenge, ClientFrame, ErrorCode, RelayFrame, Resume, VERSION};

use super::{CloseReason, Reader, Writer, random, read, write};

/// Asks the client who it is and checks the answer.
pub(super) async fn client(
    writer: &mut Writer,
    reader: &mut Reader,
    host: &str,
) -> Result<(Address, Option<Resume>), CloseReason> {
    let nonce = Challenge(random().ok_or(CloseReason::Stopping)?);
    let challenge = RelayFrame::Challenge {
        version: VERSION,
        nonce,
    };
    write(writer, &challenge).await?;
    let hello = loop {
        match read(reader).await? {
            Message::Text(text) => break ClientFrame::parse(&text),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) => return Err(CloseReason::Fault(ErrorCode::Malformed)),
            Message::Close(_) => return Err(CloseReason::ClosedByClient),
        }
    };
    let Ok(ClientFrame::Hello {
        version,
        address,
        proof,
        resume,
    }) = hello
    else {
        return Err(CloseReason::Fault(ErrorCode::Malformed));
    };
    if version != VERSION {
        return Err(CloseReason::Fault(ErrorCode::Version));
    }
    identity::verify_proof(&address, &nonce, host, &proof)
        .map_err(|_| CloseReason::Fault(ErrorCode::BadProof))?;
    Ok((address, resume))
}
