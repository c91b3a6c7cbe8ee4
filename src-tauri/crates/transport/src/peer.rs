//! One peer connection of the library, its sockets, and all that RTP needs on it, whoever is at the
//! other end: a machine ([`p2p`](crate::p2p)) or a server ([`livekit`](crate::livekit)).
//!
//! [`build`] binds the sockets and starts the library's driver. Everything that the driver calls
//! back, the handler, the interceptors and the sockets, is made here and only pushes into channels
//! or atomics: the driver awaits it in the loop that carries the media. On a connection stands a
//! [`session`], whose task negotiates as its transport does.

pub(crate) mod admission;
pub(crate) mod batch;
pub(crate) mod capture_time;
pub(crate) mod cipher;
pub(crate) mod clocks;
pub(crate) mod codec;
pub(crate) mod congestion;
pub(crate) mod data;
pub(crate) mod events;
pub(crate) mod extension;
pub(crate) mod feedback;
pub(crate) mod handshake;
pub(crate) mod hook;
pub(crate) mod limits;
pub(crate) mod liveness;
pub(crate) mod local;
pub(crate) mod nack;
pub(crate) mod outage;
pub(crate) mod pace;
pub(crate) mod packet_size;
pub(crate) mod receive;
pub(crate) mod report;
pub(crate) mod resend;
pub(crate) mod resolve;
pub(crate) mod routes;
pub(crate) mod rtcp;
pub(crate) mod runtime;
pub(crate) mod scoped;
pub(crate) mod send;
pub(crate) mod session;
pub(crate) mod setup;
pub(crate) mod side;
pub(crate) mod socket;
pub(crate) mod stats;
pub(crate) mod stun;
pub(crate) mod tap;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::transport::{Stream, Streams, TransportError};
use media::units::Bitrate;
use tokio::sync::mpsc;
use tracing::Span;
use webrtc::peer_connection::{PeerConnection, PeerConnectionBuilder, RTCConfiguration};

use self::clocks::SendClocks;
use self::congestion::Congestion;
use self::events::{Events, PeerEvent};
use self::extension::Extension;
use self::feedback::Feedback;
use self::outage::Outage;
use self::packet_size::PacketSize;
use self::resolve::Resolver;
use self::routes::Routes;
use self::rtcp::RtcpState;
use self::runtime::{FastPolling, SessionRuntime};
use self::send::SendParameters;
use self::setup::IceTimeouts;
use self::socket::Traffic;
use crate::network::{BindAddresses, StandIns};
use crate::rtp::sync::ClockOffsets;

/// What a peer connection is made of.
pub(crate) struct Parts {
    /// The only local address to use; all that reach a network when `None`.
    pub(crate) bind: Option<IpAddr>,
    /// Whether link-local addresses are used, which mean something to a neighbour only.
    pub(crate) link_local: bool,
    /// Whether addresses of the other side are dialled by TCP as well (RFC 6544).
    pub(crate) tcp: bool,
    /// Its STUN and TURN servers.
    pub(crate) configuration: RTCConfiguration,
    pub(crate) ice: IceTimeouts,
    /// What the headers of packets carry, besides their transport-wide numbers.
    pub(crate) extensions: &'static [Extension],
    /// The most that this side wants to send, sound and picture together.
    pub(crate) max_send: Bitrate,
    /// How often the other end reports what arrived.
    pub(crate) feedback_interval: Duration,
    pub(crate) resolver: Arc<Resolver>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) outage: Arc<Outage>,
    pub(crate) routes: Arc<Routes>,
    /// What the library's tasks log is inside.
    pub(crate) span: Span,
}

/// The connection and what its session needs of it.
pub(crate) struct Peer {
    pub(crate) connection: Arc<dyn PeerConnection>,
    pub(crate) clocks: Arc<SendClocks>,
    pub(crate) rtcp: Arc<RtcpState>,
    pub(crate) send_parameters: Arc<SendParameters>,
    pub(crate) packet_size: Arc<PacketSize>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) outage: Arc<Outage>,
    pub(crate) fast_polling: Arc<FastPolling>,
    pub(crate) stand_ins: Arc<StandIns>,
    pub(crate) events: mpsc::Receiver<PeerEvent>,
    pub(crate) feedback: mpsc::Receiver<Feedback>,
}

/// Sets a connection up and binds its sockets. Must run inside a tokio runtime.
///
/// # Errors
/// [`TransportError::Internal`] when nothing can be bound, or the library refuses its settings.
pub(crate) async fn build(parts: Parts) -> Result<Peer, TransportError> {
    let (event_sender, events) = mpsc::channel(EVENTS);
    let (feedback_sender, feedback) = mpsc::channel(FEEDBACK);
    let clocks = Arc::new(send_clocks()?);
    let rtcp = Arc::new(RtcpState::default());
    let send_parameters = Arc::new(SendParameters::default());
    let packet_size = Arc::new(PacketSize::new(feedback_sender.clone()));
    let fast_polling = Arc::new(FastPolling::default());
    let stand_ins = Arc::new(StandIns::default());

    // Codecs before interceptors: the library adds their feedback only to codecs it knows by then.
    let mut engine = setup::media_engine(parts.extensions).map_err(|it| internal(&it))?;
    let congestion = Congestion::new(
        parts.max_send,
        parts.feedback_interval,
        Arc::clone(&packet_size),
    );
    let shared = setup::Shared {
        clocks: Arc::clone(&clocks),
        rtcp: Arc::clone(&rtcp),
        send_parameters: Arc::clone(&send_parameters),
        traffic: Arc::clone(&parts.traffic),
    };
    let registry = setup::registry(&mut engine, feedback_sender, congestion, shared)
        .map_err(|it| internal(&it))?;
    let runtime = SessionRuntime {
        traffic: Arc::clone(&parts.traffic),
        packet_size: Arc::clone(&packet_size),
        routes: parts.routes,
        stand_ins: Arc::clone(&stand_ins),
        fast_polling: Arc::clone(&fast_polling),
        resolver: parts.resolver,
        layer: Arc::clone(&parts.outage) as _,
        span: parts.span,
    };
    let bound = BindAddresses::new(parts.bind, parts.link_local.then(|| Arc::clone(&stand_ins)));
    let mut building = PeerConnectionBuilder::new()
        .with_configuration(parts.configuration)
        .with_media_engine(engine)
        .with_setting_engine(setup::settings(parts.ice))
        .with_interceptor_registry(registry)
        .with_handler(Arc::new(Events(event_sender)))
        .with_runtime(Arc::new(runtime))
        .with_udp_addrs(vec![bound.clone()]);
    if parts.tcp {
        building = building.with_tcp_addrs(vec![bound]);
    }
    let connection = Box::pin(building.build())
        .await
        .map_err(|it| internal(&it))?;
    Ok(Peer {
        connection: Arc::new(connection),
        clocks,
        rtcp,
        send_parameters,
        packet_size,
        traffic: parts.traffic,
        outage: parts.outage,
        fast_polling,
        stand_ins,
        events,
        feedback,
    })
}

/// What the sockets of a session that begins now share; whatever is put `between` them and the
/// network is a test's.
pub(crate) fn ground(between: Option<Arc<dyn socket::SocketLayer>>) -> (Arc<Traffic>, Arc<Outage>) {
    let now = Instant::now();
    (
        Arc::new(Traffic::new(now)),
        Arc::new(Outage::over(between, now)),
    )
}

/// The library's errors may quote packets and SDP: only their kind is kept.
pub(crate) fn internal(error: &webrtc::error::Error) -> TransportError {
    TransportError::Internal(kind_of(error))
}

/// The kind of an error without its values, which may be addresses.
pub(crate) fn kind_of(error: &dyn std::fmt::Debug) -> String {
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

/// Library events that may wait: the beginning of a session makes some ten at once.
const EVENTS: usize = 64;

/// Feedback that may wait: a few a second come.
const FEEDBACK: usize = 64;
