//! A client's WebSocket (RFC 6455) for the one task that reads and writes it.
//!
//! tungstenite knows the protocol and is handed the stream with each call, so nothing lies between
//! the two: no lock that a reader and a writer share, no waker but the task's own. What is queued is
//! sent by whatever waits next, and a client that does not read can still be heard.
//!
//! What must never happen: more than [`QUEUE_BYTES`] and one message queued for a client that does
//! not read, by callers who ask [`Socket::has_room`] first; answers to pings count as well. Nothing is
//! read any more after an error, since tungstenite may be in the middle of a frame then.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use signal_wire::MAX_FRAME_BYTES;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

/// One end of a WebSocket, after its upgrade.
#[derive(Debug)]
pub(crate) struct Socket<S> {
    stream: S,
    protocol: WebSocketContext,
    /// Bytes of messages that are queued, and have not all been sent.
    queued: usize,
    /// Whether the stream took less than there was to send.
    is_blocked: bool,
    /// Whether reading has ended with an error.
    is_over: bool,
}

/// What a socket waits for.
#[derive(Debug)]
pub(crate) enum Progress {
    /// The client said something.
    Message(Message),
    /// There is room again for what the client shall hear.
    Room,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// The relay's end. `read` came right behind the request.
    pub(crate) fn new(stream: S, read: &[u8]) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(QUEUE_BYTES)
            .max_write_buffer_size(MAX_QUEUED_BYTES)
            .max_message_size(Some(MAX_FRAME_BYTES))
            .max_frame_size(Some(MAX_FRAME_BYTES));
        // Copied: the protocol goes on reading into what it is given, and below the request that is
        // a buffer of 8 KiB.
        let read = read.to_vec();
        Self {
            stream,
            protocol: WebSocketContext::from_partially_read(read, Role::Server, Some(config)),
            queued: 0,
            is_blocked: false,
            is_over: false,
        }
    }

    /// Whether the client has taken what was queued, but for a little.
    pub(crate) const fn has_room(&self) -> bool {
        !self.is_blocked && self.queued < QUEUE_BYTES
    }

    /// Queues a message, which is sent as soon as something waits for this socket.
    pub(crate) fn queue(&mut self, message: Message) -> Result<(), Error> {
        self.queued += message.len() + HEADER_BYTES;
        unless_full(self.protocol.write(&mut Full, message)).map(drop)
    }

    /// Sends what is queued, and waits for the next message of any kind. Says when there is room
    /// again, if there was none.
    pub(crate) async fn progress(&mut self) -> Result<Progress, Error> {
        poll_fn(|cx| self.poll_progress(cx)).await
    }

    /// The next message of any kind.
    pub(crate) async fn next(&mut self) -> Result<Message, Error> {
        loop {
            match self.progress().await? {
                Progress::Message(message) => return Ok(message),
                Progress::Room => {}
            }
        }
    }

    /// Sends a message, and whatever was queued before.
    pub(crate) async fn send(&mut self, message: Message) -> Result<(), Error> {
        self.queue(message)?;
        poll_fn(|cx| self.poll_send(cx)).await
    }

    /// Sends a close frame, unless the client was first, and waits until everything is sent.
    pub(crate) async fn close(&mut self) -> Result<(), Error> {
        let closed = poll_fn(|cx| {
            let mut stream = Nonblocking::new(&mut self.stream, cx);
            unless_blocked(self.protocol.close(&mut stream, None))
        });
        match closed.await {
            Ok(()) | Err(Error::ConnectionClosed) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Result<Progress, Error>> {
        if self.queued > 0 {
            let had_room = self.has_room();
            if self.poll_send(cx)?.is_ready() && !had_room {
                return Poll::Ready(Ok(Progress::Room));
            }
        }
        if self.is_over {
            return Poll::Ready(Err(Error::AlreadyClosed));
        }
        let mut stream = Nonblocking::new(&mut self.stream, cx);
        let read = ready!(unless_blocked(self.protocol.read(&mut stream)));
        match &read {
            // Its answer is queued by now.
            Ok(Message::Ping(payload)) => self.queued += payload.len() + HEADER_BYTES,
            Ok(_) => {}
            Err(_) => self.is_over = true,
        }
        Poll::Ready(read.map(Progress::Message))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut stream = Nonblocking::new(&mut self.stream, cx);
        let sent = unless_blocked(self.protocol.flush(&mut stream));
        self.is_blocked = sent.is_pending();
        ready!(sent)?;
        self.queued = 0;
        Poll::Ready(Ok(()))
    }
}

/// A stream as tungstenite wants it: where it would have to wait it says so, and the task is woken
/// when it can go on.
struct Nonblocking<'a, 'b, S> {
    stream: Pin<&'a mut S>,
    cx: &'a mut Context<'b>,
}

impl<'a, 'b, S: Unpin> Nonblocking<'a, 'b, S> {
    fn new(stream: &'a mut S, cx: &'a mut Context<'b>) -> Self {
        Self {
            stream: Pin::new(stream),
            cx,
        }
    }
}

impl<S: AsyncRead> Read for Nonblocking<'_, '_, S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        let read = self.stream.as_mut().poll_read(self.cx, &mut buf);
        or_would_block(read).map(|()| buf.filled().len())
    }
}

impl<S: AsyncWrite> Write for Nonblocking<'_, '_, S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        or_would_block(self.stream.as_mut().poll_write(self.cx, buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        or_would_block(self.stream.as_mut().poll_flush(self.cx))
    }
}

/// A stream that takes nothing yet, so that a message is queued and no more.
struct Full;

impl Read for Full {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

fn or_would_block<T>(done: Poll<io::Result<T>>) -> io::Result<T> {
    match done {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

fn unless_blocked<T>(done: Result<T, Error>) -> Poll<Result<T, Error>> {
    match unless_full(done) {
        Ok(Some(done)) => Poll::Ready(Ok(done)),
        Ok(None) => Poll::Pending,
        Err(error) => Poll::Ready(Err(error)),
    }
}

/// Nothing when the stream would have to wait: tungstenite goes on where it was.
fn unless_full<T>(done: Result<T, Error>) -> Result<Option<T>, Error> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// What each WebSocket holds from its first byte to its last, so that it is a part of what an idle
/// connection takes. A larger frame gets a buffer of its size, and what was read of it at once waits
/// in `metered`.
const READ_BYTES: usize = 128;

/// What may be queued before it is sent: some frames of a usual size, which then go out in one piece.
/// Not allocated before it is needed.
const QUEUE_BYTES: usize = 4 * 1024;

/// What tungstenite keeps at most: a message more than there was room for, and the small ones that
/// are queued without a question. Of the answers to pings it keeps one beyond that.
const MAX_QUEUED_BYTES: usize = QUEUE_BYTES + MAX_FRAME_BYTES + 4 * 1024;

/// The most that a frame from a server has around its message (RFC 6455, section 5.2).
const HEADER_BYTES: usize = 10;

#[cfg(test)]
mod tests;
