//! Outgoing pictures: camera slot → encoder thread → session.
//!
//! One thread per call. A picture that comes while the encoder is busy replaces the one that
//! waits: what is late is dropped at the source, never queued.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use media::backend::codec::{CodecBackend, VideoEncoder, VideoTarget};
use media::frame::EncodedFrame;
use media::keyframe::Limiter;
use media::picture::Captured;
use media::queue::{Empty, Queue, Slot};
use media::rate::cadence::Cadence;
use media::time::MediaTime;
use media::transport::{FrameSink, Sent};
use media::units::Size;

use crate::counters::VideoOut;
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
    /// Where the frames go.
    pub(crate) sink: Arc<dyn FrameSink>,
    /// What to make at first.
    pub(crate) target: VideoTarget,
    /// What was made.
    pub(crate) counters: Arc<VideoOut>,
    /// Where this engine's media timeline begins.
    pub(crate) epoch: Instant,
}

impl VideoSender {
    /// Starts the thread and makes its encoder, so that the first picture finds it warm.
    pub(crate) fn start(parts: Parts) -> std::io::Result<Self> {
        let slot = Queue::slot();
        let steering = Arc::new(Steering::default());
        let (pictures, orders) = (slot.clone(), Arc::clone(&steering));
        let worker = Worker::start("venc", Rank::Picture, move |stop| {
            run(parts, &pictures, &orders, stop)
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

    /// The session has a path now: the next picture is a keyframe. `current` is sent at once
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
    let encoder = match parts.codec.video_encoder(parts.target) {
        Ok(encoder) => encoder,
        Err(error) => {
            tracing::error!(%error, "no pictures can be sent");
            return;
        }
    };
    let mut body = Body {
        target: parts.target,
        parts,
        encoder,
        cadence: Cadence::new(),
        limiter: Limiter::new(),
    };
    while !stop.is_set() {
        match pictures.pop(PATIENCE) {
            Ok(captured) => body.encode(&captured, steering),
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

    fn encode(&mut self, captured: &Captured, steering: &Steering) {
        if !steering.connected.load(Ordering::Acquire) {
            return;
        }
        if let Some(target) = steering.new_target() {
            self.target = target;
        }
        if !self.cadence.keep(captured.at, self.target.fps) {
            return;
        }
        self.aim(captured.picture.size());
        let begun = Instant::now();
        if steering.keyframe_wanted.swap(false, Ordering::AcqRel) {
            self.limiter.request();
        }
        let keyframe = self.limiter.take(begun);
        let encoded = match self.encoder.encode(&captured.picture, keyframe) {
            Ok(Some(encoded)) => encoded,
            Ok(None) => {
                if keyframe {
                    self.limiter.request();
                }
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "a picture is not sent");
                self.limiter.request();
                return;
            }
        };
        if encoded.keyframe {
            self.limiter.encoded(begun);
        }
        self.parts.counters.encode_us.add_time(begun.elapsed());
        let bytes = encoded.payload.len() as u64;
        let frame = EncodedFrame {
            time: MediaTime::from_micros(micros_between(self.parts.epoch, captured.at)),
            keyframe: encoded.keyframe,
            payload: encoded.payload,
        };
        match self.parts.sink.send(frame) {
            Sent::Queued => {
                self.parts.counters.frames.add(1);
                self.parts.counters.bytes.add(bytes);
                self.parts
                    .counters
                    .keyframes
                    .add(u64::from(encoded.keyframe));
            }
            Sent::NotConnected => {}
            Sent::Dropped => self.limiter.request(),
        }
    }
}

/// How long to wait for a picture before looking whether to stop; closing the slot wakes at once.
const PATIENCE: Duration = Duration::from_secs(5);
