//! The other side's voice: received packets → jitter buffer → decoder, one block at a time.
//!
//! Runs on the playout thread. Tells [`LipSync`] what is heard when, so that the picture can
//! follow.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use media::backend::codec::{AudioDecoder, CodecBackend};
use media::jitter::audio::{Config, JitterBuffer, PULL, Played};
use media::level;
use media::time::MediaTime;
use tracing::Span;

use crate::counters::AudioIn;
use crate::plugs::Inlet;
use crate::session::Fault;
use crate::timeline::duration_of;

/// One call's incoming sound, on the thread that plays it.
pub(crate) struct Voice {
    source: Arc<Inlet>,
    jitter: JitterBuffer,
    decoder: Box<dyn AudioDecoder>,
    counters: Arc<AudioIn>,
    sync: LipSync,
    /// Tells the control task when this thread panics in the call.
    _fault: Fault,
    /// Names the call in log lines.
    span: Span,
}

/// What a voice is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Makes the decoder.
    pub(crate) codec: Arc<dyn CodecBackend>,
    /// Where the packets come from.
    pub(crate) source: Arc<Inlet>,
    /// What was received.
    pub(crate) counters: Arc<AudioIn>,
    /// What is heard when.
    pub(crate) sync: LipSync,
    /// Tells that no sound can be received.
    pub(crate) fault: Fault,
    /// Names the call in log lines.
    pub(crate) span: Span,
}

impl Voice {
    /// Plays what comes out of the parts' source; `None` when there is no decoder for it, which is
    /// reported.
    pub(crate) fn new(parts: Parts) -> Option<Self> {
        let span = parts.span;
        let entered = span.clone().entered();
        let decoder = match parts.codec.audio_decoder() {
            Ok(decoder) => decoder,
            Err(error) => {
                tracing::error!(%error, "no sound can be received");
                parts.fault.report();
                return None;
            }
        };
        drop(entered);
        Some(Self {
            source: parts.source,
            jitter: JitterBuffer::new(Config::default()),
            decoder,
            counters: parts.counters,
            sync: parts.sync,
            _fault: parts.fault,
            span,
        })
    }

    /// Plays nothing of what has come so far.
    pub(crate) fn forget(&mut self) {
        while self.source.try_pop().is_some() {}
        self.jitter.forget();
    }

    /// Makes the next 10 ms at `now`, which will be heard `plays_at` microseconds after `epoch`.
    pub(crate) fn next_block(
        &mut self,
        now: Instant,
        epoch: Instant,
        plays_at: i64,
        out: &mut [f32; PULL],
    ) {
        let _call = self.span.clone().entered();
        while let Some(frame) = self.source.try_pop() {
            self.counters.packets.add(1);
            self.counters.bytes.add(frame.frame.payload.len() as u64);
            // A rejected packet is counted by the buffer.
            let _ = self.jitter.insert(frame);
        }
        let played = self.jitter.pull(now, self.decoder.as_mut(), out);
        self.counters.loudest.raise(level::energy(out));
        if played == Played::Sound {
            self.counters.first_played.mark(plays_at);
        }
        if let Some(next) = self.jitter.position()
            && next.synchronised
        {
            let after_block = plays_at + duration_of(PULL).as_micros() as i64;
            self.sync.heard(next.time, epoch + micros(after_block));
        }
        self.count();
    }

    fn count(&self) {
        let stats = self.jitter.stats();
        self.counters.samples.set(stats.total_samples_received);
        self.counters.concealed.set(stats.concealed_samples);
        self.counters.emitted.set(stats.jitter_buffer_emitted_count);
        let waited = stats.jitter_buffer_delay.as_micros();
        self.counters
            .waited_us
            .set(u64::try_from(waited).unwrap_or(u64::MAX));
    }
}

/// What is heard when: written by the playout thread, read by the picture's. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LipSync(Arc<Mutex<Option<(MediaTime, Instant)>>>);

impl LipSync {
    /// The sound captured at `time` is heard at `at`.
    fn heard(&self, time: MediaTime, at: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((time, at));
    }

    /// When the sound captured at `time` is or was heard, if sound plays `now`. A
    /// voice that fell silent gives no answer: its last position says ever less, as the clocks of
    /// the two machines drift apart.
    pub(crate) fn heard_at(&self, time: MediaTime, now: Instant) -> Option<Instant> {
        let (anchor, at) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        if now.saturating_duration_since(at) > STALE {
            return None;
        }
        let ahead = time.micros_since(anchor);
        let span = Duration::from_micros(ahead.unsigned_abs());
        if ahead >= 0 {
            at.checked_add(span)
        } else {
            at.checked_sub(span)
        }
    }
}

/// A jitter buffer that has run empty still conceals and tells positions for a while; a second
/// without one means that no sound is played.
const STALE: Duration = Duration::from_secs(1);

fn micros(count: i64) -> Duration {
    Duration::from_micros(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_that_fell_silent_holds_no_picture_back() {
        let (sync, now) = (LipSync::default(), Instant::now());
        let time = MediaTime::from_micros(1_000_000);
        assert_eq!(sync.heard_at(time, now), None);
        sync.heard(time, now + Duration::from_millis(250));
        let later = MediaTime::from_micros(1_033_000);
        let heard = now + Duration::from_millis(283);
        assert_eq!(sync.heard_at(later, now), Some(heard));
        assert_eq!(
            sync.heard_at(later, now + Duration::from_millis(1200)),
            Some(heard)
        );
        assert_eq!(
            sync.heard_at(later, now + Duration::from_millis(1300)),
            None
        );
    }
}
