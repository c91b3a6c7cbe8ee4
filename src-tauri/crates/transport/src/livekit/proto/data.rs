//! What data channels carry.

use prost::{Message, Oneof};

use super::opaque;

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct DataPacket {
    /// Written by the server.
    #[prost(string, tag = "4")]
    pub(in crate::livekit) participant_identity: String,
    #[prost(oneof = "Value", tags = "2, 9, 13, 14, 15, 18")]
    pub(in crate::livekit) value: Option<Value>,
    /// From 1 on the reliable channel.
    #[prost(uint32, tag = "16")]
    pub(in crate::livekit) sequence: u32,
    /// Written by the server.
    #[prost(string, tag = "17")]
    pub(in crate::livekit) participant_sid: String,
}

#[derive(Clone, PartialEq, Oneof)]
#[prost(skip_debug)]
pub(in crate::livekit) enum Value {
    #[prost(message, tag = "2")]
    User(UserPacket),
    #[prost(message, tag = "9")]
    Chat(ChatMessage),
    #[prost(message, tag = "13")]
    Header(Header),
    #[prost(message, tag = "14")]
    Chunk(Chunk),
    #[prost(message, tag = "15")]
    Trailer(Trailer),
    #[prost(message, tag = "18")]
    Encrypted(EncryptedPacket),
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct EncryptedPacket {
    /// 1: GCM.
    #[prost(int32, tag = "1")]
    pub(in crate::livekit) encryption_type: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub(in crate::livekit) iv: Vec<u8>,
    #[prost(uint32, tag = "3")]
    pub(in crate::livekit) key_index: u32,
    #[prost(bytes = "vec", tag = "4")]
    pub(in crate::livekit) encrypted_value: Vec<u8>,
}

/// What is inside an [`EncryptedPacket`].
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct Payload {
    #[prost(oneof = "PayloadValue", tags = "1, 3, 7, 8, 9")]
    pub(in crate::livekit) value: Option<PayloadValue>,
}

#[derive(Clone, PartialEq, Oneof)]
#[prost(skip_debug)]
pub(in crate::livekit) enum PayloadValue {
    #[prost(message, tag = "1")]
    User(UserPacket),
    #[prost(message, tag = "3")]
    Chat(ChatMessage),
    #[prost(message, tag = "7")]
    Header(Header),
    #[prost(message, tag = "8")]
    Chunk(Chunk),
    #[prost(message, tag = "9")]
    Trailer(Trailer),
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct UserPacket {
    #[prost(bytes = "vec", tag = "2")]
    pub(in crate::livekit) payload: Vec<u8>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::livekit) topic: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct ChatMessage {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) id: String,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    pub(in crate::livekit) timestamp: i64,
    #[prost(int64, optional, tag = "3")]
    pub(in crate::livekit) edit_timestamp: Option<i64>,
    #[prost(string, tag = "4")]
    pub(in crate::livekit) message: String,
    #[prost(bool, tag = "5")]
    pub(in crate::livekit) deleted: bool,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct Header {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) stream_id: String,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    pub(in crate::livekit) timestamp: i64,
    #[prost(string, tag = "3")]
    pub(in crate::livekit) topic: String,
    #[prost(string, tag = "4")]
    pub(in crate::livekit) mime_type: String,
    /// Bytes.
    #[prost(uint64, optional, tag = "5")]
    pub(in crate::livekit) total_length: Option<u64>,
    #[prost(message, optional, tag = "9")]
    pub(in crate::livekit) text_header: Option<TextHeader>,
    #[prost(bytes = "vec", optional, tag = "11")]
    pub(in crate::livekit) inline_content: Option<Vec<u8>>,
    /// 0: none.
    #[prost(int32, tag = "12")]
    pub(in crate::livekit) compression: i32,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct TextHeader {
    /// 0: a new text.
    #[prost(int32, tag = "1")]
    pub(in crate::livekit) operation_type: i32,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct Chunk {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) stream_id: String,
    #[prost(uint64, tag = "2")]
    pub(in crate::livekit) chunk_index: u64,
    #[prost(bytes = "vec", tag = "3")]
    pub(in crate::livekit) content: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct Trailer {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) stream_id: String,
    /// Empty where the stream is complete.
    #[prost(string, tag = "2")]
    pub(in crate::livekit) reason: String,
}

opaque!(
    DataPacket,
    Value,
    EncryptedPacket,
    Payload,
    PayloadValue,
    UserPacket,
    ChatMessage,
    Header,
    TextHeader,
    Chunk,
    Trailer,
);
