//! Messages that travel in both directions.

use prost::Message;

use super::opaque;

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct SessionDescription {
    /// `offer` or `answer`.
    #[prost(string, tag = "1")]
    pub(in crate::livekit) kind: String,
    #[prost(string, tag = "2")]
    pub(in crate::livekit) sdp: String,
    #[prost(uint32, tag = "3")]
    pub(in crate::livekit) id: u32,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct TrickleRequest {
    /// JSON of `RTCIceCandidateInit`.
    #[prost(string, tag = "1")]
    pub(in crate::livekit) candidate: String,
    #[prost(int32, tag = "2")]
    pub(in crate::livekit) target: i32,
    #[prost(bool, tag = "3")]
    pub(in crate::livekit) last: bool,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct MuteTrackRequest {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) sid: String,
    #[prost(bool, tag = "2")]
    pub(in crate::livekit) muted: bool,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct LeaveRequest {
    #[prost(int32, tag = "2")]
    pub(in crate::livekit) reason: i32,
    #[prost(int32, tag = "3")]
    pub(in crate::livekit) action: i32,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct TrackPublishedResponse {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) cid: String,
    #[prost(message, optional, tag = "2")]
    pub(in crate::livekit) track: Option<TrackInfo>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct TrackInfo {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) sid: String,
    #[prost(int32, tag = "2")]
    pub(in crate::livekit) kind: i32,
    #[prost(bool, tag = "4")]
    pub(in crate::livekit) muted: bool,
    #[prost(int32, tag = "9")]
    pub(in crate::livekit) source: i32,
    #[prost(string, tag = "11")]
    pub(in crate::livekit) mime_type: String,
    #[prost(string, tag = "12")]
    pub(in crate::livekit) mid: String,
    #[prost(int32, tag = "16")]
    pub(in crate::livekit) encryption: i32,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct ParticipantInfo {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) sid: String,
    #[prost(string, tag = "2")]
    pub(in crate::livekit) identity: String,
    #[prost(int32, tag = "3")]
    pub(in crate::livekit) state: i32,
    #[prost(message, repeated, tag = "4")]
    pub(in crate::livekit) tracks: Vec<TrackInfo>,
    #[prost(uint32, tag = "10")]
    pub(in crate::livekit) version: u32,
    #[prost(int32, tag = "16")]
    pub(in crate::livekit) disconnect_reason: i32,
}

opaque!(
    SessionDescription,
    TrickleRequest,
    MuteTrackRequest,
    LeaveRequest,
    TrackPublishedResponse,
    TrackInfo,
    ParticipantInfo,
);
