//! Tells in the headers of packets when their content was captured, and reads it (the header
//! extension abs-capture-time of libwebrtc).
//!
//! A server that forwards media counts timestamps anew, and the library cannot read its sender
//! reports, so nothing else says which sound belongs to which picture. Where the extension was not
//! negotiated nothing happens. An interceptor: it runs in the library's driver, once per packet.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc::interceptor::{Attribute, Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtp;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;

use super::clocks::SendClocks;
use super::extension::Extension;
use super::rtcp::RtcpState;
use crate::rtp::sync::Report;

/// The interceptor.
pub(crate) struct CaptureTimes {
    clocks: Arc<SendClocks>,
    rtcp: Arc<RtcpState>,
    /// The number of the extension in what is sent, by SSRC, and when it was told last.
    sent: HashMap<u32, (u8, Option<Instant>)>,
    /// The number of the extension in what is received, by SSRC.
    received: HashMap<u32, u8>,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl CaptureTimes {
    pub(crate) fn new(clocks: Arc<SendClocks>, rtcp: Arc<RtcpState>) -> Self {
        Self {
            clocks,
            rtcp,
            sent: HashMap::new(),
            received: HashMap::new(),
            reads: VecDeque::new(),
            writes: VecDeque::new(),
        }
    }

    /// Notes in a packet that leaves when it was captured, now and then.
    fn stamp(&mut self, header: &mut rtp::Header, now: Instant) {
        let Some((id, told)) = self.sent.get_mut(&header.ssrc) else {
            return;
        };
        if told.is_some_and(|at| now < at + INTERVAL) {
            return;
        }
        let stream = self.clocks.stream_of(header.ssrc);
        let captured = stream.and_then(|it| self.clocks.captured(it, header.timestamp));
        if let Some(ntp) = captured {
            let bytes = Bytes::copy_from_slice(&ntp.to_be_bytes());
            if header.set_extension(*id, bytes).is_ok() {
                *told = Some(now);
            }
        }
    }

    /// Reads from a packet of the other side when it was captured.
    fn read(&self, header: &rtp::Header) {
        let id = self.received.get(&header.ssrc);
        let Some(value) = id.and_then(|id| header.get_extension(*id)) else {
            return;
        };
        // The offset between the clocks of a sender and of whoever passes it on may follow.
        let ntp = value.first_chunk().map(|it| u64::from_be_bytes(*it));
        if let Some((ntp, stream)) = ntp.zip(self.rtcp.stream_of(header.ssrc)) {
            let rtp = header.timestamp;
            self.rtcp.clocks().captured(stream, Report { ntp, rtp });
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for CaptureTimes {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtp(rtp) = &packet.message.packet {
            self.read(&rtp.header);
        }
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, mut packet: TaggedPacket) -> Result<(), Error> {
        let resent = packet.message.has(&Attribute::Retransmission);
        if let Packet::Rtp(rtp) = &mut packet.message.packet
            && !resent
        {
            self.stamp(&mut rtp.header, packet.now);
        }
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }
}

impl Interceptor for CaptureTimes {
    fn bind_local_stream(&mut self, info: &StreamInfo) {
        if let Some(id) = number(info) {
            self.sent.insert(info.ssrc, (id, None));
        }
    }

    fn unbind_local_stream(&mut self, info: &StreamInfo) {
        self.sent.remove(&info.ssrc);
    }

    fn bind_remote_stream(&mut self, info: &StreamInfo) {
        if let Some(id) = number(info)
            && self.received.len() < MOST_SOURCES
        {
            self.received.insert(info.ssrc, id);
        }
    }

    fn unbind_remote_stream(&mut self, info: &StreamInfo) {
        self.received.remove(&info.ssrc);
    }
}

/// The number that was negotiated for the extension.
fn number(info: &StreamInfo) -> Option<u8> {
    let uri = Extension::CaptureTime.uri();
    let mut extensions = info.rtp_header_extensions.iter();
    let found = extensions.find(|it| it.uri == uri)?;
    u8::try_from(found.id).ok()
}

/// Between two packets of a stream that tell it: a sender whose timestamps are counted anew is in
/// step again after this.
const INTERVAL: Duration = Duration::from_millis(100);

/// Sources that are read at most: a server makes another one each time that something is published.
const MOST_SOURCES: usize = 64;
