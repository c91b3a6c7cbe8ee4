//! Requests as the protocol's messages.

use prost::Message as _;

use super::cause::Reason;
use super::event::{Candidate, Sid, Source, Track};
use super::request::{AddTrack, Offer, Sync};
use crate::livekit::proto::model::{
    LeaveRequest, MuteTrackRequest, SessionDescription, TrackInfo, TrackPublishedResponse,
    TrickleRequest,
};
use crate::livekit::proto::request::{
    AddTrackRequest, Content, DataChannelReceiveState, Ping, SignalRequest, SimulcastCodec,
    SyncState, UpdateSubscription, VideoLayer,
};

/// A frame of the socket.
pub(super) fn frame(content: Content) -> Vec<u8> {
    let content = Some(content);
    SignalRequest { content }.encode_to_vec()
}

pub(super) fn offer(offer: &Offer) -> SessionDescription {
    description("offer", &offer.sdp.0, offer.id)
}

pub(super) fn trickle(candidate: &Candidate) -> TrickleRequest {
    TrickleRequest {
        candidate: candidate.init.0.clone(),
        target: PUBLISHER,
        last: candidate.last,
    }
}

pub(super) fn add_track(track: &AddTrack) -> AddTrackRequest {
    let common = AddTrackRequest {
        cid: track.cid.clone(),
        source: track.source.number(),
        kind: kind(track.source),
        muted: track.muted,
        disable_red: true,
        encryption: encryption(track.encrypted),
        ..AddTrackRequest::default()
    };
    let Some(picture) = track.picture else {
        return AddTrackRequest {
            audio_features: vec![NO_DTX],
            ..common
        };
    };
    let layer = VideoLayer {
        quality: HIGH,
        width: picture.width,
        height: picture.height,
        bitrate: picture.bits_per_second,
    };
    // Named, so that the server prefers it to what else the section offers.
    let codec = SimulcastCodec {
        codec: "h264".to_owned(),
        cid: track.cid.clone(),
    };
    AddTrackRequest {
        width: picture.width,
        height: picture.height,
        layers: vec![layer],
        simulcast_codecs: vec![codec],
        ..common
    }
}

pub(super) fn mute(sid: &Sid, muted: bool) -> MuteTrackRequest {
    MuteTrackRequest {
        sid: sid.as_str().to_owned(),
        muted,
    }
}

pub(super) const fn leave(reason: Reason) -> LeaveRequest {
    LeaveRequest {
        reason: reason.number(),
        action: 0,
    }
}

/// The descriptions are swapped on purpose: with one peer connection, `offer` is what we sent. Our
/// data channels are left out: the server makes them anew only where another node takes the session
/// over, which is a new join here.
pub(super) fn sync(sync: &Sync) -> SyncState {
    let received = |(sid, sequence): &(Sid, u32)| DataChannelReceiveState {
        publisher_sid: sid.as_str().to_owned(),
        last_sequence: *sequence,
    };
    SyncState {
        answer: Some(description("answer", &sync.answer.0, sync.offer.id)),
        offer: Some(offer(&sync.offer)),
        subscription: Some(UpdateSubscription {
            track_sids: Vec::new(),
            subscribe: false,
        }),
        publish_tracks: sync.published.iter().map(published).collect(),
        receive_states: sync.received.iter().map(received).collect(),
    }
}

/// Times in milliseconds.
pub(super) const fn ping(timestamp: i64, rtt: i64) -> Ping {
    Ping { timestamp, rtt }
}

fn description(kind: &str, sdp: &str, id: u32) -> SessionDescription {
    SessionDescription {
        kind: kind.to_owned(),
        sdp: sdp.to_owned(),
        id,
    }
}

fn published((cid, track): &(String, Track)) -> TrackPublishedResponse {
    TrackPublishedResponse {
        cid: cid.clone(),
        track: Some(TrackInfo {
            sid: track.sid.as_str().to_owned(),
            kind: kind(track.source),
            muted: track.muted,
            source: track.source.number(),
            mime_type: track.codec.clone(),
            mid: String::new(),
            encryption: encryption(track.encrypted),
        }),
    }
}

/// `TrackType`: 0 for sound, 1 for pictures.
fn kind(source: Source) -> i32 {
    match source {
        Source::Microphone | Source::ScreenSound => 0,
        Source::Camera | Source::Screen | Source::Unknown => 1,
    }
}

/// `Encryption.Type`: none, or GCM.
fn encryption(encrypted: bool) -> i32 {
    encrypted.into()
}

/// `SignalTarget`; there is no other with one peer connection.
const PUBLISHER: i32 = 0;
/// `VideoQuality` of a single layer.
const HIGH: i32 = 2;
/// `AudioTrackFeature`: silence is sent too, because the receiver's clock runs on it.
const NO_DTX: i32 = 1;
