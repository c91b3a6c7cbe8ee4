//! A Unix socket of ours behind which the first server stands that answers.
//!
//! cpal's client knows Unix sockets only, and one of them; this is the way to a server on a network
//! and to one of several. Servers are tried for each connection anew, so one that comes later is
//! found. A connection has two threads, one for each direction, which end with it; nothing is
//! stored on the way.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

use super::address::{Family, Server};

/// The socket and the thread that waits at it.
#[derive(Debug)]
pub(super) struct Proxy {
    dir: TempDir,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Opens a socket in a directory of its own below `dir`, which only this user may enter.
    pub(super) fn start(servers: Vec<Server>, dir: &Path) -> io::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("tincan-sound-")
            .tempdir_in(dir)?;
        let listener = UnixListener::bind(socket(&dir))?;
        let ended = Arc::new(AtomicBool::new(false));
        let waiting = Arc::clone(&ended);
        let servers = Arc::new(Servers {
            all: servers,
            last: AtomicUsize::new(0),
        });
        let thread = thread(move || {
            for client in listener.incoming() {
                if waiting.load(Ordering::Acquire) {
                    return;
                }
                let servers = Arc::clone(&servers);
                let served = client.and_then(|it| thread(move || serve(it, &servers)));
                if let Err(error) = served {
                    tracing::warn!(%error, "the sound server cannot be reached");
                    // Descriptors or threads have run out: without a pause this loop would spin.
                    std::thread::sleep(PAUSE);
                }
            }
        })?;
        Ok(Self {
            dir,
            ended,
            thread: Some(thread),
        })
    }

    /// Where it is.
    pub(super) fn socket(&self) -> PathBuf {
        socket(&self.dir)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // The thread waits in `accept`, which only a connection ends.
        if UnixStream::connect(self.socket()).is_ok()
            && let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the proxy to the sound server panicked");
        }
    }
}

fn socket(dir: &TempDir) -> PathBuf {
    dir.path().join("native")
}

fn thread(run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("sound-proxy".to_owned())
        .spawn(run)
}

/// The servers, and which of them answered last.
struct Servers {
    all: Vec<Server>,
    last: AtomicUsize,
}

impl Servers {
    /// A connection to the first that answers, the last one before all others: the client waits
    /// for two seconds only, and dead ones before it would use them up each time.
    fn connect(&self) -> Option<Stream> {
        let last = self.last.load(Ordering::Relaxed);
        let others = (0..self.all.len()).filter(|it| *it != last);
        for at in std::iter::once(last).chain(others) {
            match self.all.get(at).map(Stream::connect) {
                Some(Ok(stream)) => {
                    self.last.store(at, Ordering::Relaxed);
                    return Some(stream);
                }
                Some(Err(error)) => tracing::debug!(%error, "a sound server does not answer"),
                None => {}
            }
        }
        None
    }
}

/// Joins a client with a server until one of them ends.
fn serve(client: UnixStream, servers: &Servers) {
    let Some(server) = servers.connect() else {
        return;
    };
    let joined = || -> io::Result<()> {
        let (mut to_client, mut from_server) = (client.try_clone()?, server.try_clone()?);
        let (mut from_client, mut to_server) = (client, server);
        let back = thread(move || {
            let _ = from_server.copy_into(&mut to_client);
            let _ = to_client.shutdown(Shutdown::Both);
            from_server.shutdown();
        })?;
        // A copy ends when either side hangs up or fails: both cases end both directions.
        let _ = to_server.copy_from(&mut from_client);
        let _ = from_client.shutdown(Shutdown::Both);
        to_server.shutdown();
        let _ = back.join();
        Ok(())
    };
    if let Err(error) = joined() {
        tracing::warn!(%error, "the connection to the sound server cannot be made");
    }
}

/// A connection to a server.
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    fn connect(server: &Server) -> io::Result<Self> {
        match server {
            Server::Unix(path) => UnixStream::connect(path).map(Self::Unix),
            Server::Tcp { host, port, family } => {
                let fits = |it: &SocketAddr| match family {
                    Family::Any => true,
                    Family::V4 => it.is_ipv4(),
                    Family::V6 => it.is_ipv6(),
                };
                let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
                for address in (host.as_str(), *port).to_socket_addrs()?.filter(fits) {
                    match TcpStream::connect_timeout(&address, PATIENCE) {
                        Ok(stream) => {
                            stream.set_nodelay(true)?;
                            return Ok(Self::Tcp(stream));
                        }
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }

    fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
        }
    }

    fn copy_into(&mut self, client: &mut UnixStream) -> io::Result<u64> {
        match self {
            Self::Unix(stream) => io::copy(stream, client),
            Self::Tcp(stream) => io::copy(stream, client),
        }
    }

    fn copy_from(&mut self, client: &mut UnixStream) -> io::Result<u64> {
        match self {
            Self::Unix(stream) => io::copy(client, stream),
            Self::Tcp(stream) => io::copy(client, stream),
        }
    }

    fn shutdown(&self) {
        // Fails only when it is down already.
        let _ = match self {
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

/// A server on a network of ours answers within a few milliseconds; of the two seconds that the
/// client waits this leaves time for others.
const PATIENCE: Duration = Duration::from_millis(500);

const PAUSE: Duration = Duration::from_millis(100);
