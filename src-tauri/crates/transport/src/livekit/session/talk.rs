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
    /// Of the last greeting; random at the beginning, so that none of another session's is answered.
    greeting: u64,
    /// How many greetings there were.
    greetings: u64,
    /// The other side has greeted: it has the keys.
    is_met: bool,
    /// Of the last message of ours, and the last of theirs.
    said: u64,
    heard: u64,
    /// The other side has heard us, and we it.
    greeted: bool,
    /// Who that is in the room.
    other: Option<Sid>,
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
            greeting: getrandom::u64().unwrap_or_default(),
            greetings: 0,
            is_met: false,
            said: 0,
            heard: 0,
            greeted: false,
            other: None,
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
            self.send_greeting();
        }
    }

    fn send_greeting(&mut self) {
        self.greeting = self.greeting.wrapping_add(1);
        self.greetings += 1;
        self.send(&Speech::Greeting(self.greeting));
    }

    /// Whether this is the answer to one of the last greetings, which may still be on its way when
    /// the next one leaves. Until the first one came, it may be to any: on a bad path the channel stands
    /// still for seconds, and all arrive at once.
    fn is_answer(&self, number: u64) -> bool {
        let late = if self.greeted {
            self.greetings.min(LATE_ANSWERS)
        } else {
            self.greetings
        };
        self.greeting.wrapping_sub(number) < late
    }

    /// Whether this participant is the other side: the first one who said something that was not said
    /// before. Whoever repeats it later is not.
    pub(super) fn has_heard(&self, who: &Sid) -> bool {
        self.other.as_ref() == Some(who)
    }

    fn meet(&mut self, who: Option<Sid>) {
        if self.other.is_none() {
            self.other = who;
        }
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
        self.talk.said += 1;
        let number = self.talk.said;
        self.talk.send(&Speech::Message {
            number,
            content: message,
        });
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
        match speech {
            Some(Speech::Greeting(number)) => {
                self.talk.send(&Speech::Answer(number));
                // Ours may have come before it had the keys. Once: many greetings that arrive together
                // would else make as many.
                if !std::mem::replace(&mut self.talk.is_met, true) {
                    self.greet();
                }
            }
            Some(Speech::Answer(number)) if self.talk.is_answer(number) => {
                self.keys.note_opened();
                self.talk.meet(from);
                self.greeted().await;
            }
            Some(Speech::Message { number, content }) if number > self.talk.heard => {
                self.talk.heard = number;
                self.keys.note_opened();
                self.talk.meet(from);
                // Whoever says something has heard our answer.
                self.greeted().await;
                if content.len() <= MAX_DATA {
                    self.core.emit(TransportEvent::Data(content)).await;
                }
            }
            Some(Speech::Answer(_) | Speech::Message { .. }) => {
                tracing::debug!("what was said before is dropped");
            }
            None => {}
        }
    }

    async fn greeted(&mut self) {
        if !std::mem::replace(&mut self.talk.greeted, true) {
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

/// Greetings that an answer may be late by: two seconds of them.
const LATE_ANSWERS: u64 = 20;

/// Between two questions whether the other side is there: those of an outage wait in the channel, and
/// arrive all at once.
const ASK_INTERVAL: Duration = Duration::from_millis(500);
