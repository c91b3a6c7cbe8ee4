//! Counts packets, losses and jitter of one received stream (RFC 3550, appendix A.3 and A.8).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use media::transport::Kind;
use rtc::rtp;

use crate::rtp::clock_hz;
use crate::rtp::extend::SequenceExtender;

/// Figures of one received stream.
#[derive(Debug, Default)]
pub(crate) struct StreamCounters {
    pub(crate) packets: AtomicU64,
    /// Payload only.
    pub(crate) bytes: AtomicU64,
    /// Expected less received.
    pub(crate) lost: AtomicI64,
    pub(crate) jitter_micros: AtomicU64,
    /// 0 before the first packet.
    pub(crate) ssrc: AtomicU64,
}

/// Counts one stream.
pub(super) struct Meter {
    kind: Kind,
    extender: SequenceExtender,
    first: Option<u64>,
    highest: u64,
    received: u64,
    last: Option<(u32, Instant)>,
    jitter: f64,
}

impl Meter {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            extender: SequenceExtender::default(),
            first: None,
            highest: 0,
            received: 0,
            last: None,
            jitter: 0.0,
        }
    }

    /// Counts one packet; returns its position in the stream.
    pub(super) fn count(
        &mut self,
        packet: &rtp::Packet,
        arrived: Instant,
        figures: &StreamCounters,
    ) -> u64 {
        let position = self.extender.extend(packet.header.sequence_number);
        let first = *self.first.get_or_insert(position);
        self.first = Some(first.min(position));
        self.highest = self.highest.max(position);
        self.received += 1;
        let expected = self.highest - first.min(position) + 1;
        let lost = i64::try_from(expected).unwrap_or(i64::MAX)
            - i64::try_from(self.received).unwrap_or(i64::MAX);
        if let Some((timestamp, before)) = self.last {
            let ticks = packet.header.timestamp.wrapping_sub(timestamp) as i32;
            let sent = f64::from(ticks) / f64::from(clock_hz(self.kind));
            let between = arrived.saturating_duration_since(before).as_secs_f64();
            self.jitter += ((between - sent).abs() - self.jitter) / 16.0;
        }
        self.last = Some((packet.header.timestamp, arrived));

        figures.packets.store(self.received, Ordering::Relaxed);
        figures
            .bytes
            .fetch_add(packet.payload.len() as u64, Ordering::Relaxed);
        figures.lost.store(lost, Ordering::Relaxed);
        figures
            .jitter_micros
            .store((self.jitter * 1e6) as u64, Ordering::Relaxed);
        figures
            .ssrc
            .store(u64::from(packet.header.ssrc), Ordering::Relaxed);
        position
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Counts packets of 20 ms of sound: their sequence numbers, and by how much each is late.
    fn counted(packets: &[(u16, u64)]) -> StreamCounters {
        let start = Instant::now();
        let mut meter = Meter::new(Kind::Audio);
        let counters = StreamCounters::default();
        for &(sequence, late) in packets {
            let packet = rtp::Packet {
                header: rtp::Header {
                    sequence_number: sequence,
                    timestamp: u32::from(sequence) * 960,
                    ..rtp::Header::default()
                },
                payload: bytes::Bytes::from_static(b"sound"),
            };
            let arrived = start + Duration::from_millis(u64::from(sequence) * 20 + late);
            meter.count(&packet, arrived, &counters);
        }
        counters
    }

    fn lost(sequences: &[u16]) -> i64 {
        let packets: Vec<_> = sequences.iter().map(|it| (*it, 0)).collect();
        counted(&packets).lost.load(Ordering::Relaxed)
    }

    #[test]
    fn what_did_not_come_is_lost_until_it_comes() {
        assert_eq!(lost(&[5, 6, 7]), 0);
        assert_eq!(lost(&[5, 7, 9]), 2);
        assert_eq!(lost(&[5, 7, 9, 6]), 1);
        assert_eq!(lost(&[5, 6, 4]), 0, "the first came late");
    }

    #[test]
    fn jitter_is_how_unevenly_packets_come() {
        let jitter = |packets: &[(u16, u64)]| {
            let micros = counted(packets).jitter_micros.load(Ordering::Relaxed);
            Duration::from_micros(micros)
        };
        let even: Vec<_> = (0..200).map(|it| (it, 7)).collect();
        assert_eq!(jitter(&even), Duration::ZERO);
        let uneven: Vec<_> = (0..200).map(|it| (it, u64::from(it % 2) * 8)).collect();
        let jitter = jitter(&uneven);
        assert!(jitter > Duration::from_millis(7), "{jitter:?}");
        assert!(jitter <= Duration::from_millis(8), "{jitter:?}");
    }
}
