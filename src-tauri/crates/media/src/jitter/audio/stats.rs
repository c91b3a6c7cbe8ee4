//! What the buffer counts.

use std::time::Duration;

/// Figures of one buffer, counted from its start. Names and meaning as in W3C webrtc-stats,
/// `RTCInboundRtpStreamStats`, where it has one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// `totalSamplesReceived`: samples given out since the first packet, concealed ones included.
    pub total_samples_received: u64,
    /// `concealedSamples`: samples made up because their packet was lost or late. In a gap they
    /// are counted for 400 ms; what comes after it tells whether the rest is added, or all of it
    /// taken back because the sender had paused.
    pub concealed_samples: u64,
    /// `silentConcealedSamples`: those of them that were silence.
    pub silent_concealed_samples: u64,
    /// `concealmentEvents`: runs of concealed samples.
    pub concealment_events: u64,
    /// `insertedSamplesForDeceleration`.
    pub inserted_samples_for_deceleration: u64,
    /// `removedSamplesForAcceleration`.
    pub removed_samples_for_acceleration: u64,
    /// `jitterBufferDelay`: sum over all emitted samples of the time from the arrival of their
    /// packet to their leaving the buffer.
    pub jitter_buffer_delay: Duration,
    /// `jitterBufferEmittedCount`: samples of packets that left the buffer.
    pub jitter_buffer_emitted_count: u64,
    /// `jitterBufferTargetDelay`: sum over all emitted samples of the delay aimed at.
    pub jitter_buffer_target_delay: Duration,
    /// `packetsReceived`: packets that were taken.
    pub packets_received: u64,
    /// `packetsDiscarded`: packets that came too late, or were skipped to catch up.
    pub packets_discarded: u64,
    /// Packets that came twice.
    pub packets_duplicated: u64,
    /// Packets that were rebuilt from the in-band copy in the next one.
    pub packets_recovered: u64,
    /// Packets whose turn came and that were not there.
    pub packets_missed: u64,
}
