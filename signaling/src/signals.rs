//! What the system asks of the process.

use std::io;

/// The signals of a running relay.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits until the process shall end. At a hangup it calls `reload`, which returns whether the
    /// process shall go on.
    pub(crate) async fn stop(&mut self, mut reload: impl FnMut() -> bool) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.hangup.recv() => if !reload() {
                    return;
                },
            }
        }
    }
}

/// The events of a running relay.
#[cfg(windows)]
pub(crate) struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
}

#[cfg(windows)]
impl Signals {
    /// Listens from now on.
    pub(crate) fn new() -> io::Result<Self> {
        let interrupt = tokio::signal::windows::ctrl_c()?;
        Ok(Self { interrupt })
    }

    /// Waits until the process shall end. There is no hangup here.
    pub(crate) async fn stop(&mut self, _reload: impl FnMut() -> bool) {
        let _event: Option<()> = self.interrupt.recv().await;
    }
}
