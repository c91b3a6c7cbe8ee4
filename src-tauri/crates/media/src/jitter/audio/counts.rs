//! Counts what becomes of packets and samples.
//!
//! Silence of the network has two explanations, a loss and a pause of the sender, and only what
//! comes after it tells which. So concealment in such a gap is counted at once, remembered beside,
//! and taken back when the gap turns out to have been a pause.

use std::time::Duration;

use super::{PULL, Rejected, Stats};

/// All figures of one buffer.
#[derive(Debug, Default)]
pub(super) struct Counts {
    stats: Stats,
    gap: Gap,
}

/// Some samples that were made up because their packet is missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Concealment {
    pub(super) samples: usize,
    /// Whether they are silence.
    pub(super) silent: bool,
    /// Whether the samples before them were real.
    pub(super) begins: bool,
}

/// Samples since the network fell silent, of which nobody knows yet whether they are lost.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    /// Counted as concealed.
    concealed: u64,
    /// Those of them that were silence.
    silent: u64,
    /// How many runs of concealed samples began.
    events: u64,
    /// Silence after that, counted as nothing yet.
    uncounted: u64,
}

impl Counts {
    pub(super) const fn stats(&self) -> Stats {
        self.stats
    }

    pub(super) const fn received(&mut self) {
        self.stats.packets_received += 1;
    }

    pub(super) const fn rejected(&mut self, why: Rejected) {
        match why {
            Rejected::Late => self.stats.packets_discarded += 1,
            Rejected::Duplicate => self.stats.packets_duplicated += 1,
            Rejected::Malformed => {}
        }
    }

    /// Packets were skipped to catch up.
    pub(super) const fn discarded(&mut self, packets: u64) {
        self.stats.packets_discarded += packets;
    }

    /// Packets were due and not there.
    pub(super) const fn missed(&mut self, packets: u64) {
        self.stats.packets_missed += packets;
    }

    /// A packet was rebuilt from the copy in the next one.
    pub(super) const fn recovered(&mut self) {
        self.stats.packets_recovered += 1;
    }

    pub(super) const fn inserted(&mut self, samples: usize) {
        self.stats.inserted_samples_for_deceleration += samples as u64;
    }

    pub(super) const fn removed(&mut self, samples: usize) {
        self.stats.removed_samples_for_acceleration += samples as u64;
    }

    /// Samples of packets that are known to be lost were made up.
    pub(super) fn concealed(&mut self, it: Concealment) {
        self.stats.concealment_events += u64::from(it.begins);
        self.stats.concealed_samples += it.samples as u64;
        self.stats.silent_concealed_samples += it.silent_samples();
    }

    /// Samples were made up while nobody knows whether their packets are lost.
    pub(super) fn concealed_in_gap(&mut self, it: Concealment) {
        self.concealed(it);
        self.gap.events += u64::from(it.begins);
        self.gap.concealed += it.samples as u64;
        self.gap.silent += it.silent_samples();
    }

    /// Silence was played while nobody knows whether packets are lost.
    pub(super) const fn silence_in_gap(&mut self, samples: usize) {
        self.gap.uncounted += samples as u64;
    }

    /// The gap ends without a verdict: what was counted of it stays.
    pub(super) fn close_gap(&mut self) {
        self.gap = Gap::default();
    }

    /// The gap was a pause of the sender: nothing was lost.
    pub(super) fn gap_was_pause(&mut self) {
        let gap = std::mem::take(&mut self.gap);
        self.stats.concealed_samples -= gap.concealed;
        self.stats.silent_concealed_samples -= gap.silent;
        self.stats.concealment_events -= gap.events;
    }

    /// Packets were lost or late in the gap: all of it counts.
    pub(super) fn gap_was_loss(&mut self) {
        let gap = std::mem::take(&mut self.gap);
        self.stats.concealed_samples += gap.uncounted;
        self.stats.silent_concealed_samples += gap.uncounted;
    }

    /// A pull was given out after playout had started.
    pub(super) const fn pulled(&mut self) {
        self.stats.total_samples_received += PULL as u64;
    }

    /// A pull of real sound was given out, `delay` after its packet came.
    pub(super) fn emitted(&mut self, delay: Duration, target: Duration) {
        self.stats.jitter_buffer_delay += delay * PULL as u32;
        self.stats.jitter_buffer_target_delay += target * PULL as u32;
        self.stats.jitter_buffer_emitted_count += PULL as u64;
    }
}

impl Concealment {
    const fn silent_samples(self) -> u64 {
        if self.silent { self.samples as u64 } else { 0 }
    }
}
