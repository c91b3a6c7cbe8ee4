//! The two data channels of a session, reliable and ordered (RFC 8831), made by the offerer before its
//! first offer: what comes over them, and how they end.
//!
//! The control channel carries the messages of the call. The bulk channel is there for the files and
//! chat attachments of later versions, so that these have one without a new negotiation; this version
//! sends nothing on it and drops what comes. Both share one SCTP association, and the library gives no
//! channel a priority (RFC 8831, 6.4): whoever sends on the bulk channel has to keep little of it
//! outstanding, or the messages of the call wait behind it.

use std::sync::Arc;

use bytes::Bytes;
use media::transport::{MAX_DATA, TransportEvent, TransportState};
use tokio::sync::mpsc;
use tracing::Instrument;
use webrtc::data_channel::DataChannel;
use webrtc::error::Error;

use super::Task;
use crate::p2p::{BULK, CONTROL};
use crate::peer::data::{self, DataEvent};

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
        for label in [CONTROL, BULK] {
            let connection = &self.core.shared.connection;
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
        if label == CONTROL
            && let Some(outgoing) = self.channels.outgoing.take()
        {
            self.run_control(channel, outgoing);
        } else if label == BULK && !std::mem::replace(&mut self.channels.bulk, true) {
            self.run_bulk(channel);
        } else {
            self.core.refuse_channel(channel).await;
        }
    }

    fn run_control(&mut self, channel: Arc<dyn DataChannel>, outgoing: mpsc::Receiver<Bytes>) {
        let (events, stop) = (self.channels.events.clone(), self.core.shared.done.clone());
        let running = data::run(channel, MAX_DATA, outgoing, events, stop);
        self.core.beside.spawn(running.in_current_span());
    }

    fn run_bulk(&mut self, channel: Arc<dyn DataChannel>) {
        let running = data::drop_all(channel, self.core.shared.done.clone());
        self.core.beside.spawn(running.in_current_span());
    }

    pub(super) async fn data_event(&mut self, event: DataEvent) {
        match event {
            DataEvent::Open => self.channels.open = true,
            DataEvent::Message(message) => self.core.emit(TransportEvent::Data(message)).await,
            DataEvent::Closed => {
                if !self.core.end_if_closed().await {
                    self.core.enter(TransportState::ClosedByPeer).await;
                }
            }
            DataEvent::Ended => self.core.on_library_stopped().await,
        }
    }
}
