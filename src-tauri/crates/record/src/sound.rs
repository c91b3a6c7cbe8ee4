//! One side's sound: packets on a timeline without holes.
//!
//! Players follow the durations in a file, or simply play on; so whatever is missing (a mute, a loss,
//! the time before the first packet) is filled with coded silence, and the durations of packets are
//! stretched by up to half a percent where the clock of a sound device and the time of capture part.

use std::collections::BTreeMap;

use bytes::Bytes;
use media::jitter::audio::opus;

/// One side's sound. Times are microseconds since the recording began.
#[derive(Debug, Default)]
pub(crate) struct Sound {
    /// Packets that came before their turn.
    early: BTreeMap<u64, (i64, Bytes)>,
    /// The sequence number that comes next; none before the first packet.
    next: Option<u64>,
    /// Where the next sample begins, ticks of 48 kHz.
    end: i64,
    done: Vec<SoundSample>,
}

/// A packet as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SoundSample {
    pub(crate) payload: Bytes,
    /// Ticks of 48 kHz.
    pub(crate) duration: u32,
}

impl Sound {
    /// Takes a packet. `sequence` counts packets, so a gap in it is a loss.
    pub(crate) fn push(&mut self, at_us: i64, sequence: u64, payload: Bytes) {
        match self.next {
            None => self.next = Some(sequence),
            // It came too late or twice, unless the numbers begin anew.
            Some(next) if sequence < next => {
                if next - sequence < ANEW {
                    return;
                }
                self.release(0);
                self.next = Some(sequence);
            }
            Some(next) if sequence - next >= ANEW => {
                self.release(0);
                self.next = Some(sequence);
            }
            Some(_) => {}
        }
        self.early.insert(sequence, (at_us, payload));
        self.release(REORDER);
    }

    /// `now_us` has come: what is long missing is silence.
    pub(crate) fn advance(&mut self, now_us: i64) {
        if ticks(now_us) - self.end > PATIENCE {
            self.release(0);
            let silent = (ticks(now_us) - PATIENCE / 2 - self.end) / FRAME;
            self.fill(silent);
        }
    }

    /// What is complete.
    pub(crate) fn take(&mut self) -> Vec<SoundSample> {
        std::mem::take(&mut self.done)
    }

    /// Nothing more comes, and both sides last until `end_us`.
    pub(crate) fn finish(&mut self, end_us: i64) {
        self.release(0);
        let silent = (ticks(end_us) - self.end) / FRAME;
        self.fill(silent);
    }

    /// Takes out packets whose turn it is, until no more than `keep` wait for one that is missing.
    fn release(&mut self, keep: usize) {
        while let Some(first) = self.early.first_entry() {
            let sequence = *first.key();
            let missing = self.next.map_or(0, |next| sequence.saturating_sub(next));
            if missing > 0 && self.early.len() <= keep {
                return;
            }
            if let Some((_, (at_us, payload))) = self.early.pop_first() {
                self.place(at_us, missing, payload);
            }
            self.next = Some(sequence.wrapping_add(1));
        }
    }

    /// Puts a packet on the timeline, before which `missing` others are lost.
    fn place(&mut self, at_us: i64, missing: u64, payload: Bytes) {
        let Some(samples) = opus::samples(&payload) else {
            return;
        };
        let samples = i64::try_from(samples).unwrap_or(FRAME);
        let gap = ticks(at_us) - self.end;
        if gap < -APART {
            return;
        }
        let frames = (gap + FRAME / 2).div_euclid(FRAME).max(0);
        let lost = i64::try_from(missing).unwrap_or(i64::MAX);
        self.fill(if gap > APART {
            frames
        } else {
            frames.min(lost)
        });
        let stretch = (samples / STRETCH).max(1);
        let duration = samples + (ticks(at_us) - self.end).clamp(-stretch, stretch);
        self.add(payload, duration);
    }

    fn fill(&mut self, frames: i64) {
        for _ in 0..frames {
            self.add(Bytes::from_static(&SILENCE), FRAME);
        }
    }

    fn add(&mut self, payload: Bytes, duration: i64) {
        self.end += duration;
        self.done.push(SoundSample {
            payload,
            duration: u32::try_from(duration).unwrap_or_default(),
        });
    }
}

/// Never beyond what thirty years of ticks are, so that sums of them do not wrap.
fn ticks(micros: i64) -> i64 {
    micros.clamp(-MOST_US, MOST_US) * 48 / 1000
}

const MOST_US: i64 = 1_000_000_000_000_000;

/// 20 ms, in ticks of 48 kHz.
const FRAME: i64 = 960;

/// 20 ms of silence, CELT fullband mono (RFC 6716, 3.1): an encoder that hears nothing makes it.
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

/// How many packets wait for one that is missing: 200 ms. One that comes later was not heard either.
const REORDER: usize = 10;

/// What is further from its place is a pause or came too late; what is nearer is the difference of
/// two clocks, which is stretched away. Twice the step by which a microphone's timeline follows its
/// device.
const APART: i64 = 2_880;

/// A packet is stretched by the two hundredth part of it at most.
const STRETCH: i64 = 200;

/// Two seconds: packets do not come later, and a crash loses no more.
const PATIENCE: i64 = 96_000;

/// A jump of the numbers by so much, twenty seconds, is another stream.
const ANEW: u64 = 1_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet() -> Bytes {
        Bytes::from_static(&[0xf8, 1, 2])
    }

    fn starts(sound: &mut Sound) -> Vec<(i64, bool)> {
        let mut at = 0;
        let starts = sound.take().into_iter().map(|sample| {
            let start = at;
            at += i64::from(sample.duration);
            (start, sample.payload != SILENCE[..])
        });
        starts.collect()
    }

    /// Where spoken packets begin, in microseconds.
    fn spoken(sound: &mut Sound) -> Vec<i64> {
        let starts = starts(sound).into_iter();
        starts
            .filter(|(_, it)| *it)
            .map(|(at, _)| at * 1000 / 48)
            .collect()
    }

    #[test]
    fn what_comes_late_begins_where_it_was_spoken() {
        let mut sound = Sound::default();
        sound.push(1_500_000, 70, packet());
        sound.push(1_520_000, 71, packet());
        assert_eq!(spoken(&mut sound), [1_500_000, 1_520_000]);
    }

    #[test]
    fn a_mute_and_a_loss_are_silence_and_move_nothing() {
        let mut sound = Sound::default();
        for (at, sequence) in [(0, 0), (20, 1), (60, 3), (5_080, 4), (5_100, 5)] {
            sound.push(at * 1000, sequence, packet());
            sound.advance(at * 1000);
        }
        sound.finish(5_120_000);
        assert_eq!(
            spoken(&mut sound),
            [0, 20_000, 60_000, 5_080_000, 5_100_000]
        );
    }

    #[test]
    fn packets_out_of_order_are_put_in_order_and_repeats_left_out() {
        let mut sound = Sound::default();
        for number in [0, 2, 1, 2, 3, 3, 0] {
            sound.push(number * 20_000, number.unsigned_abs(), packet());
        }
        assert_eq!(spoken(&mut sound), [0, 20_000, 40_000, 60_000]);
    }

    #[test]
    fn a_device_whose_clock_is_off_stays_in_time_for_an_hour() {
        for ppm in [-150, 150] {
            let mut sound = Sound::default();
            let mut worst = 0;
            for number in 0..180_000_i64 {
                let at = number * 20_000 + number * 20_000 * ppm / 1_000_000;
                sound.push(at, number.unsigned_abs(), packet());
                worst = worst.max((sound.end * 1000 / 48 - at - 20_000).abs());
            }
            assert!(worst < 1_000, "{worst} us");
        }
    }

    #[test]
    fn silence_is_written_while_nothing_comes() {
        let mut sound = Sound::default();
        for second in 0..60 {
            sound.advance(second * 1_000_000);
            let written: u32 = sound.take().iter().map(|it| it.duration).sum();
            assert!(written <= 3 * 48_000);
        }
        assert!(sound.end >= 58 * 48_000);
        sound.push(61_000_000, 9, packet());
        assert_eq!(sound.end, 61 * 48_000 + FRAME);
    }

    proptest! {
        #[test]
        fn any_packets_are_taken_within_bounds(
            packets in prop::collection::vec((any::<i64>(), any::<u64>(), prop::collection::vec(any::<u8>(), 0..4)), 0..40)
        ) {
            let mut sound = Sound::default();
            for (at, sequence, payload) in packets {
                sound.push(at % 100_000_000, sequence, payload.into());
                prop_assert!(sound.early.len() <= REORDER);
            }
            sound.finish(100_000_000);
            let end: i64 = sound.take().iter().map(|it| i64::from(it.duration)).sum();
            prop_assert_eq!(end, sound.end);
            prop_assert!(end <= 101 * 48_000);
        }
    }
}
