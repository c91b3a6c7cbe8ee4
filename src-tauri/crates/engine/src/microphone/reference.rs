//! What the speaker plays, for whoever takes its echo out of what the microphone hears.
//!
//! The speaker's callback writes what it really hands to the device into a ring. What plays at a
//! time is told to the processor shortly before the frame that the microphone hears at that time,
//! so that both run at the pace of the devices, however unevenly their callbacks come.

use std::time::Duration;

use media::backend::audio::SAMPLE_RATE_HZ;
use media::backend::voice::{VOICE_FRAME, VoiceProcessor};
use media::time::{MediaTime, TimeDelta};

use crate::timed_ring::{Reader, Writer, timed_ring};

/// The ring between the speaker's callback and the microphone's thread.
pub(crate) fn ring() -> (Writer, Reader) {
    timed_ring(RING)
}

/// The microphone's end of what the speaker plays.
#[derive(Debug, Default)]
pub(super) struct Reference {
    ring: Option<Reader>,
    /// When the next frame plays if the speaker goes on evenly; `None` before its first one.
    next: Option<MediaTime>,
}

impl Reference {
    /// Another speaker is at work.
    pub(super) fn follow(&mut self, ring: Reader) {
        self.ring = Some(ring);
        self.next = None;
    }

    /// Tells `processor` what plays before the microphone's next frame can have heard it, and gives
    /// how long after that its echo is expected.
    pub(super) fn tell(
        &mut self,
        heard_at: MediaTime,
        processor: &mut dyn VoiceProcessor,
    ) -> Duration {
        let Some(ring) = &mut self.ring else {
            return Duration::ZERO;
        };
        let mut frame = [0.0; VOICE_FRAME];
        while let Some(told) = ring.time_of(VOICE_FRAME) {
            let off = self.next.map(|next| (next, told.since(next)));
            let plays_at = match off {
                Some((next, off)) if off.abs() <= STOOD_STILL => {
                    next + TimeDelta::from_micros(off.micros() / FOLLOWING)
                }
                Some(_) | None => told,
            };
            let ahead = plays_at.since(heard_at);
            if ahead >= TimeDelta::from(FRAME_TIME + LEAD) {
                break;
            }
            // `time_of` says that a frame is there.
            let _ = ring.read(&mut frame);
            if ahead < -STALE {
                // The microphone was not at work when this played.
                if self.next.take().is_some() {
                    processor.restart();
                }
                continue;
            }
            if off.is_some_and(|(_, off)| off.abs() > STOOD_STILL) {
                let dropped = ring.dropped();
                tracing::debug!(dropped, "the speaker goes on after a gap");
                processor.restart();
            }
            processor.played(&frame);
            self.next = Some(plays_at + FRAME_TIME);
        }
        let last = self.next.map(|next| next.since(heard_at + FRAME_TIME));
        last.unwrap_or_default().or_zero()
    }
}

/// How long a frame lasts.
pub(super) const FRAME_TIME: Duration = Duration::from_millis(10);

/// More than the jitter of callbacks on a busy machine: the device gave or took nothing meanwhile,
/// and what was learned of how the two are apart in time is wrong.
pub(super) const STOOD_STILL: TimeDelta = TimeDelta::from_millis(100);

/// 1 s: what was handed to a device of Bluetooth plays a third of a second later, and the
/// microphone's callback may be late by a fifth.
const RING: usize = SAMPLE_RATE_HZ as usize;

/// What plays is told so long before the microphone's frame of that time: devices err about their
/// own delays by some milliseconds, and an echo that comes before its sound cannot be removed. The
/// two devices delay by 30 ms together even where they are fast (PulseAudio with callbacks of 10 ms),
/// so that the sound is there by then, and is told as evenly as it plays.
const LEAD: Duration = Duration::from_millis(20);

/// Longer than any echo stays in a room: nothing that played before it is heard.
const STALE: TimeDelta = TimeDelta::from_millis(500);

/// What callbacks say of the time is followed by an eighth of the difference: their jitter is
/// levelled, and the drift of two clocks, some tens of microseconds a callback, is followed.
const FOLLOWING: i64 = 8;
