//! Taps the RTCP that the library keeps to itself: keyframe requests (PLI, RFC 4585; FIR, RFC 5104),
//! sender reports and reception reports (RFC 3550, 6.4). Counts NACKs and retransmissions.
//!
//! An interceptor ([`super::hook`]): feedback that finds no room is dropped.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use media::transport::Kind;
use rtc::interceptor::{Attribute, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp;
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use rtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtc::shared::marshal::MarshalSize as _;
use tokio::sync::mpsc;

use super::clocks::SendClocks;
use super::congestion::Congestion;
use super::feedback::Feedback;
use super::hook::{Hook, Outbox};
use super::rtcp::RtcpState;
use super::socket::Traffic;
use crate::rtp::sync::Report;

/// Taps the RTCP. Sits nearest to the wire, where it sees what every other one emits.
pub(crate) struct Tap {
    /// Is told that the other side was heard: what comes here was decrypted.
    traffic: Arc<Traffic>,
    state: Arc<RtcpState>,
    feedback: mpsc::Sender<Feedback>,
    congestion: Congestion,
    /// Knows the sources of our streams.
    clocks: Arc<SendClocks>,
    /// The header extension that carries transport-wide sequence numbers.
    transport_cc: Option<u8>,
}

impl Tap {
    /// A tap that fills `state` and reports to `feedback`; when that is full, reports are lost,
    /// and the next ones say the same.
    pub(crate) fn new(
        traffic: Arc<Traffic>,
        state: Arc<RtcpState>,
        clocks: Arc<SendClocks>,
        feedback: mpsc::Sender<Feedback>,
        congestion: Congestion,
    ) -> Self {
        Self {
            traffic,
            state,
            feedback,
            congestion,
            clocks,
            transport_cc: None,
        }
    }

    /// Reads one RTCP packet of the other side.
    fn read_rtcp(&self, packet: &dyn rtcp::Packet, now: Instant) {
        let packet = packet.as_any();
        if let Some(request) = packet.downcast_ref::<PictureLossIndication>() {
            self.read_keyframe_request(request.media_ssrc);
        } else if let Some(request) = packet.downcast_ref::<FullIntraRequest>() {
            let sources = request.fir.iter();
            sources.for_each(|it| self.read_keyframe_request(it.ssrc));
        } else if let Some(report) = packet.downcast_ref::<TransportLayerCc>() {
            self.congestion
                .reported(report.base_sequence_number, report.packet_status_count);
        } else if let Some(report) = packet.downcast_ref::<SenderReport>() {
            if let Some(stream) = self.state.stream_of(report.ssrc) {
                let clock = Report {
                    ntp: report.ntp_time,
                    rtp: report.rtp_time,
                };
                self.state.clocks().report(stream, clock);
            }
            self.read_reception(&report.reports, now);
        } else if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
            self.read_reception(&report.reports, now);
        }
    }

    /// Reads that the other side needs a keyframe of what comes from `ssrc`.
    fn read_keyframe_request(&self, ssrc: u32) {
        let stream = self.clocks.stream_of(ssrc);
        if let Some(stream) = stream.filter(|it| it.kind() == Kind::Video) {
            let request = Feedback::KeyframeRequested(stream);
            let _ = self.feedback.try_send(request);
        }
    }

    /// Reads what the other side received of our streams.
    fn read_reception(&self, reports: &[ReceptionReport], now: Instant) {
        for report in reports {
            if let Some(stream) = self.clocks.stream_of(report.ssrc) {
                let rtt = self.state.round_trip(report, now);
                if let Some(rtt) = rtt {
                    self.state.see_round_trip(rtt);
                }
                let _ = self.feedback.try_send(Feedback::Reception {
                    stream,
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
                self.congestion.sent(
                    packet.now,
                    rtp.marshal_size(),
                    number.as_deref(),
                    retransmitted,
                );
                if retransmitted && let Some(stream) = self.clocks.stream_of(rtp.header.ssrc) {
                    self.state
                        .repairs(stream)
                        .retransmitted
                        .fetch_add(1, Ordering::Relaxed);
                }
            }
            Packet::Rtcp(packets) => {
                let nacks = packets.iter().filter_map(|it| it.as_any().downcast_ref());
                for TransportLayerNack { media_ssrc, .. } in nacks {
                    if let Some(stream) = self.state.stream_of(*media_ssrc) {
                        self.state
                            .repairs(stream)
                            .nacks
                            .fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            _ => {}
        }
    }
}

impl Hook for Tap {
    fn on_received(&mut self, packet: &TaggedPacket, _: &mut Outbox) {
        self.traffic.received(packet.now);
        if let Packet::Rtcp(packets) = &packet.message.packet {
            packets
                .iter()
                .for_each(|it| self.read_rtcp(it.as_ref(), packet.now));
        }
    }

    fn on_sent(&mut self, packet: &mut TaggedPacket) {
        self.count(packet);
    }

    fn bind_sent(&mut self, stream: &StreamInfo) {
        let mut extensions = stream.rtp_header_extensions.iter();
        let found = extensions.find(|it| it.uri == TRANSPORT_CC_URI);
        self.transport_cc = found
            .and_then(|it| u8::try_from(it.id).ok())
            .or(self.transport_cc);
    }
}

/// The extension of transport-wide sequence numbers
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01, 2).
const TRANSPORT_CC_URI: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
