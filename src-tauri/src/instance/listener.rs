//! The first start's half: a port on which second starts ask for the window.
//!
//! Runs on the async runtime. Connections are served side by side, a few at a time and each for a
//! few seconds at most, and no more than one line of bounded length is read from each. Any program of
//! the machine can connect: where the places are taken, the oldest connection makes room.

use std::collections::VecDeque;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::timeout;

use super::endpoint::{Endpoint, MAX_REQUEST, Request, SHOWN};

/// A second start that waits for the window.
#[derive(Debug)]
pub(crate) struct Activation {
    /// The invite or address that it was started with.
    pub(crate) link: Option<String>,
    /// To be used once the window is up; dropping it closes the connection without an answer.
    pub(crate) shown: oneshot::Sender<()>,
}

/// Listens until closed.
#[derive(Debug)]
pub(crate) struct Listener {
    data: PathBuf,
    task: JoinHandle<()>,
    closed: Once,
}

impl Listener {
    /// Listens, and says so in `data`. Second starts arrive in `activations`. Needs the async
    /// runtime.
    ///
    /// # Errors
    /// When the system has no port left, or the disk fails.
    pub(crate) fn open(data: &Path, activations: mpsc::Sender<Activation>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let endpoint = Endpoint::new(listener.local_addr()?.port())?;
        endpoint.write(data)?;
        let endpoint = Arc::new(endpoint);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            let mut oldest_first = VecDeque::new();
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        while connections.try_join_next().is_some() {}
                        oldest_first.retain(|it: &AbortHandle| !it.is_finished());
                        if oldest_first.len() == PLACES
                            && let Some(oldest) = oldest_first.pop_front()
                        {
                            oldest.abort();
                        }
                        let (endpoint, activations) = (Arc::clone(&endpoint), activations.clone());
                        oldest_first.push_back(connections.spawn(async move {
                            if let Err(error) = serve(stream, &endpoint, &activations).await {
                                tracing::debug!(%error, "a second start was not answered");
                            }
                        }));
                    }
                    Err(error) => {
                        // No descriptor left, for instance: soon there may be one again.
                        tracing::debug!(%error, "a second start was not heard");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        });
        Ok(Self {
            data: data.to_owned(),
            task,
            closed: Once::new(),
        })
    }

    /// Stops listening. A program that ends does this first: a start that comes later then waits
    /// for the profile, instead of handing over to a window that is about to go.
    pub(crate) fn close(&self) {
        self.closed.call_once(|| {
            self.task.abort();
            Endpoint::remove(&self.data);
        });
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.close();
    }
}

async fn serve(
    mut stream: TcpStream,
    endpoint: &Endpoint,
    activations: &mpsc::Sender<Activation>,
) -> io::Result<()> {
    let mut line = String::new();
    let mut reader = BufReader::new((&mut stream).take(MAX_REQUEST));
    timeout(PATIENCE, reader.read_line(&mut line)).await??;
    let request: Request = serde_json::from_str(&line)?;
    if !endpoint.admits(&request) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let (shown, waiting) = oneshot::channel();
    let activation = Activation {
        link: request.link,
        shown,
    };
    activations.try_send(activation).map_err(io::Error::other)?;
    timeout(WINDOW_PATIENCE, waiting)
        .await?
        .map_err(io::Error::other)?;
    let answer = format!("{SHOWN}\n");
    timeout(PATIENCE, stream.write_all(answer.as_bytes())).await?
}

/// More than a person starts at one time.
const PLACES: usize = 16;

/// With a client that neither sends nor reads.
const PATIENCE: Duration = Duration::from_secs(5);

/// With the window. The second start gives up before that, and so knows that the window is frozen.
const WINDOW_PATIENCE: Duration = Duration::from_secs(10);

/// After a failure, so that a lasting one does not keep a core busy.
const PAUSE: Duration = Duration::from_millis(100);
