//! The session's side of the data channels: who makes them, what comes over them, how they end.

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

/// What the task knows of its data channels.
pub(super) struct Channels {
    /// Messages to send; the control channel takes it when there is one, so that any further channel
    /// of its name finds nothing and is foreign.
    outgoing: Option<mpsc::Receiver<Bytes>>,
    events: mpsc::Sender<DataEvent>,
    /// Whether messages flow.
    open: bool,
    /// Whether there is a bulk channel.
    bulk: bool,
    /// How many channels the other side opened that are not known here.
    foreign: usize,
}

impl Channels {
    pub(super) const fn new(
        outgoing: mpsc::Receiver<Bytes>,
        events: mpsc::Sender<DataEvent>,
    ) -> Self {
        Self {
            outgoing: Some(outgoing),
            events,
            open: false,
            bulk: false,
            foreign: 0,
        }
    }

    /// Whether messages flow.
    pub(super) const fn is_open(&self) -> bool {
        self.open
    }
}

impl Task {
    /// Makes both channels: the offerer's part.
    pub(super) async fn make_channels(&mut self) -> Result<(), Error> {
        for label in [data::CONTROL, data::BULK] {
            let connection = &self.shared.connection;
            let channel = connection.create_data_channel(label, None).await?;
            self.use_channel(label, channel).await;
        }
        Ok(())
    }

    /// Takes a channel that the other side made.
    pub(super) async fn take_channel(&mut self, channel: Arc<dyn DataChannel>) {
        // One without a label is gone already.
        if let Ok(label) = channel.label().await {
            self.use_channel(&label, channel).await;
        }
    }

    async fn use_channel(&mut self, label: &str, channel: Arc<dyn DataChannel>) {
        if label == data::CONTROL
            && let Some(outgoing) = self.channels.outgoing.take()
        {
            self.run_control(channel, outgoing);
        } else if label == data::BULK && !std::mem::replace(&mut self.channels.bulk, true) {
            self.run_bulk(channel);
        } else {
            self.refuse_channel(channel).await;
        }
    }

    /// Closes a channel that is not known here: a later version may have more. A dropped handle alone
    /// would leave it open, and the library would keep what comes there.
    async fn refuse_channel(&mut self, channel: Arc<dyn DataChannel>) {
        self.channels.foreign += 1;
        if self.channels.foreign > MOST_FOREIGN {
            let error = "the other side opened too many data channels";
            let error = TransportError::Internal(error.to_owned());
            return self.enter(TransportState::Failed(error)).await;
        }
        tracing::warn!("closed a data channel that is not known here");
        if channel.close().await.is_err() {
            tracing::debug!("a data channel was closed before it was refused");
        }
    }

    fn run_control(&mut self, channel: Arc<dyn DataChannel>, outgoing: mpsc::Receiver<Bytes>) {
        let (events, stop) = (self.channels.events.clone(), self.shared.done.clone());
        let running = data::run(channel, outgoing, events, stop);
        self.sending.spawn(running.in_current_span());
    }

    fn run_bulk(&mut self, channel: Arc<dyn DataChannel>) {
        let running = data::drop_bulk(channel, self.shared.done.clone());
        self.sending.spawn(running.in_current_span());
    }

    pub(super) async fn data_event(&mut self, event: DataEvent) {
        match event {
            DataEvent::Open => self.channels.open = true,
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

/// How many channels of the other side are refused before the session ends: enough for those of a
/// later version, while the library keeps a few figures and the label of each, up to 64 KiB, for as
/// long as the connection lives. Well below the number of library events that may wait, beyond which
/// channels are lost that nobody closes.
const MOST_FOREIGN: usize = 16;
