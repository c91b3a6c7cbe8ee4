//! What stands before a server: lets its API through, and treats who wants to join as a test says. Those
//! whom it let through it can cut off, and it can say things to the server in their names.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What becomes of who wants to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// The server has them.
    Through,
    /// They are answered with this status.
    Status(u16),
    /// Their connection is closed without a word.
    HangUp,
    /// Their socket is opened and closed again before anything is said.
    OpenAndClose,
}

/// It runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Front {
    place: SocketAddr,
    manner: watch::Sender<Manner>,
    said: broadcast::Sender<Said>,
    joined: watch::Receiver<usize>,
    _running: JoinSet<()>,
}

/// To everybody who was let through.
#[derive(Clone, Debug)]
enum Said {
    /// Their connection ends now.
    Cut,
    /// They seem to say this to the server.
    Message(Vec<u8>),
}

/// What all connections have in common.
#[derive(Clone, Debug)]
struct Shared {
    server: u16,
    manner: watch::Receiver<Manner>,
    said: broadcast::Sender<Said>,
    joined: watch::Sender<usize>,
}

impl Front {
    /// Before the server at this port of this machine.
    pub(crate) async fn start(server: u16, manner: Manner) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let place = listener.local_addr()?;
        let (manner, how) = watch::channel(manner);
        let (said, _) = broadcast::channel(8);
        let (join, joined) = watch::channel(0);
        let shared = Shared {
            server,
            manner: how,
            said: said.clone(),
            joined: join,
        };
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                connections.spawn(async move {
                    // Whoever hangs up here has its reasons.
                    let _ = serve(stream, shared).await;
                });
            }
        });
        Ok(Self {
            place,
            manner,
            said,
            joined,
            _running: running,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.place)
    }

    /// From now on.
    pub(crate) fn treats(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }

    /// All connections that it let through end now.
    pub(crate) fn cut(&self) -> Result<()> {
        self.said.send(Said::Cut)?;
        Ok(())
    }

    /// Says something to the server in the name of everybody who was let through.
    pub(crate) fn say(&self, message: Vec<u8>) -> Result<()> {
        self.said.send(Said::Message(message))?;
        Ok(())
    }

    /// Waits until so many connections in all wanted to join or to resume and were let through.
    pub(crate) async fn until_joined(&self, count: usize) -> Result<()> {
        let mut joined = self.joined.clone();
        let enough = joined.wait_for(|it| *it >= count);
        timeout(SOON, enough).await.context("nobody joins")??;
        Ok(())
    }
}

async fn serve(mut stream: TcpStream, shared: Shared) -> Result<()> {
    let mut head = vec![0; 16 * 1024];
    let mut read = 0;
    while !head[..read].windows(4).any(|it| it == b"\r\n\r\n") {
        ensure!(read < head.len(), "a long head");
        let more = timeout(SOON, stream.read(&mut head[read..])).await??;
        ensure!(more > 0, "no head");
        read += more;
    }
    head.truncate(read);
    let joins = head.starts_with(b"GET /rtc");
    let manner = *shared.manner.borrow();
    match manner {
        Manner::Status(status) if joins => {
            let answer =
                format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await?;
        }
        Manner::HangUp if joins => {}
        Manner::OpenAndClose if joins => {
            let mut through = TcpStream::connect(("127.0.0.1", shared.server)).await?;
            through.write_all(&head).await?;
            let mut answer = vec![0; 4096];
            let length = through.read(&mut answer).await?;
            let end = answer[..length].windows(4).position(|it| it == b"\r\n\r\n");
            let end = end.map_or(length, |it| it + 4);
            stream.write_all(&answer[..end]).await?;
        }
        Manner::Through | Manner::Status(_) | Manner::HangUp | Manner::OpenAndClose => {
            let mut through = TcpStream::connect(("127.0.0.1", shared.server)).await?;
            through.set_nodelay(true)?;
            stream.set_nodelay(true)?;
            through.write_all(&head).await?;
            if joins {
                shared.joined.send_modify(|it| *it += 1);
                pass(stream, through, shared.said.subscribe()).await?;
            } else {
                tokio::io::copy_bidirectional(&mut stream, &mut through).await?;
            }
        }
    }
    Ok(())
}

/// Passes on what both say, frame by frame towards the server, until one hangs up or is cut off.
async fn pass(
    client: TcpStream,
    server: TcpStream,
    mut said: broadcast::Receiver<Said>,
) -> Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut back = JoinSet::new();
    back.spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut frames = JoinSet::new();
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    frames.spawn(async move {
        while let Ok(frame) = frame(&mut from_client).await {
            if tell.send(frame).await.is_err() {
                return;
            }
        }
    });
    loop {
        tokio::select! {
            frame = told.recv() => match frame {
                Some(frame) => to_server.write_all(&frame).await?,
                None => return Ok(()),
            },
            said = said.recv() => match said? {
                Said::Cut => return Ok(()),
                Said::Message(message) => to_server.write_all(&masked(&message)).await?,
            },
            _ = back.join_next() => return Ok(()),
        }
    }
}

/// One frame of a client as it is (RFC 6455, section 5.2).
async fn frame(from: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>> {
    let mut frame = vec![0; 2];
    from.read_exact(&mut frame).await?;
    let more = match frame[1] & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mut length = vec![0; more];
    from.read_exact(&mut length).await?;
    let size = match more {
        0 => usize::from(frame[1] & 0x7f),
        _ => length
            .iter()
            .fold(0, |size, it| size << 8 | usize::from(*it)),
    };
    ensure!(size < 1 << 20, "a frame of {size} bytes");
    let mut rest = vec![0; MASK + size];
    from.read_exact(&mut rest).await?;
    frame.extend(length);
    frame.extend(rest);
    Ok(frame)
}

/// A short binary message of a client, under a mask that changes nothing.
fn masked(message: &[u8]) -> Vec<u8> {
    let length = message.len().min(125) as u8;
    [&[0x82, 0x80 | length, 0, 0, 0, 0], message].concat()
}

/// Bytes.
const MASK: usize = 4;

const SOON: Duration = Duration::from_secs(10);
