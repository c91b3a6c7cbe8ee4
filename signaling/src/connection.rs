//! One connection: the task that carries frames between a socket and its session.
//!
//! One loop owns the socket, reads it and writes it, so that a client that does not read can still
//! be heard, and one that is read slowly still gets its messages. What must never happen: an
//! envelope of a client that has not proven its address, or a read ahead of its rate limit.
//!
//! An idle connection is little more than this task, so what it needs only at its beginning or its
//! end is boxed, and gone in between.

use std::future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::SystemTime;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use identity::Authority;
use signal_wire::{Absence, Address, Capabilities, ErrorCode, RelayFrame, SessionToken};
use tokio::time::{Instant, sleep_until, timeout};
use tungstenite::error::ProtocolError;
use tungstenite::{Error, Message};

use crate::handle::{ConnectionHandle, Eviction};
use crate::metered::Metered;
use crate::metrics::Refusal;
use crate::newcomer::Newcomer;
use crate::pending::Place;
use crate::quota::Permit;
use crate::relay::Relay;
use crate::sessions::{Disconnect, Proven};
use crate::socket::Progress;
use crate::transport::Transport;

mod authenticate;
mod due;
mod receive;
mod send;

use due::Due;

type Socket = crate::socket::Socket<Metered<Transport>>;

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

/// Carries a connection from its upgrade to its end.
pub(crate) async fn run(relay: Arc<Relay>, upgrade: OnUpgrade, origin: Origin) {
    // Counts the connection to its end.
    let permit = Arc::clone(&origin.permit);
    let Some(mut socket) = Box::pin(upgraded(upgrade)).await else {
        return;
    };
    let attached = Box::pin(attach(&relay, &mut socket, origin)).await;
    let reason = match attached {
        Ok(attachment) => {
            let reason = tokio::select! {
                reason = serve(&attachment, &mut socket) => reason,
                () = permit.evicted() => {
                    relay.metrics.refused(Refusal::Crowded);
                    CloseReason::Lost
                }
            };
            attachment.end(reason);
            reason
        }
        Err(reason) => reason,
    };
    tracing::debug!(?reason, "connection ended");
    Box::pin(close(&relay, reason, socket)).await;
}

/// Ends a connection of the version before, whose clients read a reason as their first frame.
pub(crate) async fn refuse_version(relay: Arc<Relay>, upgrade: OnUpgrade, newcomer: Arc<Newcomer>) {
    let refuse = async {
        if let Some(socket) = upgraded(upgrade).await {
            let reason = CloseReason::Fault(ErrorCode::Version);
            close(&relay, reason, socket).await;
        }
    };
    tokio::select! {
        () = refuse => {}
        () = newcomer.place.evicted() => {}
    }
}

/// The socket below a request, once that is answered; none when the client is gone by then.
async fn upgraded(upgrade: OnUpgrade) -> Option<Socket> {
    let upgraded = upgrade.await.ok()?;
    let parts = upgraded.downcast::<TokioIo<Metered<Transport>>>().ok()?;
    Some(Socket::new(parts.io.into_inner(), &parts.read_buf))
}

/// Lets the client prove its address, and tells it of its session.
async fn attach<'a>(
    relay: &'a Relay,
    socket: &mut Socket,
    origin: Origin,
) -> Result<Attachment<'a>, CloseReason> {
    let permit = Arc::clone(&origin.permit);
    let client = authenticate(relay, socket, origin).await?;
    let token = SessionToken(random().ok_or(CloseReason::Stopping)?);
    let handle = Arc::new(ConnectionHandle::of(permit));
    let welcome = welcome(relay, &client, &handle, token);
    let attachment = Attachment {
        relay,
        address: client.address,
        ip: client.ip,
        handle,
    };
    // Queued only: a client that does not read is served, and found to be silent, as any other.
    if socket.queue(welcome).is_err() {
        attachment.end(CloseReason::Lost);
        return Err(CloseReason::Lost);
    }
    Ok(attachment)
}

/// Lets the client prove its address in time. What is known of the client is needed no longer than
/// that, nor is its place among the pending ones.
async fn authenticate(
    relay: &Relay,
    socket: &mut Socket,
    origin: Origin,
) -> Result<Proven, CloseReason> {
    let place = &origin.newcomer.place;
    let authentication = timeout(
        relay.config.timing.hello,
        authenticate::client(relay, socket, &origin),
    );
    let authenticated = tokio::select! {
        done = authentication => done.unwrap_or(Err(CloseReason::Fault(ErrorCode::Timeout))),
        () = crowded_out(place, &origin.permit) => {
            relay.metrics.refused(Refusal::Crowded);
            Err(CloseReason::Lost)
        }
        () = relay.drain.begun() => Err(CloseReason::Stopping),
    };
    place.leave();
    relay.metrics.authentication(authenticated.is_ok());
    authenticated
}

/// Waits until the connection has to make room for a newer one.
async fn crowded_out(place: &Place, permit: &Permit) {
    tokio::select! {
        () = place.evicted() => {}
        () = permit.evicted() => {}
    }
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
    if let RelayFrame::Welcome {
        capabilities, ice, ..
    } = &mut welcome
    {
        if relay.livekit.is_some() {
            *capabilities = Capabilities::new([Capabilities::LIVEKIT]);
        }
        *ice = relay
            .ice
            .issue(client.address, client.ip, now, SystemTime::now());
    }
    Message::text(welcome.encode())
}

/// Serves a client that has proven its address, until the connection shall end.
async fn serve(attachment: &Attachment<'_>, socket: &mut Socket) -> CloseReason {
    let mut due = Due::new(&attachment.relay.config.timing, Instant::now());
    let mut skipped = 0;
    // One for all that is due. It may end early, and is set anew then.
    let mut timer = pin!(sleep_until(due.next(true)));
    let mut turn = pin!(attachment.relay.drain.turn());
    loop {
        // A client that does not read gets the rest when it has taken what there is.
        if socket.has_room() && send::due(attachment, socket, &mut due).is_err() {
            return CloseReason::Lost;
        }
        let next = due.next(socket.has_room());
        if next < timer.deadline() || timer.is_elapsed() {
            timer.as_mut().reset(next);
        }
        let done = tokio::select! {
            biased;
            () = attachment.handle.woken() => {
                due.outgoing = true;
                attachment.stays()
            }
            () = &mut turn => Err(CloseReason::Stopping),
            progress = socket.progress() => match progress {
                Ok(Progress::Message(message)) => {
                    receive::take(attachment, message, &mut due, &mut skipped)
                }
                Ok(Progress::Room) => Ok(()),
                Err(error) => Err(why_unread(&error)),
            },
            // Behind the socket: what came while the machine slept was not silence.
            () = &mut timer => match due.is_silent(Instant::now()) {
                true => Err(CloseReason::Silent),
                false => Ok(()),
            },
        };
        if let Err(reason) = done {
            return reason;
        }
    }
}

/// Sends the final frame, if there is one, and closes; a client that does not read it in time
/// loses it.
async fn close(relay: &Relay, reason: CloseReason, mut socket: Socket) {
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
            socket.queue(Message::text(frame.encode()))?;
        }
        socket.close().await?;
        // The system resets a socket that is closed with unread bytes, and the final frame would
        // be lost with it: everything that still comes is read.
        while socket.next().await.is_ok() {}
        if reason == CloseReason::Unreadable {
            // Bytes that cannot be read as messages stay unread, so the socket stays open until
            // the client has had its time to read.
            future::pending::<()>().await;
        }
        Ok::<(), Error>(())
    };
    // Whether the client heard it makes no difference any more.
    let _heard: Result<_, _> = timeout(relay.config.timing.close, closing).await;
}

/// Why nothing more can be read: what breaks a limit or the protocol is a fault, an end without a
/// close frame is a loss.
const fn why_unread(error: &Error) -> CloseReason {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => CloseReason::Lost,
        Error::Capacity(_) | Error::Protocol(_) | Error::Utf8(_) => CloseReason::Unreadable,
        _ => CloseReason::Lost,
    }
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
    handle: Arc<ConnectionHandle>,
}

impl Attachment<'_> {
    /// Fails when the session has left this connection.
    fn stays(&self) -> Result<(), CloseReason> {
        match self.handle.evicted() {
            Some(eviction) => Err(CloseReason::Evicted(eviction)),
            None => Ok(()),
        }
    }

    /// Ends the session, or lets it wait for its client as long as the reason is worth.
    fn end(&self, reason: CloseReason) {
        match reason {
            // Who closes its link to a neighbour's relay has left the network, and may be in a call with
            // the neighbour all the same. A program that ends hangs up before.
            CloseReason::ClosedByClient if self.relay.config.embedded => {
                self.leave(Absence::Unknown);
            }
            CloseReason::ClosedByClient => self.leave(Absence::Closed),
            CloseReason::Fault(_) | CloseReason::Unreadable => self.leave(Absence::Unknown),
            CloseReason::Lost => self.detach(Disconnect::Reset),
            // Dropping the attachment keeps the session for a while, unless it has ended.
            CloseReason::Silent | CloseReason::Evicted(_) | CloseReason::Stopping => {}
        }
    }

    fn leave(&self, why: Absence) {
        let mut sessions = self.relay.sessions();
        sessions.leave(self.address, &self.handle, why, Instant::now());
    }

    fn detach(&self, disconnect: Disconnect) {
        let mut sessions = self.relay.sessions();
        sessions.detach(self.address, &self.handle, Instant::now(), disconnect);
    }
}

impl Drop for Attachment<'_> {
    fn drop(&mut self) {
        self.detach(Disconnect::Silent);
    }
}
