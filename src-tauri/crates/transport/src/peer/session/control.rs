//! The handle of a session: hands what it is asked to the session's task, and never waits for it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use media::transport::{MAX_DATA, Parcel, SessionControl, Stream, TransportError, TransportStats};
use tokio::sync::mpsc;
use tracing::{Instrument, Span};

use super::{Command, Shared};
use crate::peer::stats::{Counts, pair_rtt};

/// Steers a session. Dropping it ends the session.
pub(super) struct Control {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    /// Of the call: the handle is used by tasks that are outside of it.
    span: Span,
}

impl Control {
    pub(super) const fn new(
        shared: Arc<Shared>,
        commands: mpsc::Sender<Command>,
        span: Span,
    ) -> Self {
        Self {
            shared,
            commands,
            span,
        }
    }

    fn command(&self, command: Command) {
        if self.commands.try_send(command).is_err() && !self.shared.stop.is_cancelled() {
            let _inside = self.span.enter();
            tracing::warn!("a command was dropped: the session is flooded");
        }
    }
}

impl SessionControl for Control {
    fn parcel(&self, parcel: Parcel) {
        self.command(Command::Parcel(parcel));
    }

    fn request_keyframe(&self, stream: Stream) {
        self.command(Command::RequestKeyframe(stream));
    }

    fn mute(&self, stream: Stream, muted: bool) {
        if stream == Stream::Screen && muted {
            self.shared.send_parameters.stop_screen();
        }
        self.command(Command::Mute(stream, muted));
    }

    fn send_data(&self, message: Bytes) -> Result<(), TransportError> {
        if message.len() > MAX_DATA {
            return Err(TransportError::TooLarge(message.len()));
        }
        if !self.shared.connected.load(Ordering::Relaxed) {
            return Err(TransportError::NotConnected);
        }
        self.shared
            .data
            .try_send(message)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => {
                    TransportError::Internal("the control channel is congested".to_owned())
                }
                mpsc::error::TrySendError::Closed(_) => TransportError::NotConnected,
            })
    }

    fn fail_path(&self, time: Duration) {
        self.shared.outage.begin(Instant::now(), time);
    }

    fn stats(&self) -> BoxFuture<'static, TransportStats> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let rtt = match shared.received.rtt_micros.load(Ordering::Relaxed) {
                0 => pair_rtt(&*shared.connection).await,
                micros => Some(Duration::from_micros(micros)),
            };
            let counts = Counts {
                clocks: &shared.clocks,
                received: &shared.received,
                rtcp: &shared.rtcp,
                feedback: &shared.feedback,
            };
            let quality = shared.quality.lock();
            counts.figures(rtt, *quality.unwrap_or_else(PoisonError::into_inner))
        })
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        self.shared.stop.cancel();
        let done = self.shared.done.clone();
        async move {
            if tokio::time::timeout(CLOSE_TIMEOUT, done.cancelled())
                .await
                .is_err()
            {
                tracing::error!("a session did not end in time");
            }
        }
        .instrument(self.span.clone())
        .boxed()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// How long a close may take: the limits of the session's end add up to less, and the call
/// promises a second.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_millis(950);
