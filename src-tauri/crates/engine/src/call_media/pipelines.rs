//! The pipelines of one call: made once, whichever session carries what they make.

use std::sync::Arc;
use std::time::Instant;

use media::backend::codec::CodecBackend;
use media::picture::Captured;
use media::queue::Slot;

use super::CallMedia;
use crate::gate::Gate;
use crate::machine::Machine;
use crate::microphone::{Microphone, Outlet};
use crate::picture::PictureFeed;
use crate::playout::Playout;
use crate::recv_video::{self, VideoReceiver};
use crate::send_video::{self, VideoSender};
use crate::session::Fault;
use crate::voice::{self, LipSync};

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
    /// Where pictures of the other side's screen go.
    pub(crate) screen: &'a PictureFeed,
    /// What the engine runs on.
    pub(crate) machine: &'a Machine,
    /// Where this engine's timeline begins.
    pub(crate) epoch: Instant,
}

/// The threads that a call has for itself; its sound is on those of the devices.
#[derive(Debug)]
pub(super) struct Pipelines {
    pub(super) sender: VideoSender,
    pub(super) receiver: VideoReceiver,
}

impl Pipelines {
    /// Where the camera puts its pictures.
    pub(super) fn camera_slot(&self) -> Slot<Captured> {
        self.sender.slot()
    }
}

/// Makes the pipelines of a call and hangs them on its plugs.
///
/// # Errors
/// When there is no thread for them.
pub(super) fn start(media: &CallMedia, context: &Context<'_>) -> std::io::Result<Pipelines> {
    let sync = LipSync::default();
    let sender = send_video(media, context)?;
    let receiver = receive_video(media, context, sync.clone())?;
    context.microphone.attach(Outlet {
        sink: media.plugs.voice_out.clone(),
        target: media.rate.audio(),
        counters: Arc::clone(&media.flow.audio_out),
        fault: fault(media),
        span: media.span.clone(),
    })?;
    context.playout.attach(voice::Parts {
        codec: Arc::clone(context.codec),
        source: Arc::clone(&media.plugs.voice_in),
        counters: Arc::clone(&media.flow.audio_in),
        sync,
        fault: fault(media),
        span: media.span.clone(),
    })?;
    Ok(Pipelines { sender, receiver })
}

fn send_video(media: &CallMedia, context: &Context<'_>) -> std::io::Result<VideoSender> {
    VideoSender::start(
        &context.machine.threads,
        send_video::Parts {
            codec: Arc::clone(context.codec),
            gate: context.camera_gate.clone(),
            sink: media.plugs.camera_out.clone(),
            target: media.rate.video(),
            counters: Arc::clone(&media.flow.video_out),
            clock: context.machine.clock.clone(),
            epoch: context.epoch,
            fault: fault(media),
            span: media.span.clone(),
        },
    )
}

fn receive_video(
    media: &CallMedia,
    context: &Context<'_>,
    sync: LipSync,
) -> std::io::Result<VideoReceiver> {
    VideoReceiver::start(
        &context.machine.threads,
        recv_video::Parts {
            codec: Arc::clone(context.codec),
            source: Arc::clone(&media.plugs.camera_in),
            keyframes: Arc::clone(&media.plugs.camera_keyframes),
            feed: context.remote.clone(),
            counters: Arc::clone(&media.flow.video_in),
            sync: Some(sync),
            clock: context.machine.clock.clone(),
            epoch: context.epoch,
            fault: fault(media),
            span: media.span.clone(),
        },
    )
}

fn fault(media: &CallMedia) -> Fault {
    Fault::new(media.call, media.news.clone())
}
