//! Outgoing pictures: camera slot → encoder thread → gate → session in use.
//!
//! One thread per call. A picture that comes while the encoder is busy replaces the one that
//! waits: what is late is dropped at the source, never queued.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use media::backend::codec::{CodecBackend, EncodedPicture, VideoEncoder, VideoTarget};
use media::frame::EncodedFrame;
use media::keyframe::Limiter;
use media::picture::{Captured, Picture};
use media::queue::{Empty, Queue, Slot};
use media::rate::cadence::Cadence;
use media::time::MediaTime;
use media::transport::{FrameSink, Sent};
use media::units::Size;
use tracing::Span;

use crate::counters::VideoOut;
use crate::gate::Gate;
use crate::session::Fault;
use crate::timeline::micros_between;
use crate::worker::{Rank, Stop, Worker};

/// Handle of one call's encoder thread. Dropping it ends the thread.
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
    /// Where this engine's media timeline begins.
    pub(crate) epoch: Instant,
    /// Tells that no picture can be sent.
    pub(crate) fault: Fault,
    /// Names the call in log lines.
    pub(crate) span: Span,
}

impl VideoSender {
    /// Starts the thread and makes its encoder, so that the first picture finds it warm.
    pub(crate) fn start(parts: Parts) -> std::io::Result<Self> {
        let slot = Queue::slot();
        let steering = Arc::new(Steering::default());
        let (pictures, steered) = (slot.clone(), Arc::clone(&steering));
        let worker = Worker::start("venc", Rank::Picture, move |stop| {
            run(parts, &pictures, &steered, stop)
        })?;
        Ok(Self {
            slot,
            steering,
            worker: Some(worker),
        })
    }

    /// Where the camera puts its pictures.
    pub(crate) fn slot(&self) -> Slot<Captured> {
        self.slot.clone()
    }

    /// The session in use has a path now: the next picture is a keyframe. `current` is sent at once
    /// instead of waiting for the camera.
    pub(crate) fn connected(&self, current: Option<Captured>) {
        self.want_keyframe();
        self.steering.connected.store(true, Ordering::Release);
        if let Some(captured) = current {
            self.slot.push(captured);
        }
    }

    /// The other side's decoder needs a keyframe.
    pub(crate) fn want_keyframe(&self) {
        self.steering.keyframe_wanted.store(true, Ordering::Release);
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

fn run(parts: Parts, pictures: &Slot<Captured>, steering: &Steering, stop: &Stop) {
    let _call = parts.span.clone().entered();
    let encoder = match parts.codec.video_encoder(parts.target) {
        Ok(encoder) => encoder,
        Err(error) => {
            tracing::error!(%error, "no pictures can be sent");
            parts.fault.report();
            return;
        }
    };
    let mut body = Body {
        target: parts.target,
        parts,
        encoder,
        cadence: Cadence::new(),
        limiter: Limiter::new(),
        reference_missing: false,
    };
    while !stop.is_set() {
        match pictures.pop(PATIENCE) {
            Ok(captured) => body.take(&captured, steering),
            Err(Empty::TimedOut) => {}
            Err(Empty::Closed) => return,
        }
    }
}

struct Body {
    parts: Parts,
    /// The most that shall be made of pictures of any size and pace.
    target: VideoTarget,
    encoder: Box<dyn VideoEncoder>,
    cadence: Cadence,
    limiter: Limiter,
    /// A picture was encoded and did not leave: the other side could not decode what refers to it.
    reference_missing: bool,
}

impl Body {
    /// Sets the encoder to what becomes of pictures of this size: nothing is blown up, nothing cut
    /// off, and the rate is spread over as many as really come.
    fn aim(&mut self, size: Size) {
        let target = VideoTarget {
            size: size.within_pixels_of(self.target.size),
            fps: self.cadence.fps(self.target.fps),
            bitrate: self.target.bitrate,
        };
        if let Err(error) = self.encoder.set_target(target) {
            tracing::warn!(%error, "the picture encoder keeps its old target");
        }
    }

    /// Encodes and sends a picture, if it may leave and its turn has come.
    fn take(&mut self, captured: &Captured, steering: &Steering) {
        if !steering.connected.load(Ordering::Acquire) {
            return;
        }
        let time = MediaTime::from_micros(micros_between(self.parts.epoch, captured.at));
        if !self.parts.gate.admits(time) {
            return;
        }
        if let Some(target) = steering.new_target() {
            self.target = target;
        }
        if !self.cadence.keep(captured.at, self.target.fps) {
            return;
        }
        let begun = Instant::now();
        if steering.keyframe_wanted.swap(false, Ordering::AcqRel) {
            self.limiter.request();
        }
        let keyframe = self.limiter.take(begun);
        if self.reference_missing && !keyframe {
            return;
        }
        self.aim(captured.picture.size());
        if let Some(encoded) = self.encode(&captured.picture, keyframe) {
            if encoded.keyframe {
                self.limiter.encoded(begun);
            }
            self.parts.counters.encode_us.add_time(begun.elapsed());
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
            }
        }
    }
}

/// How long to wait for a picture before looking whether to stop; closing the slot wakes at once.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
