//! Packets of the other side.

use std::collections::VecDeque;

use prost::Message as _;

use super::stream::Streams;
use super::{CHAT, ChatText, MAX_ID, MAX_PACKET, MAX_TEXT, TOPIC};
use crate::livekit::Redacted;
use crate::livekit::e2ee::Opener;
use crate::livekit::proto::data::{
    ChatMessage, DataPacket, EncryptedPacket, Payload, PayloadValue, UserPacket, Value,
};
use crate::livekit::signal::Sid;

/// What a packet brought.
#[derive(Clone, PartialEq, Eq)]
pub enum Received {
    /// A control message.
    Control {
        /// Who sent it, as the server says.
        from: Option<Sid>,
        /// As it was sent.
        payload: Vec<u8>,
    },
    /// A text, which is whole.
    Chat(ChatText),
}

impl std::fmt::Debug for Received {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Control { .. } => "Control",
            Self::Chat(_) => "Chat",
        })
    }
}

/// Why a packet is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// Larger than any packet.
    #[error("a data packet is too large")]
    TooLarge,
    /// No packet.
    #[error("a data packet cannot be read")]
    Malformed,
    /// In clear, where the session is encrypted.
    #[error("a data packet is not encrypted")]
    NotEncrypted,
    /// Encrypted under no key of ours, or changed on its way.
    #[error("a data packet is not authentic")]
    NotAuthentic,
}

/// Reads the packets of one session, its resumes included.
#[derive(Debug)]
pub struct Reader {
    opener: Option<Opener>,
    streams: Streams,
    /// The last number of each sender; the oldest sender goes first, beyond [`MAX_SENDERS`].
    heard: VecDeque<(Sid, u32)>,
    /// Names of texts: some clients send one both in the old and in the new way.
    told: VecDeque<String>,
}

impl Reader {
    /// With the opener of the other side's data where the session is encrypted end to end.
    #[must_use]
    pub fn new(opener: Option<Opener>) -> Self {
        Self {
            opener,
            streams: Streams::default(),
            heard: VecDeque::new(),
            told: VecDeque::new(),
        }
    }

    /// What a packet brings; `None` when it is a piece of something, a repetition, or of a kind
    /// that we do not use.
    ///
    /// # Errors
    ///
    /// Says why it is dropped. The next one is read as if it had not been.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Option<Received>, DataError> {
        if bytes.len() > MAX_PACKET {
            return Err(DataError::TooLarge);
        }
        let packet = DataPacket::decode(bytes).map_err(|_| DataError::Malformed)?;
        let Some(value) = packet.value else {
            return Ok(None);
        };
        let value = self.open(value)?;
        let from = Sid::parse(&packet.participant_sid);
        if !self.is_new(from.as_ref(), packet.sequence) {
            return Ok(None);
        }
        Ok(value.and_then(|value| self.value(from, value)))
    }

    /// The last number of each sender, for [`Sync::received`](crate::livekit::signal::Sync).
    #[must_use]
    pub fn received(&self) -> Vec<(Sid, u32)> {
        self.heard.iter().cloned().collect()
    }

    fn open(&self, value: Value) -> Result<Option<PayloadValue>, DataError> {
        match (value, &self.opener) {
            (Value::Encrypted(packet), Some(opener)) => decrypt(opener, &packet),
            // Whoever has no key can do nothing with it.
            (Value::Encrypted(_), None) => Err(DataError::NotAuthentic),
            (_, Some(_)) => Err(DataError::NotEncrypted),
            (Value::User(it), None) => Ok(Some(PayloadValue::User(it))),
            (Value::Chat(it), None) => Ok(Some(PayloadValue::Chat(it))),
            (Value::Header(it), None) => Ok(Some(PayloadValue::Header(it))),
            (Value::Chunk(it), None) => Ok(Some(PayloadValue::Chunk(it))),
            (Value::Trailer(it), None) => Ok(Some(PayloadValue::Trailer(it))),
        }
    }

    /// Whether a packet was not here before. Without a number or a sender it always is.
    fn is_new(&mut self, sender: Option<&Sid>, sequence: u32) -> bool {
        let Some(sender) = sender.filter(|_| sequence > 0) else {
            return true;
        };
        if let Some((_, last)) = self.heard.iter_mut().find(|(sid, _)| sid == sender) {
            let is_new = sequence > *last;
            *last = sequence.max(*last);
            return is_new;
        }
        push(&mut self.heard, (sender.clone(), sequence), MAX_SENDERS);
        true
    }

    fn value(&mut self, from: Option<Sid>, value: PayloadValue) -> Option<Received> {
        match value {
            PayloadValue::User(it) => control(from, it),
            PayloadValue::Chat(it) => legacy(it).and_then(|it| self.tell(it)),
            PayloadValue::Header(it) if it.topic == CHAT => {
                self.streams.begin(it).and_then(|it| self.tell(it))
            }
            PayloadValue::Header(_) => None,
            PayloadValue::Chunk(it) => {
                self.streams.go_on(&it);
                None
            }
            PayloadValue::Trailer(it) => self.streams.end(&it).and_then(|it| self.tell(it)),
        }
    }

    fn tell(&mut self, chat: ChatText) -> Option<Received> {
        if self.told.contains(&chat.id) {
            return None;
        }
        push(&mut self.told, chat.id.clone(), MAX_TOLD);
        Some(Received::Chat(chat))
    }
}

fn decrypt(opener: &Opener, packet: &EncryptedPacket) -> Result<Option<PayloadValue>, DataError> {
    let opened = opener.data(&packet.iv, &packet.encrypted_value, packet.key_index);
    let opened = opened.map_err(|_| DataError::NotAuthentic)?;
    let payload = Payload::decode(opened.as_slice()).map_err(|_| DataError::Malformed)?;
    Ok(payload.value)
}

fn control(from: Option<Sid>, packet: UserPacket) -> Option<Received> {
    (packet.topic.as_deref() == Some(TOPIC)).then_some(Received::Control {
        from,
        payload: packet.payload,
    })
}

/// Changes of texts that were told are not shown.
fn legacy(message: ChatMessage) -> Option<ChatText> {
    let is_new = !message.deleted && message.edit_timestamp.is_none();
    let fits = (1..=MAX_ID).contains(&message.id.len()) && message.message.len() <= MAX_TEXT;
    (is_new && fits).then_some(ChatText {
        id: message.id,
        at_ms: message.timestamp,
        text: Redacted(message.message),
    })
}

fn push<T>(queue: &mut VecDeque<T>, value: T, capacity: usize) {
    if queue.len() >= capacity {
        queue.pop_front();
    }
    queue.push_back(value);
}

/// Of a room of two there is one, and one more after each new join of theirs.
const MAX_SENDERS: usize = 16;
/// The two ways follow each other at once.
const MAX_TOLD: usize = 64;
