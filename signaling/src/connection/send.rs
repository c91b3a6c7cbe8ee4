//! From the session to its client: frames, acknowledgements and pings.

use std::mem;
use std::time::SystemTime;

use signal_wire::RelayFrame;
use tokio::time::Instant;
use tungstenite::{Error, Message};

use super::{Attachment, Due, Socket};

/// Queues what is due now, as far as there is room.
pub(super) fn due(
    attachment: &Attachment<'_>,
    socket: &mut Socket,
    due: &mut Due<'_>,
) -> Result<(), Error> {
    let now = Instant::now();
    if due.outgoing {
        outgoing(attachment, socket, due, now)?;
        access(attachment, socket)?;
    }
    if due.take_ack(now) {
        let received = attachment
            .relay
            .sessions()
            .received(attachment.address, &attachment.handle);
        ack(socket, received)?;
    }
    if due.take_ping(now) {
        socket.queue(Message::Ping(Vec::new().into()))?;
    }
    if mem::take(&mut due.servers) {
        servers(attachment, socket, now)?;
    }
    Ok(())
}

/// Queues what the session has for the client, with the acknowledgement if one is due later.
fn outgoing(
    attachment: &Attachment<'_>,
    socket: &mut Socket,
    due: &mut Due<'_>,
    now: Instant,
) -> Result<(), Error> {
    let Attachment {
        relay,
        address,
        ip: _,
        handle,
    } = attachment;
    let mut written = false;
    let mut sessions = relay.sessions();
    while due.outgoing && socket.has_room() {
        match sessions.next_outgoing(*address, handle, now) {
            Some(frame) => {
                queue(socket, &frame)?;
                written = true;
            }
            None => due.outgoing = false,
        }
    }
    if written && due.take_ack_early() {
        ack(socket, sessions.received(*address, handle))?;
    }
    Ok(())
}

/// Queues what the client asked for of rooms, and is to know now: a few frames at most.
fn access(attachment: &Attachment<'_>, socket: &mut Socket) -> Result<(), Error> {
    let Attachment { relay, address, .. } = attachment;
    let Some(livekit) = &relay.livekit else {
        return Ok(());
    };
    let answers = livekit.take_answers(address, &relay.metrics, SystemTime::now());
    answers.iter().try_for_each(|frame| queue(socket, frame))
}

/// Names STUN and TURN servers, if there are any.
fn servers(attachment: &Attachment<'_>, socket: &mut Socket, now: Instant) -> Result<(), Error> {
    let issuer = &attachment.relay.ice;
    let issued = issuer.issue(attachment.address, attachment.ip, now, SystemTime::now());
    match issued {
        Some(servers) => queue(socket, &RelayFrame::Ice(servers)),
        None => Ok(()),
    }
}

/// Acknowledges what the session has received, unless the connection has lost it.
fn ack(socket: &mut Socket, received: Option<u64>) -> Result<(), Error> {
    match received {
        Some(seq) => queue(socket, &RelayFrame::Ack { seq }),
        None => Ok(()),
    }
}

fn queue(socket: &mut Socket, frame: &RelayFrame) -> Result<(), Error> {
    socket.queue(Message::text(frame.encode()))
}
