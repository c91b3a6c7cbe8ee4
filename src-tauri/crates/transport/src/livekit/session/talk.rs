//! What is said over the data channel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::transport::{MAX_DATA, TransportEvent};
use tokio::sync::mpsc;
use tracing::Instrument as _;
use webrtc::data_channel::DataChannel;

use super::Task;
use crate::livekit::conversation::{Conversation, Heard};
use crate::livekit::data::{MAX_PACKET, Reader, Received, Writer};
use crate::livekit::keys::Lines;
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
    conversation: Conversation,
}

impl Talk {
    /// Runs both channels beside the task.
    pub(super) fn new(
        core: &mut Core,
        reliable: Arc<dyn DataChannel>,
        lossy: Arc<dyn DataChannel>,
    ) -> Self {
        let (told, events) = mpsc::channel(QUEUE);
        let (out, outgoing) = mpsc::channel(OUTGOING);
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
            conversation: Conversation::default(),
        }
    }

    pub(super) fn set_keys(&mut self, lines: Lines) {
        self.conversation = Conversation::new(Some(lines.streams));
        let (sealer, opener) = (Some(lines.sealer), Some(lines.opener));
        self.lines = Some((Writer::new(sealer), Reader::new(opener)));
    }

    /// Whether messages of the call can be sent now.
    pub(super) fn is_open(&self) -> bool {
        self.is_greeted() && self.out.capacity() > 0
    }

    /// Whether both sides have heard each other.
    pub(super) const fn is_greeted(&self) -> bool {
        self.conversation.is_greeted()
    }

    /// Whether a greeting is due.
    pub(super) const fn greets(&self) -> bool {
        self.channel_is_open && self.lines.is_some() && !self.is_greeted()
    }

    /// Asks the other side whether it is there, unless it was asked a moment ago.
    pub(super) fn ask_for_life(&mut self, now: Instant) {
        let just_asked = |at: Instant| now.saturating_duration_since(at) < ASK_INTERVAL;
        if !self.asked_at.is_some_and(just_asked) {
            self.asked_at = Some(now);
            self.send_greeting();
        }
    }

    fn send_greeting(&mut self) {
        let greeting = self.conversation.greeting();
        self.send(&greeting);
    }

    /// Whether this participant is the other side.
    pub(super) fn is_with(&self, who: &Sid) -> bool {
        self.conversation.is_with(who)
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

    /// Waits until all is sent, or as long as that may take at the end.
    pub(super) async fn flush(&self) {
        data::drained(&self.out).await;
    }
}

impl Task {
    /// Sends a message of the call.
    pub(super) fn say(&mut self, message: Bytes) {
        let message = self.talk.conversation.message(message);
        self.talk.send(&message);
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
            self.talk.send_greeting();
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
        let (from, speech) = match reader.read(packet) {
            Ok(Some(Received::Control { from, payload })) => (from, Speech::from_bytes(payload)),
            Ok(Some(Received::Chat(_)) | None) => return,
            Err(error) => return tracing::debug!(%error, "a packet is dropped"),
        };
        // What a later version may say means nothing here.
        let Some(speech) = speech else { return };
        if let Speech::Greeting { frames, .. } | Speech::Answer { frames, .. } = &speech {
            self.keys.set_theirs(*frames);
        }
        let was_greeted = self.talk.is_greeted();
        match self.talk.conversation.hear(from, speech) {
            Heard::Greeting { answer, greet } => {
                self.talk.send(&answer);
                if greet {
                    self.greet();
                }
            }
            Heard::Answer => self.is_alive(was_greeted).await,
            Heard::Message(message) => {
                self.is_alive(was_greeted).await;
                if message.len() <= MAX_DATA {
                    self.core.emit(TransportEvent::Data(message)).await;
                }
            }
            Heard::Repeated => tracing::debug!("what was said before is dropped"),
        }
    }

    /// The other side has just been heard; it is the first time unless both had met before.
    async fn is_alive(&mut self, was_greeted: bool) {
        self.keys.note_said();
        if !self.keys.knows_theirs() {
            // Whoever passes things on lost where it was told. The answer tells it again.
            self.talk.send_greeting();
        }
        if !was_greeted {
            self.core.open_gates();
            self.take_pending_tracks();
            self.watch().await;
        }
    }
}

/// Messages of either direction that may wait. A full queue of received ones stops the reading, and
/// so slows the server down.
const QUEUE: usize = 64;

/// Packets to send that may wait: messages of the call, as many that are sent again after a resume,
/// and greetings.
const OUTGOING: usize = 3 * QUEUE;

/// Between two questions whether the other side is there: those of an outage wait in the channel, and
/// arrive all at once.
const ASK_INTERVAL: Duration = Duration::from_millis(500);
