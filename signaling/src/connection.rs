//! One connection: the task that carries frames between a socket and its session.
//!
//! Reading and writing go on side by side, so that a client that does not read can still be
//! heard, and one that is read slowly still gets its messages. What must never happen: an
//! envelope of a client that has not proven its address, or a read ahead of its rate limit.

use std::future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::ws::{Message, WebSocket};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use identity::Authority;
use signal_wire::{Absence, Address, ErrorCode, RelayFrame, SessionToken};
use tokio::time::{Instant, timeout};
use tungstenite::Error;
use tungstenite::error::ProtocolError;

use crate::handle::{ConnectionHandle, Eviction};
use crate::metrics::Refusal;
use crate::newcomer::Newcomer;
use crate::quota::Permit;
use crate::relay::Relay;
use crate::sessions::{Disconnect, Proven};

mod authenticate;
mod receive;
mod send;

type Writer = SplitSink<WebSocket, Message>;
type Reader = SplitStream<WebSocket>;

/// What is known of a client before it has proven anything.
#[derive(Debug)]
pub(crate) struct Origin {
    /// The places that the client may have dialled.
    pub(crate) dialled: Vec<Authority>,
    pub(crate) permit: Arc<Permit>,
    /// Its place is left as soon as the client has proven its address.
    pub(crate) newcomer: Arc<Newcomer>,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CloseReason {
    /// The client closed it.
    ClosedByClient,
    /// The socket broke.
    Lost,
    /// Nothing was heard for too long.
    Silent,
    /// The client did something wrong.
    Fault(ErrorCode),
    /// The client sent what is too large or no WebSocket message: nothing more can be read.
    Unreadable,
    /// The session left this connection.
    Evicted(Eviction),
    /// The relay stops.
    Stopping,
}

/// Carries a connection from the challenge to its end.
pub(crate) async fn run(
    relay: Arc<Relay>,
    (mut writer, mut reader): (Writer, Reader),
    origin: Origin,
) {
    // Counts the connection to its end.
    let _permit = Arc::clone(&origin.permit);
    let authenticated = authenticate(&relay, &mut writer, &mut reader, origin).await;
    let reason = match authenticated {
        Ok(client) => serve(&relay, &client, &mut writer, &mut reader).await,
        Err(reason) => reason,
    };
    tracing::debug!(?reason, "connection ended");
    close(&relay, reason, writer, reader).await;
}

/// Lets the client prove its address in time. What is known of the client is needed no longer than
/// that, nor is its place among the pending ones.
async fn authenticate(
    relay: &Relay,
    writer: &mut Writer,
    reader: &mut Reader,
    origin: Origin,
) -> Result<Proven, CloseReason> {
    let place = &origin.newcomer.place;
    let authentication = timeout(
        relay.config.timing.hello,
        authenticate::client(relay, writer, reader, &origin),
    );
    let authenticated = tokio::select! {
        done = authentication => done.unwrap_or(Err(CloseReason::Fault(ErrorCode::Timeout))),
        () = place.evicted() => {
            relay.metrics.refused(Refusal::Crowded);
            Err(CloseReason::Lost)
        }
        () = relay.drain.begun() => Err(CloseReason::Stopping),
    };
    place.leave();
    relay.metrics.authentication(authenticated.is_ok());
    authenticated
}

/// Ends a connection of the version before, whose clients read a reason as their first frame.
pub(crate) async fn refuse_version(relay: &Relay, socket: WebSocket) {
    let (writer, reader) = socket.split();
    let reason = CloseReason::Fault(ErrorCode::Version);
    close(relay, reason, writer, reader).await;
}

/// Serves a client that has proven its address.
async fn serve(
    relay: &Relay,
    client: &Proven,
    writer: &mut Writer,
    reader: &mut Reader,
) -> CloseReason {
    let Some(token) = random().map(SessionToken) else {
        return CloseReason::Stopping;
    };
    let handle = Arc::new(ConnectionHandle::default());
    let address = client.address;
    let welcome = welcome(relay, client, &handle, token);
    let attachment = Attachment {
        relay,
        address,
        ip: client.ip,
        handle: &handle,
    };
    let reason = match writer.send(welcome).await {
        Err(_) => CloseReason::Lost,
        Ok(()) => tokio::select! {
            reason = receive::all(&attachment, reader) => reason,
            reason = send::all(&attachment, writer) => reason,
            eviction = handle.eviction.wait() => CloseReason::Evicted(*eviction),
            () = relay.drain.turn() => CloseReason::Stopping,
        },
    };
    attachment.end(reason);
    reason
}

/// Attaches the connection to a session, and says so.
fn welcome(
    relay: &Relay,
    client: &Proven,
    handle: &Arc<ConnectionHandle>,
    token: SessionToken,
) -> Message {
    let now = Instant::now();
    let mut welcome = relay
        .sessions()
        .attach(client, Arc::clone(handle), token, now);
    if let RelayFrame::Welcome { ice, .. } = &mut welcome {
        *ice = relay
            .ice
            .issue(client.address, client.ip, now, SystemTime::now());
    }
    Message::text(welcome.encode())
}

/// Sends the final frame, if there is one, and closes; a client that does not read it in time
/// loses it.
async fn close(relay: &Relay, reason: CloseReason, mut writer: Writer, mut reader: Reader) {
    let error = |code| Some(RelayFrame::Error { code });
    let final_frame = match reason {
        CloseReason::Lost | CloseReason::Silent => return,
        CloseReason::ClosedByClient => None,
        CloseReason::Fault(code) => error(code),
        CloseReason::Unreadable => error(ErrorCode::Malformed),
        CloseReason::Evicted(eviction) => eviction.final_frame(),
        CloseReason::Stopping => error(ErrorCode::ShuttingDown),
    };
    let closing = async {
        if let Some(frame) = final_frame {
            write(&mut writer, &frame).await?;
        }
        writer.close().await.map_err(|_| CloseReason::Lost)?;
        // The system resets a socket that is closed with unread bytes, and the final frame would
        // be lost with it: everything that still comes is read.
        while read(&mut reader).await.is_ok() {}
        if reason == CloseReason::Unreadable {
            // Bytes that cannot be read as messages stay unread, so the socket stays open until
            // the client has had its time to read.
            future::pending::<()>().await;
        }
        Ok::<(), CloseReason>(())
    };
    // Whether the client heard it makes no difference any more.
    let _heard: Result<_, _> = timeout(relay.config.timing.close, closing).await;
}

async fn write(writer: &mut Writer, frame: &RelayFrame) -> Result<(), CloseReason> {
    writer
        .send(Message::text(frame.encode()))
        .await
        .map_err(|_| CloseReason::Lost)
}

/// The next message of any kind. One that breaks a limit or the protocol is a fault; an end
/// without a close frame is a loss.
async fn read(reader: &mut Reader) -> Result<Message, CloseReason> {
    let message = reader.next().await.ok_or(CloseReason::Lost)?;
    message.map_err(|error| match error.into_inner().downcast_ref() {
        Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => CloseReason::Lost,
        Some(Error::Capacity(_) | Error::Protocol(_) | Error::Utf8(_)) => CloseReason::Unreadable,
        Some(_) | None => CloseReason::Lost,
    })
}

fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Some(bytes),
        Err(error) => {
            tracing::error!(%error, "no random bytes");
            None
        }
    }
}

/// A connection and the session that it serves. Dropping it detaches them, also when the task of
/// the connection is cancelled midway: the session then waits for its client to come back.
struct Attachment<'a> {
    relay: &'a Relay,
    address: Address,
    ip: IpAddr,
    handle: &'a Arc<ConnectionHandle>,
}

impl Attachment<'_> {
    /// Ends the session, or lets it wait for its client as long as the reason is worth.
    fn end(&self, reason: CloseReason) {
        match reason {
            CloseReason::ClosedByClient => self.leave(Absence::Closed),
            CloseReason::Fault(_) | CloseReason::Unreadable => self.leave(Absence::Unknown),
            CloseReason::Lost => self.detach(Disconnect::Reset),
            // Dropping the attachment keeps the session for a while, unless it has ended.
            CloseReason::Silent | CloseReason::Evicted(_) | CloseReason::Stopping => {}
        }
    }

    fn leave(&self, why: Absence) {
        let mut sessions = self.relay.sessions();
        sessions.leave(self.address, self.handle, why, Instant::now());
    }

    fn detach(&self, disconnect: Disconnect) {
        let mut sessions = self.relay.sessions();
        sessions.detach(self.address, self.handle, Instant::now(), disconnect);
    }
}

impl Drop for Attachment<'_> {
    fn drop(&mut self) {
        self.detach(Disconnect::Silent);
    }
}
