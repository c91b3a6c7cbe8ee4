//! A client's socket, read no faster than the client may send.
//!
//! Bytes and frames are counted below the WebSocket (RFC 6455, section 5.2), where nothing escapes:
//! a library above joins fragments and swallows empty ones. A client that sends too fast is not
//! read for a while, and TCP makes it wait.
//!
//! Small reads are served from a larger one, so that the library above needs no large buffer for each
//! connection, and yet one system call fetches a whole message. What was fetched and not asked for yet
//! is kept, at most [`FETCH_BYTES`], and most of the time there is none.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::config::Limits;
use crate::rate_limit::TokenBucket;

mod scanner;

use scanner::Scanner;

/// A connection whose reading is held to the limits.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    stream: S,
    scanner: Scanner,
    /// Fetched and counted, to be read next.
    ahead: Vec<u8>,
    frames: TokenBucket,
    bytes: TokenBucket,
    /// Counts the pauses.
    delays: Counter,
    /// Nothing is read until then. Most connections never need it.
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S> Metered<S> {
    /// Holds one HTTP request and the WebSocket after it to these limits.
    pub(crate) fn new(stream: S, limits: &Limits, delays: Counter) -> Self {
        let now = Instant::now();
        Self {
            stream,
            scanner: Scanner::default(),
            ahead: Vec::new(),
            frames: TokenBucket::new(limits.frames_per_second, limits.frames_burst, now),
            bytes: TokenBucket::new(limits.bytes_per_second, limits.bytes_burst, now),
            delays,
            pause: None,
        }
    }

    /// Reads what was fetched before.
    fn read_ahead(&mut self, buf: &mut ReadBuf<'_>) {
        let read = buf.remaining().min(self.ahead.len());
        buf.put_slice(&self.ahead[..read]);
        if read == self.ahead.len() {
            self.ahead = Vec::new();
        } else {
            self.ahead.drain(..read);
        }
    }

    /// Counts what was read, and says how long to wait before reading more.
    fn count(&mut self, read: &[u8], now: Instant) -> Duration {
        let tokens = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let frames = self.scanner.frames_in(read);
        let bytes = self.bytes.take(tokens(read.len()), now);
        self.frames.take(tokens(frames), now).max(bytes)
    }
}

impl<S: AsyncRead + Unpin> Metered<S> {
    /// Fetches as much as fits into `fetched`, keeps what is more than `buf` takes, and says how long
    /// to wait before reading more.
    fn fetch(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        fetched: &mut [u8],
    ) -> Poll<io::Result<Duration>> {
        let mut fetched = ReadBuf::new(fetched);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut fetched))?;
        let fetched = fetched.filled();
        let delay = self.count(fetched, Instant::now());
        let (now, later) = fetched.split_at(buf.remaining().min(fetched.len()));
        buf.put_slice(now);
        self.ahead = later.to_vec();
        Poll::Ready(Ok(delay))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            self.read_ahead(buf);
            return Poll::Ready(Ok(()));
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        let delay = if buf.remaining() >= FETCH_BYTES {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
            self.count(&buf.filled()[before..], Instant::now())
        } else {
            ready!(FETCHED.with_borrow_mut(|fetched| self.fetch(cx, buf, fetched)))?
        };
        if !delay.is_zero() {
            self.delays.inc();
            self.pause = Some(Box::pin(sleep(delay)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

thread_local! {
    /// Where small reads are fetched: empty between two of them.
    static FETCHED: RefCell<[u8; FETCH_BYTES]> = const { RefCell::new([0; FETCH_BYTES]) };
}

/// What one system call fetches at most: most frames are below 1 KiB.
const FETCH_BYTES: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// How long to wait after these bytes, which come all at once behind a request.
    fn delay(limits: &Limits, sent: &[u8]) -> Duration {
        let mut metered = Metered::new((), limits, Counter::default());
        let now = Instant::now();
        metered.count(b"GET / HTTP/1.1\r\n\r\n", now);
        metered.count(sent, now)
    }

    #[test]
    fn bytes_that_make_no_message_are_counted_too() {
        let limits = Limits {
            bytes_per_second: 1_000,
            bytes_burst: 1_018,
            ..Limits::default()
        };
        let beginning_of_one_frame = [0x82, 0x80 | 0x7f, 0, 0, 0, 0, 0, 1, 0, 0];
        let sent = [&beginning_of_one_frame[..], &[0; 5_990]].concat();
        assert_eq!(delay(&limits, &sent).as_millis(), 5_000);
    }

    #[test]
    fn empty_frames_of_any_kind_are_counted() {
        let limits = Limits {
            frames_per_second: 100,
            frames_burst: 100,
            ..Limits::default()
        };
        for opcode in [0x00, 0x01, 0x89, 0x8a] {
            let sent = [opcode, 0x80, 1, 2, 3, 4].repeat(600);
            assert_eq!(delay(&limits, &sent).as_millis(), 5_000);
        }
        let header = [0x82, 0xfe, 0x0f, 0xff, 1, 2, 3, 4];
        let sent = [&header[..], &[0; 4095]].concat();
        assert_eq!(delay(&limits, &sent), Duration::ZERO, "one frame");
    }

    #[tokio::test]
    async fn small_reads_are_served_from_one_fetch_of_bounded_size() {
        let limits = Limits::default();
        let (mut client, server) = duplex(4 * FETCH_BYTES);
        let mut server = Metered::new(server, &limits, Counter::default());
        let sent: Vec<u8> = (0..=250_u8).cycle().take(3 * FETCH_BYTES).collect();
        client.write_all(&sent).await.unwrap();
        let mut read = Vec::new();
        let mut part = [0; 7];
        while read.len() < sent.len() {
            let length = server.read(&mut part).await.unwrap();
            read.extend_from_slice(&part[..length]);
            assert!(server.ahead.len() < FETCH_BYTES);
            let fetched = read.len() + server.ahead.len();
            assert_eq!(fetched % FETCH_BYTES, 0, "one fetch takes all it can");
        }
        assert_eq!(read, sent);
        assert_eq!(
            server.ahead.capacity(),
            0,
            "nothing is held while nothing is left"
        );
    }

    #[tokio::test]
    async fn everything_that_was_sent_is_read_in_the_end() {
        let limits = Limits {
            bytes_per_second: 20_000,
            bytes_burst: 1,
            ..Limits::default()
        };
        let (mut client, server) = duplex(8192);
        let mut server = Metered::new(server, &limits, Counter::default());
        let sent: Vec<u8> = (0..4000_u16).map(|n| n.to_be_bytes()[1]).collect();
        client.write_all(&sent).await.unwrap();
        drop(client);
        let begun = Instant::now();
        let mut read = Vec::new();
        server.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, sent);
        assert!(begun.elapsed() >= Duration::from_millis(150));
    }
}
