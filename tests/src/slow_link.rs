//! A path to a relay that takes its time: a TCP proxy that delays all bytes, in order.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// A running proxy; dropping it ends all connections through it.
#[derive(Debug)]
pub struct SlowLink {
    port: u16,
    running: JoinHandle<()>,
}

impl SlowLink {
    /// Starts one before this port of the machine: each byte arrives `delay` later, either way.
    ///
    /// # Errors
    /// When the system has no port left.
    pub async fn start(to: u16, delay: Duration) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let running = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                connections.spawn(carry(near, to, delay));
            }
        });
        Ok(Self { port, running })
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for SlowLink {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Carries one connection until either end closes it.
async fn carry(near: TcpStream, to: u16, delay: Duration) {
    let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await else {
        return;
    };
    for stream in [&near, &far] {
        // Without it the delays of the system would be measured too.
        let _ = stream.set_nodelay(true);
    }
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    tokio::select! {
        () = one_way(near_in, far_out, delay) => {}
        () = one_way(far_in, near_out, delay) => {}
    }
}

/// Ends with the connection, after what was said last has arrived.
async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay: Duration,
) {
    let (sent, mut on_the_way) = mpsc::channel::<(Instant, Bytes)>(CHUNKS);
    let read = async move {
        let mut buffer = vec![0; CHUNK];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let bytes = Bytes::copy_from_slice(&buffer[..count]);
            if sent.send((Instant::now() + delay, bytes)).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((at, bytes)) = on_the_way.recv().await {
            sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}

/// Enough for the largest frame at once.
const CHUNK: usize = 64 * 1024;

/// Chunks on the way; a reader waits for room.
const CHUNKS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_arrive_whole_and_late() {
        let delay = Duration::from_millis(30);
        let echo = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let link = SlowLink::start(echo.local_addr().unwrap().port(), delay).await;
        let link = link.unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = echo.accept().await.unwrap();
            let (mut read, mut write) = socket.split();
            tokio::io::copy(&mut read, &mut write).await.unwrap();
        });
        let mut socket = TcpStream::connect(("127.0.0.1", link.port()))
            .await
            .unwrap();
        let begun = Instant::now();
        let said: Vec<u8> = (0..200_000_u32).map(|it| it as u8).collect();
        let (mut read, mut write) = socket.split();
        let mut heard = vec![0; said.len()];
        let (wrote, got) = tokio::join!(write.write_all(&said), read.read_exact(&mut heard));
        assert!(wrote.is_ok() && got.is_ok());
        assert!(heard == said);
        assert!(begun.elapsed() >= delay * 2);
    }
}
