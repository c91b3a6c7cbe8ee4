//! What the speaker plays, for whoever takes its echo out of what the microphone hears.
//!
//! The speaker's callback writes what it really hands to the device into a ring. What plays at a
//! time is told to the processor shortly before the frame that the microphone hears at that time,
//! so that both run at the pace of the devices, however unevenly their callbacks come. Where one of
//! the two loses samples, as many are left out of the other, or silence comes in their place: to
//! the processor the echo is as late as before.
//!
//! Devices err about their own delays, some by a tenth of a second, and an echo that comes before
//! its sound cannot be removed. What the microphone has heard was with the speaker before,
//! whatever that says. So the lead of the reference is not a constant: it is as long as what the
//! speaker already has reaches ahead of what the microphone hears, as far as that comes evenly.

use std::time::Duration;

use media::backend::audio::SAMPLE_RATE_HZ;
use media::backend::voice::{VOICE_FRAME, VoiceProcessor};
use media::time::{MediaTime, TimeDelta};

use super::pace::{Change, Pace};
use crate::timed_ring::{Reader, Writer, timed_ring};
use crate::timeline::duration_of;

/// The ring between the speaker's callback and the microphone's thread.
#[must_use]
pub fn ring() -> (Writer, Reader) {
    timed_ring(RING)
}

/// The microphone's end of what the speaker plays.
#[derive(Debug, Default)]
pub struct Reference {
    ring: Option<Reader>,
    pace: Pace,
    /// How long before its time what plays is told; `None` until something does.
    lead: Option<TimeDelta>,
    /// Samples of silence that stand for what is missing; where negative, samples that are to be
    /// left out.
    missing: i64,
}

impl Reference {
    /// Another speaker is at work.
    pub fn follow(&mut self, ring: Reader) {
        self.ring = Some(ring);
        self.forget();
    }

    /// What the microphone hears comes so much later than its samples say, or earlier.
    pub(super) fn shift(&mut self, by: TimeDelta) {
        self.pace.shift(by);
        self.missing = (self.missing - samples_in(by)).clamp(-MOST, MOST);
    }

    /// The microphone is another one, or stood still: what plays now begins anew.
    pub(super) fn forget(&mut self) {
        self.pace.forget();
        self.lead = None;
        self.missing = 0;
    }

    /// Tells `processor` what plays before the microphone's next frame can have heard it, and gives
    /// how long after that its echo is expected.
    pub fn tell(&mut self, heard_at: MediaTime, processor: &mut dyn VoiceProcessor) -> Duration {
        while let Some(told) = self.next_told() {
            let ahead = self.pace.expect(told).since(heard_at);
            let goes_on = self.pace.next().is_some();
            if ahead < -(if goes_on { STALE } else { NOT_HEARD }) {
                // The microphone was not at work when this played.
                if goes_on {
                    processor.speaker_restarts();
                    self.forget();
                }
                self.read();
                continue;
            }
            if ahead >= self.lead(ahead) + FRAME_TIME.into() {
                break;
            }
            match self.pace.take(told, FRAME_TIME) {
                Change::Begins | Change::Even => {}
                Change::Stepped(by) => {
                    tracing::debug!(?by, "the speaker lost sound");
                    self.missing = (self.missing + samples_in(by)).clamp(-MOST, MOST);
                    self.leave_out();
                }
                Change::Anew => {
                    let dropped = self.ring.as_ref().map(Reader::dropped);
                    tracing::debug!(dropped, "the speaker goes on after a gap");
                    processor.speaker_restarts();
                    self.lead = None;
                }
            }
            processor.played(&self.read());
        }
        let last = self.pace.next();
        let ahead = last.map(|next| next.since(heard_at + FRAME_TIME));
        ahead.unwrap_or_default().or_zero()
    }

    /// How long before its time what plays is told. The first time, what waits begins so far
    /// `ahead` of what the microphone hears.
    fn lead(&mut self, ahead: TimeDelta) -> TimeDelta {
        let waiting = self.ring.as_ref().map_or(0, Reader::waiting);
        *self.lead.get_or_insert_with(|| {
            let there = ahead + duration_of(waiting).into();
            (there - UNEVEN).clamp(LEAST_LEAD, MOST_LEAD)
        })
    }

    /// When the next frame plays, by what the speaker says, once it is there.
    fn next_told(&mut self) -> Option<MediaTime> {
        self.leave_out();
        let silent = self.silent();
        let told = self.ring.as_mut()?.time_of(VOICE_FRAME - silent)?;
        let before = usize::try_from(self.missing).unwrap_or(0);
        Some(told - duration_of(before))
    }

    /// The next frame; what is not there is silent.
    fn read(&mut self) -> [f32; VOICE_FRAME] {
        let mut frame = [0.0; VOICE_FRAME];
        let silent = self.silent();
        self.missing -= silent as i64;
        let there = self
            .ring
            .as_mut()
            .and_then(|it| it.read(&mut frame[silent..]));
        if there.is_none() {
            // Silence goes in its place, and it is left out when it comes.
            self.missing -= (VOICE_FRAME - silent) as i64;
        }
        frame
    }

    /// With how many samples of silence the next frame begins.
    fn silent(&self) -> usize {
        usize::try_from(self.missing).map_or(0, |it| it.min(VOICE_FRAME))
    }

    /// Leaves out what is to be left out, as far as it is there.
    fn leave_out(&mut self) {
        let surplus = usize::try_from(-self.missing).unwrap_or(0);
        if surplus > 0
            && let Some(ring) = &mut self.ring
        {
            self.missing += ring.discard(surplus) as i64;
        }
    }
}

fn samples_in(time: TimeDelta) -> i64 {
    time.micros() * i64::from(SAMPLE_RATE_HZ) / 1_000_000
}

/// How long a frame lasts.
pub(super) const FRAME_TIME: Duration = Duration::from_millis(10);

/// 1 s: what was handed to a device of Bluetooth plays a third of a second later, and the
/// microphone's callback may be late by a fifth.
const RING: usize = SAMPLE_RATE_HZ as usize;

/// No more than the ring holds is left out or put in at a time.
const MOST: i64 = RING as i64;

/// So much of what is there when the lead is chosen may not be there at a later frame: 20 ms of the
/// microphone come at a time, and 10 of the speaker.
const UNEVEN: TimeDelta = TimeDelta::from_millis(30);

/// What a speaker says of its delay is never better than that. The two devices delay by 30 ms
/// together even where they are fast (PulseAudio with callbacks of 10 ms), so that the sound is
/// there by then, and is told as evenly as it plays.
const LEAST_LEAD: TimeDelta = TimeDelta::from_millis(20);

/// A canceller looks for an echo within 600 ms. Of those, this is for speakers that say that they
/// play later than they do; the rest is for those that play later than they say, and for the room.
const MOST_LEAD: TimeDelta = TimeDelta::from_millis(250);

/// What is said to have played so long before the microphone's first frame was not heard by it: a
/// speaker that plays later than it says is wrong by no more.
const NOT_HEARD: TimeDelta = TimeDelta::from_millis(250);

/// Longer than any echo stays in a room: nothing that played before it is heard.
const STALE: TimeDelta = TimeDelta::from_millis(500);
