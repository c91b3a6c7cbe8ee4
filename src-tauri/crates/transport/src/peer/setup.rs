//! The settings of the library: codecs, interceptors, ICE, DTLS and SRTP.

use std::sync::Arc;
use std::time::Duration;

use media::transport::{IceServer, Kind, Stream};
use rtc::ice::mdns::MulticastDnsMode;
use rtc::interceptor::{CongestionControlBuilder, Slot};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability,
};
use tokio::sync::mpsc;
use webrtc::peer_connection::{
    CipherSuiteId, MediaEngine, RTCConfiguration, RTCConfigurationBuilder, RTCIceServer, Registry,
    SettingEngine, SettingEngineBuilder, SrtpProtectionProfile, configure_rtcp_reports,
    configure_twcc,
};

use super::capture_time::CaptureTimes;
use super::clocks::SendClocks;
use super::codec::{codec, codec_kind};
use super::congestion::Congestion;
use super::extension::Extension;
use super::feedback::Feedback;
use super::hook::Hooked;
use super::kind_of;
use super::nack::NackGenerator;
use super::report::SenderReports;
use super::resend::NackResponder;
use super::rtcp::RtcpState;
use super::send::SendParameters;
use super::socket::Traffic;
use super::tap::Tap;

/// When ICE says what of a pair that answers no longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IceTimeouts {
    /// Until it says to be disconnected. Media that still arrives does not count, only the answers
    /// to its checks do, so it must outlast a few lost ones; silence of everything is told sooner.
    pub(crate) disconnected: Duration,
    /// From there until it fails; zero for never. An agent that failed forgets its candidates and
    /// finds no path again.
    pub(crate) failed: Duration,
    /// Between checks of the selected pair. Each is answered, so it is also how often something is
    /// heard of a side that is mute and has its camera off.
    pub(crate) keepalive: Duration,
}

impl Default for IceTimeouts {
    /// ICE never fails: how long to wait for a path is for the call above to say, and a path that
    /// comes back late is used.
    fn default() -> Self {
        Self {
            disconnected: Duration::from_secs(5),
            failed: Duration::ZERO,
            keepalive: Duration::from_millis(500),
        }
    }
}

/// Exactly one codec of each kind, and no retransmission stream: with one the library never
/// learns that a packet was recovered and asks for it until it is too old.
pub(super) fn media_engine(extensions: &[Extension]) -> Result<MediaEngine, webrtc::error::Error> {
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
    for (rtp_codec, payload_type, kind) in [(opus, OPUS, Kind::Audio), (h264, H264, Kind::Video)] {
        let parameters = RTCRtpCodecParameters {
            rtp_codec,
            payload_type,
        };
        let kind = codec_kind(kind);
        engine.register_codec(parameters, kind)?;
        for extension in extensions {
            let uri = extension.uri().to_owned();
            engine.register_header_extension(
                RTCRtpHeaderExtensionCapability { uri },
                kind,
                None,
            )?;
        }
    }
    Ok(engine)
}

/// What interceptors share with the session.
pub(super) struct Shared {
    pub(super) clocks: Arc<SendClocks>,
    pub(super) rtcp: Arc<RtcpState>,
    pub(super) send_parameters: Arc<SendParameters>,
    pub(super) traffic: Arc<Traffic>,
}

pub(super) fn registry(
    engine: &mut MediaEngine,
    feedback: mpsc::Sender<Feedback>,
    congestion: Congestion,
    shared: Shared,
) -> Result<Registry, webrtc::error::Error> {
    let Shared {
        clocks,
        rtcp,
        send_parameters,
        traffic,
    } = shared;
    let registry = configure_rtcp_reports(Registry::new());
    let registry = configure_twcc(registry, engine)?;
    let nacks = NackGenerator::new(Arc::clone(&rtcp), clocks.stream(Stream::Camera).ssrc);
    let resends = NackResponder::new(Arc::clone(&rtcp), send_parameters, congestion.clone());
    let reports = SenderReports::new(Arc::clone(&clocks), Arc::clone(&rtcp));
    let estimating = CongestionControlBuilder::new(congestion.estimator(feedback.clone()));
    let capture_times = CaptureTimes::new(Arc::clone(&clocks), Arc::clone(&rtcp));
    let tap = Tap::new(traffic, rtcp, clocks, feedback, congestion);
    Ok(registry
        .with(Slot::NackGenerator, Hooked::new(nacks))
        .with(Slot::NackResponder, Hooked::new(resends))
        .with(Slot::SenderReport, Hooked::new(reports))
        .with(Slot::CongestionControl, estimating.build())
        .with(Slot::from(CAPTURE_TIME_SLOT), Hooked::new(capture_times))
        .with(Slot::from(TAP_SLOT), Hooked::new(tap)))
}

pub(super) fn settings(ice: IceTimeouts) -> SettingEngine {
    SettingEngineBuilder::new()
        // It binds port 5353 and fails with it; both sides tell their addresses plainly.
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        // For two programs on one machine without a network.
        .with_include_loopback_candidate(true)
        .with_ice_timeouts(
            Some(ice.disconnected),
            Some(ice.failed),
            Some(ice.keepalive),
        )
        .with_ice_connection_attempts(Some(ICE_CHECKS), Some(ICE_ATTEMPTS))
        // How long the offerer waits for a better pair before it selects one of this kind.
        .with_host_acceptance_min_wait(Some(NEAREST_ANSWERS))
        .with_prflx_acceptance_min_wait(Some(Duration::from_millis(50)))
        .with_srflx_acceptance_min_wait(Some(Duration::from_millis(100)))
        .with_relay_acceptance_min_wait(Some(Duration::from_millis(500)))
        // A retransmission uses its sequence number again with another header extension: under GCM
        // that is a nonce used twice, which gives the key away (RFC 7714, 8.1).
        .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80])
        // A retransmission may be a large keyframe late: more than the usual 64 packets.
        .with_srtp_replay_protection_window(1024)
        .with_srtcp_replay_protection_window(128)
        // It cannot change any more when the path turns out to be narrow.
        .with_sctp_mtu(SCTP_MTU)
        // Ours is an ECDSA certificate: a suite for RSA would stall the handshake.
        .with_dtls_cipher_suites(vec![
            CipherSuiteId::Tls_Ecdhe_Ecdsa_With_Aes_128_Gcm_Sha256,
            CipherSuiteId::Tls_Ecdhe_Ecdsa_With_ChaCha20_Poly1305_Sha256,
        ])
        .build()
}

/// The ICE agent's settings, with those of these servers that it can use.
pub(crate) fn configuration(servers: &[&IceServer]) -> RTCConfiguration {
    RTCConfigurationBuilder::new()
        .with_ice_servers(usable(servers))
        .build()
}

fn usable(servers: &[&IceServer]) -> Vec<RTCIceServer> {
    let server = |it: &&IceServer| RTCIceServer {
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
    servers.iter().map(server).filter(usable).collect()
}

/// The payload types that we offer: of the dynamic range (RFC 3551, 6), where browsers put them.
const OPUS: u8 = 111;
const H264: u8 = 102;

/// The largest SCTP packet, bytes: as much as an RTP packet holds on the narrowest path that is used,
/// and with the header and tag of DTLS no more. What is said on channels is short; a large transfer
/// takes a twentieth more.
const SCTP_MTU: u32 = 500;

/// Before every interceptor of the library, so that the tap sees what they emit.
const TAP_SLOT: usize = 500;

/// Above what keeps packets to send them again, which carry their time then too.
const CAPTURE_TIME_SLOT: usize = 4_500;

/// In which the other side's answer over the network that both are on is there, a wireless one and
/// busy machines included, so that no VPN is taken which happened to be a millisecond faster. A path
/// that is prepared while it rings costs nobody this time.
const NEAREST_ANSWERS: Duration = Duration::from_millis(50);

/// Between ICE checks of a pair: RFC 8445, 14.2 wants no less than 50 ms for all.
const ICE_CHECKS: Duration = Duration::from_millis(50);

/// How often a pair is checked in vain before it is left alone. The other
/// side may open its firewall or answer late, so the first hundred may well find nobody; but its
/// candidates are only its word, and without an end it could aim our checks at anybody.
const ICE_ATTEMPTS: u16 = 400;
