//! Outgoing pictures: slot of the camera or a screen → encoder thread → gate → session in use.
//!
//! One thread per stream: that of the camera lives as long as the call, that of a screen as long as it
//! is shared. A picture that comes while the encoder is busy replaces the one that waits: what is late
//! is dropped at the source, never queued. When a picture's turn has come is for [`turns`] to say.

mod turns;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use media::backend::codec::{CodecBackend, Content, EncodedPicture, VideoEncoder, VideoTarget};
use media::frame::EncodedFrame;
use media::keyframe::Limiter;
use media::picture::{Captured, Picture};
use media::queue::{Queue, Slot};
use media::time::MediaTime;
use media::transport::{FrameSink, Sent};
use tracing::Span;

use self::turns::Turns;
use crate::clock::Clock;
use crate::counters::VideoOut;
use crate::gate::Gate;
use crate::session::Fault;
use crate::threads::Threads;
use crate::timeline::micros_between;
use crate::work::{Rank, Stop, Work};
use crate::worker::Worker;

/// Handle of one stream's encoder thread. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct VideoSender {
    slot: Slot<Captured>,
    steering: Arc<Steering>,
    /// Joined after the slot is closed, which wakes it.
    worker: Option<Worker>,
}

/// What the control task tells the encoder thread.
#[derive(Debug, Default)]
struct Steering {
    connected: AtomicBool,
    keyframe_wanted: AtomicBool,
    target: Mutex<Option<VideoTarget>>,
}

impl Steering {
    fn new_target(&self) -> Option<VideoTarget> {
        self.target
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// What an encoder thread needs.
pub(crate) struct Parts {
    /// Makes the encoder.
    pub(crate) codec: Arc<dyn CodecBackend>,
    /// Whether pictures may leave.
    pub(crate) gate: Gate,
    /// Where the frames go.
    pub(crate) sink: Arc<dyn FrameSink>,
    /// What to make at first.
    pub(crate) target: VideoTarget,
    /// What was made.
    pub(crate) counters: Arc<VideoOut>,
    /// The time.
    pub(crate) clock: Clock,
    /// Where this engine's media timeline begins.
    pub(crate) epoch: Instant,
    /// Tells that no picture can be sent.
    pub(crate) fault: Fault,
    /// Names the call in log lines.
    pub(crate) span: Span,
}

impl VideoSender {
    /// Starts the thread and makes its encoder, so that the first picture finds it warm.
    pub(crate) fn start(threads: &Threads, parts: Parts) -> std::io::Result<Self> {
        let slot = Queue::slot();
        let steering = Arc::new(Steering::default());
        let (pictures, steered) = (slot.clone(), Arc::clone(&steering));
        let name = match parts.target.content {
            Content::Camera => "venc",
            Content::Screen { .. } => "senc",
        };
        let worker = Worker::start(threads, name, Rank::Picture, move || {
            let encoding = Encoding::new(parts, pictures, steered)?;
            Some(Box::new(encoding) as Box<dyn Work>)
        })?;
        Ok(Self {
            slot,
            steering,
            worker: Some(worker),
        })
    }

    /// Where the source puts its pictures.
    pub(crate) fn slot(&self) -> Slot<Captured> {
        self.slot.clone()
    }

    /// The session in use has a path now: the next picture is a keyframe. `current` is sent at once
    /// instead of waiting for the camera; what a screen shows is known already.
    pub(crate) fn connected(&self, current: Option<Captured>) {
        self.want_keyframe();
        self.steering.connected.store(true, Ordering::Release);
        match current {
            Some(captured) => drop(self.slot.push(captured)),
            None => self.slot.wake(),
        }
    }

    /// The other side's decoder needs a keyframe.
    pub(crate) fn want_keyframe(&self) {
        self.steering.keyframe_wanted.store(true, Ordering::Release);
        self.slot.wake();
    }

    /// What to make from now on.
    pub(crate) fn set_target(&self, target: VideoTarget) {
        *self
            .steering
            .target
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(target);
    }
}

impl Drop for VideoSender {
    fn drop(&mut self) {
        self.slot.close();
        self.worker = None;
    }
}

/// What the thread does.
struct Encoding {
    parts: Parts,
    pictures: Slot<Captured>,
    steering: Arc<Steering>,
    /// The picture that was waited for.
    next: Option<Captured>,
    /// How often the slot had been woken when it was looked at last.
    wakes: u64,
    turns: Turns,
    /// The most that shall be made of pictures of any size and pace.
    target: VideoTarget,
    encoder: Box<dyn VideoEncoder>,
    limiter: Limiter,
    /// A picture was encoded and did not leave: the other side could not decode what refers to it.
    reference_missing: bool,
}

impl Work for Encoding {
    fn step(&mut self) -> bool {
        let _call = self.parts.span.clone().entered();
        self.wakes = self.pictures.wakes();
        if let Some(captured) = self.next.take().or_else(|| self.pictures.try_pop()) {
            self.turns.came(captured, self.parts.clock.media_now());
        }
        self.take();
        !self.pictures.is_closed()
    }

    fn wait(&mut self, _: &Stop) {
        let due = self.turns.due().map(|turn| match self.limiter.due() {
            // Nothing else may leave before it.
            Some(keyframe) if self.reference_missing => keyframe,
            Some(keyframe) => turn.min(keyframe),
            None => turn,
        });
        let now = self.parts.clock.media_now();
        let patience = due.map_or(PATIENCE, |it| it.saturating_duration_since(now));
        // Closing or waking the slot ends the waiting.
        let patience = patience.clamp(LEAST_PATIENCE, PATIENCE);
        self.next = self.pictures.pop_unless_woken(self.wakes, patience).ok();
    }
}

impl Encoding {
    /// Makes the encoder; `None` when there is none, which is reported.
    fn new(parts: Parts, pictures: Slot<Captured>, steering: Arc<Steering>) -> Option<Self> {
        let _call = parts.span.clone().entered();
        match parts.codec.video_encoder(parts.target) {
            Ok(encoder) => Some(Self {
                target: parts.target,
                turns: Turns::new(parts.target.content),
                parts,
                pictures,
                steering,
                next: None,
                wakes: 0,
                encoder,
                limiter: Limiter::new(),
                reference_missing: false,
            }),
            Err(error) => {
                tracing::error!(%error, "no pictures can be sent");
                parts.fault.report();
                None
            }
        }
    }

    /// Encodes and sends a picture, if there is one that may leave and its turn has come.
    fn take(&mut self) {
        if !self.steering.connected.load(Ordering::Acquire) {
            return self.turns.pass_over();
        }
        let begun = self.parts.clock.media_now();
        let Some(captured) = self.turns.candidate(begun) else {
            return;
        };
        let time = MediaTime::from_micros(micros_between(self.parts.epoch, captured.at));
        if !self.parts.gate.admits(time) {
            return;
        }
        if let Some(target) = self.steering.new_target() {
            self.target = target;
        }
        if !self.turns.keeps(&captured, self.target.fps) {
            return;
        }
        if self.steering.keyframe_wanted.swap(false, Ordering::AcqRel) {
            self.limiter.request();
        }
        let keyframe = self.limiter.take(begun);
        if self.reference_missing && !keyframe {
            return;
        }
        let size = captured.picture.size();
        let Some(target) = self.turns.target(self.target, size, begun, keyframe) else {
            return;
        };
        let counters = &self.parts.counters;
        counters.width.set(u64::from(target.size.width));
        counters.height.set(u64::from(target.size.height));
        if let Err(error) = self.encoder.set_target(target) {
            tracing::warn!(%error, "the picture encoder keeps its old target");
        }
        if let Some(encoded) = self.encode(&captured.picture, keyframe) {
            if encoded.keyframe {
                self.limiter.encoded(begun);
            }
            let now = self.parts.clock.media_now();
            let took = now.saturating_duration_since(begun);
            self.parts.counters.encode_us.add_time(took);
            let bytes = encoded.payload.len();
            self.turns
                .encoded(begun, bytes, self.target.bitrate, encoded.keyframe);
            self.send(time, encoded);
        }
    }

    fn encode(&mut self, picture: &Picture, keyframe: bool) -> Option<EncodedPicture> {
        match self.encoder.encode(picture, keyframe) {
            Ok(Some(encoded)) => return Some(encoded),
            // Rate control skipped it, and with it what it should have been.
            Ok(None) if keyframe => self.limiter.request(),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "a picture is not sent");
                self.limiter.request();
            }
        }
        self.turns.lost(self.parts.clock.media_now());
        None
    }

    fn send(&mut self, time: MediaTime, encoded: EncodedPicture) {
        let EncodedPicture { payload, keyframe } = encoded;
        let bytes = payload.len() as u64;
        let frame = EncodedFrame {
            time,
            keyframe,
            payload,
        };
        let sent = self.parts.gate.pass(time, || self.parts.sink.send(frame));
        match sent {
            Some(Sent::Queued) => {
                let counters = &self.parts.counters;
                counters.frames.add(1);
                counters.bytes.add(bytes);
                counters.keyframes.add(u64::from(keyframe));
                self.reference_missing &= !keyframe;
            }
            Some(Sent::NotConnected) => {}
            Some(Sent::Dropped) | None => {
                self.reference_missing = true;
                self.limiter.request();
                self.turns.lost(self.parts.clock.media_now());
            }
        }
    }
}

/// How long to wait for a picture before looking whether to stop; closing the slot wakes at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// What may not leave yet although its turn has come is looked at again after this.
const LEAST_PATIENCE: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests;
