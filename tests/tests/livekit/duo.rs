//! Two sessions of one call at a server, and the courier that carries their parcels.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::{BufMut, Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::BoxStream;
use media::frame::{EncodedFrame, ReceivedFrame};
use media::time::MediaTime;
use media::transport::{
    Access, Credentials, FrameSink, FrameSource, MediaTransport, OpenParams, Parcel, Path, Role,
    Sent, Session, SessionControl, Stream, Streams, TransportEvent, TransportState,
};
use media::units::Bitrate;
use scenarios::livekit::{LiveKit, token_to_room_of};
use tokio::sync::mpsc;
use tokio::time::timeout;
use transport::livekit;

/// One end of a call.
pub(crate) struct End {
    pub(crate) control: Arc<dyn SessionControl>,
    pub(crate) out: Streams<Arc<dyn FrameSink>>,
    pub(crate) input: Streams<FrameSource>,
    /// Those that it made for the other one, as long as both live.
    pub(crate) parcels: Arc<Mutex<Vec<Parcel>>>,
    events: mpsc::UnboundedReceiver<TransportEvent>,
}

/// Both ends.
pub(crate) struct Duo {
    pub(crate) caller: End,
    pub(crate) callee: End,
    /// When each said to be connected, from the opening of both on.
    pub(crate) connected: [Duration; 2],
}

/// A transport that uses loopback only.
pub(crate) fn transport() -> livekit::LiveKit {
    livekit::LiveKit::new(livekit::Config {
        bind: Some([127, 0, 0, 1].into()),
    })
}

impl Duo {
    /// Two that are connected in a room of this name.
    pub(crate) async fn connect(server: &LiveKit, room: &str) -> Result<Self> {
        Self::connect_by([&transport(), &transport()], server, room, 0).await
    }

    /// The same, by transports of their own, and with a session of this number.
    pub(crate) async fn connect_by(
        transports: [&livekit::LiveKit; 2],
        server: &LiveKit,
        room: &str,
        number: u32,
    ) -> Result<Self> {
        let url = server.url();
        Self::connect_at(transports, [&url, &url], room, number).await
    }

    /// The same where each knows the server by a URL of its own.
    pub(crate) async fn connect_at(
        [caller, callee]: [&livekit::LiveKit; 2],
        urls: [&str; 2],
        room: &str,
        number: u32,
    ) -> Result<Self> {
        let begun = Instant::now();
        let seat = |url, role| Seat {
            number,
            ..Seat::new(url, room, role)
        };
        let caller = seat(urls[0], Role::Offerer).take(caller).await?;
        let callee = seat(urls[1], Role::Answerer).take(callee).await?;
        Self::of(caller, callee, begun).await
    }

    /// Two sessions that carry each other's parcels, once they are connected.
    pub(crate) async fn of(caller: Session, callee: Session, begun: Instant) -> Result<Self> {
        let mut caller_end = End::of(caller, &callee.control);
        let mut callee_end = End::of(callee, &caller_end.control);
        let connected = [
            caller_end.connected(begun).await.context("the caller")?,
            callee_end.connected(begun).await.context("the callee")?,
        ];
        Ok(Self {
            caller: caller_end,
            callee: callee_end,
            connected,
        })
    }

    pub(crate) async fn close(self) {
        tokio::join!(self.caller.control.close(), self.callee.control.close());
    }
}

/// A place in a room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat<'a> {
    pub(crate) url: &'a str,
    pub(crate) room: &'a str,
    pub(crate) role: Role,
    /// Who takes it.
    pub(crate) identity: &'a str,
    /// Which session of the call it is.
    pub(crate) number: u32,
    /// How many seats the room has, by whoever is the first to come.
    pub(crate) seats: u32,
}

impl<'a> Seat<'a> {
    /// That of the caller or of the callee of a call for two.
    pub(crate) const fn new(url: &'a str, room: &'a str, role: Role) -> Self {
        Self {
            url,
            room,
            role,
            identity: match role {
                Role::Offerer => "caller",
                Role::Answerer => "callee",
            },
            number: 0,
            seats: 2,
        }
    }

    /// Opens a session on it.
    pub(crate) async fn take(self, transport: &livekit::LiveKit) -> Result<Session> {
        let token = token_to_room_of(self.seats, self.identity, self.room, LiveKit::SECRET)?;
        let credentials = Credentials {
            url: self.url.to_owned(),
            token,
        };
        let opening = transport.open(OpenParams {
            call: match self.role {
                Role::Offerer => 1,
                Role::Answerer => 2,
            },
            number: self.number,
            role: self.role,
            max_send: Bitrate::from_kbps(4000),
            ice_servers: Vec::new(),
            access: Some(Access::new(std::future::ready(Ok(credentials)))),
        });
        Ok(opening.await?)
    }
}

impl End {
    /// Hands the parcels of a session to the other one's, and keeps all other events.
    pub(crate) fn of(session: Session, other: &Arc<dyn SessionControl>) -> Self {
        let (tell, events) = mpsc::unbounded_channel();
        let parcels = Arc::<Mutex<Vec<_>>>::default();
        let kept = Arc::clone(&parcels);
        tokio::spawn(carry(session.events, Arc::downgrade(other), kept, tell));
        Self {
            parcels,
            control: session.control,
            out: session.out,
            input: session.input,
            events,
        }
    }

    /// The next event that is `wanted`.
    pub(crate) async fn until<T>(
        &mut self,
        wanted: impl Fn(&TransportEvent) -> Option<T>,
    ) -> Result<T> {
        self.until_within(SOON, wanted).await
    }

    async fn until_within<T>(
        &mut self,
        limit: Duration,
        wanted: impl Fn(&TransportEvent) -> Option<T>,
    ) -> Result<T> {
        let found = async {
            while let Some(event) = self.events.recv().await {
                if let Some(found) = wanted(&event) {
                    return Ok(found);
                }
                if let TransportEvent::State(TransportState::Failed(error)) = event {
                    bail!("the session failed: {error}");
                }
            }
            bail!("the session ended")
        };
        timeout(limit, found).await.context("nothing in time")?
    }

    async fn connected(&mut self, begun: Instant) -> Result<Duration> {
        let connected = TransportState::Connected(Path::Server);
        self.until(|it| {
            matches!(it, TransportEvent::State(state) if *state == connected).then_some(())
        })
        .await?;
        Ok(begun.elapsed())
    }

    /// How it ends.
    pub(crate) async fn ended(&mut self) -> Result<TransportState> {
        self.ended_within(SOON).await
    }

    /// The same where it takes long.
    pub(crate) async fn ended_within(&mut self, limit: Duration) -> Result<TransportState> {
        self.until_within(limit, |it| match it {
            TransportEvent::State(
                state @ (TransportState::ClosedByPeer | TransportState::Failed(_)),
            ) => Some(state.clone()),
            _ => None,
        })
        .await
    }

    /// The next message of the other side.
    pub(crate) async fn hears(&mut self) -> Result<Bytes> {
        self.until(|it| match it {
            TransportEvent::Data(bytes) => Some(bytes.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) fn sends(&self, stream: Stream, time: MediaTime, payload: Bytes) -> Sent {
        self.out[stream].send(EncodedFrame {
            time,
            keyframe: false,
            payload,
        })
    }

    /// Takes a frame that waits; whether there was one.
    pub(crate) fn takes(&self, stream: Stream) -> bool {
        self.receives_within(stream, Duration::ZERO).is_some()
    }

    /// The next frame of a stream, if there is one in time.
    pub(crate) fn receives_within(
        &self,
        stream: Stream,
        patience: Duration,
    ) -> Option<ReceivedFrame> {
        let source = &self.input[stream];
        tokio::task::block_in_place(|| source.pop(patience)).ok()
    }

    /// The next frame of a stream.
    pub(crate) fn receives(&self, stream: Stream) -> Result<ReceivedFrame> {
        let frame = self.receives_within(stream, SOON);
        frame.with_context(|| format!("nothing of {stream:?}"))
    }
}

async fn carry(
    mut events: BoxStream<'static, TransportEvent>,
    other: Weak<dyn SessionControl>,
    parcels: Arc<Mutex<Vec<Parcel>>>,
    tell: mpsc::UnboundedSender<TransportEvent>,
) {
    while let Some(event) = events.next().await {
        match (event, other.upgrade()) {
            (TransportEvent::Parcel(parcel), Some(other)) => {
                let mut parcels = parcels.lock().unwrap_or_else(PoisonError::into_inner);
                parcels.push(parcel.clone());
                other.parcel(parcel);
            }
            (TransportEvent::Parcel(_), None) => {}
            (event, _) => drop(tell.send(event)),
        }
    }
}

/// A picture that refers to others, of about `size` bytes.
pub(crate) fn frame(fill: u8, size: usize) -> Bytes {
    let mut unit = BytesMut::from(&[0, 0, 0, 1, 0x41, 0x9a][..]);
    unit.put_bytes(fill | 1, size);
    unit.freeze()
}

/// A picture that stands alone, of about `size` bytes: parameter sets that say 1280 by 720, and a
/// slice.
pub(crate) fn keyframe(size: usize) -> Bytes {
    let mut unit = BytesMut::new();
    for parameters in [SPS, PPS] {
        unit.extend([0, 0, 0, 1]);
        unit.extend(parameters);
    }
    unit.extend([0, 0, 0, 1, 0x65, 0xb8]);
    unit.put_bytes(7, size);
    unit.freeze()
}

/// Of OpenH264 (ITU-T H.264, 7.3.2.1).
const SPS: &[u8] = &[
    0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40, 0x28, 0x02, 0xdd, 0x80, 0x88, 0x45, 0x38,
];
const PPS: &[u8] = &[0x68, 0xce, 0x3c, 0x80];

/// Long enough for a busy machine; tests that pass end sooner.
const SOON: Duration = Duration::from_secs(10);
