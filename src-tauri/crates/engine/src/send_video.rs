//! Outgoing pictures: camera slot → encoder thread → gate → session.
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
mod tests {
    use call::id::CallId;
    use media::units::Bitrate;
    use tokio::sync::mpsc;

    use super::*;
    use crate::testing::{Collected, PlainCodecs};

    const FRAME: Duration = Duration::from_millis(40);

    fn sender(codec: PlainCodecs, gate: &Gate, epoch: Instant) -> (VideoSender, Arc<Collected>) {
        let sent = Arc::<Collected>::default();
        let sender = VideoSender::start(Parts {
            codec: Arc::new(codec),
            gate: gate.clone(),
            sink: Arc::clone(&sent) as Arc<dyn FrameSink>,
            target: VideoTarget {
                size: Size::new(64, 48),
                fps: 30.0,
                bitrate: Bitrate::from_kbps(500),
            },
            counters: Arc::default(),
            epoch,
            fault: Fault::new(CallId(1), mpsc::channel(1).0),
            span: Span::none(),
        });
        let sender = sender.unwrap();
        sender.connected(None);
        (sender, sent)
    }

    /// A picture whose first pixel is `shade`.
    fn captured(shade: u8, at: Instant) -> Captured {
        let mut picture = Picture::black(Size::new(64, 48));
        picture.data_mut()[0] = shade;
        let picture = Arc::new(picture);
        Captured { picture, at }
    }

    /// Waits until the thread took what lies in the slot.
    fn taken(sender: &VideoSender) {
        while !sender.slot.is_empty() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_the_camera_saw_before_it_was_switched_on_never_leaves() {
        let (gate, epoch) = (Gate::default(), Instant::now());
        let (sender, sent) = sender(PlainCodecs::default(), &gate, epoch);
        let on = epoch + Duration::from_secs(1);
        sender.slot().push(captured(1, on - 2 * FRAME));
        taken(&sender);
        gate.open(MediaTime::from_micros(micros_between(epoch, on)));
        sender.slot().push(captured(2, on - FRAME));
        taken(&sender);
        sender.slot().push(captured(3, on + FRAME));
        assert_eq!(sent.first_bytes(1), [3]);
    }

    #[test]
    fn a_picture_in_the_encoder_does_not_leave_after_the_camera_is_off() {
        let (gate, epoch) = (Gate::default(), Instant::now());
        gate.open(MediaTime::from_micros(0));
        let shutting = gate.clone();
        let codec = PlainCodecs {
            while_encoding: Some(Arc::new(move || shutting.shut())),
            ..PlainCodecs::default()
        };
        let (sender, sent) = sender(codec, &gate, epoch);
        sender.slot().push(captured(1, epoch + FRAME));
        taken(&sender);
        drop(sender);
        assert!(sent.frames(0).is_empty());
    }

    #[test]
    fn a_picture_that_refers_to_one_that_was_held_back_is_a_keyframe() {
        let (gate, epoch) = (Gate::default(), Instant::now());
        gate.open(MediaTime::from_micros(0));
        let (switching, count) = (gate.clone(), std::sync::atomic::AtomicU32::new(0));
        let codec = PlainCodecs {
            while_encoding: Some(Arc::new(move || {
                if count.fetch_add(1, Ordering::SeqCst) == 1 {
                    switching.shut();
                    switching.open(MediaTime::from_micros(2_500_000));
                }
            })),
            ..PlainCodecs::default()
        };
        let (sender, sent) = sender(codec, &gate, epoch);
        // Keyframes are spaced out: until one may be made again, nothing leaves.
        for second in 1.. {
            let at = epoch + Duration::from_secs(second);
            sender.slot().push(captured(second as u8, at));
            taken(&sender);
            std::thread::sleep(Duration::from_millis(10));
            if sent.frames(0).len() == 2 {
                break;
            }
        }
        let frames = sent.frames(2);
        assert_eq!(frames[0].payload[0], 1);
        assert!(frames[1].payload[0] > 2 && frames[1].keyframe);
    }
}
