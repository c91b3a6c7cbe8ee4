//! Texts that come in pieces.

use std::collections::VecDeque;

use super::{ChatText, MAX_ID, MAX_TEXT};
use crate::livekit::Redacted;
use crate::livekit::proto::data::{Chunk, Header, Trailer};

/// Streams that have not ended, at most [`MAX_OPEN`]: the oldest is forgotten when another begins.
#[derive(Debug, Default)]
pub(super) struct Streams(VecDeque<Open>);

#[derive(Debug)]
struct Open {
    id: String,
    at_ms: i64,
    /// The index of the next piece.
    next: u64,
    bytes: Redacted<Vec<u8>>,
    /// How long it shall be, if that was said.
    length: Option<u64>,
}

impl Streams {
    /// The whole text, where the header holds it.
    pub(super) fn begin(&mut self, header: Header) -> Option<ChatText> {
        let new_text = header.text_header.is_some_and(|it| it.operation_type == 0);
        let long = |length: u64| length > MAX_TEXT as u64;
        let named = (1..=MAX_ID).contains(&header.stream_id.len());
        if !new_text || !named || header.compression != 0 || header.total_length.is_some_and(long) {
            return None;
        }
        let open = Open {
            id: header.stream_id,
            at_ms: header.timestamp,
            next: 0,
            bytes: Redacted(header.inline_content.unwrap_or_default()),
            length: header.total_length,
        };
        if !open.bytes.0.is_empty() {
            return open.text();
        }
        self.0.retain(|it| it.id != open.id);
        if self.0.len() >= MAX_OPEN {
            self.0.pop_front();
        }
        self.0.push_back(open);
        None
    }

    /// Takes a piece. One that is out of order or too much ends its stream.
    pub(super) fn go_on(&mut self, chunk: &Chunk) {
        let Some(at) = self.find(&chunk.stream_id) else {
            return;
        };
        let Some(open) = self.0.get_mut(at) else {
            return;
        };
        let bytes = &mut open.bytes.0;
        if chunk.chunk_index != open.next || bytes.len() + chunk.content.len() > MAX_TEXT {
            self.0.remove(at);
            return;
        }
        bytes.extend(&chunk.content);
        open.next += 1;
    }

    /// The text of a stream that ended as it should.
    pub(super) fn end(&mut self, trailer: &Trailer) -> Option<ChatText> {
        let open = self.0.remove(self.find(&trailer.stream_id)?)?;
        if trailer.reason.is_empty() {
            open.text()
        } else {
            None
        }
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.0.iter().position(|it| it.id == id)
    }
}

impl Open {
    fn text(self) -> Option<ChatText> {
        let bytes = self.bytes.0;
        let whole = self.length.is_none_or(|it| it == bytes.len() as u64);
        let fits = whole && bytes.len() <= MAX_TEXT;
        Some(ChatText {
            id: self.id,
            at_ms: self.at_ms,
            text: Redacted(String::from_utf8(bytes).ok().filter(|_| fits)?),
        })
    }
}

/// A sender writes one text after the other; two interleave where two people are in the room.
const MAX_OPEN: usize = 4;
