//! The codecs as the library names them: one of each kind.

use media::transport::Kind;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS};
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodec, RtpCodecKind};

use crate::rtp::clock_hz;

/// The codec of this kind, without what it is told back.
pub(crate) fn codec(kind: Kind) -> RTCRtpCodec {
    let (mime, channels, fmtp) = match kind {
        Kind::Audio => (MIME_TYPE_OPUS, 2, "minptime=10;useinbandfec=1"),
        Kind::Video => (
            MIME_TYPE_H264,
            0,
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        ),
    };
    RTCRtpCodec {
        mime_type: mime.to_owned(),
        clock_rate: clock_hz(kind),
        channels,
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

/// What the library calls it.
pub(crate) const fn codec_kind(kind: Kind) -> RtpCodecKind {
    match kind {
        Kind::Audio => RtpCodecKind::Audio,
        Kind::Video => RtpCodecKind::Video,
    }
}
