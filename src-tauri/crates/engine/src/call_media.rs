//! The media of one call: its pipelines, and the sessions that are plugged into them.
//!
//! Made when the phone wants the first session, released with the last one; everything of the
//! call that holds a socket, a thread or a decoder lives here, so dropping it is the clean-up.

mod pipelines;
mod screens;
mod sessions;

use std::sync::Arc;
use std::time::{Duration, Instant};

use call::id::{CallId, SessionId};
use media::backend::codec::{AudioTarget, VideoTarget};
use media::backend::record::Recording;
use media::picture::Captured;
use media::queue::Slot;
use media::rate;
use media::transport::{NetworkEstimate, Path, Session, SessionControl, Stream};
use media::units::Bitrate;
use tokio::sync::{mpsc, oneshot};
use tracing::Span;

use self::pipelines::Pipelines;
use self::screens::Screens;
use self::sessions::{Open, Sessions};
use crate::command::CommandError;
use crate::config::Config;
use crate::counters::{AudioIn, AudioOut, VideoIn, VideoOut};
use crate::machine::Machine;
use crate::microphone::Microphone;
use crate::plugs::{Ends, Plugs};
use crate::session::{self, News};

pub(crate) use self::pipelines::Context;
pub(crate) use self::sessions::{Gates, GivenUp};

/// One call's media.
#[derive(Debug)]
pub(crate) struct CallMedia {
    call: CallId,
    /// Names the call in every log line of its threads.
    span: Span,
    news: mpsc::Sender<News>,
    sessions: Sessions,
    plugs: Plugs,
    /// From when the first session is open.
    pipelines: Option<Pipelines>,
    screens: Screens,
    rate: rate::Controller,
    /// The round trip time, once known.
    rtt: Option<Duration>,
    /// What the network carries, once it was estimated.
    pub(crate) estimate: Option<Bitrate>,
    /// How the machines reach each other, once known.
    pub(crate) path: Option<Path>,
    /// What flowed.
    pub(crate) flow: Arc<Flow>,
}

/// Counters of the pipelines.
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
    /// Pictures of our screen that leave.
    pub(crate) screen_out: Arc<VideoOut>,
    /// Pictures of their screen that come.
    pub(crate) screen_in: Arc<VideoIn>,
}

impl CallMedia {
    /// The media of a call without a session.
    pub(crate) fn new(call: CallId, config: &Config, news: mpsc::Sender<News>) -> Self {
        Self {
            call,
            span: session::span_of(call),
            news,
            sessions: Sessions::default(),
            plugs: Plugs::default(),
            pipelines: None,
            screens: Screens::default(),
            rate: rate::Controller::new(rate::Limits {
                max: config.max_send,
                size: config.video.size,
                fps: config.video.fps,
            }),
            rtt: None,
            estimate: None,
            path: None,
            flow: Arc::default(),
        }
    }

    /// Which call this belongs to.
    pub(crate) fn call(&self) -> CallId {
        self.call
    }

    /// A session is on its way; dropping the other end of `cancel` ends its opening.
    pub(crate) fn opening(&mut self, session: SessionId, cancel: oneshot::Sender<()>) {
        self.sessions.opening(session.number, cancel);
    }

    /// Whether the session of this number is wanted.
    pub(crate) fn wants(&self, session: SessionId) -> bool {
        session.call == self.call && self.sessions.has(session.number)
    }

    /// The session cannot be opened.
    pub(crate) fn failed(&mut self, session: SessionId) {
        self.sessions.failed(session.number);
    }

    /// A session is open: hands it what came early. The first of the call is plugged into pipelines
    /// that are made for it; returns where the camera puts its pictures then.
    ///
    /// # Errors
    /// When there is no thread for them.
    pub(crate) fn opened(
        &mut self,
        id: SessionId,
        session: Session,
        context: &Context<'_>,
    ) -> std::io::Result<Option<Slot<Captured>>> {
        let ends = Ends {
            control: Arc::clone(&session.control),
            voice_out: Arc::clone(&session.out[Stream::Voice]),
            camera_out: Arc::clone(&session.out[Stream::Camera]),
            voice_in: session.input[Stream::Voice].clone(),
            camera_in: session.input[Stream::Camera].clone(),
            screen_out: Arc::clone(&session.out[Stream::Screen]),
            screen_in: session.input[Stream::Screen].clone(),
        };
        // No sound of a screen is played here: what comes of one is dropped at once.
        session.input[Stream::ScreenSound].close();
        let forwarding = session::forward(id, session.events, self.news.clone());
        let open = Open::new(ends, tokio::spawn(forwarding));
        let is_first = self.pipelines.is_none();
        if is_first {
            self.plugs.plug(&open.ends);
        }
        self.sessions.opened(id.number, open);
        if !is_first {
            return Ok(None);
        }
        let pipelines = pipelines::start(self, context)?;
        let pictures = pipelines.camera_slot();
        self.pipelines = Some(pipelines);
        Ok(Some(pictures))
    }

    /// Hands a session a parcel of its other end.
    pub(crate) fn parcel(&mut self, session: SessionId, parcel: Vec<u8>) {
        self.sessions.parcel(session.number, parcel);
    }

    /// These gates are open: tells every open session which streams pause, where that is news to it,
    /// and lets the others share the rate.
    pub(crate) fn tell_gates(&mut self, now: Instant, open: Gates) {
        self.sessions.tell_gates(open);
        let before = (self.rate.video(), self.rate.screen());
        self.rate.set_running(
            now,
            rate::Running {
                camera: open.camera,
                screen: open.screen,
            },
        );
        self.aim(before);
    }

    /// Sends a message through a session's own channel.
    pub(crate) fn data(&self, session: SessionId, bytes: Vec<u8>) {
        let Some(open) = self.sessions.open(session.number) else {
            return;
        };
        if let Err(error) = open.ends.control.send_data(bytes.into()) {
            tracing::debug!(%session, %error, "a message of the call is not sent");
        }
    }

    /// A session has a path. Says whether it is the one in use.
    pub(crate) fn connected(&mut self, session: SessionId, path: Path) -> bool {
        if let Some(open) = self.sessions.open_mut(session.number) {
            open.path = Some(path);
        }
        let is_in_use = self.is_in_use(session);
        if is_in_use {
            self.path = Some(path);
        }
        is_in_use
    }

    /// Media may flow through the session in use: the encoders go on with a keyframe of what the
    /// camera sees now, and of what the screen shows.
    pub(crate) fn show(&self, current: Option<Captured>) {
        if let Some(pipelines) = &self.pipelines {
            pipelines.sender.connected(current);
        }
        if let Some(sender) = &self.screens.sender {
            sender.connected(None);
        }
    }

    /// Lets another session carry the call.
    pub(crate) fn use_session(&mut self, session: SessionId) {
        let Some(open) = self.sessions.open(session.number) else {
            return;
        };
        self.plugs.plug(&open.ends);
        self.path = open.path;
        self.sessions.in_use = session.number;
    }

    /// Whether this session carries the call.
    pub(crate) fn is_in_use(&self, session: SessionId) -> bool {
        session.call == self.call && self.sessions.in_use == session.number
    }

    /// The other side's decoder needs a keyframe.
    pub(crate) fn want_keyframe(&self) {
        if let Some(pipelines) = &self.pipelines {
            pipelines.sender.want_keyframe();
        }
    }

    /// The other side shall send a keyframe.
    pub(crate) fn ask_for_keyframe(&self) {
        self.plugs.camera_keyframes.request();
    }

    /// All that is encoded to be sent, and all that comes, goes to this recording too, or to none. It begins with keyframes.
    pub(crate) fn record(&self, recording: Option<&Arc<dyn Recording>>) {
        self.plugs.tap(recording);
        let Some(recording) = recording else {
            return;
        };
        if let Some(rtt) = self.rtt {
            recording.set_rtt(rtt);
        }
        self.want_keyframe();
        self.ask_for_keyframe();
    }

    /// The network carries this much now.
    pub(crate) fn estimated(
        &mut self,
        now: Instant,
        estimate: NetworkEstimate,
        microphone: &Microphone,
    ) {
        let audio: AudioTarget = self.rate.audio();
        let before = (self.rate.video(), self.rate.screen());
        self.rate.update(now, &estimate);
        self.rtt = estimate.rtt.or(self.rtt);
        self.estimate = Some(estimate.bitrate);
        if self.rate.audio() != audio {
            microphone.set_target(self.rate.audio());
        }
        if let Some(rtt) = estimate.rtt {
            let camera = self.pipelines.as_ref().map(|it| &it.receiver);
            for receiver in camera.into_iter().chain(&self.screens.receiver) {
                receiver.set_rtt(rtt);
            }
        }
        self.aim(before);
    }

    /// Tells the encoders of pictures what to make, where it is not what it was `before`.
    fn aim(&self, (camera, screen): (VideoTarget, VideoTarget)) {
        let now = (self.rate.video(), self.rate.screen());
        if let Some(pipelines) = &self.pipelines
            && now.0 != camera
        {
            pipelines.sender.set_target(now.0);
        }
        if now.1 != screen {
            self.aim_screen(now.1);
        }
    }

    /// The next picture of the other side cannot be decoded.
    ///
    /// # Errors
    /// When nothing is decoded yet.
    pub(crate) fn fail_decoder(&self) -> Result<(), CommandError> {
        let pipelines = self.pipelines.as_ref().ok_or(CommandError::NotInCall)?;
        pipelines.receiver.fail_next();
        Ok(())
    }

    /// The other side's camera is off.
    pub(crate) fn pictures_pause(&self) {
        if let Some(pipelines) = &self.pipelines {
            pipelines.receiver.paused();
        }
    }

    /// What the picture encoder shall make now.
    pub(crate) fn video_target(&self) -> VideoTarget {
        self.rate.video()
    }

    /// What the network carries of what our pictures need: a share; 1 and more is enough.
    pub(crate) fn rate_share(&self) -> f64 {
        self.rate.share_of_need()
    }

    /// Steers the session in use, once it is open.
    pub(crate) fn control(&self) -> Option<(SessionId, &Arc<dyn SessionControl>)> {
        let number = self.sessions.in_use;
        let open = self.sessions.open(number)?;
        let call = self.call;
        Some((SessionId { call, number }, &open.ends.control))
    }

    /// Gives a session up. Says whether it was the last one: what is left of the call is to be
    /// [released](Self::release) then.
    pub(crate) fn take_session(&mut self, session: SessionId) -> (GivenUp, bool) {
        let ended = self.sessions.take(session.number);
        (ended, self.sessions.is_empty())
    }

    /// Releases the pipelines, within a second or two. A codec that hangs is left with its thread,
    /// which ends by itself when the codec returns.
    pub(crate) async fn release(self, machine: &Machine) {
        let (pipelines, screens) = (self.pipelines, self.screens);
        let joined = machine.threads.block(move || drop((pipelines, screens)));
        let joined = machine.clock.timeout(session::CLOSE_LIMIT, joined).await;
        self.span.in_scope(|| match joined {
            Some(Some(())) => {}
            Some(None) => tracing::error!("a pipeline of the call panicked"),
            None => tracing::error!("a pipeline of the call does not end and is left behind"),
        });
    }
}

#[cfg(test)]
mod tests;
