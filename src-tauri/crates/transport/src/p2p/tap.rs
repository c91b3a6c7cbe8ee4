//! The RTCP that the library keeps to itself, tapped at the wire: keyframe requests, sender
//! reports, what the other side received of ours; and the counts of what the library repairs.
//!
//! An interceptor of the library's chain, so it runs in its driver: it must never block.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use media::transport::NetworkEstimate;
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
use crate::rtp::sync::{Clocks, Kind, Report};

/// What the other side's RTCP says of what we send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Feedback {
    /// Its decoder needs a keyframe (PLI or FIR).
    KeyframeRequested,
    /// What it received of one stream lately.
    Reception {
        kind: Kind,
        /// 0 to 1.
        fraction_lost: f32,
        rtt: Option<Duration>,
    },
    /// What the network carries now.
    Estimate(NetworkEstimate),
}

/// What the tap learns and others read.
#[derive(Debug, Default)]
pub(crate) struct Tapped {
    /// The other side's clocks.
    pub(crate) clocks: Mutex<Clocks>,
    /// Our sender reports that may still be answered: the middle of their NTP time, and when they
    /// left.
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

impl Tapped {
    /// Notes that a sender report of this NTP time left at `now`.
    pub(crate) fn note_sender_report(&self, ntp: u64, now: Instant) {
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
    tapped: Arc<Tapped>,
    feedback: mpsc::Sender<Feedback>,
    congestion: Congestion,
    remote: HashMap<u32, Kind>,
    local: HashMap<u32, Kind>,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl Tap {
    /// A tap that fills `tapped` and reports to `feedback`; when that is full, reports are lost,
    /// and the next ones say the same.
    pub(crate) fn new(
        tapped: Arc<Tapped>,
        feedback: mpsc::Sender<Feedback>,
        congestion: Congestion,
    ) -> Self {
        Self {
            tapped,
            feedback,
            congestion,
            remote: HashMap::new(),
            local: HashMap::new(),
            reads: VecDeque::new(),
            writes: VecDeque::new(),
        }
    }

    fn heard(&self, packet: &dyn rtcp::Packet, now: Instant) {
        let packet = packet.as_any();
        if packet.is::<PictureLossIndication>() || packet.is::<FullIntraRequest>() {
            let _ = self.feedback.try_send(Feedback::KeyframeRequested);
        } else if let Some(report) = packet.downcast_ref::<SenderReport>() {
            if let Some(kind) = self.remote.get(&report.ssrc) {
                let mut clocks = self
                    .tapped
                    .clocks
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                clocks.report(
                    *kind,
                    Report {
                        ntp: report.ntp_time,
                        rtp: report.rtp_time,
                    },
                );
            }
            self.received(&report.reports, now);
        } else if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
            self.received(&report.reports, now);
        }
    }

    fn received(&self, reports: &[ReceptionReport], now: Instant) {
        for report in reports {
            if let Some(&kind) = self.local.get(&report.ssrc) {
                let _ = self.feedback.try_send(Feedback::Reception {
                    kind,
                    fraction_lost: f32::from(report.fraction_lost) / 256.0,
                    rtt: self.tapped.round_trip(report, now),
                });
            }
        }
    }

    fn leaving(&self, packet: &TaggedPacket) {
        if matches!(packet.message.packet, Packet::Rtp(_)) {
            self.congestion.sent(packet.now);
        }
        match &packet.message.packet {
            Packet::Rtp(rtp) if packet.message.has(&Attribute::Retransmission) => {
                if let Some(&kind) = self.local.get(&rtp.header.ssrc) {
                    self.tapped
                        .repairs(kind)
                        .retransmitted
                        .fetch_add(1, Ordering::Relaxed);
                }
            }
            Packet::Rtcp(packets) => {
                let nacks = packets.iter().filter_map(|it| it.as_any().downcast_ref());
                for TransportLayerNack { media_ssrc, .. } in nacks {
                    if let Some(&kind) = self.remote.get(media_ssrc) {
                        self.tapped
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
                .for_each(|it| self.heard(it.as_ref(), packet.now));
        }
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.leaving(&packet);
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

/// Opus is the only codec here with its clock.
fn kind_of(info: &StreamInfo) -> Kind {
    if info.clock_rate == Kind::Audio.hz() {
        Kind::Audio
    } else {
        Kind::Video
    }
}

/// The part of an NTP time that reception reports echo.
const fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// How many of our sender reports are remembered: two streams, four seconds.
const KEPT_REPORTS: usize = 8;
