//! Sends sender reports that tell when a frame was captured (RFC 3550, 6.4.1).
//!
//! The library's own reports would tell when a frame was handed to the library: sound takes 5 ms to
//! encode and a picture 40, so the other side would play them 35 ms apart. [`SenderReports`] is an
//! interceptor ([`super::hook`]) in their place.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::transport::Stream;
use rtc::interceptor::{Packet, TaggedPacket};
use rtc::rtcp;

use super::clocks::SendClocks;
use super::hook::{Hook, Outbox};
use super::rtcp::RtcpState;

/// Sends sender reports.
pub(crate) struct SenderReports {
    clocks: Arc<SendClocks>,
    rtcp_state: Arc<RtcpState>,
    due: Option<Instant>,
}

impl SenderReports {
    pub(crate) fn new(clocks: Arc<SendClocks>, rtcp_state: Arc<RtcpState>) -> Self {
        Self {
            clocks,
            rtcp_state,
            due: None,
        }
    }
}

impl Hook for SenderReports {
    fn on_sent(&mut self, packet: &mut TaggedPacket) {
        if matches!(packet.message.packet, Packet::Rtp(_)) {
            self.due.get_or_insert(packet.now + FIRST_REPORT);
        }
    }

    fn due(&self) -> Option<Instant> {
        self.due
    }

    fn on_due(&mut self, now: Instant, send: &mut Outbox) {
        self.due = Some(now + INTERVAL);
        let mut packets: Vec<Box<dyn rtcp::Packet>> = Vec::new();
        for stream in Stream::ALL {
            if let Some(report) = self.clocks.report(stream, now) {
                self.rtcp_state.sent_report(report.ntp_time, now);
                packets.push(Box::new(report));
            }
        }
        // An empty compound packet means something else to the library.
        if !packets.is_empty() {
            send.push(now, Packet::Rtcp(packets));
        }
    }
}

/// From the first packet to the first report: soon, since other peers synchronise by it, but
/// late enough that voice and camera have begun.
const FIRST_REPORT: Duration = Duration::from_millis(100);

/// Between reports: what the other side's round trip time and loss figures are renewed by.
const INTERVAL: Duration = Duration::from_secs(1);
