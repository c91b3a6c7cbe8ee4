//! Incoming pictures: session in use → decoder thread → picture feed.
//!
//! One thread per stream: for the camera as long as the call lives, for a screen as long as one is
//! shown. It decodes in order, asks for a keyframe when references are missing, and
//! shows each picture when its time has come; on a clean path that is at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use media::backend::codec::{CodecBackend, CodecError, VideoDecoder};
use media::frame::ReceivedFrame;
use media::freeze::Freezes;
use media::jitter::video::Playout;
use media::keyframe::Requester;
use media::picture::Picture;
use tracing::Span;

use crate::clock::Clock;
use crate::counters::VideoIn;
use crate::picture::PictureFeed;
use crate::plugs::{Inlet, KeyframeRequests};
use crate::session::Fault;
use crate::threads::Threads;
use crate::timeline::micros_between;
use crate::voice::LipSync;
use crate::work::{Rank, Stop, Work};
use crate::worker::Worker;

/// Handle of one stream's decoder thread. Dropping it ends the thread and clears the screen.
#[derive(Debug)]
pub(crate) struct VideoReceiver {
    source: Arc<Inlet>,
    feed: PictureFeed,
    hints: Arc<Hints>,
    worker: Option<Worker>,
}

/// What the control task lets the thread know.
#[derive(Debug, Default)]
struct Hints {
    /// The other side's camera was switched off since the last picture.
    paused: AtomicBool,
    /// Round trip time in microseconds; 0 while it is unknown.
    rtt_us: AtomicU64,
    /// The next picture shall not be decoded.
    fail_next: AtomicBool,
}

impl Hints {
    fn rtt(&self) -> Option<Duration> {
        let micros = self.rtt_us.load(Ordering::Relaxed);
        (micros > 0).then(|| Duration::from_micros(micros))
    }
}

/// What a decoder thread needs.
pub(crate) struct Parts {
    /// Makes the decoder.
    pub(crate) codec: Arc<dyn CodecBackend>,
    /// Where the frames come from.
    pub(crate) source: Arc<Inlet>,
    /// Whom to ask for keyframes.
    pub(crate) keyframes: Arc<KeyframeRequests>,
    /// Where the pictures go.
    pub(crate) feed: PictureFeed,
    /// What was received.
    pub(crate) counters: Arc<VideoIn>,
    /// What is heard when; `None` for pictures that belong to no sound, and are shown at once.
    pub(crate) sync: Option<LipSync>,
    /// The time.
    pub(crate) clock: Clock,
    /// Where this engine's own timeline begins.
    pub(crate) epoch: Instant,
    /// Tells that no picture can be received.
    pub(crate) fault: Fault,
    /// Names the call in log lines.
    pub(crate) span: Span,
}

impl VideoReceiver {
    /// Starts the thread.
    pub(crate) fn start(threads: &Threads, parts: Parts) -> std::io::Result<Self> {
        let (source, feed) = (Arc::clone(&parts.source), parts.feed.clone());
        let hints = Arc::<Hints>::default();
        let seen = Arc::clone(&hints);
        let name = if parts.sync.is_some() { "vdec" } else { "sdec" };
        let worker = Worker::start(threads, name, Rank::Picture, move || {
            Some(Box::new(Decoding::new(parts, seen)?) as Box<dyn Work>)
        })?;
        Ok(Self {
            source,
            feed,
            hints,
            worker: Some(worker),
        })
    }

    /// The other side's camera is off: the time until the next picture is no freeze.
    pub(crate) fn paused(&self) {
        self.hints.paused.store(true, Ordering::Relaxed);
    }

    /// The round trip time: an unanswered request for a keyframe is repeated after it.
    pub(crate) fn set_rtt(&self, rtt: Duration) {
        let micros = u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX);
        self.hints.rtt_us.store(micros, Ordering::Relaxed);
    }

    /// The next picture cannot be decoded, on purpose.
    pub(crate) fn fail_next(&self) {
        self.hints.fail_next.store(true, Ordering::Relaxed);
    }
}

impl Drop for VideoReceiver {
    fn drop(&mut self) {
        self.source.close();
        self.worker = None;
        self.feed.show(None);
    }
}

/// What the thread does.
struct Decoding {
    parts: Parts,
    hints: Arc<Hints>,
    decoder: Box<dyn VideoDecoder>,
    requester: Requester,
    playout: Playout,
    freezes: Freezes,
    /// The frame that was waited for.
    next: Option<ReceivedFrame>,
    /// The picture whose time has not come. Nothing is decoded before it is shown.
    pending: Option<Pending>,
}

/// A decoded picture.
struct Pending {
    picture: Arc<Picture>,
    show_at: Instant,
    /// When the sound that belongs to it is heard.
    heard_at: Option<Instant>,
}

impl Work for Decoding {
    fn step(&mut self) -> bool {
        let _call = self.parts.span.clone().entered();
        self.show_if_due();
        if self.pending.is_none()
            && let Some(frame) = self.next.take().or_else(|| self.parts.source.try_pop())
        {
            self.receive(&frame);
            self.show_if_due();
        }
        if self.requester.poll(self.now(), self.hints.rtt()) {
            self.parts.keyframes.request();
        }
        !self.parts.source.is_closed()
    }

    fn wait(&mut self, stop: &Stop) {
        if let Some(pending) = &self.pending {
            self.wait_until(pending.show_at, stop);
            return;
        }
        let deadline = self.requester.deadline();
        let patience = deadline.map_or(PATIENCE, |it| it.saturating_duration_since(self.now()));
        // Closing the source ends the waiting.
        self.next = self.parts.source.pop(patience).ok();
    }
}

impl Decoding {
    /// Makes the decoder; `None` when there is none, which is reported.
    fn new(parts: Parts, hints: Arc<Hints>) -> Option<Self> {
        let _call = parts.span.clone().entered();
        match parts.codec.video_decoder() {
            Ok(decoder) => Some(Self {
                parts,
                hints,
                decoder,
                requester: Requester::new(),
                playout: Playout::new(),
                freezes: Freezes::new(),
                next: None,
                pending: None,
            }),
            Err(error) => {
                tracing::error!(%error, "no pictures can be received");
                parts.fault.report();
                None
            }
        }
    }

    fn now(&self) -> Instant {
        self.parts.clock.media_now()
    }

    fn receive(&mut self, frame: &ReceivedFrame) {
        let counters = &self.parts.counters;
        counters.bytes.add(frame.frame.payload.len() as u64);
        let begun = self.now();
        if frame.after_loss && !frame.frame.keyframe {
            self.requester.needed(begun);
        }
        if self.requester.is_waiting() && !frame.frame.keyframe {
            counters.dropped.add(1);
            return;
        }
        let decoded = self.decode(&frame.frame.payload);
        let counters = &self.parts.counters;
        match decoded {
            Ok(Some(picture)) => {
                let took = self.now().saturating_duration_since(begun);
                counters.decode_us.add_time(took);
                self.decoded(frame, picture);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(%error, "a picture cannot be decoded");
                counters.dropped.add(1);
                self.requester.needed(self.now());
            }
        }
    }

    fn decode(&mut self, payload: &[u8]) -> Result<Option<Arc<Picture>>, CodecError> {
        if self.hints.fail_next.swap(false, Ordering::Relaxed) {
            return Err(CodecError::Failed("on purpose".to_owned()));
        }
        self.decoder.decode(payload)
    }

    fn decoded(&mut self, frame: &ReceivedFrame, picture: Arc<Picture>) {
        let counters = &self.parts.counters;
        let now = self.now();
        counters.decoded.add(1);
        counters.width.set(u64::from(picture.size().width));
        counters.height.set(u64::from(picture.size().height));
        counters
            .first_decoded
            .mark(micros_between(self.parts.epoch, now));
        if frame.frame.keyframe {
            counters.keyframes.add(1);
            self.requester.satisfied();
        }
        let sync = self.parts.sync.as_ref();
        let heard_at = sync
            .filter(|_| frame.synchronised)
            .and_then(|it| it.heard_at(frame.frame.time, now));
        let show_at = if sync.is_some() {
            self.playout
                .show_at(now, frame.arrived, frame.frame.time, heard_at)
        } else {
            now
        };
        self.pending = Some(Pending {
            picture,
            show_at,
            heard_at,
        });
    }

    fn show_if_due(&mut self) {
        let now = self.now();
        let Some(pending) = self.pending.take_if(|it| it.show_at <= now) else {
            return;
        };
        let counters = &self.parts.counters;
        if let Some(heard_at) = pending.heard_at {
            counters.lip_sync.set(micros_between(heard_at, now));
        }
        if self.hints.paused.swap(false, Ordering::Relaxed) {
            self.freezes.paused();
        }
        // A screen that stands still is not frozen.
        if self.parts.sync.is_some() {
            self.freezes.shown(now);
            counters.freezes.set(self.freezes.count());
            let frozen = self.freezes.total().as_micros();
            counters
                .frozen_us
                .set(u64::try_from(frozen).unwrap_or(u64::MAX));
        }
        self.parts.feed.show(Some(pending.picture));
    }

    /// Sleeps until `at`, which the playout policy keeps within a fraction of a second.
    fn wait_until(&self, at: Instant, stop: &Stop) {
        while !stop.is_set() {
            let left = at.saturating_duration_since(self.now());
            if left.is_zero() {
                return;
            }
            thread::park_timeout(left);
        }
    }
}

/// How long to wait for a picture before looking whether to stop; closing the source wakes at once.
const PATIENCE: Duration = Duration::from_secs(5);
