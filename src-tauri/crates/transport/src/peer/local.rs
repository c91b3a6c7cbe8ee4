//! The streams of a session as the library knows them.

use std::sync::Arc;

use media::transport::Stream;
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodingParameters, RTCRtpEncodingParameters};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use webrtc::error::Error;
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::PeerConnection;
use webrtc::rtp_transceiver::{RtpSender, RtpTransceiver};

use super::codec::{codec, codec_kind};
use crate::rtp::clock_hz;

/// One stream as the library knows it: the track that is sent, and the transceiver that it has for as
/// long as the connection lives.
pub(crate) struct LocalStream {
    pub(crate) track: Arc<TrackLocalStaticRTP>,
    pub(crate) sender: Arc<dyn RtpSender>,
    pub(crate) transceiver: Arc<dyn RtpTransceiver>,
}

/// How a track is called in a description (`a=msid`, RFC 8830).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Naming {
    /// What is of one MediaStream is played in step.
    pub(crate) media_stream: &'static str,
    pub(crate) track: &'static str,
}

impl LocalStream {
    /// Adds a stream, which is sent from `ssrc`, and received as well unless it is `send_only`.
    pub(crate) async fn add(
        connection: &dyn PeerConnection,
        stream: Stream,
        ssrc: u32,
        naming: Naming,
        send_only: bool,
    ) -> Result<Self, Error> {
        let coding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(ssrc),
                ..Default::default()
            },
            codec: codec(stream.kind()),
            ..Default::default()
        };
        let track = Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new(
            naming.media_stream.to_owned(),
            naming.track.to_owned(),
            naming.track.to_owned(),
            codec_kind(stream.kind()),
            vec![coding],
        )));
        let direction = send_only.then(|| RTCRtpTransceiverInit {
            direction: RTCRtpTransceiverDirection::Sendonly,
            ..Default::default()
        });
        let transceiver = connection
            .add_transceiver_from_track(Arc::clone(&track) as Arc<dyn TrackLocal>, direction)
            .await?;
        let sender = transceiver.sender().await?;
        Ok(Self {
            track,
            sender: sender.ok_or(Error::ErrRTPSenderNotExisted)?,
            transceiver,
        })
    }

    /// As which payload type the other side takes it; `None` when it does not.
    pub(crate) async fn payload_type(&self, stream: Stream) -> Option<u8> {
        let direction = self.transceiver.current_direction().await.ok()?;
        if !direction.has_send() {
            return None;
        }
        let parameters = self.sender.get_parameters().await.ok()?;
        let mut codecs = parameters.rtp_parameters.codecs.into_iter();
        let codec = codecs.find(|it| it.rtp_codec.clock_rate == clock_hz(stream.kind()))?;
        Some(codec.payload_type)
    }
}
