//! What is said over the data channel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::transport::{MAX_DATA, TransportEvent};
use tokio::sync::mpsc;
use tracing::Instrument as _;
use webrtc::data_channel::DataChannel;

use super::Task;
use crate::livekit::data::{MAX_PACKET, Reader, Received, Writer};
use crate::livekit::e2ee::{Opener, Sealer};
use crate::livekit::signal::Sid;
use crate::livekit::speech::Speech;
use crate::peer::data::{self, DataEvent};
use crate::peer::session::Core;

/// The task's end of it.
pub(super) struct Talk {
    pub(super) events: mpsc::Receiver<DataEvent>,
    out: mpsc::Sender<Bytes>,
    channel_is_open: bool,
    /// From when on there are keys.
    lines: Option<(Writer, Reader)>,
    /// When the other side was asked last whether it is there.
    asked_at: Option<Instant>,
    /// The other side has heard us, and we it.
    greeted: bool,
}

impl Talk {
    /// Runs both channels beside the task.
    pub(super) fn new(
        core: &mut Core,
        reliable: Arc<dyn DataChannel>,
        lossy: Arc<dyn DataChannel>,
    ) -> Self {
        let (told, events) = mpsc::channel(QUEUE);
        let (out, outgoing) = mpsc::channel(QUEUE);
        let done = core.shared.done.clone();
        let running = data::run(reliable, MAX_PACKET, outgoing, told, done.clone());
        core.beside.spawn(running.in_current_span());
        core.beside
            .spawn(data::drop_all(lossy, done).in_current_span());
        Self {
            events,
            out,
            channel_is_open: false,
            lines: None,
            asked_at: None,
            greeted: false,
        }
    }

    pub(super) fn set_keys(&mut self, sealer: Sealer, opener: Opener) {
        self.lines = Some((Writer::new(Some(sealer)), Reader::new(Some(opener))));
    }

    /// Whether messages of the call can be sent now.
    pub(super) fn is_open(&self) -> bool {
        self.greeted && self.out.capacity() > 0
    }

    pub(super) const fn is_greeted(&self) -> bool {
        self.greeted
    }

    /// Whether a greeting is due.
    pub(super) const fn greets(&self) -> bool {
        self.channel_is_open && self.lines.is_some() && !self.greeted
    }

    /// Asks the other side whether it is there, unless it was asked a moment ago.
    pub(super) fn ask_for_life(&mut self, now: Instant) {
        let just_asked = |at: Instant| now.saturating_duration_since(at) < ASK_INTERVAL;
        if !self.asked_at.is_some_and(just_asked) {
            self.asked_at = Some(now);
            self.send(&Speech::Greeting);
        }
    }

    /// Whether this participant has said something to us.
    pub(super) fn has_heard(&self, who: &Sid) -> bool {
        self.received().iter().any(|(sid, _)| sid == who)
    }

    /// The last number of each sender.
    pub(super) fn received(&self) -> Vec<(Sid, u32)> {
        let lines = self.lines.as_ref();
        lines.map_or_else(Vec::new, |(_, reader)| reader.received())
    }

    /// Sends again what the server does not have.
    pub(super) fn repeat_after(&self, sequence: u32) {
        let Some((writer, _)) = &self.lines else {
            return;
        };
        for packet in writer.after(sequence) {
            self.put(Bytes::copy_from_slice(packet));
        }
    }

    fn send(&mut self, speech: &Speech) {
        let Some((writer, _)) = &mut self.lines else {
            return;
        };
        match writer.control(&speech.to_bytes()) {
            Ok(packet) => self.put(packet.into()),
            Err(error) => tracing::warn!(%error, "a message was not sent"),
        }
    }

    fn put(&self, packet: Bytes) {
        if self.out.try_send(packet).is_err() {
            tracing::warn!("a message was not sent: the channel is congested");
        }
    }

    /// Waits until the library has taken the last messages and had a moment to send them, or
    /// [`data::LINGER`] is over.
    pub(super) async fn flush(&self) {
        let taken = async {
            while self.out.capacity() < self.out.max_capacity() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let _ = tokio::time::timeout(data::LINGER, taken).await;
    }
}

impl Task {
    /// Sends a message of the call.
    pub(super) fn say(&mut self, message: Bytes) {
        self.talk.send(&Speech::Message(message));
    }

    /// Sends all messages that wait.
    pub(super) fn say_all(&mut self) {
        while let Ok(message) = self.data.try_recv() {
            self.say(message);
        }
    }

    /// Greets whoever is there.
    pub(super) fn greet(&mut self) {
        if self.talk.greets() {
            self.talk.send(&Speech::Greeting);
        }
    }

    pub(super) async fn data_event(&mut self, event: DataEvent) {
        match event {
            DataEvent::Open => {
                self.talk.channel_is_open = true;
                self.greet();
            }
            DataEvent::Message(packet) => self.hear(&packet).await,
            DataEvent::Closed | DataEvent::Ended => {
                self.closed_at.get_or_insert_with(Instant::now);
            }
        }
    }

    async fn hear(&mut self, packet: &[u8]) {
        let Some((_, reader)) = &mut self.talk.lines else {
            // The other side greets again.
            return;
        };
        let speech = match reader.read(packet) {
            Ok(Some(Received::Control(payload))) => Speech::from_bytes(payload),
            Ok(Some(Received::Chat(_)) | None) => None,
            Err(error) => return tracing::debug!(%error, "a packet is dropped"),
        };
        if speech.is_some() {
            self.keys.note_opened();
        }
        match speech {
            Some(Speech::Greeting) => {
                self.talk.send(&Speech::Answer);
                self.greet();
            }
            Some(Speech::Answer) => self.greeted().await,
            Some(Speech::Message(message)) => {
                // Whoever says something has heard our answer.
                self.greeted().await;
                if message.len() <= MAX_DATA {
                    self.core.emit(TransportEvent::Data(message)).await;
                }
            }
            None => {}
        }
    }

    async fn greeted(&mut self) {
        if !std::mem::replace(&mut self.talk.greeted, true) {
            self.core.open_gates();
            self.watch().await;
        }
    }
}

/// Messages of either direction that may wait. A full queue of received ones stops the reading, and
/// so slows the server down.
const QUEUE: usize = 64;

/// Between two questions whether the other side is there: those of an outage wait in the channel, and
/// arrive all at once.
const ASK_INTERVAL: Duration = Duration::from_millis(500);
