//! Packets to the other side.

use std::collections::VecDeque;

use prost::Message as _;

use super::{CHAT, ChatText, MAX_ID, MAX_PACKET, MAX_TEXT, TOPIC};
use crate::livekit::e2ee::Sealer;
use crate::livekit::proto::data::{
    Chunk, DataPacket, EncryptedPacket, Header, Payload, PayloadValue, TextHeader, Trailer,
    UserPacket, Value,
};

/// What was to be sent is larger than what passes, or cannot be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message is too large for the data channel")]
pub struct TooLarge;

/// Numbers and writes packets of one session, its resumes included.
#[derive(Debug)]
pub struct Writer {
    /// Of the last packet.
    sequence: u32,
    sealer: Option<Sealer>,
    sent: VecDeque<(u32, Vec<u8>)>,
}

impl Writer {
    /// With the sealer of our data where the session is encrypted end to end.
    #[must_use]
    pub const fn new(sealer: Option<Sealer>) -> Self {
        Self {
            sequence: 0,
            sealer,
            sent: VecDeque::new(),
        }
    }

    /// The packet of a control message.
    ///
    /// # Errors
    ///
    /// When no packet holds it.
    pub fn control(&mut self, payload: &[u8]) -> Result<Vec<u8>, TooLarge> {
        self.packet(PayloadValue::User(UserPacket {
            payload: payload.to_vec(),
            topic: Some(TOPIC.to_owned()),
        }))
    }

    /// The packets of a text, to be sent in this order.
    ///
    /// # Errors
    ///
    /// When the text or its id is longer than they may be.
    pub fn chat(&mut self, chat: &ChatText) -> Result<Vec<Vec<u8>>, TooLarge> {
        let text = &chat.text.0;
        if text.len() > MAX_TEXT || chat.id.len() > MAX_ID {
            return Err(TooLarge);
        }
        let mut packets = vec![self.packet(PayloadValue::Header(Header {
            stream_id: chat.id.clone(),
            timestamp: chat.at_ms,
            topic: CHAT.to_owned(),
            mime_type: "text/plain".to_owned(),
            total_length: u64::try_from(text.len()).ok(),
            text_header: Some(TextHeader { operation_type: 0 }),
            inline_content: None,
            compression: 0,
        }))?];
        for (chunk_index, piece) in (0..).zip(pieces(text)) {
            packets.push(self.packet(PayloadValue::Chunk(Chunk {
                stream_id: chat.id.clone(),
                chunk_index,
                content: piece.as_bytes().to_vec(),
            }))?);
        }
        packets.push(self.packet(PayloadValue::Trailer(Trailer {
            stream_id: chat.id.clone(),
            reason: String::new(),
        }))?);
        Ok(packets)
    }

    /// The packets after the last that the server has, to be sent again after a resume. The newest
    /// `KEPT` are there.
    pub fn after(&self, sequence: u32) -> impl Iterator<Item = &[u8]> {
        let missing = self.sent.iter().filter(move |(it, _)| *it > sequence);
        missing.map(|(_, packet)| packet.as_slice())
    }

    fn packet(&mut self, value: PayloadValue) -> Result<Vec<u8>, TooLarge> {
        let value = match &mut self.sealer {
            None => plain(value),
            Some(sealer) => {
                let payload = Payload { value: Some(value) };
                let sealed = sealer
                    .data(&payload.encode_to_vec())
                    .map_err(|_| TooLarge)?;
                Value::Encrypted(EncryptedPacket {
                    encryption_type: GCM,
                    iv: sealed.iv.to_vec(),
                    key_index: sealed.index.into(),
                    encrypted_value: sealed.ciphertext,
                })
            }
        };
        let sequence = self.sequence + 1;
        let packet = DataPacket {
            value: Some(value),
            sequence,
            ..DataPacket::default()
        };
        let packet = packet.encode_to_vec();
        if packet.len() > MAX_PACKET {
            return Err(TooLarge);
        }
        self.sequence = sequence;
        if self.sent.len() >= KEPT {
            self.sent.pop_front();
        }
        self.sent.push_back((sequence, packet.clone()));
        Ok(packet)
    }
}

fn plain(value: PayloadValue) -> Value {
    match value {
        PayloadValue::User(it) => Value::User(it),
        PayloadValue::Chat(it) => Value::Chat(it),
        PayloadValue::Header(it) => Value::Header(it),
        PayloadValue::Chunk(it) => Value::Chunk(it),
        PayloadValue::Trailer(it) => Value::Trailer(it),
    }
}

/// Cuts a text where characters end.
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let (piece, rest) = text.split_at(text.floor_char_boundary(CHUNK));
        text = rest;
        Some(piece)
    })
}

/// `Encryption.Type`.
const GCM: i32 = 1;
/// Bytes of a piece, as official clients cut.
const CHUNK: usize = 15_000;
/// Packets that are kept for a resume: a control message a second for a minute.
const KEPT: usize = 64;
