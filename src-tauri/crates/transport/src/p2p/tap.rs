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
use rtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use tokio::sync::mpsc;

use super::congestion::Congestion;
use super::feedback::Feedback;
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
            reads: VecDeque::new(),
            writes: VecDeque::new(),
        }
    }

    /// Reads one RTCP packet of the other side.
    fn read_rtcp(&self, packet: &dyn rtcp::Packet, now: Instant) {
        let packet = packet.as_any();
        if packet.is::<PictureLossIndication>() || packet.is::<FullIntraRequest>() {
            let _ = self.feedback.try_send(Feedback::KeyframeRequested);
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
                let _ = self.feedback.try_send(Feedback::Reception {
                    kind,
                    fraction_lost: f32::from(report.fraction_lost) / 256.0,
                    rtt: self.state.round_trip(report, now),
                });
            }
        }
    }

    /// Counts one packet that leaves.
    fn count(&self, packet: &TaggedPacket) {
        match &packet.message.packet {
            Packet::Rtp(rtp) => {
                // From the first packet after a report on, the estimator expects the next report.
                self.congestion.sent(packet.now);
                let retransmitted = packet.message.has(&Attribute::Retransmission);
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

/// How many of our sender reports are remembered: two streams, four seconds, beyond which no round
/// trip that matters is.
const KEPT_REPORTS: usize = 8;
