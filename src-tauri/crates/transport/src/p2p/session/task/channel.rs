//! The session's side of the control channel: who makes it, what comes over it, how it ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::transport::{TransportError, TransportEvent, TransportState};
use tokio::sync::mpsc;
use tracing::Instrument;
use webrtc::data_channel::DataChannel;
use webrtc::error::Error;

use super::Task;
use crate::p2p::data::{self, DataEvent};

/// What the task knows of its control channel.
pub(super) struct Channel {
    /// Messages to send; the channel takes it when there is one, so that any further channel finds
    /// nothing and is foreign.
    outgoing: Option<mpsc::Receiver<Bytes>>,
    events: mpsc::Sender<DataEvent>,
    open: bool,
}

impl Channel {
    pub(super) const fn new(
        outgoing: mpsc::Receiver<Bytes>,
        events: mpsc::Sender<DataEvent>,
    ) -> Self {
        Self {
            outgoing: Some(outgoing),
            events,
            open: false,
        }
    }

    /// Whether messages flow.
    pub(super) const fn is_open(&self) -> bool {
        self.open
    }
}

impl Task {
    /// Makes the control channel: the offerer's part.
    pub(super) async fn make_channel(&mut self) -> Result<(), Error> {
        let connection = &self.shared.connection;
        let channel = connection.create_data_channel(data::LABEL, None).await?;
        if let Some(outgoing) = self.channel.outgoing.take() {
            self.run_channel(channel, outgoing);
        }
        Ok(())
    }

    /// Takes the control channel that the other side made. Any other channel ends the session: a
    /// handle that is dropped leaves its channel open, and the library keeps what comes there.
    pub(super) async fn take_channel(&mut self, channel: Arc<dyn DataChannel>) {
        let label = channel.label().await;
        match (label, self.channel.outgoing.take()) {
            (Ok(label), Some(outgoing)) if label == data::LABEL => {
                self.run_channel(channel, outgoing);
            }
            // The only one that was agreed on is gone before it was seen.
            (Err(_), Some(_)) => self.enter(TransportState::ClosedByPeer).await,
            (Ok(_) | Err(_), Some(_) | None) => {
                let error = "the other side opened a data channel that was not agreed on";
                let error = TransportError::Internal(error.to_owned());
                self.enter(TransportState::Failed(error)).await;
            }
        }
    }

    fn run_channel(&mut self, channel: Arc<dyn DataChannel>, outgoing: mpsc::Receiver<Bytes>) {
        let (events, stop) = (self.channel.events.clone(), self.shared.done.clone());
        let running = data::run(channel, outgoing, events, stop);
        self.sending.spawn(running.in_current_span());
    }

    pub(super) async fn data_event(&mut self, event: DataEvent) {
        match event {
            DataEvent::Open => self.channel.open = true,
            DataEvent::Message(message) => self.emit(TransportEvent::Data(message)).await,
            DataEvent::Closed => {
                if !self.end_if_closed().await {
                    self.enter(TransportState::ClosedByPeer).await;
                }
            }
            DataEvent::Ended => self.on_library_stopped().await,
        }
    }

    /// Waits until the library has taken the last messages and had a moment to send them, or
    /// [`data::LINGER`] is over.
    pub(super) async fn flush_messages(&self) {
        let waiting = &self.shared.data;
        let taken = async {
            while waiting.capacity() < waiting.max_capacity() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let _ = tokio::time::timeout(data::LINGER, taken).await;
    }
}
