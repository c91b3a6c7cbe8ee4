//! A connection that the relay has welcomed, and its deadlines.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::connect::Socket;
use crate::timing::Timing;

/// A welcomed connection.
pub(super) struct Connection {
    pub(super) socket: Socket,
    /// Where the relay is: a socket that was reset does not know any more.
    relay: Option<SocketAddr>,
    since: Instant,
    /// When it counts as dead unless the relay is heard before.
    dead_at: Instant,
    /// When the acknowledgement of what arrived is due.
    ack_at: Option<Instant>,
    /// How much has arrived since the last acknowledgement.
    unacknowledged: u32,
    silence: Duration,
    write: Duration,
    ack_delay: Duration,
}

/// How a connection ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The relay's machine closed it.
    Closed,
    /// It carries nothing any more.
    Silent,
}

impl Ended {
    /// What an error of the socket says. A reset comes from the other end, or from whoever
    /// answers in its place; what the system says of the path is silence.
    pub(super) fn by(error: &tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Io(error) => match error.kind() {
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => Self::Closed,
                _ => Self::Silent,
            },
            tungstenite::Error::ConnectionClosed
            | tungstenite::Error::AlreadyClosed
            | tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                Self::Closed
            }
            _ => Self::Silent,
        }
    }
}

impl Connection {
    pub(super) fn new(socket: Socket, now: Instant, timing: &Timing) -> Self {
        Self {
            relay: socket.get_ref().get_ref().peer_addr().ok(),
            socket,
            since: now,
            dead_at: now + timing.silence,
            ack_at: None,
            unacknowledged: 0,
            silence: timing.silence,
            write: timing.write,
            ack_delay: timing.ack_delay,
        }
    }

    /// The relay is there.
    pub(super) fn heard(&mut self, now: Instant) {
        self.dead_at = now + self.silence;
    }

    /// The relay was asked something: silence until then means that it is gone.
    pub(super) fn expect_answer(&mut self, until: Instant) {
        self.dead_at = self.dead_at.min(until);
    }

    /// Whether this machine no longer has the address that the connection comes from, so that
    /// nothing can reach the relay over it.
    pub(super) fn lost_its_address(&self) -> bool {
        let local = self.socket.get_ref().get_ref().local_addr();
        local.is_ok_and(|it| {
            let bound = std::net::UdpSocket::bind((it.ip(), 0));
            bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrNotAvailable)
        })
    }

    /// Counts something that has to be acknowledged, and says whether that is due at once.
    pub(super) fn note_arrival(&mut self, now: Instant) -> bool {
        self.unacknowledged += 1;
        self.ack_at.get_or_insert(now + self.ack_delay);
        self.unacknowledged >= ACK_EVERY
    }

    /// Everything that arrived is being acknowledged.
    pub(super) const fn acknowledged(&mut self) {
        self.ack_at = None;
        self.unacknowledged = 0;
    }

    pub(super) fn age(&self, now: Instant) -> Duration {
        now.duration_since(self.since)
    }

    pub(super) fn is_dead(&self, now: Instant) -> bool {
        self.dead_at <= now
    }

    pub(super) const fn has_unacknowledged(&self) -> bool {
        self.ack_at.is_some()
    }

    pub(super) fn owes_ack(&self, now: Instant) -> bool {
        self.ack_at.is_some_and(|at| at <= now)
    }

    /// When something is due next.
    pub(super) fn deadline(&self) -> Instant {
        self.ack_at.map_or(self.dead_at, |at| at.min(self.dead_at))
    }

    /// Where the relay is.
    pub(super) const fn relay(&self) -> Option<SocketAddr> {
        self.relay
    }

    /// Writes a message; one that makes no progress for too long shows a dead connection.
    pub(super) async fn write(&mut self, message: Message) -> Result<(), Ended> {
        match timeout(self.write, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Ended::by(&error)),
            Err(_) => Err(Ended::Silent),
        }
    }

    /// Closes, and reads to the end: frames still on their way to the relay would be lost with a
    /// socket that has unread bytes.
    pub(super) async fn close(&mut self) {
        if self.socket.close(None).await.is_ok() {
            while let Some(Ok(_)) = self.socket.next().await {}
        }
    }
}

/// A relay has 64 frames on their way to a client at a time; acknowledging every 32nd leaves it
/// something to send in any burst.
const ACK_EVERY: u32 = 32;
