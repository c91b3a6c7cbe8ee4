//! Two ends and the courier between them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::BoxStream;
use media::frame::{EncodedFrame, ReceivedFrame};
use media::time::MediaTime;
use media::transport::{
    FrameSink, FrameSource, MediaTransport, NetworkEstimate, OpenParams, Parcel, Path, Role, Sent,
    Session, SessionControl, Stream, Streams, TransportEvent, TransportState,
};
use media::units::Bitrate;
use tokio::sync::mpsc;
use tracing::Span;
use webrtc::peer_connection::PeerConnection;

use super::SOON;
use crate::p2p::setup::{self, Setup};
use crate::p2p::{Config, PeerToPeer, session};
use crate::peer::setup::IceTimeouts;
use crate::peer::socket::SocketLayer;

/// One end of a call.
pub(super) struct End {
    pub(super) control: Arc<dyn SessionControl>,
    pub(super) out: Streams<Arc<dyn FrameSink>>,
    pub(super) input: Streams<FrameSource>,
    events: BoxStream<'static, TransportEvent>,
    /// Events, once a courier takes the parcels out.
    told: Option<mpsc::UnboundedReceiver<(Instant, TransportEvent)>>,
    pub(super) last_estimate: Option<NetworkEstimate>,
    /// Every state that was seen so far, by whatever waited.
    pub(super) states: Vec<TransportState>,
}

impl End {
    pub(super) async fn open(role: Role, layer: Option<Arc<dyn SocketLayer>>) -> Self {
        Self::open_with(loopback(layer), role).await
    }

    pub(super) async fn open_with(setup: Setup, role: Role) -> Self {
        let transport = PeerToPeer { setup };
        Self::of(transport.open(params(role)).await.unwrap())
    }

    /// An end, and the connection beneath it, to do with it what our sessions never do.
    pub(super) async fn open_bare(setup: Setup, role: Role) -> (Self, Arc<dyn PeerConnection>) {
        let params = params(role);
        let built = Box::pin(setup::build(&setup, &params, Span::none()));
        let built = built.await.unwrap();
        let connection = Arc::clone(&built.peer.connection);
        let session = session::start(built, &params, Span::none());
        (Self::of(session), connection)
    }

    pub(super) fn of(session: Session) -> Self {
        Self {
            control: session.control,
            out: session.out,
            input: session.input,
            events: session.events,
            told: None,
            last_estimate: None,
            states: Vec::new(),
        }
    }

    /// Hands the parcels that are made from now on to `post`, and keeps all other events.
    pub(super) fn listen(&mut self, post: impl Fn(Parcel) + Send + 'static) {
        let (tell, told) = mpsc::unbounded_channel();
        self.told = Some(told);
        let mut events = std::mem::replace(&mut self.events, futures::stream::empty().boxed());
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                match event {
                    TransportEvent::Parcel(parcel) => post(parcel),
                    event => {
                        let _ = tell.send((Instant::now(), event));
                    }
                }
            }
        });
    }

    /// The parcels that were made up to now.
    pub(super) async fn parcels_so_far(&mut self) -> Vec<Parcel> {
        let mut parcels = Vec::new();
        let pause = Duration::from_millis(20);
        while let Ok(Some(event)) = tokio::time::timeout(pause, self.events.next()).await {
            if let TransportEvent::Parcel(parcel) = event {
                parcels.push(parcel);
            }
        }
        parcels
    }

    pub(super) fn send_video(&self, time: MediaTime, payload: Bytes) {
        let frame = EncodedFrame {
            time,
            keyframe: false,
            payload,
        };
        assert_eq!(self.out[Stream::Camera].send(frame), Sent::Queued);
    }

    pub(super) fn send_audio(&self, time: MediaTime, payload: Bytes) {
        let frame = EncodedFrame {
            time,
            keyframe: true,
            payload,
        };
        assert_eq!(self.out[Stream::Voice].send(frame), Sent::Queued);
    }

    pub(super) fn video_within(&self, timeout: Duration) -> Option<ReceivedFrame> {
        tokio::task::block_in_place(|| self.input[Stream::Camera].pop(timeout).ok())
    }

    pub(super) async fn next_video(&self) -> ReceivedFrame {
        self.next_of(Stream::Camera).await
    }

    pub(super) async fn next_audio(&self) -> ReceivedFrame {
        self.next_of(Stream::Voice).await
    }

    pub(super) async fn next_of(&self, stream: Stream) -> ReceivedFrame {
        let source = self.input[stream].clone();
        tokio::task::spawn_blocking(move || source.pop(SOON))
            .await
            .unwrap()
            .unwrap_or_else(|_| panic!("nothing of {stream:?}"))
    }

    /// When the first event that `wanted` likes came.
    pub(super) async fn until(&mut self, wanted: impl Fn(&TransportEvent) -> bool) -> Instant {
        let told = self.told.as_mut().expect("the ends are coupled");
        let found = async {
            loop {
                let Some((at, event)) = told.recv().await else {
                    panic!("the session ended: {:?}", self.states);
                };
                match &event {
                    TransportEvent::Estimate(estimate) => self.last_estimate = Some(*estimate),
                    TransportEvent::State(state) => self.states.push(state.clone()),
                    _ => {}
                }
                if wanted(&event) {
                    return at;
                }
            }
        };
        tokio::time::timeout(SOON, found)
            .await
            .expect("it happens soon")
    }

    pub(super) async fn until_state(
        &mut self,
        wanted: impl Fn(&TransportState) -> bool,
    ) -> Instant {
        self.until(|it| matches!(it, TransportEvent::State(state) if wanted(state)))
            .await
    }

    /// The first silence that `wanted` likes.
    pub(super) async fn until_silence(&mut self, wanted: impl Fn(Duration) -> bool) -> Duration {
        let told = std::cell::Cell::new(Duration::ZERO);
        self.until(|it| match it {
            TransportEvent::Silence(silence) if wanted(*silence) => {
                told.set(*silence);
                true
            }
            _ => false,
        })
        .await;
        told.get()
    }

    pub(super) async fn next_data(&mut self) -> Bytes {
        let told = self.told.as_mut().expect("the ends are coupled");
        let found = async {
            loop {
                if let (_, TransportEvent::Data(data)) = told.recv().await.expect("open") {
                    return data;
                }
            }
        };
        tokio::time::timeout(SOON, found)
            .await
            .expect("a message comes soon")
    }

    pub(super) async fn event_stream_ends(&mut self) -> bool {
        let told = self.told.as_mut().expect("the ends are coupled");
        tokio::time::timeout(SOON, async { while told.recv().await.is_some() {} })
            .await
            .is_ok()
    }

    /// Everything that the session tells from now on.
    pub(super) fn take_events(&mut self) -> mpsc::UnboundedReceiver<(Instant, TransportEvent)> {
        self.told.take().expect("the ends are coupled")
    }

    /// Where pictures come in.
    pub(super) fn pictures(&self) -> FrameSource {
        self.input[Stream::Camera].clone()
    }

    /// Drops the handle of the session, and puts one that does nothing in its place.
    pub(super) fn drop_control(&mut self) {
        self.control = Arc::new(Gone);
    }
}

/// Two ends and the tasks that carry their parcels.
pub(super) struct Duo {
    pub(super) caller: End,
    pub(super) callee: End,
}

impl Duo {
    pub(super) async fn connect() -> Self {
        Self::connect_over(None).await
    }

    pub(super) async fn connect_over(layer: Option<Arc<dyn SocketLayer>>) -> Self {
        let caller = End::open(Role::Offerer, layer.clone()).await;
        let callee = End::open(Role::Answerer, layer).await;
        let mut duo = Self::couple(caller, callee);
        duo.both_connected().await;
        duo
    }

    /// Starts to carry parcels.
    pub(super) fn couple(caller: End, callee: End) -> Self {
        Self::couple_with(caller, callee, |_, parcel| parcel)
    }

    /// Starts to carry parcels, each as this courier changes it.
    pub(super) fn couple_with(
        mut caller: End,
        mut callee: End,
        change: impl Fn(Role, Parcel) -> Parcel + Copy + Send + 'static,
    ) -> Self {
        let (to_caller, to_callee) = (
            Arc::downgrade(&caller.control),
            Arc::downgrade(&callee.control),
        );
        for (end, to, from) in [
            (&mut caller, to_callee, Role::Offerer),
            (&mut callee, to_caller, Role::Answerer),
        ] {
            let (post, mut posted) = mpsc::unbounded_channel();
            end.listen(move |parcel| {
                let _ = post.send(parcel);
            });
            tokio::spawn(async move {
                while let Some(parcel) = posted.recv().await {
                    if let Some(control) = to.upgrade() {
                        control.parcel(change(from, parcel));
                    }
                }
            });
        }
        Self { caller, callee }
    }

    /// When each end said to be connected.
    pub(super) async fn both_connected(&mut self) -> (Instant, Instant) {
        let connected = |it: &TransportState| *it == TransportState::Connected(Path::Local);
        (
            self.caller.until_state(connected).await,
            self.callee.until_state(connected).await,
        )
    }

    pub(super) async fn close(self) {
        tokio::join!(self.caller.control.close(), self.callee.control.close());
    }
}

/// The setup of an end on loopback.
pub(super) fn loopback(layer: Option<Arc<dyn SocketLayer>>) -> Setup {
    Setup {
        config: Config {
            bind: Some([127, 0, 0, 1].into()),
            ..Config::default()
        },
        layer,
        ..Setup::default()
    }
}

/// The same, with an ICE agent that fails after half a second.
pub(super) fn impatient(layer: Option<Arc<dyn SocketLayer>>) -> Setup {
    Setup {
        ice: IceTimeouts {
            disconnected: Duration::from_millis(250),
            failed: Duration::from_millis(250),
            keepalive: Duration::from_millis(50),
        },
        ..loopback(layer)
    }
}

/// The caller is in call 1, the callee in call 2.
pub(super) fn params(role: Role) -> OpenParams {
    OpenParams {
        ice_servers: Vec::new(),
        access: None,
        number: 0,
        call: match role {
            Role::Offerer => 1,
            Role::Answerer => 2,
        },
        role,
        max_send: Bitrate::from_kbps(4000),
    }
}

/// A picture that refers to others, of about `size` bytes.
pub(super) fn frame(fill: u8, size: usize) -> Bytes {
    let mut unit = BytesMut::from(&[0, 0, 0, 1, 0x41][..]);
    unit.put_bytes(fill | 1, size);
    unit.freeze()
}

/// A picture that stands alone, of about `size` bytes.
pub(super) fn keyframe(size: usize) -> Bytes {
    let mut unit = BytesMut::from(
        &[
            0, 0, 0, 1, 0x67, 1, 2, 0, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65,
        ][..],
    );
    unit.put_bytes(7, size);
    unit.freeze()
}

struct Gone;

impl SessionControl for Gone {
    fn parcel(&self, _: Parcel) {}
    fn request_keyframe(&self, _: Stream) {}
    fn mute(&self, _: Stream, _: bool) {}
    fn fail_path(&self, _: Duration) {}
    fn send_data(&self, _: Bytes) -> Result<(), media::transport::TransportError> {
        Err(media::transport::TransportError::NotConnected)
    }
    fn stats(&self) -> futures::future::BoxFuture<'static, media::transport::TransportStats> {
        Box::pin(std::future::ready(
            media::transport::TransportStats::default(),
        ))
    }
    fn close(&self) -> futures::future::BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}
