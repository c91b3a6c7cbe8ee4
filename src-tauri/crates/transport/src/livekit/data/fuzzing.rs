//! A reader whose packets are anything.

use super::{ChatText, MAX_ID, MAX_PACKET, MAX_TEXT, Reader, Received, Writer};
use crate::livekit::pieces::{history, pieces};

/// Packets, one after the other.
pub fn packets(bytes: &[u8]) {
    let mut reader = Reader::new(None);
    for packet in pieces(bytes) {
        match reader.read(packet) {
            Ok(Some(Received::Chat(chat))) => {
                assert!(chat.text.0.len() <= MAX_TEXT && chat.id.len() <= MAX_ID);
            }
            Ok(Some(Received::Control { payload, .. })) => assert!(payload.len() <= MAX_PACKET),
            Ok(None) | Err(_) => {}
        }
    }
}

/// A control message and a text in two pieces.
#[must_use]
pub fn packet_seeds() -> Vec<Vec<u8>> {
    let mut writer = Writer::new(None);
    let chat = ChatText {
        id: "6b1f".to_owned(),
        at_ms: 1,
        text: "hello ".repeat(3_000).into(),
    };
    let mut packets = Vec::new();
    packets.extend(writer.control(b"control"));
    packets.extend(writer.chat(&chat).into_iter().flatten());
    vec![history(&packets)]
}
