//! Decoded sound that waits for the next pulls, with a little of what was played before it.

use super::stretch::{self, Cut, Pace};
use crate::backend::codec::MAX_OPUS_FRAME;

/// Samples from `start` to `end` of a flat buffer. Pushing moves `end` on and popping `start`; when
/// they reach the end of the buffer the samples are moved back to its front. It never grows.
#[derive(Debug)]
pub(super) struct PlayoutBuffer {
    data: Box<[f32]>,
    start: usize,
    end: usize,
}

/// How new sound fits to the sound before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// The decoder made both in one go.
    Continuous,
    /// There may be a step between them, which would be heard as a click: it is spread over 2.5 ms.
    Discontinuous,
}

impl PlayoutBuffer {
    pub(super) fn new() -> Self {
        Self {
            data: vec![0.0; CAPACITY].into_boxed_slice(),
            start: MARGIN,
            end: MARGIN,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Adds sound at the end; the oldest goes if there is far too much of it.
    pub(super) fn push(&mut self, sound: &[f32], joint: Joint) {
        let sound = &sound[..sound.len().min(MAX_OPUS_FRAME)];
        self.make_room(sound.len());
        let last = self.data[self.end - 1];
        let new = &mut self.data[self.end..self.end + sound.len()];
        new.copy_from_slice(sound);
        if joint == Joint::Discontinuous && !sound.is_empty() {
            let step = last - new[0];
            for (index, sample) in new.iter_mut().take(SPREAD).enumerate() {
                let left = 1.0 - index as f32 / SPREAD as f32;
                *sample += step * left * left;
            }
        }
        self.end += sound.len();
    }

    /// Takes the first samples; there must be enough.
    pub(super) fn pop(&mut self, out: &mut [f32]) {
        out.copy_from_slice(&self.data[self.start..self.start + out.len()]);
        self.start += out.len();
    }

    /// Removes up to `most` samples where a cut fits; gives what.
    pub(super) fn remove(&mut self, most: usize, pace: Pace) -> Option<Cut> {
        // 1. Find a period after which the sound goes on alike.
        let cut = stretch::removable(&self.data[self.start..self.end], most, pace)?;
        let lag = cut.lag;
        // 2. Blend the sound before the cut into the sound after it. For a lag below the overlap
        //    the rest of the old sound lies behind the cut already.
        let (before, after) = self.data.split_at_mut(self.start + lag);
        let blended = before.len() - lag..(before.len() - lag + stretch::OVERLAP).min(before.len());
        let mut seam = [0.0; stretch::OVERLAP];
        seam[..blended.len()].copy_from_slice(&before[blended.clone()]);
        let rest = stretch::OVERLAP - blended.len();
        seam[blended.len()..].copy_from_slice(&after[..rest]);
        stretch::crossfade(&seam, &mut after[..stretch::OVERLAP]);
        // 3. Move what was played before along, for a later repeat.
        self.data
            .copy_within(self.start - HISTORY..self.start, self.start - HISTORY + lag);
        self.start += lag;
        Some(cut)
    }

    /// Repeats up to `most` of the samples played last where it fits; gives how many.
    pub(super) fn repeat(&mut self, most: usize, pace: Pace) -> Option<usize> {
        self.make_room(0);
        // 1. Find a period that was played and fits before what comes next.
        let past = &self.data[self.start - HISTORY..self.start];
        let lag = stretch::repeatable(past, &self.data[self.start..self.end], most, pace)?;
        let overlap = stretch::OVERLAP.min(lag);
        // 2. Move what was played before back by that period, which leaves its samples in place
        //    as the ones to be played next.
        self.data
            .copy_within(self.start - HISTORY..self.start, self.start - HISTORY - lag);
        // 3. Blend the sound that would have followed into the repeated sound.
        let (before, ahead) = self.data.split_at_mut(self.start);
        let from = self.start - lag;
        stretch::crossfade(&ahead[..overlap], &mut before[from..from + overlap]);
        self.start = from;
        Some(lag)
    }

    /// Makes sure that `more` samples fit at the end and a repeat fits before the start.
    fn make_room(&mut self, more: usize) {
        if self.start >= MARGIN && self.end + more <= CAPACITY {
            return;
        }
        let excess = (self.len() + more).saturating_sub(CAPACITY - MARGIN);
        self.start += excess.min(self.len());
        let from = self.start - HISTORY;
        let len = self.len();
        self.data.copy_within(from..self.end, MARGIN - HISTORY);
        self.start = MARGIN;
        self.end = MARGIN + len;
    }
}

/// 30 ms of played sound: two of the longest periods.
const HISTORY: usize = 2 * stretch::LONGEST;

/// Room before the start: what was played and one repeat.
const MARGIN: usize = HISTORY + stretch::LONGEST;

/// Four of the longest packets.
const CAPACITY: usize = 4 * MAX_OPUS_FRAME;

/// 2.5 ms over which a step is spread.
const SPREAD: usize = 120;

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    const PERIOD: usize = 331;

    fn tone(from: usize, len: usize) -> Vec<f32> {
        (from..from + len)
            .map(|it| 0.4 * (TAU * (it % PERIOD) as f32 / PERIOD as f32).sin())
            .collect()
    }

    fn largest_step(sound: &[f32]) -> f32 {
        sound
            .windows(2)
            .map(|it| (it[1] - it[0]).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn cuts_and_repeats_leave_no_seam() {
        let natural = largest_step(&tone(0, 2000));
        let mut samples = PlayoutBuffer::new();
        let mut played = Vec::new();
        let mut fed = 0;
        for round in 0..500 {
            while samples.len() < 2000 {
                samples.push(&tone(fed, 960), Joint::Continuous);
                fed += 960;
            }
            if round > 4 && round % 3 == 0 {
                assert!(samples.remove(720, Pace::Gentle).is_some());
            } else if round > 4 && round % 3 == 1 {
                assert!(samples.repeat(720, Pace::Gentle).is_some());
            }
            let mut out = [0.0; 480];
            samples.pop(&mut out);
            played.extend_from_slice(&out);
        }
        assert!(largest_step(&played[480..]) < 1.3 * natural);
    }

    #[test]
    fn a_broken_joint_is_mended() {
        let mut samples = PlayoutBuffer::new();
        samples.push(&[0.0; 100], Joint::Continuous);
        samples.push(&[0.5; 480], Joint::Discontinuous);
        let mut out = [0.0; 580];
        samples.pop(&mut out);
        assert!(largest_step(&out) < 0.01);
        assert!((out[579] - 0.5).abs() < 1e-6);
    }

    #[test]
    fn too_much_sound_drops_the_oldest() {
        let mut samples = PlayoutBuffer::new();
        for _ in 0..20 {
            samples.push(&[0.1; MAX_OPUS_FRAME], Joint::Continuous);
        }
        assert!(samples.len() <= CAPACITY);
        samples.push(&[0.2; 10], Joint::Continuous);
        let mut out = vec![0.0; samples.len()];
        samples.pop(&mut out);
        assert_eq!(out.last(), Some(&0.2));
    }
}
