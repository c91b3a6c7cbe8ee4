//! One peer connection of the library, set up as a call needs it.
//!
//! [`build`] binds the sockets and starts the library's driver. Everything that the driver calls
//! back, the handler, the interceptors and the sockets, is made here and only pushes into channels
//! or atomics: the driver awaits it in the loop that carries the media.

mod setup;

use std::sync::Arc;
use std::time::Instant;

use media::transport::{Kind, OpenParams, Stream, Streams, TransportError};
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use tokio::sync::mpsc;
use tracing::Span;
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::{PeerConnection, PeerConnectionBuilder};
use webrtc::rtp_transceiver::{RtpSender, RtpTransceiver};

pub(crate) use self::setup::IceTimeouts;

use super::Config;
use super::clocks::SendClocks;
use super::congestion::Congestion;
use super::events::{Events, PeerEvent};
use super::feedback::Feedback;
use super::migrate::{self, LocalNetwork, Migration, System};
use super::outage::Outage;
use super::packet_size::PacketSize;
use super::resolve::Resolver;
use super::rtcp::RtcpState;
use super::runtime::{FastPolling, SessionRuntime};
use super::send::SendParameters;
use super::socket::{SocketLayer, Traffic};
use crate::network::{BindAddresses, StandIns};
use crate::rtp::sync::ClockOffsets;

/// What every peer connection of a transport is made with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) resolver: Arc<Resolver>,
    /// Between the library and the network; `None` but in tests.
    pub(crate) layer: Option<Arc<dyn SocketLayer>>,
    pub(crate) ice: IceTimeouts,
    /// What tells of this machine's network; the system when `None`, as it is but in tests.
    pub(crate) network: Option<Arc<dyn LocalNetwork>>,
}

impl Setup {
    fn local_network(&self) -> Arc<dyn LocalNetwork> {
        let only = self.config.bind;
        let system = || Arc::new(System { only }) as Arc<dyn LocalNetwork>;
        self.network.clone().unwrap_or_else(system)
    }
}

/// The connection and what its session needs of it.
pub(crate) struct Peer {
    pub(crate) connection: Arc<dyn PeerConnection>,
    pub(crate) local: Streams<LocalStream>,
    pub(crate) clocks: Arc<SendClocks>,
    pub(crate) rtcp: Arc<RtcpState>,
    pub(crate) send_parameters: Arc<SendParameters>,
    pub(crate) packet_size: Arc<PacketSize>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) outage: Arc<Outage>,
    pub(crate) fast_polling: Arc<FastPolling>,
    pub(crate) stand_ins: Arc<StandIns>,
    pub(crate) migration: Migration,
    /// To be run beside the session.
    pub(crate) migrating: migrate::Task,
    pub(crate) events: mpsc::Receiver<PeerEvent>,
    pub(crate) feedback: mpsc::Receiver<Feedback>,
}

/// One stream as the library knows it: the track that is sent, and the transceiver that it has for as
/// long as the connection lives, by which what is received of it is told from others.
pub(crate) struct LocalStream {
    pub(crate) track: Arc<TrackLocalStaticRTP>,
    pub(crate) sender: Arc<dyn RtpSender>,
    pub(crate) transceiver: Arc<dyn RtpTransceiver>,
}

/// Sets a connection up and binds its sockets. Must run inside a tokio runtime. What the library's
/// tasks log is inside `span`.
///
/// # Errors
/// [`TransportError::Internal`] when nothing can be bound, or the library refuses its settings.
pub(crate) async fn build(
    setup: &Setup,
    params: &OpenParams,
    span: Span,
) -> Result<Peer, TransportError> {
    let (event_sender, events) = mpsc::channel(EVENTS);
    let (feedback_sender, feedback) = mpsc::channel(FEEDBACK);
    let clocks = Arc::new(send_clocks()?);
    let rtcp = Arc::new(RtcpState::default());
    let send_parameters = Arc::new(SendParameters::default());
    let packet_size = Arc::new(PacketSize::new(feedback_sender.clone()));
    let traffic = Arc::new(Traffic::new(Instant::now()));
    let outage = Arc::new(Outage::over(setup.layer.clone(), Instant::now()));
    let fast_polling = Arc::new(FastPolling::default());
    let stand_ins = Arc::new(StandIns::default());
    let parts = migrate::Parts {
        role: params.role,
        network: setup.local_network(),
        layer: Arc::clone(&outage) as _,
        traffic: Arc::clone(&traffic),
    };
    let (migration, migrating) = Migration::new(parts, Instant::now());

    // Codecs before interceptors: the library adds their feedback only to codecs it knows by then.
    let mut engine = setup::media_engine().map_err(|it| internal(&it))?;
    let congestion = Congestion::new(params.max_send, Arc::clone(&packet_size));
    let shared = setup::Shared {
        clocks: Arc::clone(&clocks),
        rtcp: Arc::clone(&rtcp),
        send_parameters: Arc::clone(&send_parameters),
        traffic: Arc::clone(&traffic),
    };
    let registry = setup::registry(&mut engine, feedback_sender, congestion, shared)
        .map_err(|it| internal(&it))?;
    let runtime = SessionRuntime {
        traffic: Arc::clone(&traffic),
        packet_size: Arc::clone(&packet_size),
        routes: migration.routes(),
        stand_ins: Arc::clone(&stand_ins),
        fast_polling: Arc::clone(&fast_polling),
        resolver: Arc::clone(&setup.resolver),
        layer: Arc::clone(&outage) as _,
        span,
    };
    let building = PeerConnectionBuilder::new()
        .with_configuration(setup::configuration(&setup.config, params))
        .with_media_engine(engine)
        .with_setting_engine(setup::settings(setup.ice))
        .with_interceptor_registry(registry)
        .with_handler(Arc::new(Events(event_sender)))
        .with_runtime(Arc::new(runtime))
        .with_udp_addrs(vec![BindAddresses::new(
            setup.config.bind,
            Arc::clone(&stand_ins),
        )])
        .build();
    let connection = Box::pin(building).await.map_err(|it| internal(&it))?;
    let connection: Arc<dyn PeerConnection> = Arc::new(connection);

    let local = add_streams(&*connection, &clocks)
        .await
        .map_err(|it| internal(&it))?;
    Ok(Peer {
        connection,
        local,
        clocks,
        rtcp,
        send_parameters,
        packet_size,
        traffic,
        outage,
        fast_polling,
        stand_ins,
        migration,
        migrating,
        events,
        feedback,
    })
}

/// The library's errors may quote packets and SDP: only their kind is kept.
pub(crate) fn internal(error: &webrtc::error::Error) -> TransportError {
    TransportError::Internal(kind_of(error))
}

/// The kind of an error without its values, which may be addresses.
pub(super) fn kind_of(error: &dyn std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    text.chars().take_while(|it| it.is_alphanumeric()).collect()
}

/// Clocks with random sources and offsets (RFC 3550, 5.1).
fn send_clocks() -> Result<SendClocks, TransportError> {
    let [mut ssrcs, offsets] = [random()?, random()?];
    // Zero is no source, and no two may be the same: the lowest bits number the streams from 1 on.
    for (number, stream) in (1..).zip(Stream::ALL) {
        ssrcs[stream] = (ssrcs[stream] & !7) | number;
    }
    Ok(SendClocks::new(ClockOffsets(offsets), ssrcs))
}

fn random() -> Result<Streams<u32>, TransportError> {
    let mut values = Streams::default();
    for stream in Stream::ALL {
        values[stream] = getrandom::u32().map_err(|it| TransportError::Internal(it.to_string()))?;
    }
    Ok(values)
}

/// Adds all streams. Their order is the contract between two sides, because it numbers the m-lines of
/// the offer, and with them the MIDs (RFC 9143), which the library lets nobody choose: `0` is the
/// voice, `1` the camera, `2` the screen, `3` its sound, and `4` the data channels.
async fn add_streams(
    connection: &dyn PeerConnection,
    clocks: &SendClocks,
) -> Result<Streams<LocalStream>, webrtc::error::Error> {
    let add = |stream| add_stream(connection, stream, clocks.stream(stream).ssrc);
    Ok(Streams::from([
        add(Stream::Voice).await?,
        add(Stream::Camera).await?,
        add(Stream::Screen).await?,
        add(Stream::ScreenSound).await?,
    ]))
}

async fn add_stream(
    connection: &dyn PeerConnection,
    stream: Stream,
    ssrc: u32,
) -> Result<LocalStream, webrtc::error::Error> {
    let codec_kind = match stream.kind() {
        Kind::Audio => RtpCodecKind::Audio,
        Kind::Video => RtpCodecKind::Video,
    };
    // What is of one MediaStream is played in step (RFC 8830).
    let (media_stream, name) = match stream {
        Stream::Voice => ("person", "voice"),
        Stream::Camera => ("person", "camera"),
        Stream::Screen => ("screen", "screen"),
        Stream::ScreenSound => ("screen", "screenSound"),
    };
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters {
            ssrc: Some(ssrc),
            ..Default::default()
        },
        codec: setup::codec(stream.kind()),
        ..Default::default()
    };
    let track = Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new(
        media_stream.to_owned(),
        name.to_owned(),
        name.to_owned(),
        codec_kind,
        vec![coding],
    )));
    let transceiver = connection
        .add_transceiver_from_track(Arc::clone(&track) as Arc<dyn TrackLocal>, None)
        .await?;
    let sender = transceiver.sender().await?;
    Ok(LocalStream {
        track,
        sender: sender.ok_or(webrtc::error::Error::ErrRTPSenderNotExisted)?,
        transceiver,
    })
}

/// Library events that may wait: the beginning of a session makes some ten at once.
const EVENTS: usize = 64;

/// Feedback that may wait: a few a second come.
const FEEDBACK: usize = 64;
