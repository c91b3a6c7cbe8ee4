//! The first start's half: a port on which second starts knock.
//!
//! Runs on the async runtime, one task; visitors are served one after the other, for a few
//! seconds each at most, and read no further than one line of bounded length.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::note::{Knock, Note, SHOWN};

/// A second start that waits for the window.
#[derive(Debug)]
pub(crate) struct Visit {
    /// The invite or address that it was started with.
    pub(crate) link: Option<String>,
    /// To be called once the window is up; dropping it leaves the visitor without an answer.
    pub(crate) shown: oneshot::Sender<()>,
}

/// Listens until closed.
#[derive(Debug)]
pub(crate) struct Door {
    data: PathBuf,
    task: JoinHandle<()>,
    closed: Once,
}

impl Door {
    /// Listens, and says so in `data`. Visits arrive in `visits`. Needs the async runtime.
    ///
    /// # Errors
    /// When the system has no port left, or the disk fails.
    pub(crate) fn open(data: &Path, visits: mpsc::Sender<Visit>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let note = Note::new(listener.local_addr()?.port())?;
        note.write(data)?;
        let task = tokio::spawn(async move {
            loop {
                let served = match listener.accept().await {
                    Ok((stream, _)) => serve(stream, &note, &visits).await,
                    // No descriptor left, for instance: soon there may be one again.
                    Err(error) => Err(error),
                };
                if let Err(error) = served {
                    tracing::debug!(%error, "a second start was not answered");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
        Ok(Self {
            data: data.to_owned(),
            task,
            closed: Once::new(),
        })
    }

    /// Answers nobody any more. A program that ends closes first: a start that comes after that
    /// waits for the profile, instead of handing over to a window that is about to go.
    pub(crate) fn close(&self) {
        self.closed.call_once(|| {
            self.task.abort();
            Note::remove(&self.data);
        });
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.close();
    }
}

async fn serve(mut stream: TcpStream, note: &Note, visits: &mpsc::Sender<Visit>) -> io::Result<()> {
    let mut line = String::new();
    let mut reader = BufReader::new((&mut stream).take(MAX_KNOCK));
    timeout(PATIENCE, reader.read_line(&mut line)).await??;
    let knock: Knock = serde_json::from_str(&line)?;
    if !note.admits(&knock) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let (shown, waiting) = oneshot::channel();
    let visit = Visit {
        link: knock.link,
        shown,
    };
    visits.try_send(visit).map_err(io::Error::other)?;
    timeout(WINDOW_PATIENCE, waiting)
        .await?
        .map_err(io::Error::other)?;
    let answer = format!("{SHOWN}\n");
    timeout(PATIENCE, stream.write_all(answer.as_bytes())).await?
}

/// Longer than any invite, escaped, with what stands around it.
const MAX_KNOCK: u64 = 16 * 1024;

/// With a visitor who does not speak or listen.
const PATIENCE: Duration = Duration::from_secs(5);

/// With the window. The visitor gives up before, and knows by that that it is frozen.
const WINDOW_PATIENCE: Duration = Duration::from_secs(10);

/// After a failure, so that one that stays does not keep a core busy.
const PAUSE: Duration = Duration::from_millis(100);
