//! The peer connection of a session with a LiveKit server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::transport::{Kind, OpenParams, Stream, Streams, TransportError};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use tracing::Span;
use webrtc::data_channel::{DataChannel, RTCDataChannelInit};
use webrtc::error::Error;
use webrtc::peer_connection::PeerConnection;

use super::Config;
use super::tokens::Tokens;
use crate::peer::codec::codec_kind;
use crate::peer::extension::Extension;
use crate::peer::local::{LocalStream, Naming};
use crate::peer::resolve::Resolver;
use crate::peer::routes::Routes;
use crate::peer::setup::{IceTimeouts, configuration};
use crate::peer::{self, Peer, internal};

/// What every session of a transport is made with.
#[derive(Debug)]
pub(super) struct Setup {
    config: Config,
    resolver: Arc<Resolver>,
    pub(super) tokens: Tokens,
}

impl Setup {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            resolver: Arc::default(),
            tokens: Tokens::default(),
        }
    }
}

/// A connection that is set up as the server wants it.
pub(super) struct Built {
    pub(super) peer: Peer,
    pub(super) local: Streams<LocalStream>,
    /// Reliable and in order; messages of both directions come over it.
    pub(super) reliable: Arc<dyn DataChannel>,
    /// Nothing goes over it, but the server waits for it.
    pub(super) lossy: Arc<dyn DataChannel>,
}

/// Sets a connection up and binds its sockets. Must run inside a tokio runtime. What the library's
/// tasks log is inside `span`.
///
/// # Errors
/// [`TransportError::Internal`] when nothing can be bound, or the library refuses its settings.
pub(super) async fn build(
    setup: &Setup,
    params: &OpenParams,
    span: Span,
) -> Result<Built, TransportError> {
    let (traffic, outage) = peer::ground(None);
    // Nothing moves such a session to another pair: the server would not follow.
    let (routes, _) = Routes::new(Instant::now());
    let peer = peer::build(peer::Parts {
        bind: setup.config.bind,
        link_local: false,
        tcp: true,
        // A server that has a public address needs none, and names its own only after the offer.
        configuration: configuration(&[]),
        ice: IceTimeouts::default(),
        extensions: &[Extension::Mid, Extension::CaptureTime],
        max_send: params.max_send,
        feedback_interval: FEEDBACK_INTERVAL,
        resolver: Arc::clone(&setup.resolver),
        traffic,
        outage,
        routes: Arc::new(routes),
        span,
    })
    .await?;
    let parts = add_parts(&peer).await.map_err(|it| internal(&it))?;
    let (local, reliable, lossy) = parts;
    Ok(Built {
        peer,
        local,
        reliable,
        lossy,
    })
}

type Parts = (
    Streams<LocalStream>,
    Arc<dyn DataChannel>,
    Arc<dyn DataChannel>,
);

/// Channels first, then what is sent, then room for what is received: the order in which official
/// clients describe it.
async fn add_parts(peer: &Peer) -> Result<Parts, Error> {
    let connection = &*peer.connection;
    let reliable = connection.create_data_channel(RELIABLE, None).await?;
    let once = RTCDataChannelInit {
        ordered: false,
        max_retransmits: Some(0),
        ..RTCDataChannelInit::default()
    };
    let lossy = connection.create_data_channel(LOSSY, Some(once)).await?;
    let add = |stream| {
        let ssrc = peer.clocks.stream(stream).ssrc;
        LocalStream::add(connection, stream, ssrc, naming(stream), true)
    };
    let local = Streams::from([
        add(Stream::Voice).await?,
        add(Stream::Camera).await?,
        add(Stream::Screen).await?,
        add(Stream::ScreenSound).await?,
    ]);
    let [audios, videos] = FIRST_RECEIVERS;
    add_receivers(connection, audios, videos).await?;
    Ok((local, reliable, lossy))
}

/// Makes room for so many more received tracks.
pub(super) async fn add_receivers(
    connection: &dyn PeerConnection,
    audios: u32,
    videos: u32,
) -> Result<(), Error> {
    for (kind, count) in [(Kind::Audio, audios), (Kind::Video, videos)] {
        for _ in 0..count {
            let receives = RTCRtpTransceiverInit {
                direction: RTCRtpTransceiverDirection::Recvonly,
                ..RTCRtpTransceiverInit::default()
            };
            let kind = codec_kind(kind);
            connection
                .add_transceiver_from_kind(kind, Some(receives))
                .await?;
        }
    }
    Ok(())
}

/// The server finds the track that was asked for by its name (cid).
pub(super) const fn naming(stream: Stream) -> Naming {
    let track = match stream {
        Stream::Voice => "voice",
        Stream::Camera => "camera",
        Stream::Screen => "screen",
        Stream::ScreenSound => "screenSound",
    };
    Naming {
        media_stream: "tincan",
        track,
    }
}

/// Room for what the other side sends, audio and video.
pub(super) const FIRST_RECEIVERS: [u32; 2] = [2, 2];

const RELIABLE: &str = "_reliable";
const LOSSY: &str = "_lossy";

/// Between reports of the server, which collects more for each than another Tincan does. Measured:
/// 4.7 a second, and up to 236 ms apart where none is lost.
const FEEDBACK_INTERVAL: Duration = Duration::from_millis(240);
