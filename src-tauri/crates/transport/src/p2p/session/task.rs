//! The task of a session: negotiates, watches, and ends it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::rate;
use media::transport::{OpenParams, Path, Role, TransportError, TransportEvent, TransportState};
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use webrtc::data_channel::DataChannel;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::{RTCIceConnectionState, RTCPeerConnectionState};

use super::super::data::{self, DataEvent};
use super::super::events::PeerEvent;
use super::super::negotiate::Negotiation;
use super::super::pace::Pace;
use super::super::peer::{LocalStream, Peer};
use super::super::receive::{self, StreamEnded};
use super::super::runtime::{Heard, Hurry};
use super::super::send::Writer;
use super::super::tap::Feedback;
use super::super::watchdog::{Liveness, Watchdog};
use super::super::{peer, stats};
use super::{Command, Shared};
use crate::rtp::sync::Kind;

mod negotiation;
mod standing;

use standing::Standing;

/// The task.
pub(super) struct Task {
    shared: Arc<Shared>,
    role: Role,
    audio: LocalStream,
    video: LocalStream,
    heard: Arc<Heard>,
    hurry: Arc<Hurry>,
    peer_events: mpsc::Receiver<PeerEvent>,
    feedback: mpsc::Receiver<Feedback>,
    commands: mpsc::Receiver<Command>,
    data_events: mpsc::Receiver<DataEvent>,
    data_sender: mpsc::Sender<DataEvent>,
    /// Given to the control channel when there is one: `None` makes any further one foreign.
    data_queue: Option<mpsc::Receiver<Bytes>>,
    events: mpsc::Sender<TransportEvent>,
    standing: Standing,
    watchdog: Watchdog,
    /// Since when a path is being looked for with all speed.
    hurrying: Option<Instant>,
    channel_open: bool,
    /// The kinds of tracks that came: one of each is received.
    tracks: Vec<Kind>,
    state: TransportState,
    receiving: JoinSet<StreamEnded>,
    sending: JoinSet<()>,
}

impl Task {
    pub(super) fn new(
        shared: Arc<Shared>,
        peer: Peer,
        params: &OpenParams,
        commands: mpsc::Receiver<Command>,
        data_queue: mpsc::Receiver<Bytes>,
        events: mpsc::Sender<TransportEvent>,
    ) -> Self {
        let (data_sender, data_events) = mpsc::channel(RECEIVED_MESSAGES);
        Self {
            shared,
            role: params.role,
            audio: peer.audio,
            video: peer.video,
            heard: peer.heard,
            hurry: peer.hurry,
            peer_events: peer.events,
            feedback: peer.feedback,
            commands,
            data_events,
            data_sender,
            data_queue: Some(data_queue),
            events,
            standing: Standing::default(),
            watchdog: Watchdog::default(),
            hurrying: None,
            channel_open: false,
            tracks: Vec::new(),
            state: TransportState::Connecting,
            receiving: JoinSet::new(),
            sending: JoinSet::new(),
        }
    }

    /// Runs until the session is closed by either side or fails, then frees everything.
    pub(super) async fn run(mut self, writer: Writer) {
        self.sending.spawn(writer.run(self.shared.stop.clone()));
        self.emit(TransportEvent::State(TransportState::Connecting))
            .await;
        if self.role == Role::Offerer {
            self.begin().await;
        }
        let mut tick = tokio::time::interval(WATCH_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = self.shared.stop.clone();
        while !is_final(&self.state) {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(command) = self.commands.recv() => self.command(command).await,
                Some(event) = self.peer_events.recv() => self.peer_event(event).await,
                Some(event) = self.data_events.recv() => self.data_event(event).await,
                Some(feedback) = self.feedback.recv() => self.take_feedback(feedback).await,
                Some(_) = self.receiving.join_next() => self.driver_died().await,
                _ = tick.tick() => self.watch().await,
            }
        }
        self.end().await;
    }

    /// Hands an event to the call above, unless the session is being closed.
    async fn emit(&self, event: TransportEvent) {
        self.shared
            .stop
            .run_until_cancelled(self.events.send(event))
            .await;
    }

    async fn enter(&mut self, state: TransportState) {
        if self.state != state && !is_final(&self.state) {
            tracing::info!(from = ?self.state, to = ?state, "transport");
            match state {
                TransportState::Connected(Path::Local) => self.shared.gate.set_pace(Pace::Local),
                TransportState::Connected(Path::Direct | Path::Relayed) => {
                    self.shared.gate.set_pace(Pace::Estimated(rate::START));
                }
                TransportState::Connecting
                | TransportState::Disconnected
                | TransportState::ClosedByPeer
                | TransportState::Failed(_) => {}
            }
            self.state = state.clone();
            self.emit(TransportEvent::State(state)).await;
        }
    }

    async fn begin(&mut self) {
        let channel = self
            .shared
            .connection
            .create_data_channel(data::LABEL, None)
            .await;
        match channel {
            Ok(channel) => {
                if let Some(queue) = self.data_queue.take() {
                    self.open_channel(channel, queue);
                }
            }
            Err(error) => {
                return self
                    .enter(TransportState::Failed(peer::internal(&error)))
                    .await;
            }
        }
        if let Err(error) = self.offer(false).await {
            self.enter(TransportState::Failed(peer::internal(&error)))
                .await;
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Parcel(parcel) => match Negotiation::from_parcel(&parcel) {
                Ok(message) => self.negotiate(message).await,
                Err(error) => tracing::warn!(%error, "dropped a parcel"),
            },
            Command::Restart => self.restart().await,
            Command::RequestKeyframe => self.request_keyframe().await,
        }
    }

    async fn peer_event(&mut self, event: PeerEvent) {
        match event {
            PeerEvent::Candidate(candidate) => {
                let message = Negotiation::Candidate {
                    candidate,
                    sdp_mid: None,
                    sdp_mline_index: Some(0),
                };
                self.emit(TransportEvent::Parcel(message.to_parcel())).await;
            }
            PeerEvent::GatheringComplete => {
                self.emit(TransportEvent::Parcel(
                    Negotiation::EndOfCandidates.to_parcel(),
                ))
                .await;
            }
            PeerEvent::Ice(state) => self.ice_state(state).await,
            PeerEvent::Peer(state) => self.peer_state(state).await,
            PeerEvent::Track(track) => self.receive(track).await,
            PeerEvent::DataChannel(channel) => self.take_channel(channel).await,
        }
    }

    async fn ice_state(&mut self, state: RTCIceConnectionState) {
        tracing::debug!(?state, "ICE");
        match state {
            RTCIceConnectionState::Connected | RTCIceConnectionState::Completed => {
                self.watchdog.ice_lost = false;
                self.watch().await;
            }
            RTCIceConnectionState::Disconnected | RTCIceConnectionState::Failed => {
                self.watchdog.ice_lost = true;
                self.watch().await;
            }
            _ => {}
        }
    }

    async fn peer_state(&mut self, state: RTCPeerConnectionState) {
        tracing::debug!(?state, "peer connection");
        match state {
            RTCPeerConnectionState::Connected => {
                let now = Instant::now();
                self.heard.note(now);
                self.watchdog.connected.get_or_insert(now);
                self.watchdog.ice_lost = false;
                self.shared.connected.store(true, Ordering::Relaxed);
                self.shared.gate.set_open(true);
                self.watch().await;
            }
            // With a path, it is the handshake on it that failed.
            RTCPeerConnectionState::Failed if self.watchdog.connected.is_none() => {
                let error = match stats::path(&*self.audio.sender).await {
                    Some(_) => TransportError::Security,
                    None => TransportError::NoPath,
                };
                self.enter(TransportState::Failed(error)).await;
            }
            _ => {}
        }
    }

    async fn receive(&mut self, track: Arc<dyn TrackRemote>) {
        let shared = &self.shared;
        let (tapped, incoming) = (Arc::clone(&shared.tapped), Arc::clone(&shared.incoming));
        let kind = match track.kind().await {
            RtpCodecKind::Audio => Kind::Audio,
            RtpCodecKind::Video => Kind::Video,
            _ => return tracing::warn!("ignored a track of unknown kind"),
        };
        if self.tracks.contains(&kind) {
            return tracing::warn!(?kind, "ignored a second track");
        }
        self.tracks.push(kind);
        match kind {
            Kind::Audio => {
                let source = shared.audio_in.clone();
                self.receiving
                    .spawn(receive::audio(track, tapped, incoming, source));
            }
            Kind::Video => {
                let source = shared.video_in.clone();
                self.receiving
                    .spawn(receive::video(track, tapped, incoming, source));
            }
        }
    }

    /// Takes the control channel that the other side made. Any other channel ends the session: a
    /// handle that is dropped leaves its channel open, and the library keeps what comes there.
    async fn take_channel(&mut self, channel: Arc<dyn DataChannel>) {
        let label = channel.label().await;
        match (label, self.data_queue.take()) {
            (Ok(label), Some(queue)) if label == data::LABEL => self.open_channel(channel, queue),
            // The only one that was agreed on is gone before it was seen.
            (Err(_), Some(_)) => self.enter(TransportState::ClosedByPeer).await,
            (Ok(_) | Err(_), Some(_) | None) => {
                let error = "the other side opened a data channel that was not agreed on";
                let error = TransportError::Internal(error.to_owned());
                self.enter(TransportState::Failed(error)).await;
            }
        }
    }

    fn open_channel(&mut self, channel: Arc<dyn DataChannel>, queue: mpsc::Receiver<Bytes>) {
        let stop = self.shared.done.clone();
        self.sending
            .spawn(data::run(channel, queue, self.data_sender.clone(), stop));
    }

    async fn data_event(&mut self, event: DataEvent) {
        match event {
            DataEvent::Open => self.channel_open = true,
            DataEvent::Message(message) => self.emit(TransportEvent::Data(message)).await,
            DataEvent::Closed => self.enter(TransportState::ClosedByPeer).await,
            DataEvent::Ended => self.driver_died().await,
        }
    }

    async fn take_feedback(&mut self, feedback: Feedback) {
        match feedback {
            Feedback::KeyframeRequested => self.emit(TransportEvent::KeyframeRequested).await,
            Feedback::Estimate(mut estimate) => {
                // Reports say it without the time that the other side collects packets.
                let micros = self.shared.incoming.rtt_micros.load(Ordering::Relaxed);
                if micros > 0 {
                    estimate.rtt = Some(Duration::from_micros(micros));
                }
                if !matches!(self.state, TransportState::Connected(Path::Local)) {
                    self.shared.gate.set_pace(Pace::Estimated(estimate.bitrate));
                }
                self.emit(TransportEvent::Estimate(estimate)).await;
            }
            Feedback::Reception {
                kind,
                fraction_lost,
                rtt,
            } => {
                let index = match kind {
                    Kind::Audio => 0,
                    Kind::Video => 1,
                };
                let shared = &self.shared;
                shared.remote_loss[index].store(fraction_lost.to_bits(), Ordering::Relaxed);
                if let Some(micros) = rtt.and_then(|it| u64::try_from(it.as_micros()).ok()) {
                    shared
                        .incoming
                        .rtt_micros
                        .store(micros.max(1), Ordering::Relaxed);
                }
            }
        }
    }

    async fn request_keyframe(&self) {
        let ssrc = self.shared.incoming.video.ssrc.load(Ordering::Relaxed);
        let Ok(media_ssrc) = u32::try_from(ssrc) else {
            return;
        };
        if media_ssrc == 0 {
            return;
        }
        let sender_ssrc = self.shared.clocks.video.ssrc;
        let request = PictureLossIndication {
            sender_ssrc,
            media_ssrc,
        };
        if self
            .video
            .track
            .write_rtcp(vec![Box::new(request)])
            .await
            .is_ok()
        {
            self.shared.plis.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Makes the library's driver quick until there is a path, or it takes too long to matter.
    fn begin_hurry(&mut self) {
        self.hurrying = Some(Instant::now());
        self.hurry.set(true);
    }

    fn end_hurry_if_due(&mut self) {
        let Some(age) = self.hurrying.map(|it| it.elapsed()) else {
            return;
        };
        let connected = self.channel_open && matches!(self.state, TransportState::Connected(_));
        if age >= HURRY || (connected && age >= RESTART_HURRY) {
            self.hurrying = None;
            self.hurry.set(false);
        }
    }

    /// Compares what the watchdog says with what was told.
    async fn watch(&mut self) {
        self.end_hurry_if_due();
        // The control channel tells it sooner, unless it never opened.
        if self.watchdog.connected.is_some() && stats::is_closed(&*self.audio.sender).await {
            return self.enter(TransportState::ClosedByPeer).await;
        }
        match self.watchdog.judge(Instant::now(), self.heard.last()) {
            Liveness::Connecting => {}
            Liveness::Alive => {
                let path = stats::path(&*self.audio.sender).await;
                match (path, &self.state) {
                    (Some(path), _) => self.enter(TransportState::Connected(path)).await,
                    // Between two paths of a restart.
                    (None, TransportState::Connected(_)) => {}
                    (None, _) => self.enter(TransportState::Connected(Path::Direct)).await,
                }
            }
            Liveness::Silent => self.enter(TransportState::Disconnected).await,
            Liveness::Gone => {
                self.enter(TransportState::Failed(TransportError::NoPath))
                    .await;
            }
        }
    }

    async fn driver_died(&mut self) {
        let error = TransportError::Internal("the library stopped".to_owned());
        self.enter(TransportState::Failed(error)).await;
    }

    /// Says goodbye and frees everything.
    async fn end(mut self) {
        let shared = Arc::clone(&self.shared);
        shared.gate.set_open(false);
        shared.connected.store(false, Ordering::Relaxed);
        shared.audio_in.close();
        shared.video_in.close();
        if !is_final(&self.state) && self.watchdog.connected.is_some() {
            let _ = tokio::time::timeout(data::LINGER, self.messages_left()).await;
        }
        shared.stop.cancel();
        if tokio::time::timeout(LIBRARY_CLOSE, shared.connection.close())
            .await
            .is_err()
        {
            tracing::error!("the library did not close in time");
        }
        self.receiving.shutdown().await;
        self.sending.shutdown().await;
    }

    /// Waits until the library has taken the last messages and had a moment to send them.
    async fn messages_left(&self) {
        let data = &self.shared.data;
        while data.capacity() < data.max_capacity() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

const fn is_final(state: &TransportState) -> bool {
    match state {
        TransportState::Connecting
        | TransportState::Connected(_)
        | TransportState::Disconnected => false,
        TransportState::ClosedByPeer | TransportState::Failed(_) => true,
    }
}

/// A path is found within this time, or found too late for milliseconds to matter.
const HURRY: Duration = Duration::from_secs(3);

/// A restart is connected by its old path until the new one is there.
const RESTART_HURRY: Duration = Duration::from_millis(500);

/// How often liveness is judged: a fifth of a second late at most.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Received messages that may wait for the call above.
const RECEIVED_MESSAGES: usize = 32;

/// The library waits for its driver; it usually takes a millisecond.
pub(super) const LIBRARY_CLOSE: Duration = Duration::from_millis(700);
