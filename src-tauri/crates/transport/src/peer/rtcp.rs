//! What the RTCP of both sides tells, for whoever needs it (RFC 3550, 6).
//!
//! The interceptors write it and so do the receiving tasks; both and the session read it. It is locked
//! in the library's driver, so every lock is held for a copy only.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use media::transport::{Stream, Streams};
use rtc::rtcp::reception_report::ReceptionReport;

use crate::rtp::missing::Repair;
use crate::rtp::sync::{ClockOffsets, Clocks};

/// What is known by RTCP.
#[derive(Debug, Default)]
pub(crate) struct RtcpState {
    /// The other side's clocks.
    clocks: Mutex<Clocks>,
    /// Our last sender reports, each by the middle of its NTP time, and when it left: a reception
    /// report names the one it answers by that.
    sent_reports: Mutex<VecDeque<(u32, Instant)>>,
    /// The smoothed round trip time in microseconds, 0 before the first is known.
    round_trip_micros: AtomicU64,
    /// From which sequence number on the packets of received pictures are of use, by SSRC.
    first_wanted: Mutex<HashMap<u32, u16>>,
    /// Which stream is received from a source, by SSRC.
    sources: Mutex<HashMap<u32, Stream>>,
    repairs: Streams<Repairs>,
}

/// Repairs of one stream.
#[derive(Debug, Default)]
pub(crate) struct Repairs {
    /// NACKs that we sent.
    pub(crate) nacks: AtomicU64,
    /// Packets that we sent again.
    pub(crate) retransmitted: AtomicU64,
}

impl RtcpState {
    /// Takes the clock offsets of the other side's offer or answer.
    pub(crate) fn announce_clocks(&self, offsets: ClockOffsets) {
        self.clocks().announce(offsets);
    }

    /// The other side's clocks. To be held for a copy only: the driver waits for it.
    pub(crate) fn clocks(&self) -> MutexGuard<'_, Clocks> {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a sender report of this NTP time left at `now`.
    pub(crate) fn sent_report(&self, ntp: u64, now: Instant) {
        let mut sent = self
            .sent_reports
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if sent.len() == KEPT_REPORTS {
            sent.pop_front();
        }
        sent.push_back((middle(ntp), now));
    }

    /// How long a question and its answer take, smoothed.
    pub(crate) fn round_trip_time(&self) -> Duration {
        match self.round_trip_micros.load(Ordering::Relaxed) {
            0 => START_ROUND_TRIP,
            micros => Duration::from_micros(micros),
        }
    }

    /// Learns how long a question and its answer took. Only the driver calls it.
    pub(crate) fn see_round_trip(&self, sample: Duration) {
        let sample = u64::try_from(sample.min(LONGEST_ROUND_TRIP).as_micros()).unwrap_or(u64::MAX);
        let smoothed = match self.round_trip_micros.load(Ordering::Relaxed) {
            0 => sample,
            before => (before * 3 + sample) / 4,
        };
        self.round_trip_micros
            .store(smoothed.max(1), Ordering::Relaxed);
    }

    /// Learns how long the repair of a packet took, which is a round trip as well.
    pub(crate) fn see_repair(&self, repair: Repair) {
        let known = self.round_trip_time();
        if repair.first == repair.last && repair.last > known / 2 {
            self.see_round_trip(repair.last);
        } else if repair.last <= known / 2 && repair.first > known {
            // It came too soon after the last question, so it is the answer to one before.
            self.see_round_trip(repair.first);
        }
        // Else it came late by itself, or is the answer to any question.
    }

    /// Tells from which sequence number on the packets of a received stream are of use.
    pub(crate) fn set_first_wanted(&self, ssrc: u32, sequence: u16) {
        let mut wanted = self.lock_first_wanted();
        if wanted.len() < MOST_SOURCES || wanted.contains_key(&ssrc) {
            wanted.insert(ssrc, sequence);
        }
    }

    /// From which sequence number on the packets of a received stream are of use.
    pub(crate) fn first_wanted(&self, ssrc: u32) -> Option<u16> {
        self.lock_first_wanted().get(&ssrc).copied()
    }

    fn lock_first_wanted(&self) -> MutexGuard<'_, HashMap<u32, u16>> {
        self.first_wanted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns that packets of `ssrc` belong to `stream`.
    pub(crate) fn learn_source(&self, ssrc: u32, stream: Stream) {
        let mut sources = self.lock_sources();
        if sources.len() < MOST_SOURCES || sources.contains_key(&ssrc) {
            sources.insert(ssrc, stream);
        }
    }

    /// Which stream is received from `ssrc`; `None` until the first packet of it was taken.
    pub(crate) fn stream_of(&self, ssrc: u32) -> Option<Stream> {
        self.lock_sources().get(&ssrc).copied()
    }

    fn lock_sources(&self) -> MutexGuard<'_, HashMap<u32, Stream>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn repairs(&self, stream: Stream) -> &Repairs {
        &self.repairs[stream]
    }

    /// The round trip time that a reception report proves (RFC 3550, 6.4.1).
    pub(crate) fn round_trip(&self, report: &ReceptionReport, now: Instant) -> Option<Duration> {
        if report.last_sender_report == 0 {
            return None;
        }
        let sent = self
            .sent_reports
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let left = sent
            .iter()
            .rev()
            .find(|(ntp, _)| *ntp == report.last_sender_report)?
            .1;
        let held = Duration::from_secs_f64(f64::from(report.delay) / 65_536.0);
        Some(now.saturating_duration_since(left).saturating_sub(held))
    }
}

/// The middle 32 bits of an NTP time, which reception reports echo as LSR (RFC 3550, 6.4.1).
const fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// How many sources are remembered: a side may go on with a stream under another SSRC, and a server
/// makes one for each track that is published.
pub(crate) const MOST_SOURCES: usize = 64;

/// What a round trip is taken for before one is known: far too long on a local network, where a
/// second question is rare, and within a continent long enough not to ask twice for nothing.
const START_ROUND_TRIP: Duration = Duration::from_millis(100);

/// What is longer is taken for this: no repair comes in time then.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(2);

/// How many of our sender reports are remembered: four streams, four seconds, beyond which no round
/// trip that matters is.
const KEPT_REPORTS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_are_smoothed_and_learned_from_repairs_too() {
        let ms = Duration::from_millis;
        let state = RtcpState::default();
        assert_eq!(state.round_trip_time(), START_ROUND_TRIP);
        state.see_round_trip(ms(200));
        state.see_round_trip(ms(300));
        assert_eq!(state.round_trip_time(), ms(225));
        let repair = |first, last| {
            state.see_repair(Repair {
                first: ms(first),
                last: ms(last),
            });
            state.round_trip_time()
        };
        assert_eq!(repair(20, 20), ms(225), "it came late by itself");
        assert_eq!(repair(400, 150), ms(225), "an answer to either question");
        assert_eq!(repair(425, 100), ms(275), "the answer to the first");
        assert_eq!(repair(175, 175), ms(250));
        state.see_round_trip(Duration::MAX);
        assert!(state.round_trip_time() < LONGEST_ROUND_TRIP);
    }
}
