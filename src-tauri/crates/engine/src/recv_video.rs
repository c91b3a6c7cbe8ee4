//! Incoming pictures: session in use → decoder thread → picture feed.
//!
//! One thread per call. It decodes in order, asks for a keyframe when references are missing, and
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
use media::queue::Empty;
use tracing::Span;

use crate::counters::VideoIn;
use crate::picture::PictureFeed;
use crate::plugs::{Inlet, KeyframeRequests};
use crate::session::Fault;
use crate::timeline::micros_between;
use crate::voice::LipSync;
use crate::worker::{Rank, Stop, Worker};

/// Handle of one call's decoder thread. Dropping it ends the thread and clears the screen.
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
    /// What is heard when.
    pub(crate) sync: LipSync,
    /// Where this engine's own timeline begins.
    pub(crate) epoch: Instant,
    /// Tells that no picture can be received.
    pub(crate) fault: Fault,
    /// Names the call in log lines.
    pub(crate) span: Span,
}

impl VideoReceiver {
    /// Starts the thread.
    pub(crate) fn start(parts: Parts) -> std::io::Result<Self> {
        let (source, feed) = (Arc::clone(&parts.source), parts.feed.clone());
        let hints = Arc::<Hints>::default();
        let seen = Arc::clone(&hints);
        let worker = Worker::start("vdec", Rank::Picture, move |stop| run(parts, seen, stop))?;
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

fn run(parts: Parts, hints: Arc<Hints>, stop: &Stop) {
    let _call = parts.span.clone().entered();
    let decoder = match parts.codec.video_decoder() {
        Ok(decoder) => decoder,
        Err(error) => {
            tracing::error!(%error, "no pictures can be received");
            parts.fault.report();
            return;
        }
    };
    let mut body = Body {
        parts,
        hints,
        decoder,
        requester: Requester::new(),
        playout: Playout::new(),
        freezes: Freezes::new(),
    };
    while !stop.is_set() {
        let now = Instant::now();
        let patience = body
            .requester
            .deadline()
            .map_or(PATIENCE, |it| it.saturating_duration_since(now));
        match body.parts.source.pop(patience) {
            Ok(frame) => body.receive(&frame, stop),
            Err(Empty::TimedOut) => {}
            Err(Empty::Closed) => return,
        }
        if body.requester.poll(Instant::now(), body.hints.rtt()) {
            body.parts.keyframes.request();
        }
    }
}

struct Body {
    parts: Parts,
    hints: Arc<Hints>,
    decoder: Box<dyn VideoDecoder>,
    requester: Requester,
    playout: Playout,
    freezes: Freezes,
}

impl Body {
    fn receive(&mut self, frame: &ReceivedFrame, stop: &Stop) {
        let counters = &self.parts.counters;
        counters.bytes.add(frame.frame.payload.len() as u64);
        let begun = Instant::now();
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
                counters.decode_us.add_time(begun.elapsed());
                self.decoded(frame, picture, stop);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(%error, "a picture cannot be decoded");
                counters.dropped.add(1);
                self.requester.needed(Instant::now());
            }
        }
    }

    fn decode(&mut self, payload: &[u8]) -> Result<Option<Arc<Picture>>, CodecError> {
        if self.hints.fail_next.swap(false, Ordering::Relaxed) {
            return Err(CodecError::Failed("on purpose".to_owned()));
        }
        self.decoder.decode(payload)
    }

    fn decoded(&mut self, frame: &ReceivedFrame, picture: Arc<Picture>, stop: &Stop) {
        let counters = &self.parts.counters;
        let now = Instant::now();
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
        let heard_at = if frame.synchronised {
            self.parts.sync.heard_at(frame.frame.time, now)
        } else {
            None
        };
        let show_at = self
            .playout
            .show_at(now, frame.arrived, frame.frame.time, heard_at);
        wait_until(show_at, stop);
        let shown = Instant::now();
        if let Some(heard_at) = heard_at {
            counters.lip_sync.set(micros_between(heard_at, shown));
        }
        if self.hints.paused.swap(false, Ordering::Relaxed) {
            self.freezes.paused();
        }
        self.freezes.shown(shown);
        counters.freezes.set(self.freezes.count());
        self.parts.feed.show(Some(picture));
    }
}

/// Sleeps until `at`, which the playout policy keeps within a fraction of a second.
fn wait_until(at: Instant, stop: &Stop) {
    while !stop.is_set() {
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        thread::park_timeout(left);
    }
}

/// How long to wait for a picture before looking whether to stop; closing the source wakes at once.
const PATIENCE: Duration = Duration::from_secs(5);
