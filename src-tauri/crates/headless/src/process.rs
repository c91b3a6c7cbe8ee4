//! The process itself: what is set before any thread runs, and who asks it to end.

use crate::memory;

/// What [`prepare`] set up. Kept until the end of `main`: sound leads through it.
#[derive(Debug)]
#[must_use]
pub struct Prepared {
    #[cfg(target_os = "linux")]
    _sound: devices::sound_server::Found,
}

/// Sets what can only be set while no other thread runs: how memory is asked for, and where the
/// sound server is. To be called first in `main`.
pub fn prepare() -> Prepared {
    memory::keep_flat();
    Prepared {
        #[cfg(target_os = "linux")]
        _sound: devices::sound_server::prepare(),
    }
}

/// Waits for somebody who wants the program to go: Ctrl+C (SIGINT), the system (SIGTERM), or the
/// terminal in which it was started, when that goes (SIGHUP).
#[derive(Debug)]
pub struct EndRequests {
    #[cfg(unix)]
    signals: Vec<tokio::signal::unix::Signal>,
}

impl EndRequests {
    /// Listens from now on: none of these signals ends the process by itself any more. A SIGHUP
    /// that was ignored from the start, by `nohup`, stays ignored. Needs the async runtime.
    ///
    /// # Errors
    /// When the system lets nobody listen.
    pub fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};

            let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
            if !hangup_is_ignored() {
                kinds.push(SignalKind::hangup());
            }
            let signals = kinds.into_iter().map(signal).collect::<Result<_, _>>()?;
            Ok(Self { signals })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Ends with the next request.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        std::future::poll_fn(|context| {
            let asked = self
                .signals
                .iter_mut()
                .any(|it| it.poll_recv(context).is_ready());
            if asked {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Bit 0 of the mask of ignored signals is that of signal 1, which is SIGHUP.
#[cfg(target_os = "linux")]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|it| it.strip_prefix("SigIgn:"));
    mask.and_then(|it| u64::from_str_radix(it.trim(), 16).ok())
        .is_some_and(|it| it & 1 == 1)
}

#[cfg(all(unix, not(target_os = "linux")))]
const fn hangup_is_ignored() -> bool {
    false
}
