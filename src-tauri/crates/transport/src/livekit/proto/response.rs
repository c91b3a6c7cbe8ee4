//! What the server sends.

use prost::{Message, Oneof};

use super::model::{
    LeaveRequest, MuteTrackRequest, ParticipantInfo, SessionDescription, TrackPublishedResponse,
    TrickleRequest,
};
use super::opaque;
use super::request::AddTrackRequest;

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct SignalResponse {
    #[prost(
        oneof = "Content",
        tags = "1, 2, 4, 5, 6, 8, 9, 12, 16, 17, 19, 20, 21, 22, 25"
    )]
    pub(in crate::livekit) content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
#[prost(skip_debug)]
pub(in crate::livekit) enum Content {
    #[prost(message, tag = "1")]
    Join(Box<JoinResponse>),
    #[prost(message, tag = "2")]
    Answer(SessionDescription),
    #[prost(message, tag = "4")]
    Trickle(TrickleRequest),
    #[prost(message, tag = "5")]
    Update(ParticipantUpdate),
    #[prost(message, tag = "6")]
    TrackPublished(TrackPublishedResponse),
    #[prost(message, tag = "8")]
    Leave(LeaveRequest),
    #[prost(message, tag = "9")]
    Mute(MuteTrackRequest),
    #[prost(message, tag = "12")]
    ConnectionQuality(ConnectionQualityUpdate),
    #[prost(string, tag = "16")]
    RefreshToken(String),
    #[prost(message, tag = "17")]
    TrackUnpublished(TrackUnpublishedResponse),
    #[prost(message, tag = "19")]
    Reconnect(ReconnectResponse),
    #[prost(message, tag = "20")]
    Pong(Pong),
    #[prost(message, tag = "21")]
    Subscription(SubscriptionResponse),
    #[prost(message, tag = "22")]
    Request(Box<RequestResponse>),
    #[prost(message, tag = "25")]
    MediaSections(MediaSectionsRequirement),
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct JoinResponse {
    #[prost(message, optional, tag = "2")]
    pub(in crate::livekit) participant: Option<ParticipantInfo>,
    #[prost(message, repeated, tag = "3")]
    pub(in crate::livekit) other_participants: Vec<ParticipantInfo>,
    /// Seconds.
    #[prost(int32, tag = "10")]
    pub(in crate::livekit) ping_timeout: i32,
    /// Seconds.
    #[prost(int32, tag = "11")]
    pub(in crate::livekit) ping_interval: i32,
    #[prost(message, optional, tag = "12")]
    pub(in crate::livekit) server_info: Option<ServerInfo>,
    #[prost(bytes = "vec", tag = "13")]
    pub(in crate::livekit) sif_trailer: Vec<u8>,
    #[prost(message, repeated, tag = "14")]
    pub(in crate::livekit) enabled_publish_codecs: Vec<Codec>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct ReconnectResponse {
    #[prost(uint32, tag = "4")]
    pub(in crate::livekit) last_sequence: u32,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct ServerInfo {
    #[prost(string, tag = "2")]
    pub(in crate::livekit) version: String,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct Codec {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) mime: String,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct ParticipantUpdate {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::livekit) participants: Vec<ParticipantInfo>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct ConnectionQualityUpdate {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::livekit) updates: Vec<ConnectionQualityInfo>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct ConnectionQualityInfo {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) participant_sid: String,
    #[prost(int32, tag = "2")]
    pub(in crate::livekit) quality: i32,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct TrackUnpublishedResponse {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) track_sid: String,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct Pong {
    /// The timestamp of the ping that this answers.
    #[prost(int64, tag = "1")]
    pub(in crate::livekit) last_ping_timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct SubscriptionResponse {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) track_sid: String,
    #[prost(int32, tag = "2")]
    pub(in crate::livekit) error: i32,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct RequestResponse {
    #[prost(int32, tag = "2")]
    pub(in crate::livekit) reason: i32,
    #[prost(oneof = "Asked", tags = "4, 5, 6")]
    pub(in crate::livekit) request: Option<Asked>,
}

/// The request that was answered, as the server repeats it.
#[derive(Clone, PartialEq, Oneof)]
#[prost(skip_debug)]
pub(in crate::livekit) enum Asked {
    #[prost(message, tag = "4")]
    Trickle(TrickleRequest),
    #[prost(message, tag = "5")]
    AddTrack(Box<AddTrackRequest>),
    #[prost(message, tag = "6")]
    Mute(MuteTrackRequest),
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct MediaSectionsRequirement {
    #[prost(uint32, tag = "1")]
    pub(in crate::livekit) audios: u32,
    #[prost(uint32, tag = "2")]
    pub(in crate::livekit) videos: u32,
}

opaque!(
    SignalResponse,
    Content,
    JoinResponse,
    ReconnectResponse,
    ServerInfo,
    Codec,
    ParticipantUpdate,
    ConnectionQualityUpdate,
    ConnectionQualityInfo,
    TrackUnpublishedResponse,
    Pong,
    SubscriptionResponse,
    RequestResponse,
    Asked,
    MediaSectionsRequirement,
);
