//! The media of one call: its session and the pipelines that hang on it.
//!
//! Made when the phone wants a transport, released when it wants it closed; everything of the
//! call that holds a socket, a thread or a decoder lives here, so dropping it is the clean-up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use call::id::CallId;
use media::backend::codec::{AudioTarget, CodecBackend, VideoTarget};
use media::picture::Captured;
use media::queue::Slot;
use media::rate;
use media::transport::{
    FrameSource, IceServer, MediaTransport, NetworkEstimate, OpenParams, Parcel, Path, Role,
    Session, SessionControl,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::Span;

use crate::clock::Clock;
use crate::config::Config;
use crate::counters::{AudioIn, AudioOut, VideoIn, VideoOut};
use crate::gate::Gate;
use crate::microphone::{Microphone, Outlet};
use crate::picture::PictureFeed;
use crate::playout::Playout;
use crate::recv_video::{self, VideoReceiver};
use crate::send_video::{self, VideoSender};
use crate::session::{self, Fault, News};
use crate::voice::{self, LipSync};

/// One call's media.
#[derive(Debug)]
pub(crate) struct CallMedia {
    call: CallId,
    /// Names the call in every log line of its threads.
    span: Span,
    news: mpsc::Sender<News>,
    stage: Stage,
    rate: rate::Controller,
    /// How the machines reach each other, once known.
    pub(crate) path: Option<Path>,
    /// What flowed.
    pub(crate) flow: Arc<Flow>,
}

/// Counters of the four pipelines.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// Sound that leaves.
    pub(crate) audio_out: Arc<AudioOut>,
    /// Pictures that leave.
    pub(crate) video_out: Arc<VideoOut>,
    /// Sound that comes.
    pub(crate) audio_in: Arc<AudioIn>,
    /// Pictures that come.
    pub(crate) video_in: Arc<VideoIn>,
}

#[derive(Debug)]
enum Stage {
    /// [`News::Opened`] is still to come.
    Opening {
        /// Parcels that came before the session was open.
        early: VecDeque<Parcel>,
        /// Dropped with the call, which ends the opening.
        _cancel: oneshot::Sender<()>,
    },
    /// Media may flow.
    Open(Open),
    /// It came to nothing, and holds nothing.
    Failed,
}

struct Open {
    control: Arc<dyn SessionControl>,
    sender: Option<VideoSender>,
    receiver: Option<VideoReceiver>,
    forwarding: JoinHandle<()>,
}

/// What the pipelines of a call share with the rest of the engine.
pub(crate) struct Context<'a> {
    /// Makes encoders and decoders.
    pub(crate) codec: &'a Arc<dyn CodecBackend>,
    /// The microphone thread.
    pub(crate) microphone: &'a Microphone,
    /// Where our pictures leave.
    pub(crate) camera_gate: &'a Gate,
    /// The playout thread.
    pub(crate) playout: &'a Playout,
    /// Where the other side's pictures go.
    pub(crate) remote: &'a PictureFeed,
    /// Where this engine's timeline begins.
    pub(crate) epoch: Instant,
}

impl CallMedia {
    /// Starts to open the session of `call`, with the help of these servers; the result comes as
    /// [`News::Opened`].
    pub(crate) fn start(
        call: CallId,
        offerer: bool,
        transport: &Arc<dyn MediaTransport>,
        config: &Config,
        ice_servers: Vec<IceServer>,
        clock: &Clock,
        news: &mpsc::Sender<News>,
    ) -> Self {
        let role = if offerer {
            Role::Offerer
        } else {
            Role::Answerer
        };
        let params = OpenParams {
            call: call.0,
            role,
            ice_servers,
            max_send: config.max_send,
        };
        let (cancel, cancelled) = oneshot::channel();
        let transport = Arc::clone(transport);
        tokio::spawn(session::open(
            call,
            transport,
            params,
            news.clone(),
            clock.clone(),
            cancelled,
        ));
        Self {
            call,
            span: session::span_of(call),
            news: news.clone(),
            stage: Stage::Opening {
                early: VecDeque::new(),
                _cancel: cancel,
            },
            rate: rate::Controller::new(rate::Limits {
                max: config.max_send,
                size: config.video.size,
                fps: config.video.fps,
            }),
            path: None,
            flow: Arc::default(),
        }
    }

    /// Which call this belongs to.
    pub(crate) fn call(&self) -> CallId {
        self.call
    }

    /// Whether [`News::Opened`] is still to come.
    pub(crate) fn is_opening(&self) -> bool {
        matches!(self.stage, Stage::Opening { .. })
    }

    /// The session cannot be opened.
    pub(crate) fn failed(&mut self) {
        self.stage = Stage::Failed;
    }

    /// The session is open: hangs the pipelines on it and hands it what came early. Returns where
    /// the camera puts its pictures.
    ///
    /// # Errors
    /// When there is no thread for them; the session is closed by then.
    pub(crate) fn opened(
        &mut self,
        session: Session,
        context: &Context<'_>,
    ) -> std::io::Result<Slot<Captured>> {
        let early = match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Opening { early, .. } => early,
            Stage::Open(_) | Stage::Failed => VecDeque::new(),
        };
        let sync = LipSync::default();
        let sender = self.send_video(&session, context)?;
        let receiver = self.receive_video(&session, context, sync.clone())?;
        context.microphone.attach(Outlet {
            sink: session.audio_out,
            target: self.rate.audio(),
            counters: Arc::clone(&self.flow.audio_out),
            fault: self.fault(),
            span: self.span.clone(),
        })?;
        self.receive_audio(session.audio_in, context, sync)?;
        for parcel in early {
            session.control.parcel(parcel);
        }
        let forwarding = session::forward(self.call, session.events, self.news.clone());
        let pictures = sender.slot();
        self.stage = Stage::Open(Open {
            control: session.control,
            sender: Some(sender),
            receiver: Some(receiver),
            forwarding: tokio::spawn(forwarding),
        });
        Ok(pictures)
    }

    fn send_video(&self, session: &Session, context: &Context<'_>) -> std::io::Result<VideoSender> {
        VideoSender::start(send_video::Parts {
            codec: Arc::clone(context.codec),
            gate: context.camera_gate.clone(),
            sink: Arc::clone(&session.video_out),
            target: self.rate.video(),
            counters: Arc::clone(&self.flow.video_out),
            epoch: context.epoch,
            fault: self.fault(),
            span: self.span.clone(),
        })
    }

    fn receive_video(
        &self,
        session: &Session,
        context: &Context<'_>,
        sync: LipSync,
    ) -> std::io::Result<VideoReceiver> {
        VideoReceiver::start(recv_video::Parts {
            codec: Arc::clone(context.codec),
            source: session.video_in.clone(),
            control: Arc::clone(&session.control),
            feed: context.remote.clone(),
            counters: Arc::clone(&self.flow.video_in),
            sync,
            epoch: context.epoch,
            fault: self.fault(),
            span: self.span.clone(),
        })
    }

    fn receive_audio(
        &self,
        source: FrameSource,
        context: &Context<'_>,
        sync: LipSync,
    ) -> std::io::Result<()> {
        context.playout.attach(voice::Parts {
            codec: Arc::clone(context.codec),
            source,
            counters: Arc::clone(&self.flow.audio_in),
            sync,
            fault: self.fault(),
            span: self.span.clone(),
        })
    }

    fn fault(&self) -> Fault {
        Fault::new(self.call, self.news.clone())
    }

    /// Hands over a parcel of the other side.
    pub(crate) fn parcel(&mut self, parcel: Vec<u8>) {
        let parcel = Parcel(Bytes::from(parcel));
        match &mut self.stage {
            Stage::Open(open) => open.control.parcel(parcel),
            Stage::Opening { early, .. } if early.len() < EARLY_PARCELS => early.push_back(parcel),
            Stage::Opening { .. } => tracing::warn!("a parcel came too early and is dropped"),
            Stage::Failed => {}
        }
    }

    /// Sends a message through the session's own channel.
    pub(crate) fn data(&self, bytes: Vec<u8>) {
        let Some(open) = self.open() else { return };
        if let Err(error) = open.control.send_data(Bytes::from(bytes)) {
            tracing::debug!(%error, "a message of the call is not sent");
        }
    }

    /// Looks for a new path.
    pub(crate) fn restart(&self) {
        if let Some(open) = self.open() {
            open.control.restart();
        }
    }

    /// Media may flow: the encoder starts with a keyframe of what the camera sees now.
    pub(crate) fn connected(&mut self, path: Path, current: Option<Captured>) {
        self.path = Some(path);
        if let Some(sender) = self.sender() {
            sender.connected(current);
        }
    }

    /// The other side's decoder needs a keyframe.
    pub(crate) fn want_keyframe(&self) {
        if let Some(sender) = self.sender() {
            sender.want_keyframe();
        }
    }

    /// The network carries this much now.
    pub(crate) fn estimated(&mut self, estimate: NetworkEstimate, microphone: &Microphone) {
        let receiver = self.open().and_then(|it| it.receiver.as_ref());
        if let Some((receiver, rtt)) = receiver.zip(estimate.rtt) {
            receiver.set_rtt(rtt);
        }
        let before: (VideoTarget, AudioTarget) = (self.rate.video(), self.rate.audio());
        self.rate.update(Instant::now(), &estimate);
        if self.rate.video() != before.0
            && let Some(sender) = self.sender()
        {
            sender.set_target(self.rate.video());
        }
        if self.rate.audio() != before.1 {
            microphone.set_target(self.rate.audio());
        }
    }

    /// The other side's camera is off.
    pub(crate) fn pictures_pause(&self) {
        if let Some(receiver) = self.open().and_then(|it| it.receiver.as_ref()) {
            receiver.paused();
        }
    }

    /// What the picture encoder shall make now.
    pub(crate) fn video_target(&self) -> VideoTarget {
        self.rate.video()
    }

    /// Steers the session, once it is open.
    pub(crate) fn control(&self) -> Option<&Arc<dyn SessionControl>> {
        self.open().map(|it| &it.control)
    }

    /// The encoder thread, once the session is open.
    fn sender(&self) -> Option<&VideoSender> {
        self.open().and_then(|it| it.sender.as_ref())
    }

    fn open(&self) -> Option<&Open> {
        match &self.stage {
            Stage::Open(open) => Some(open),
            Stage::Opening { .. } | Stage::Failed => None,
        }
    }

    /// Releases all that the call holds, within a second or two. A codec that hangs is left with its
    /// thread, which ends by itself when the codec returns.
    pub(crate) async fn close(self, clock: &Clock) {
        let Stage::Open(mut open) = self.stage else {
            return;
        };
        let (sender, receiver) = (open.sender.take(), open.receiver.take());
        let joined = tokio::task::spawn_blocking(move || drop((sender, receiver)));
        session::close(self.call, clock, open.control.as_ref()).await;
        open.forwarding.abort();
        let joined = clock.timeout(session::CLOSE_LIMIT, joined).await;
        self.span.in_scope(|| match joined {
            Some(Ok(())) => {}
            Some(Err(_)) => tracing::error!("a pipeline of the call panicked"),
            None => tracing::error!("a pipeline of the call does not end and is left behind"),
        });
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").finish_non_exhaustive()
    }
}

/// An offer and its candidates are about a dozen parcels; a peer that sends more before the answer
/// gains nothing.
const EARLY_PARCELS: usize = 64;

#[cfg(test)]
mod tests;
