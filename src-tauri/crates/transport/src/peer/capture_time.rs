//! Tells in the headers of packets when their content was captured, and reads it (the header
//! extension abs-capture-time of libwebrtc).
//!
//! A server that forwards media counts timestamps anew, and the library cannot read its sender
//! reports, so nothing else says which sound belongs to which picture. Where the extension was not
//! negotiated nothing happens. An interceptor ([`super::hook`]).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc::interceptor::{Packet, StreamInfo, TaggedPacket};
use rtc::rtp;

use super::clocks::SendClocks;
use super::extension::Extension;
use super::hook::{Hook, Outbox};
use super::rtcp::{MOST_SOURCES, RtcpState};
use crate::rtp::sync::Report;

/// Writes and reads capture times.
pub(crate) struct CaptureTimes {
    clocks: Arc<SendClocks>,
    rtcp: Arc<RtcpState>,
    /// The number of the extension in what is sent, by SSRC, and when it was told last.
    sent: HashMap<u32, (u8, Option<Instant>)>,
    /// The number of the extension in what is received, by SSRC.
    received: HashMap<u32, u8>,
}

impl CaptureTimes {
    pub(crate) fn new(clocks: Arc<SendClocks>, rtcp: Arc<RtcpState>) -> Self {
        Self {
            clocks,
            rtcp,
            sent: HashMap::new(),
            received: HashMap::new(),
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

impl Hook for CaptureTimes {
    fn on_received(&mut self, packet: &TaggedPacket, _: &mut Outbox) {
        if let Packet::Rtp(rtp) = &packet.message.packet {
            self.read(&rtp.header);
        }
    }

    fn on_sent(&mut self, packet: &mut TaggedPacket) {
        if let Packet::Rtp(rtp) = &mut packet.message.packet {
            self.stamp(&mut rtp.header, packet.now);
        }
    }

    fn bind_sent(&mut self, stream: &StreamInfo) {
        if let Some(id) = number(stream) {
            self.sent.insert(stream.ssrc, (id, None));
        }
    }

    fn unbind_sent(&mut self, stream: &StreamInfo) {
        self.sent.remove(&stream.ssrc);
    }

    fn bind_received(&mut self, stream: &StreamInfo) {
        let is_known = self.received.contains_key(&stream.ssrc);
        if let Some(id) = number(stream)
            && (is_known || self.received.len() < MOST_SOURCES)
        {
            self.received.insert(stream.ssrc, id);
        }
    }

    fn unbind_received(&mut self, stream: &StreamInfo) {
        self.received.remove(&stream.ssrc);
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

#[cfg(test)]
mod tests {
    use media::time::MediaTime;
    use media::transport::{Stream, Streams};
    use rtc::interceptor::{AttributedPacket, RTPHeaderExtension};
    use rtc::shared::TransportContext;

    use super::*;
    use crate::rtp::sync::{ClockOffsets, Timeline};

    const ID: u8 = 5;

    /// One end, whose voice has the source 1 and whose camera has 2.
    struct End {
        times: CaptureTimes,
        clocks: Arc<SendClocks>,
        rtcp: Arc<RtcpState>,
    }

    impl End {
        fn new() -> Self {
            let ssrcs = Streams::from_fn(|it| it as u32 + 1);
            let offsets = ClockOffsets(Streams::from_fn(|_| 7));
            let clocks = Arc::new(SendClocks::new(offsets, ssrcs));
            let rtcp = Arc::new(RtcpState::default());
            let mut times = CaptureTimes::new(Arc::clone(&clocks), Arc::clone(&rtcp));
            for (stream, ssrc) in [(Stream::Voice, 1), (Stream::Camera, 2)] {
                times.bind_sent(&source(ssrc));
                times.bind_received(&source(ssrc));
                rtcp.learn_source(ssrc, stream);
            }
            Self {
                times,
                clocks,
                rtcp,
            }
        }

        /// A packet as it leaves: captured then, sent now.
        fn sends(&mut self, stream: Stream, captured: MediaTime, now: Instant) -> TaggedPacket {
            let header = rtp::Header {
                ssrc: self.clocks.stream(stream).ssrc,
                timestamp: self.clocks.stamp(stream, captured, now),
                ..rtp::Header::default()
            };
            let mut packet = packet(header, now);
            self.times.on_sent(&mut packet);
            packet
        }

        fn receives(&mut self, packet: &TaggedPacket) {
            self.times.on_received(packet, &mut Outbox::default());
        }

        /// Where a timestamp lies, and whether that is known to be in step.
        fn locates(&self, stream: Stream, timestamp: u32) -> (i64, bool) {
            let (time, known) = Timeline::new(stream).locate(timestamp, &self.rtcp.clocks());
            (time.micros(), known)
        }
    }

    fn source(ssrc: u32) -> StreamInfo {
        StreamInfo {
            ssrc,
            rtp_header_extensions: vec![RTPHeaderExtension {
                uri: Extension::CaptureTime.uri().to_owned(),
                id: ID.into(),
            }],
            ..StreamInfo::default()
        }
    }

    fn packet(header: rtp::Header, now: Instant) -> TaggedPacket {
        let packet = rtp::Packet {
            header,
            payload: Bytes::new(),
        };
        TaggedPacket {
            now,
            transport: TransportContext::default(),
            message: AttributedPacket::new(Packet::Rtp(packet)),
        }
    }

    fn header(packet: &TaggedPacket) -> &rtp::Header {
        match &packet.message.packet {
            Packet::Rtp(rtp) => &rtp.header,
            _ => panic!("no RTP"),
        }
    }

    #[test]
    fn streams_are_in_step_by_what_their_packets_say() {
        let (mut from, mut to, now) = (End::new(), End::new(), Instant::now());
        let captured = MediaTime::from_micros(5_000_000);
        // The picture is sent 40 ms later than the sound of the same moment.
        let sound = from.sends(Stream::Voice, captured, now);
        let later = now + Duration::from_millis(40);
        let picture = from.sends(Stream::Camera, captured, later);
        let stamps = [header(&sound).timestamp, header(&picture).timestamp];
        to.receives(&sound);
        assert!(!to.locates(Stream::Voice, stamps[0]).1, "of one alone");
        to.receives(&picture);
        let (heard, known) = to.locates(Stream::Voice, stamps[0]);
        let (seen, _) = to.locates(Stream::Camera, stamps[1]);
        assert!(known && (heard - seen).abs() < 50, "{heard} {seen}");
    }

    #[test]
    fn it_is_said_now_and_then() {
        let (mut end, now) = (End::new(), Instant::now());
        let mut said = Vec::new();
        for at in (0..300).step_by(20) {
            let sent = now + Duration::from_millis(at);
            let captured = MediaTime::from_micros(i64::try_from(at * 1000).unwrap());
            let packet = end.sends(Stream::Voice, captured, sent);
            if header(&packet).get_extension(ID).is_some() {
                said.push(at);
            }
        }
        assert_eq!(said, [0, 100, 200]);
    }

    #[test]
    fn what_is_no_time_and_whose_source_is_unknown_changes_nothing() {
        let (mut end, now) = (End::new(), Instant::now());
        for (ssrc, value) in [(1, &[1, 2, 3][..]), (1, &[]), (9, &[0; 8])] {
            let mut header = rtp::Header {
                ssrc,
                ..rtp::Header::default()
            };
            let value = Bytes::copy_from_slice(value);
            header.set_extension(ID, value).unwrap();
            end.receives(&packet(header, now));
        }
        assert!(!end.locates(Stream::Voice, 0).1);
        for ssrc in 100..300 {
            end.times.bind_received(&source(ssrc));
        }
        assert_eq!(end.times.received.len(), MOST_SOURCES);
    }
}
