//! Taps the RTCP that the library keeps to itself: keyframe requests (PLI, RFC 4585; FIR, RFC 5104),
//! sender reports and reception reports (RFC 3550, 6.4). Counts NACKs and retransmissions.
//!
//! An interceptor of the library's chain. It runs in the library's driver, once per packet, so it
//! must never wait: locks are held for a copy, and feedback that finds no room is dropped. It passes
//! every packet on unchanged.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rtc::interceptor::{Attribute, Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp;
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use rtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use tokio::sync::mpsc;

use super::congestion::Congestion;
use super::feedback::Feedback;
use crate::rtp::missing::Repair;
use crate::rtp::sync::{ClockOffsets, Clocks, Kind, Report};

/// What the RTCP of both sides tells, for whoever needs it: the tap and the sender reports write it,
/// the session and its receiving tasks read it.
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
    pub(crate) audio: Repairs,
    pub(crate) video: Repairs,
}

/// Repairs of one kind of media.
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
        if wanted.len() < MOST_STREAMS || wanted.contains_key(&ssrc) {
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

    pub(crate) const fn repairs(&self, kind: Kind) -> &Repairs {
        match kind {
            Kind::Audio => &self.audio,
            Kind::Video => &self.video,
        }
    }

    /// The round trip time that a reception report proves (RFC 3550, 6.4.1).
    fn round_trip(&self, report: &ReceptionReport, now: Instant) -> Option<Duration> {
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

/// The interceptor. Sits nearest to the wire, where it sees what every other one emits.
pub(crate) struct Tap {
    state: Arc<RtcpState>,
    feedback: mpsc::Sender<Feedback>,
    congestion: Congestion,
    /// Streams of the other side, by SSRC.
    remote: HashMap<u32, Kind>,
    /// Our streams, by SSRC.
    local: HashMap<u32, Kind>,
    /// The header extension that carries transport-wide sequence numbers.
    transport_cc: Option<u8>,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl Tap {
    /// A tap that fills `state` and reports to `feedback`; when that is full, reports are lost,
    /// and the next ones say the same.
    pub(crate) fn new(
        state: Arc<RtcpState>,
        feedback: mpsc::Sender<Feedback>,
        congestion: Congestion,
    ) -> Self {
        Self {
            state,
            feedback,
            congestion,
            remote: HashMap::new(),
            local: HashMap::new(),
            transport_cc: None,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
        }
    }

    /// Reads one RTCP packet of the other side.
    fn read_rtcp(&self, packet: &dyn rtcp::Packet, now: Instant) {
        let packet = packet.as_any();
        if packet.is::<PictureLossIndication>() || packet.is::<FullIntraRequest>() {
            let _ = self.feedback.try_send(Feedback::KeyframeRequested);
        } else if let Some(report) = packet.downcast_ref::<TransportLayerCc>() {
            self.congestion
                .reported(report.base_sequence_number, report.packet_status_count);
        } else if let Some(report) = packet.downcast_ref::<SenderReport>() {
            if let Some(kind) = self.remote.get(&report.ssrc) {
                let clock = Report {
                    ntp: report.ntp_time,
                    rtp: report.rtp_time,
                };
                self.state.clocks().report(*kind, clock);
            }
            self.read_reception(&report.reports, now);
        } else if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
            self.read_reception(&report.reports, now);
        }
    }

    /// Reads what the other side received of our streams.
    fn read_reception(&self, reports: &[ReceptionReport], now: Instant) {
        for report in reports {
            if let Some(&kind) = self.local.get(&report.ssrc) {
                let rtt = self.state.round_trip(report, now);
                if let Some(rtt) = rtt {
                    self.state.see_round_trip(rtt);
                }
                let _ = self.feedback.try_send(Feedback::Reception {
                    kind,
                    fraction_lost: f32::from(report.fraction_lost) / 256.0,
                    rtt,
                });
            }
        }
    }

    /// Counts one packet that leaves.
    fn count(&self, packet: &TaggedPacket) {
        match &packet.message.packet {
            Packet::Rtp(rtp) => {
                let retransmitted = packet.message.has(&Attribute::Retransmission);
                // From the first packet after a report on, the estimator expects the next report.
                let number = self
                    .transport_cc
                    .and_then(|id| rtp.header.get_extension(id));
                self.congestion
                    .sent(packet.now, number.as_deref(), retransmitted);
                if let Some(&kind) = self.local.get(&rtp.header.ssrc).filter(|_| retransmitted) {
                    self.state
                        .repairs(kind)
                        .retransmitted
                        .fetch_add(1, Ordering::Relaxed);
                }
            }
            Packet::Rtcp(packets) => {
                let nacks = packets.iter().filter_map(|it| it.as_any().downcast_ref());
                for TransportLayerNack { media_ssrc, .. } in nacks {
                    if let Some(&kind) = self.remote.get(media_ssrc) {
                        self.state
                            .repairs(kind)
                            .nacks
                            .fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            _ => {}
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Tap {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &packet.message.packet {
            packets
                .iter()
                .for_each(|it| self.read_rtcp(it.as_ref(), packet.now));
        }
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.count(&packet);
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }
}

impl Interceptor for Tap {
    fn bind_local_stream(&mut self, info: &StreamInfo) {
        self.local.insert(info.ssrc, kind_of(info));
        let mut extensions = info.rtp_header_extensions.iter();
        let found = extensions.find(|it| it.uri == TRANSPORT_CC_URI);
        self.transport_cc = found
            .and_then(|it| u8::try_from(it.id).ok())
            .or(self.transport_cc);
    }

    fn unbind_local_stream(&mut self, info: &StreamInfo) {
        self.local.remove(&info.ssrc);
    }

    fn bind_remote_stream(&mut self, info: &StreamInfo) {
        self.remote.insert(info.ssrc, kind_of(info));
    }

    fn unbind_remote_stream(&mut self, info: &StreamInfo) {
        self.remote.remove(&info.ssrc);
    }
}

/// The kind of a stream by its clock rate: one codec of each kind is registered.
fn kind_of(info: &StreamInfo) -> Kind {
    if info.clock_rate == Kind::Audio.hz() {
        Kind::Audio
    } else {
        Kind::Video
    }
}

/// The middle 32 bits of an NTP time, which reception reports echo as LSR (RFC 3550, 6.4.1).
const fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// The extension of transport-wide sequence numbers
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01, 2).
const TRANSPORT_CC_URI: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// How many streams are received at most: a side may begin a new one under another SSRC.
const MOST_STREAMS: usize = 16;

/// What a round trip is taken for before one is known: far too long on a local network, where a
/// second question is rare, and within a continent long enough not to ask twice for nothing.
const START_ROUND_TRIP: Duration = Duration::from_millis(100);

/// What is longer is taken for this: no repair comes in time then.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(2);

/// How many of our sender reports are remembered: two streams, four seconds, beyond which no round
/// trip that matters is.
const KEPT_REPORTS: usize = 8;

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
