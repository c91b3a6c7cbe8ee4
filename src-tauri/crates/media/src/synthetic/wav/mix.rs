//! Many channels into one, so that no recording becomes silent or quiet by it.
//!
//! The mean of all channels is right for most recordings. Channels in opposite phase cancel in it,
//! and one loud channel among silent ones becomes quiet; there the loudest channel is taken alone.

/// Mixes one recording, block by block.
#[derive(Debug)]
pub(super) struct Mix {
    source: Source,
    /// Whether a block was mixed already.
    begun: bool,
    /// Energy of each channel, lately.
    channels: Vec<f32>,
    /// Energy of their mean, lately.
    mean: f32,
}

/// What is taken of each frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Mean,
    Channel(usize),
}

impl Mix {
    pub(super) fn new(channels: u16) -> Self {
        Self {
            source: Source::Mean,
            begun: false,
            channels: vec![0.0; usize::from(channels).max(1)],
            mean: 0.0,
        }
    }

    /// Mixes whole frames and adds them to `out`.
    pub(super) fn add(&mut self, frames: &[f32], out: &mut Vec<f32>) {
        self.measure(frames);
        let before = self.source;
        self.source = self.choose();
        // The first block has nothing before it to go over from.
        let before = if self.begun { before } else { self.source };
        self.begun = true;
        for (index, frame) in frames.chunks_exact(self.channels.len()).enumerate() {
            let share = ((index + 1) as f32 / FADE as f32).min(1.0);
            let (old, new) = (before.of(frame), self.source.of(frame));
            out.push(old + (new - old) * share);
        }
    }

    /// Follows the energies over about half a second.
    fn measure(&mut self, frames: &[f32]) {
        self.mean *= REMEMBERED;
        self.channels.iter_mut().for_each(|it| *it *= REMEMBERED);
        for frame in frames.chunks_exact(self.channels.len()) {
            self.mean += Source::Mean.of(frame).powi(2);
            for (energy, sample) in self.channels.iter_mut().zip(frame) {
                *energy += sample * sample;
            }
        }
    }

    /// The source for the next frames. Going back takes a clearer difference than leaving, so that
    /// it does not go to and fro.
    fn choose(&self) -> Source {
        let (loudest, energy) = self
            .channels
            .iter()
            .copied()
            .enumerate()
            .fold((0, 0.0), |most, it| if it.1 > most.1 { it } else { most });
        match self.source {
            Source::Mean if self.mean < LOST * energy => Source::Channel(loudest),
            Source::Channel(_) if self.mean > KEPT * energy => Source::Mean,
            Source::Channel(kept) if 2.0 * self.channels[kept] < energy => Source::Channel(loudest),
            source => source,
        }
    }
}

impl Source {
    fn of(self, frame: &[f32]) -> f32 {
        match self {
            Self::Mean => frame.iter().sum::<f32>() / frame.len() as f32,
            Self::Channel(index) => frame[index],
        }
    }
}

/// The mean of two channels that have nothing in common has half of the energy of each; less than
/// this share of it, and they cancel or most of them are silent.
const LOST: f32 = 0.3;
const KEPT: f32 = 0.4;

/// How much of the energies is left after a block.
const REMEMBERED: f32 = 0.8;

/// Frames over which one source goes over into another: 10 ms at the usual rate.
const FADE: usize = 480;

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    /// A tone of 300 Hz through channels of these gains, in blocks.
    fn mixed(gains: &[&[f32]]) -> Vec<f32> {
        let mut mix = Mix::new(gains[0].len() as u16);
        let mut out = Vec::new();
        for (block, gains) in gains.iter().enumerate() {
            let frames: Vec<f32> = (0..4096)
                .map(|at| (TAU * 300.0 * (block * 4096 + at) as f32 / 48_000.0).sin())
                .flat_map(|it| gains.iter().map(move |gain| gain * it))
                .collect();
            mix.add(&frames, &mut out);
        }
        out
    }

    fn peak(samples: &[f32]) -> f32 {
        samples.iter().fold(0.0, |peak, it| peak.max(it.abs()))
    }

    #[test]
    fn no_layout_makes_a_recording_silent_or_quiet() {
        for gains in [
            &[0.5][..],
            &[0.5, 0.5],
            &[0.5, -0.5],
            &[0.5, 0.0],
            &[0.0, 0.5],
            &[0.5, -0.4],
            &[0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0],
            &[0.5, -0.5, 0.5, -0.5],
        ] {
            let heard = peak(&mixed(&[gains; 4]));
            assert!((0.45..=0.51).contains(&heard), "{gains:?}: {heard}");
        }
        assert!(peak(&mixed(&[&[0.0; 2][..]; 4])) < 1e-6);
    }

    #[test]
    fn going_over_to_another_channel_makes_no_click() {
        let gains: [&[f32]; 4] = [&[0.5, 0.5], &[0.5, -0.5], &[0.0, 0.5], &[0.5, 0.0]];
        let blocks: Vec<&[f32]> = gains.iter().flat_map(|it| [*it; 8]).collect();
        let mixed = mixed(&blocks);
        // Where the recording itself is smooth: within its blocks.
        let steps = mixed.chunks(4096).flat_map(|it| it.windows(2));
        let largest = steps.map(|it| (it[1] - it[0]).abs()).fold(0.0, f32::max);
        assert!(largest < 0.025, "{largest}");
    }
}
