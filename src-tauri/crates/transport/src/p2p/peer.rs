//! One peer connection of the library, set up as a call needs it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::transport::{OpenParams, TransportError};
use rtc::ice::mdns::MulticastDnsMode;
use rtc::interceptor::{CongestionControlBuilder, NackGeneratorBuilder, Slot};
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters,
    RTCRtpEncodingParameters, RtpCodecKind,
};
use tokio::sync::mpsc;
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::{
    CipherSuiteId, MediaEngine, PeerConnection, PeerConnectionBuilder, RTCConfigurationBuilder,
    RTCIceServer, Registry, SettingEngine, SettingEngineBuilder, SrtpProtectionProfile,
    configure_nack, configure_rtcp_reports, configure_twcc,
};
use webrtc::rtp_transceiver::RtpSender;

use super::Config;
use super::congestion::Congestion;
use super::events::{Events, PeerEvent};
use super::net::Interfaces;
use super::report::{SendClocks, SenderReports};
use super::runtime::{Heard, Hurry, Names, SessionRuntime, SocketLayer};
use super::tap::{Feedback, Tap, Tapped};
use crate::rtp::sync::{ClockOffsets, Kind};
use crate::rtp::{AUDIO_HZ, VIDEO_HZ};

/// The connection and what its session needs of it.
pub(crate) struct Peer {
    pub(crate) connection: Arc<dyn PeerConnection>,
    pub(crate) audio: LocalStream,
    pub(crate) video: LocalStream,
    pub(crate) clocks: Arc<SendClocks>,
    pub(crate) tapped: Arc<Tapped>,
    pub(crate) heard: Arc<Heard>,
    pub(crate) hurry: Arc<Hurry>,
    pub(crate) events: mpsc::Receiver<PeerEvent>,
    pub(crate) feedback: mpsc::Receiver<Feedback>,
}

/// One stream that is sent.
pub(crate) struct LocalStream {
    pub(crate) track: Arc<TrackLocalStaticRTP>,
    pub(crate) sender: Arc<dyn RtpSender>,
}

/// Sets a connection up and binds its sockets. Must run inside a tokio runtime.
///
/// # Errors
/// [`TransportError::Internal`] when nothing can be bound, or the library refuses its settings.
pub(crate) async fn build(
    config: &Config,
    params: &OpenParams,
    names: Arc<Names>,
    layer: Option<Arc<dyn SocketLayer>>,
) -> Result<Peer, TransportError> {
    let (event_sender, events) = mpsc::channel(EVENTS);
    let (feedback_sender, feedback) = mpsc::channel(FEEDBACK);
    let [audio_ssrc, video_ssrc, audio_offset, video_offset] = random()?;
    let offsets = ClockOffsets {
        audio: audio_offset,
        video: video_offset,
    };
    // Zero is no source, and the two must differ.
    let (audio_ssrc, video_ssrc) = (audio_ssrc | 1, (video_ssrc | 1) ^ 1 | 2);
    let clocks = Arc::new(SendClocks::new(offsets, audio_ssrc, video_ssrc));
    let tapped = Arc::new(Tapped::default());
    let heard = Arc::new(Heard::new(Instant::now()));

    let mut engine = media_engine().map_err(|it| internal(&it))?;
    let congestion = Congestion::new(params.max_send);
    let registry = registry(&mut engine, feedback_sender, congestion, &clocks, &tapped)
        .map_err(|it| internal(&it))?;
    let hurry = Arc::new(Hurry::default());
    let runtime = SessionRuntime {
        heard: Arc::clone(&heard),
        hurry: Arc::clone(&hurry),
        names,
        layer,
    };
    let connection = Box::pin(
        PeerConnectionBuilder::new()
            .with_configuration(
                RTCConfigurationBuilder::new()
                    .with_ice_servers(servers(config))
                    .build(),
            )
            .with_media_engine(engine)
            .with_setting_engine(settings())
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(Events(event_sender)))
            .with_runtime(Arc::new(runtime))
            .with_udp_addrs(vec![Interfaces::new(config.bind)])
            .build(),
    )
    .await
    .map_err(|it| internal(&it))?;
    let connection: Arc<dyn PeerConnection> = Arc::new(connection);
    let audio = add_stream(&*connection, Kind::Audio, audio_ssrc)
        .await
        .map_err(|it| internal(&it))?;
    let video = add_stream(&*connection, Kind::Video, video_ssrc)
        .await
        .map_err(|it| internal(&it))?;
    Ok(Peer {
        connection,
        audio,
        video,
        clocks,
        tapped,
        heard,
        hurry,
        events,
        feedback,
    })
}

/// The library's errors may quote packets and SDP: only their kind is kept.
pub(crate) fn internal(error: &webrtc::error::Error) -> TransportError {
    TransportError::Internal(kind_of(error))
}

/// The kind of an error without its values, which may be addresses.
fn kind_of(error: &dyn std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    text.chars().take_while(|it| it.is_alphanumeric()).collect()
}

fn random<const N: usize>() -> Result<[u32; N], TransportError> {
    let mut values = [0; N];
    for value in &mut values {
        *value = getrandom::u32().map_err(|it| TransportError::Internal(it.to_string()))?;
    }
    Ok(values)
}

/// Exactly one codec of each kind, and no retransmission stream: with one the library never
/// learns that a packet was recovered and asks for it until it is too old.
fn media_engine() -> Result<MediaEngine, webrtc::error::Error> {
    let feedback = |typ: &str, parameter: &str| RTCPFeedback {
        typ: typ.to_owned(),
        parameter: parameter.to_owned(),
    };
    let mut opus = codec(Kind::Audio);
    opus.rtcp_feedback = vec![feedback("transport-cc", "")];
    let mut h264 = codec(Kind::Video);
    h264.rtcp_feedback = vec![
        feedback("nack", ""),
        feedback("nack", "pli"),
        feedback("ccm", "fir"),
        feedback("transport-cc", ""),
    ];
    let mut engine = MediaEngine::default();
    for (rtp_codec, payload_type, kind) in [
        (opus, OPUS, RtpCodecKind::Audio),
        (h264, H264, RtpCodecKind::Video),
    ] {
        let parameters = RTCRtpCodecParameters {
            rtp_codec,
            payload_type,
        };
        engine.register_codec(parameters, kind)?;
    }
    Ok(engine)
}

fn codec(kind: Kind) -> RTCRtpCodec {
    let (mime, clock_rate, channels, fmtp) = match kind {
        Kind::Audio => (MIME_TYPE_OPUS, AUDIO_HZ, 2, "minptime=10;useinbandfec=1"),
        Kind::Video => (
            MIME_TYPE_H264,
            VIDEO_HZ,
            0,
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        ),
    };
    RTCRtpCodec {
        mime_type: mime.to_owned(),
        clock_rate,
        channels,
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

fn registry(
    engine: &mut MediaEngine,
    feedback: mpsc::Sender<Feedback>,
    congestion: Congestion,
    clocks: &Arc<SendClocks>,
    tapped: &Arc<Tapped>,
) -> Result<Registry, webrtc::error::Error> {
    let registry = configure_nack(Registry::new(), engine);
    let registry = configure_rtcp_reports(registry);
    let registry = configure_twcc(registry, engine)?;
    let nacks = NackGeneratorBuilder::new()
        .with_interval(NACK_INTERVAL)
        .with_skip_last_n(0)
        .with_max_nacks_per_packet(NACK_LIMIT)
        .build();
    let reports = SenderReports::new(Arc::clone(clocks), Arc::clone(tapped));
    let estimating = CongestionControlBuilder::new(congestion.clone().driven(feedback.clone()));
    let tap = Tap::new(Arc::clone(tapped), feedback, congestion);
    Ok(registry
        .with(Slot::NackGenerator, nacks)
        .with(Slot::SenderReport, reports)
        .with(Slot::CongestionControl, estimating.build())
        .with(Slot::from(TAP_SLOT), tap))
}

fn settings() -> SettingEngine {
    SettingEngineBuilder::new()
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_include_loopback_candidate(true)
        .with_discard_local_candidates_during_ice_restart(true)
        .with_ice_timeouts(
            Some(ICE_DISCONNECTED),
            Some(ICE_FAILED),
            Some(ICE_KEEPALIVE),
        )
        .with_ice_connection_attempts(Some(ICE_CHECKS), Some(ICE_ATTEMPTS))
        .with_host_acceptance_min_wait(Some(Duration::ZERO))
        .with_prflx_acceptance_min_wait(Some(Duration::from_millis(50)))
        .with_srflx_acceptance_min_wait(Some(Duration::from_millis(100)))
        .with_relay_acceptance_min_wait(Some(Duration::from_millis(500)))
        .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80])
        .with_srtp_replay_protection_window(1024)
        .with_srtcp_replay_protection_window(128)
        .with_dtls_cipher_suites(vec![
            CipherSuiteId::Tls_Ecdhe_Ecdsa_With_Aes_128_Gcm_Sha256,
            CipherSuiteId::Tls_Ecdhe_Ecdsa_With_ChaCha20_Poly1305_Sha256,
        ])
        .build()
}

fn servers(config: &Config) -> Vec<RTCIceServer> {
    let server = |it: &super::IceServer| RTCIceServer {
        urls: vec![it.url.clone()],
        username: it.username.clone(),
        credential: it.credential.clone(),
    };
    // One bad server must not cost the call: on a LAN none is needed.
    let usable = |it: &RTCIceServer| {
        let usable = it.urls();
        if let Err(error) = &usable {
            tracing::warn!(error = kind_of(error), "a STUN or TURN server is left out");
        }
        usable.is_ok()
    };
    let servers = config.ice_servers.iter();
    servers.map(server).filter(usable).collect()
}

async fn add_stream(
    connection: &dyn PeerConnection,
    kind: Kind,
    ssrc: u32,
) -> Result<LocalStream, webrtc::error::Error> {
    let (name, codec_kind) = match kind {
        Kind::Audio => ("audio", RtpCodecKind::Audio),
        Kind::Video => ("video", RtpCodecKind::Video),
    };
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters {
            ssrc: Some(ssrc),
            ..Default::default()
        },
        codec: codec(kind),
        ..Default::default()
    };
    let track = Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new(
        "call".to_owned(),
        name.to_owned(),
        name.to_owned(),
        codec_kind,
        vec![coding],
    )));
    let sender = connection
        .add_track(Arc::clone(&track) as Arc<dyn TrackLocal>)
        .await?;
    Ok(LocalStream { track, sender })
}

/// The payload types that we offer.
const OPUS: u8 = 111;
const H264: u8 = 102;

/// Library events that may wait: an ICE restart makes some ten at once.
const EVENTS: usize = 64;

/// Feedback that may wait: a few a second come.
const FEEDBACK: usize = 64;

/// Before every interceptor of the library, so that the tap sees what they emit.
const TAP_SLOT: usize = 500;

/// A loss is repaired within a round trip and this; the library's 100 ms show as a frozen picture.
const NACK_INTERVAL: Duration = Duration::from_millis(20);

/// After this many questions a packet is not worth asking for.
const NACK_LIMIT: u16 = 8;

/// Between ICE checks of a pair: RFC 8445, 14.2 wants no less than 50 ms for all.
const ICE_CHECKS: Duration = Duration::from_millis(50);

/// How often a pair is tried before it counts as failed: for 20 s, since the other side may open
/// its firewall or answer late.
const ICE_ATTEMPTS: u16 = 400;

/// Until ICE says to be disconnected; our own watchdog is faster.
const ICE_DISCONNECTED: Duration = Duration::from_secs(5);

/// From there until it gives up: longer than a call waits for a lost path.
const ICE_FAILED: Duration = Duration::from_secs(45);

/// Between checks of the chosen pair: four of them lost in a row interrupt a call.
const ICE_KEEPALIVE: Duration = Duration::from_millis(500);
