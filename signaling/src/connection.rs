//! One connection: the task that carries frames between a socket and the hub.
//!
//! Reading and writing go on side by side, so that a client that does not read can still be
//! heard, and one that is read slowly still gets its messages.

use std::future;
use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use signal_wire::{
    Address, Challenge, ClientFrame, ErrorCode, RelayFrame, Resume, SessionToken, VERSION,
};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout};
use tungstenite::Error;
use tungstenite::error::ProtocolError;

use crate::bucket::Bucket;
use crate::hub::{Envelope, Loss};
use crate::relay::Relay;
use crate::seat::{Eviction, Seat};

type Writer = SplitSink<WebSocket, Message>;
type Reader = SplitStream<WebSocket>;

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The client said goodbye.
    Goodbye,
    /// The socket broke.
    Lost,
    /// Nothing was heard for too long.
    Silent,
    /// The client did something wrong.
    Fault(ErrorCode),
    /// The client sent what is too large or no WebSocket message: nothing more can be read.
    Unreadable,
    /// The hub ended the session.
    Evicted(Eviction),
    /// The relay stops.
    Stopping,
}

/// Carries a connection from the challenge to its end. `host` is what the client dialed.
pub(crate) async fn run(relay: Arc<Relay>, socket: WebSocket, host: &str) {
    let (mut writer, mut reader) = socket.split();
    let introduction = timeout(
        relay.config.timing.hello,
        introduce(&mut writer, &mut reader, host),
    );
    let introduced = tokio::select! {
        introduced = introduction => introduced.unwrap_or(Err(End::Fault(ErrorCode::Timeout))),
        () = relay.stop.cancelled() => Err(End::Stopping),
    };
    let end = match introduced {
        Ok((address, resume)) => attend(&relay, address, resume, &mut writer, &mut reader).await,
        Err(end) => end,
    };
    tracing::debug!(?end, "connection ended");
    part(&relay, end, writer, reader).await;
}

/// Asks the client who it is and checks the answer.
async fn introduce(
    writer: &mut Writer,
    reader: &mut Reader,
    host: &str,
) -> Result<(Address, Option<Resume>), End> {
    let nonce = Challenge(random().ok_or(End::Stopping)?);
    let challenge = RelayFrame::Challenge {
        version: VERSION,
        nonce,
    };
    write(writer, &challenge).await?;
    let hello = loop {
        match read(reader).await? {
            Message::Text(text) => break ClientFrame::parse(&text),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) => return Err(End::Fault(ErrorCode::Malformed)),
            Message::Close(_) => return Err(End::Goodbye),
        }
    };
    let Ok(ClientFrame::Hello {
        version,
        address,
        proof,
        resume,
    }) = hello
    else {
        return Err(End::Fault(ErrorCode::Malformed));
    };
    if version != VERSION {
        return Err(End::Fault(ErrorCode::Version));
    }
    identity::verify_proof(&address, &nonce, host, &proof)
        .map_err(|_| End::Fault(ErrorCode::BadProof))?;
    Ok((address, resume))
}

/// Serves a client that has proven its address.
async fn attend(
    relay: &Relay,
    address: Address,
    resume: Option<Resume>,
    writer: &mut Writer,
    reader: &mut Reader,
) -> End {
    let Some(token) = random().map(SessionToken) else {
        return End::Stopping;
    };
    let seat = Arc::new(Seat::default());
    let welcome = relay
        .hub()
        .attach(address, resume, Arc::clone(&seat), token);
    let attachment = Attachment {
        relay,
        address,
        seat: &seat,
    };
    let end = match write(writer, &welcome).await {
        Err(end) => end,
        Ok(()) => tokio::select! {
            end = read_all(&attachment, reader) => end,
            end = write_all(&attachment, writer) => end,
            eviction = seat.eviction.wait() => End::Evicted(*eviction),
            () = relay.stop.cancelled() => End::Stopping,
        },
    };
    match end {
        End::Goodbye | End::Fault(_) | End::Unreadable => relay.hub().leave(address, &seat),
        // Dropping the attachment keeps the session for a while, if the hub has not ended it.
        End::Lost => relay
            .hub()
            .detach(address, &seat, Instant::now(), Loss::Broken),
        End::Silent | End::Evicted(_) | End::Stopping => {}
    }
    end
}

/// Takes what the client sends, no faster than it may.
async fn read_all(attachment: &Attachment<'_>, reader: &mut Reader) -> End {
    let Attachment {
        relay,
        address,
        seat,
    } = *attachment;
    let (limits, now) = (&relay.config.limits, Instant::now());
    let mut frames = Bucket::new(limits.frames_per_second, limits.frames_burst, now);
    let mut bytes = Bucket::new(limits.bytes_per_second, limits.bytes_burst, now);
    loop {
        let message = match timeout(relay.config.timing.silence, read(reader)).await {
            Ok(Ok(message)) => message,
            Ok(Err(end)) => return end,
            Err(_) => return End::Silent,
        };
        let size = match &message {
            Message::Text(text) => text.len(),
            Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => data.len(),
            Message::Close(_) => return End::Goodbye,
        };
        if let Message::Text(text) = message {
            match ClientFrame::parse(&text) {
                Ok(ClientFrame::Envelope {
                    seq,
                    id,
                    to,
                    payload,
                }) => {
                    relay.hub().route(
                        address,
                        seat,
                        Envelope {
                            seq,
                            id,
                            to,
                            payload,
                        },
                    );
                }
                Ok(ClientFrame::Ack { seq }) => relay.hub().acknowledged(address, seat, seq),
                Ok(ClientFrame::Hello { .. }) | Err(_) => return End::Fault(ErrorCode::Malformed),
            }
        } else if let Message::Binary(_) = message {
            return End::Fault(ErrorCode::Malformed);
        }
        let now = Instant::now();
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let rest = frames.take(1, now).max(bytes.take(size, now));
        if !rest.is_zero() {
            sleep(rest).await;
        }
    }
}

/// Writes what the hub has for the client, acknowledgements, and pings.
async fn write_all(attachment: &Attachment<'_>, writer: &mut Writer) -> End {
    let Attachment {
        relay,
        address,
        seat,
    } = *attachment;
    let timing = &relay.config.timing;
    let mut pings = interval_at(Instant::now() + timing.ping, timing.ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ack_at = None;
    loop {
        let written = tokio::select! {
            () = seat.outgoing.notified() => write_outgoing(attachment, writer).await,
            () = seat.incoming.notified(), if ack_at.is_none() => {
                ack_at = Some(Instant::now() + timing.ack_delay);
                Ok(())
            }
            () = at(ack_at) => {
                ack_at = None;
                let received = relay.hub().received(address, seat);
                match received {
                    Some(seq) => write(writer, &RelayFrame::Ack { seq }).await,
                    None => Ok(()),
                }
            }
            _ = pings.tick() => {
                writer.send(Message::Ping(Vec::new().into())).await.map_err(|_| End::Lost)
            }
        };
        if let Err(end) = written {
            return end;
        }
    }
}

/// Writes everything that waits, and flushes once.
async fn write_outgoing(attachment: &Attachment<'_>, writer: &mut Writer) -> Result<(), End> {
    let Attachment {
        relay,
        address,
        seat,
    } = *attachment;
    loop {
        let next = relay.hub().next_outgoing(address, seat);
        let Some(frame) = next else { break };
        writer
            .feed(Message::text(frame.encode()))
            .await
            .map_err(|_| End::Lost)?;
    }
    writer.flush().await.map_err(|_| End::Lost)
}

/// Says the last word, if there is one, and closes; a client that does not listen is left.
async fn part(relay: &Relay, end: End, mut writer: Writer, mut reader: Reader) {
    let last_word = match end {
        End::Lost | End::Silent => return,
        End::Goodbye => None,
        End::Fault(code) => Some(RelayFrame::Error { code }),
        End::Unreadable => Some(RelayFrame::Error {
            code: ErrorCode::Malformed,
        }),
        End::Evicted(eviction) => eviction.last_word(),
        End::Stopping => Some(RelayFrame::Error {
            code: ErrorCode::ShuttingDown,
        }),
    };
    let goodbye = async {
        if let Some(frame) = last_word {
            write(&mut writer, &frame).await?;
        }
        writer.close().await.map_err(|_| End::Lost)?;
        // Reading to the end keeps the last word from being lost with the socket.
        while read(&mut reader).await.is_ok() {}
        if end == End::Unreadable {
            // There is more that cannot be read, and it would reset a socket that closes now.
            future::pending::<()>().await;
        }
        Ok::<(), End>(())
    };
    // Whether the client heard it makes no difference any more.
    let _heard: Result<_, _> = timeout(relay.config.timing.drain / 2, goodbye).await;
}

async fn write(writer: &mut Writer, frame: &RelayFrame) -> Result<(), End> {
    writer
        .send(Message::text(frame.encode()))
        .await
        .map_err(|_| End::Lost)
}

/// The next message of any kind. One that breaks a limit or the protocol is a fault; an end
/// without a goodbye is a loss.
async fn read(reader: &mut Reader) -> Result<Message, End> {
    let message = reader.next().await.ok_or(End::Lost)?;
    message.map_err(|error| match error.into_inner().downcast_ref() {
        Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => End::Lost,
        Some(Error::Capacity(_) | Error::Protocol(_) | Error::Utf8(_)) => End::Unreadable,
        Some(_) | None => End::Lost,
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

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => future::pending().await,
    }
}

/// The tie between a connection and its session, loosened even when the task is dropped midway.
struct Attachment<'a> {
    relay: &'a Relay,
    address: Address,
    seat: &'a Arc<Seat>,
}

impl Drop for Attachment<'_> {
    fn drop(&mut self) {
        self.relay
            .hub()
            .detach(self.address, self.seat, Instant::now(), Loss::Silent);
    }
}
