//! What the client sends.

use prost::{Message, Oneof};

use super::model::{
    LeaveRequest, MuteTrackRequest, SessionDescription, TrackPublishedResponse, TrickleRequest,
};
use super::opaque;

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct SignalRequest {
    #[prost(oneof = "Content", tags = "1, 3, 5, 8, 12, 16")]
    pub(in crate::livekit) content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
#[prost(skip_debug)]
pub(in crate::livekit) enum Content {
    #[prost(message, tag = "1")]
    Offer(SessionDescription),
    #[prost(message, tag = "3")]
    Trickle(TrickleRequest),
    #[prost(message, tag = "5")]
    Mute(MuteTrackRequest),
    #[prost(message, tag = "8")]
    Leave(LeaveRequest),
    #[prost(message, tag = "12")]
    SyncState(SyncState),
    #[prost(message, tag = "16")]
    Ping(Ping),
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct WrappedJoinRequest {
    /// 0: none; 1: gzip.
    #[prost(int32, tag = "1")]
    pub(in crate::livekit) compression: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub(in crate::livekit) join_request: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct JoinRequest {
    #[prost(message, optional, tag = "1")]
    pub(in crate::livekit) client_info: Option<ClientInfo>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::livekit) connection_settings: Option<ConnectionSettings>,
    #[prost(message, repeated, tag = "5")]
    pub(in crate::livekit) add_track_requests: Vec<AddTrackRequest>,
    #[prost(message, optional, tag = "6")]
    pub(in crate::livekit) publisher_offer: Option<SessionDescription>,
    #[prost(bool, tag = "7")]
    pub(in crate::livekit) reconnect: bool,
    #[prost(int32, tag = "8")]
    pub(in crate::livekit) reconnect_reason: i32,
    #[prost(string, tag = "9")]
    pub(in crate::livekit) participant_sid: String,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct ClientInfo {
    #[prost(int32, tag = "1")]
    pub(in crate::livekit) sdk: i32,
    #[prost(string, tag = "2")]
    pub(in crate::livekit) version: String,
    #[prost(int32, tag = "3")]
    pub(in crate::livekit) protocol: i32,
    #[prost(string, tag = "4")]
    pub(in crate::livekit) os: String,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct ConnectionSettings {
    #[prost(bool, tag = "1")]
    pub(in crate::livekit) auto_subscribe: bool,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct AddTrackRequest {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) cid: String,
    #[prost(string, tag = "2")]
    pub(in crate::livekit) name: String,
    #[prost(int32, tag = "3")]
    pub(in crate::livekit) kind: i32,
    #[prost(uint32, tag = "4")]
    pub(in crate::livekit) width: u32,
    #[prost(uint32, tag = "5")]
    pub(in crate::livekit) height: u32,
    #[prost(bool, tag = "6")]
    pub(in crate::livekit) muted: bool,
    #[prost(int32, tag = "8")]
    pub(in crate::livekit) source: i32,
    #[prost(message, repeated, tag = "9")]
    pub(in crate::livekit) layers: Vec<VideoLayer>,
    #[prost(message, repeated, tag = "10")]
    pub(in crate::livekit) simulcast_codecs: Vec<SimulcastCodec>,
    #[prost(bool, tag = "13")]
    pub(in crate::livekit) disable_red: bool,
    #[prost(int32, tag = "14")]
    pub(in crate::livekit) encryption: i32,
    #[prost(int32, repeated, tag = "17")]
    pub(in crate::livekit) audio_features: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct VideoLayer {
    #[prost(int32, tag = "1")]
    pub(in crate::livekit) quality: i32,
    #[prost(uint32, tag = "2")]
    pub(in crate::livekit) width: u32,
    #[prost(uint32, tag = "3")]
    pub(in crate::livekit) height: u32,
    /// Bits per second.
    #[prost(uint32, tag = "4")]
    pub(in crate::livekit) bitrate: u32,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct SimulcastCodec {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) codec: String,
    #[prost(string, tag = "2")]
    pub(in crate::livekit) cid: String,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct SyncState {
    #[prost(message, optional, tag = "1")]
    pub(in crate::livekit) answer: Option<SessionDescription>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::livekit) subscription: Option<UpdateSubscription>,
    #[prost(message, repeated, tag = "3")]
    pub(in crate::livekit) publish_tracks: Vec<TrackPublishedResponse>,
    #[prost(message, optional, tag = "5")]
    pub(in crate::livekit) offer: Option<SessionDescription>,
    #[prost(message, repeated, tag = "7")]
    pub(in crate::livekit) receive_states: Vec<DataChannelReceiveState>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct UpdateSubscription {
    #[prost(string, repeated, tag = "1")]
    pub(in crate::livekit) track_sids: Vec<String>,
    #[prost(bool, tag = "2")]
    pub(in crate::livekit) subscribe: bool,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct DataChannelReceiveState {
    #[prost(string, tag = "1")]
    pub(in crate::livekit) publisher_sid: String,
    #[prost(uint32, tag = "2")]
    pub(in crate::livekit) last_sequence: u32,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(in crate::livekit) struct Ping {
    /// Milliseconds on the client's clock.
    #[prost(int64, tag = "1")]
    pub(in crate::livekit) timestamp: i64,
    /// Milliseconds.
    #[prost(int64, tag = "2")]
    pub(in crate::livekit) rtt: i64,
}

opaque!(
    SignalRequest,
    Content,
    WrappedJoinRequest,
    JoinRequest,
    ClientInfo,
    ConnectionSettings,
    AddTrackRequest,
    VideoLayer,
    SimulcastCodec,
    SyncState,
    UpdateSubscription,
    DataChannelReceiveState,
    Ping,
);
