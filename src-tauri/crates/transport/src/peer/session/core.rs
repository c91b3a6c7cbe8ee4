//! What the session tasks of all transports have in common: telling states, receiving tracks, taking
//! feedback, and freeing everything.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use media::transport::{
    Kind, Path, Stream, Streams, TransportError, TransportEvent, TransportState,
};
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tracing::Instrument;
use webrtc::data_channel::DataChannel;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::RTCIceConnectionState;

use super::{Command, Shared};
use crate::network::StandIns;
use crate::peer::Peer;
use crate::peer::cipher::FrameCipher;
use crate::peer::events::PeerEvent;
use crate::peer::feedback::Feedback;
use crate::peer::liveness::{Ice, Liveness};
use crate::peer::local::LocalStream;
use crate::peer::pace::Pace;
use crate::peer::packet_size::PacketSize;
use crate::peer::receive::{Receiver, StreamEnded};
use crate::peer::runtime::FastPolling;
use crate::peer::side::Side;
use crate::peer::socket::Traffic;
use crate::peer::stats;

/// The part of a session's task that does not depend on who is at the other end.
pub(crate) struct Core {
    pub(crate) shared: Arc<Shared>,
    pub(crate) local: Streams<LocalStream>,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) peer_events: mpsc::Receiver<PeerEvent>,
    pub(crate) feedback: mpsc::Receiver<Feedback>,
    events: mpsc::Sender<TransportEvent>,
    /// What was told last.
    state: TransportState,
    pub(crate) liveness: Liveness,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) packet_size: Arc<PacketSize>,
    pub(crate) stand_ins: Arc<StandIns>,
    fast_polling: Arc<FastPolling>,
    /// Since when the driver polls fast.
    polls_fast: Option<Instant>,
    cipher: Option<Arc<dyn FrameCipher>>,
    /// How many channels the other side opened that are not known here.
    foreign_channels: usize,
    /// A task per received track.
    pub(crate) receiving: JoinSet<StreamEnded>,
    /// The writer of frames, and whatever else the transport runs beside.
    pub(crate) beside: JoinSet<()>,
}

impl Core {
    pub(super) fn new(
        shared: Arc<Shared>,
        peer: Peer,
        local: Streams<LocalStream>,
        cipher: Option<Arc<dyn FrameCipher>>,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<TransportEvent>,
    ) -> Self {
        Self {
            shared,
            local,
            commands,
            peer_events: peer.events,
            feedback: peer.feedback,
            events,
            state: TransportState::Connecting,
            liveness: Liveness::new(),
            traffic: peer.traffic,
            packet_size: peer.packet_size,
            stand_ins: peer.stand_ins,
            fast_polling: peer.fast_polling,
            polls_fast: None,
            cipher,
            foreign_channels: 0,
            receiving: JoinSet::new(),
            beside: JoinSet::new(),
        }
    }

    /// The same, with the task that writes frames beside it.
    pub(super) fn with_writer(
        mut self,
        writing: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.beside.spawn(writing.in_current_span());
        self
    }

    /// What was told last.
    pub(crate) const fn state(&self) -> &TransportState {
        &self.state
    }

    /// Hands an event to the call above, unless the session is being closed.
    pub(crate) async fn emit(&self, event: TransportEvent) {
        self.shared
            .stop
            .run_until_cancelled(self.events.send(event))
            .await;
    }

    /// Takes a state over and tells it, when it is another one. A final state stays.
    pub(crate) async fn enter(&mut self, state: TransportState) {
        if self.state == state || is_final(&self.state) {
            return;
        }
        tracing::info!(from = ?self.state, to = ?state, "transport");
        if let TransportState::Connected(path) = state {
            self.shared.send_parameters.begin_path(path);
        }
        self.state = state.clone();
        self.emit(TransportEvent::State(state)).await;
    }

    /// The session has failed for good.
    pub(crate) async fn fail(&mut self, error: TransportError) {
        self.enter(TransportState::Failed(error)).await;
    }

    /// Tells where the session stands over this `path`, if there is one, and how long nothing was
    /// `heard` of the other side.
    pub(crate) async fn tell(&mut self, path: Option<Path>, heard: Instant) {
        let state = self.liveness.state(path);
        self.enter(state).await;
        if let Some(silence) = self.liveness.silence(Instant::now(), heard) {
            self.emit(TransportEvent::Silence(silence)).await;
        }
    }

    /// Takes what the ICE agent says.
    pub(crate) fn on_ice(&mut self, state: RTCIceConnectionState) {
        tracing::debug!(?state, "ICE");
        self.liveness.set_ice(match state {
            RTCIceConnectionState::Unspecified
            | RTCIceConnectionState::New
            | RTCIceConnectionState::Checking => Ice::Checking,
            RTCIceConnectionState::Connected | RTCIceConnectionState::Completed => Ice::Selected,
            RTCIceConnectionState::Disconnected | RTCIceConnectionState::Failed => Ice::Lost,
            // Closed: by us alone.
            _ => return,
        });
    }

    /// The secure channel stands: media and data may flow.
    pub(crate) fn on_secured(&mut self) {
        self.liveness.set_secured(Instant::now());
        self.traffic.admission().set_secured();
    }

    /// Lets messages and frames out.
    pub(crate) fn open_gates(&self) {
        self.shared.connected.store(true, Ordering::Relaxed);
        self.shared.send_parameters.set_open(true);
    }

    /// Ends the session when one side refused or closed the secure channel; returns whether it did.
    /// The library tells neither.
    pub(crate) async fn end_if_closed(&mut self) -> bool {
        // A refusal closes the channel too, and is its cause.
        let end = if self.traffic.handshake_refused() {
            TransportState::Failed(TransportError::Security)
        } else if self.is_closed().await {
            TransportState::ClosedByPeer
        } else {
            return false;
        };
        self.enter(end).await;
        true
    }

    /// Whether who is at the other end closed the secure channel.
    pub(crate) async fn is_closed(&self) -> bool {
        stats::is_closed(&*self.local[Stream::Voice].sender).await
    }

    /// Receives a track of a stream from now on, until it is aborted.
    pub(crate) fn receive(&mut self, stream: Stream, track: Arc<dyn TrackRemote>) -> AbortHandle {
        let receiver = Receiver {
            stream,
            track,
            rtcp: Arc::clone(&self.shared.rtcp),
            counters: Arc::clone(&self.shared.received),
            cipher: self.cipher.clone(),
            source: self.shared.input[stream].clone(),
        };
        self.receiving.spawn(receiver.run().in_current_span())
    }

    pub(crate) async fn take_feedback(&mut self, feedback: Feedback) {
        let shared = &self.shared;
        match feedback {
            Feedback::KeyframeRequested(stream) => {
                self.emit(TransportEvent::KeyframeRequested(stream)).await;
            }
            Feedback::PacketsShrank(payload) => {
                tracing::warn!(payload, "the path carries no larger packets: they shrink");
                // What was larger is lost, and will be lost again when it is asked for.
                for stream in Stream::ALL {
                    if stream.kind() == Kind::Video && shared.clocks.stream(stream).has_sent() {
                        self.emit(TransportEvent::KeyframeRequested(stream)).await;
                    }
                }
            }
            Feedback::Estimate(mut estimate) => {
                // The estimator's round trip holds the time in which the other side collects
                // packets for a report; that of reception reports does not.
                let micros = shared.received.rtt_micros.load(Ordering::Relaxed);
                if micros > 0 {
                    estimate.rtt = Some(Duration::from_micros(micros));
                }
                if !matches!(self.state, TransportState::Connected(Path::Local)) {
                    let pace = Pace::Estimated(estimate.bitrate);
                    shared.send_parameters.set_pace(pace);
                }
                self.emit(TransportEvent::Estimate(estimate)).await;
            }
            Feedback::Reception {
                stream,
                fraction_lost,
                rtt,
            } => {
                let remote_loss = &shared.feedback[stream].remote_loss;
                remote_loss.store(fraction_lost.to_bits(), Ordering::Relaxed);
                if let Some(micros) = rtt.and_then(|it| u64::try_from(it.as_micros()).ok()) {
                    let known = &shared.received.rtt_micros;
                    known.store(micros.max(1), Ordering::Relaxed);
                }
            }
        }
    }

    /// Sends a PLI (RFC 4585, 6.3.1) for a stream that is received, if anything ever was of it.
    pub(crate) async fn request_keyframe(&self, stream: Stream) {
        let received = &self.shared.received.streams[stream];
        let ssrc = received.ssrc.load(Ordering::Relaxed);
        let media_ssrc = match u32::try_from(ssrc) {
            Ok(0) | Err(_) => return,
            Ok(ssrc) => ssrc,
        };
        let request = PictureLossIndication {
            sender_ssrc: self.shared.clocks.stream(stream).ssrc,
            media_ssrc,
        };
        let track = &self.local[stream].track;
        if track.write_rtcp(vec![Box::new(request)]).await.is_ok() {
            let plis = &self.shared.feedback[stream].plis;
            plis.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Descriptions of both sides are in force, so it is known which streams the other side takes, and
    /// as which payload types.
    pub(crate) async fn learn_payload_types(&self) {
        for (stream, local) in self.local.iter() {
            let payload_type = local.payload_type(stream).await;
            if payload_type.is_none() {
                tracing::debug!(?stream, "the other side does not take this stream");
            }
            let parameters = &self.shared.send_parameters;
            parameters.set_payload_type(stream, payload_type);
        }
    }

    /// Closes a channel of the other side that is not known here: a later version may have more. A
    /// dropped handle alone would leave it open, and the library would keep what comes there.
    pub(crate) async fn refuse_channel(&mut self, channel: Arc<dyn DataChannel>) {
        self.foreign_channels += 1;
        if self.foreign_channels > MOST_FOREIGN {
            let error = "the other side opened too many data channels";
            let error = TransportError::Internal(error.to_owned());
            return self.fail(error).await;
        }
        tracing::warn!("closed a data channel that is not known here");
        if channel.close().await.is_err() {
            tracing::debug!("a data channel was closed before it was refused");
        }
    }

    /// Takes the description (SDP) of this side, under whose credentials it will be asked.
    pub(crate) fn describe_us(&self, sdp: &str) {
        if let Some(side) = Side::of(sdp) {
            self.traffic.admission().set_ours(side.password);
        }
    }

    /// Takes the description (SDP) of the other side, under whose credentials it will answer.
    pub(crate) fn describe_them(&self, sdp: &str) {
        if let Some(side) = Side::of(sdp) {
            self.traffic.admission().set_theirs(side.password);
        }
    }

    /// Waits a moment for the candidates that are found at once, those of this machine's own
    /// addresses; returns what else the library told meanwhile.
    ///
    /// A check that comes from an address which the other side has not been told makes a new
    /// candidate there (peer-reflexive), and those are nominated 50 ms later than known ones: so
    /// a description waits a moment for its candidates.
    pub(crate) async fn first_candidates(&mut self) -> Vec<PeerEvent> {
        let mut deferred = Vec::new();
        let mut deadline = tokio::time::Instant::now() + FIRST_CANDIDATE;
        let events = &mut self.peer_events;
        while let Ok(Some(event)) = tokio::time::timeout_at(deadline, events.recv()).await {
            match event {
                PeerEvent::Candidate(_) => {
                    deadline = deadline.min(tokio::time::Instant::now() + NEXT_CANDIDATE);
                }
                PeerEvent::GatheringComplete => {
                    deferred.push(event);
                    break;
                }
                PeerEvent::Ice(_)
                | PeerEvent::Peer(_)
                | PeerEvent::Track(_)
                | PeerEvent::DataChannel(_) => deferred.push(event),
            }
        }
        deferred
    }

    /// Makes the library's driver poll fast until there is a path.
    pub(crate) fn poll_fast(&mut self) {
        self.polls_fast = Some(Instant::now());
        self.fast_polling.set(true);
    }

    /// Lets it rest again when that has helped, or does not; `has_channel` when messages flow.
    pub(crate) fn stop_polling_fast_if_due(&mut self, has_channel: bool) {
        let Some(age) = self.polls_fast.map(|it| it.elapsed()) else {
            return;
        };
        let connected = has_channel && matches!(self.state, TransportState::Connected(_));
        if age >= FAST_POLLING || (connected && age >= FAST_POLLING_CONNECTED) {
            self.polls_fast = None;
            self.fast_polling.set(false);
        }
    }

    /// The library stops also where a handshake gets no further, on a path that carries too little
    /// of it or that the other side refuses.
    pub(crate) async fn on_library_stopped(&mut self) {
        let error = if self.liveness.is_secured() {
            TransportError::Internal("the library stopped".to_owned())
        } else {
            TransportError::NoPath
        };
        self.fail(error).await;
    }

    /// Nothing goes out or comes in any more.
    pub(crate) fn shut(&self) {
        self.shared.send_parameters.set_open(false);
        self.shared.connected.store(false, Ordering::Relaxed);
        self.shared.close_input();
    }

    /// Frees everything.
    pub(crate) async fn free(mut self) {
        self.shut();
        self.shared.stop.cancel();
        if tokio::time::timeout(LIBRARY_CLOSE, self.shared.connection.close())
            .await
            .is_err()
        {
            tracing::error!("the library did not close in time");
        }
        self.receiving.shutdown().await;
        self.beside.shutdown().await;
    }
}

/// Whether nothing follows.
pub(crate) const fn is_final(state: &TransportState) -> bool {
    match state {
        TransportState::Connecting
        | TransportState::Connected(_)
        | TransportState::Disconnected => false,
        TransportState::ClosedByPeer | TransportState::Failed(_) => true,
    }
}

/// How often a session looks whether something is to be told of its path. A loss shows a fifth
/// of a second late at most, and each look takes the library's lock.
pub(crate) const WATCH_INTERVAL: Duration = Duration::from_millis(200);

/// How long the library's driver may take to end; it usually takes a millisecond.
pub(crate) const LIBRARY_CLOSE: Duration = Duration::from_millis(700);

/// How long a search for a path is worth a wake-up each millisecond: a path that takes longer is
/// found too late for 200 ms to matter.
const FAST_POLLING: Duration = Duration::from_secs(3);

/// How long it is when the session is connected: the other side, which may need some more of our
/// answers, is connected well within this.
const FAST_POLLING_CONNECTED: Duration = Duration::from_millis(500);

/// How long a description waits for its first candidate: usually a millisecond, but the library
/// resolves the names of STUN servers before it.
const FIRST_CANDIDATE: Duration = Duration::from_millis(30);

/// How long a description waits for another candidate: those of this machine come together.
const NEXT_CANDIDATE: Duration = Duration::from_millis(2);

/// How many channels of the other side are refused before the session ends: enough for those of a
/// later version, while the library keeps a few figures and the label of each, up to 64 KiB, for as
/// long as the connection lives. Well below the number of library events that may wait, beyond which
/// channels are lost that nobody closes.
const MOST_FOREIGN: usize = 16;
