//! The media of one call: its session and the pipelines that hang on it.
//!
//! Made when the phone wants a transport, released when it wants it closed; everything of the
//! call that holds a socket, a thread or a decoder lives here, so dropping it is the clean-up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use call::id::CallId;
use futures::StreamExt;
use media::backend::codec::{AudioTarget, CodecBackend, VideoTarget};
use media::picture::Captured;
use media::rate;
use media::transport::{
    NetworkEstimate, OpenParams, Parcel, Path, Role, Session, SessionControl, TransportEvent,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::config::{Backends, Config};
use crate::counters::{AudioIn, AudioOut, VideoIn, VideoOut};
use crate::event::Event;
use crate::microphone::{Microphone, Outlet};
use crate::picture::PictureFeed;
use crate::playout::Playout;
use crate::recv_video::{self, VideoReceiver};
use crate::send_video::{self, VideoSender};
use crate::voice::{LipSync, Voice};

/// One call's media.
#[derive(Debug)]
pub(crate) struct CallMedia {
    call: CallId,
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
    /// [`Event::Opened`] is still to come.
    Opening {
        /// Parcels that came before the session was open.
        early: VecDeque<Parcel>,
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
    events: JoinHandle<()>,
}

/// What the pipelines of a call share with the rest of the engine.
pub(crate) struct Surroundings<'a> {
    /// Makes encoders and decoders.
    pub(crate) codec: &'a Arc<dyn CodecBackend>,
    /// The microphone thread.
    pub(crate) microphone: &'a Microphone,
    /// The playout thread.
    pub(crate) playout: &'a Playout,
    /// Where the other side's pictures go.
    pub(crate) remote: &'a PictureFeed,
    /// Where this engine's timeline begins.
    pub(crate) epoch: Instant,
    /// The control task.
    pub(crate) events: &'a mpsc::Sender<Event>,
}

impl CallMedia {
    /// Starts to open the session of `call`; the result comes as [`Event::Opened`].
    pub(crate) fn start(
        call: CallId,
        offerer: bool,
        backends: &Backends,
        config: &Config,
        events: &mpsc::Sender<Event>,
    ) -> Self {
        let role = if offerer {
            Role::Offerer
        } else {
            Role::Answerer
        };
        let opening = backends.transport.open(OpenParams {
            call: call.0,
            role,
            max_send: config.max_send,
        });
        let events = events.clone();
        tokio::spawn(async move {
            let session = opening.await.map(Box::new);
            // Fails only when the engine is gone; then the session closes by being dropped.
            let _ = events.send(Event::Opened { call, session }).await;
        });
        Self {
            call,
            stage: Stage::Opening {
                early: VecDeque::new(),
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

    /// Whether [`Event::Opened`] is still to come.
    pub(crate) fn is_opening(&self) -> bool {
        matches!(self.stage, Stage::Opening { .. })
    }

    /// The session cannot be opened.
    pub(crate) fn failed(&mut self) {
        self.stage = Stage::Failed;
    }

    /// The session is open: hangs the pipelines on it and hands it what came early.
    ///
    /// # Errors
    /// When there is no thread left for them; the session is closed by then.
    pub(crate) fn opened(
        &mut self,
        session: Session,
        around: &Surroundings<'_>,
    ) -> std::io::Result<()> {
        let early = match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Opening { early } => early,
            Stage::Open(_) | Stage::Failed => VecDeque::new(),
        };
        let sync = LipSync::default();
        let sender = VideoSender::start(send_video::Parts {
            codec: Arc::clone(around.codec),
            sink: session.video_out,
            target: self.rate.video(),
            counters: Arc::clone(&self.flow.video_out),
            epoch: around.epoch,
        })?;
        let receiver = VideoReceiver::start(recv_video::Parts {
            codec: Arc::clone(around.codec),
            source: session.video_in,
            control: Arc::clone(&session.control),
            feed: around.remote.clone(),
            counters: Arc::clone(&self.flow.video_in),
            sync: sync.clone(),
            epoch: around.epoch,
        })?;
        around.microphone.attach(Outlet {
            sink: session.audio_out,
            target: self.rate.audio(),
            counters: Arc::clone(&self.flow.audio_out),
        });
        let (codec, counters) = (Arc::clone(around.codec), Arc::clone(&self.flow.audio_in));
        let source = session.audio_in;
        around.playout.attach(move || match codec.audio_decoder() {
            Ok(decoder) => Some(Voice::new(source, decoder, counters, sync)),
            Err(error) => {
                tracing::error!(%error, "no sound can be received");
                None
            }
        });
        for parcel in early {
            session.control.parcel(parcel);
        }
        let events = tokio::spawn(forward(self.call, session.events, around.events.clone()));
        self.stage = Stage::Open(Open {
            control: session.control,
            sender: Some(sender),
            receiver: Some(receiver),
            events,
        });
        Ok(())
    }

    /// Hands over a parcel of the other side.
    pub(crate) fn parcel(&mut self, parcel: Vec<u8>) {
        let parcel = Parcel(Bytes::from(parcel));
        match &mut self.stage {
            Stage::Open(open) => open.control.parcel(parcel),
            Stage::Opening { early } if early.len() < EARLY_PARCELS => early.push_back(parcel),
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
    pub(crate) fn sender(&self) -> Option<&VideoSender> {
        self.open().and_then(|it| it.sender.as_ref())
    }

    fn open(&self) -> Option<&Open> {
        match &self.stage {
            Stage::Open(open) => Some(open),
            Stage::Opening { .. } | Stage::Failed => None,
        }
    }

    /// Releases all that the call holds. Ends within the transport's second.
    pub(crate) async fn close(self) {
        let Stage::Open(mut open) = self.stage else {
            return;
        };
        let (sender, receiver) = (open.sender.take(), open.receiver.take());
        let joined = tokio::task::spawn_blocking(move || drop((sender, receiver)));
        open.control.close().await;
        open.events.abort();
        if joined.await.is_err() {
            tracing::error!("a pipeline of the call panicked");
        }
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").finish_non_exhaustive()
    }
}

/// Carries the events of one session to the control task until the session ends.
async fn forward(
    call: CallId,
    mut events: futures::stream::BoxStream<'static, TransportEvent>,
    control: mpsc::Sender<Event>,
) {
    while let Some(event) = events.next().await {
        if control
            .send(Event::Transport { call, event })
            .await
            .is_err()
        {
            return;
        }
    }
}

/// An offer and its candidates are about a dozen parcels; a peer that sends more before the answer
/// gains nothing.
const EARLY_PARCELS: usize = 64;
