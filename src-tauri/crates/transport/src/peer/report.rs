//! Sends sender reports that tell when a frame was captured (RFC 3550, 6.4.1).
//!
//! The library's own reports would tell when a frame was handed to the library: sound takes 5 ms to
//! encode and a picture 40, so the other side would play them 35 ms apart. [`SenderReports`] is an
//! interceptor in their place and runs in the library's driver.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::transport::Stream;
use rtc::interceptor::{AttributedPacket, Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp;
use rtc::sansio::Protocol;
use rtc::shared::TransportContext;
use rtc::shared::error::Error;

use super::clocks::SendClocks;
use super::rtcp::RtcpState;

/// The interceptor.
pub(crate) struct SenderReports {
    clocks: Arc<SendClocks>,
    rtcp_state: Arc<RtcpState>,
    due: Option<Instant>,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl SenderReports {
    pub(crate) fn new(clocks: Arc<SendClocks>, rtcp_state: Arc<RtcpState>) -> Self {
        Self {
            clocks,
            rtcp_state,
            due: None,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for SenderReports {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if matches!(packet.message.packet, Packet::Rtp(_)) {
            self.due.get_or_insert(packet.now + FIRST_REPORT);
        }
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        if self.due.is_none_or(|due| now < due) {
            return Ok(());
        }
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
            self.writes.push_back(TaggedPacket {
                now,
                transport: TransportContext::default(),
                message: AttributedPacket::new(Packet::Rtcp(packets)),
            });
        }
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.due
    }
}

impl Interceptor for SenderReports {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}

/// From the first packet to the first report: soon, since other peers synchronise by it, but
/// late enough that voice and camera have begun.
const FIRST_REPORT: Duration = Duration::from_millis(100);

/// Between reports: what the other side's round trip time and loss figures are renewed by.
const INTERVAL: Duration = Duration::from_secs(1);
