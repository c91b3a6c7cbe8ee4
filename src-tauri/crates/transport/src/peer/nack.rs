//! Asks the other side for packets of pictures that are missing (generic NACK, RFC 4585, 6.2.1).
//!
//! An interceptor in the place of the library's, which asks every 20 ms whatever the round trip is.
//! It runs in the library's driver, once per packet, so it never waits; when to ask for what is for
//! [`Missing`] to say.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use rtc::interceptor::{AttributedPacket, Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp::transport_feedbacks::transport_layer_nack::{
    TransportLayerNack, nack_pairs_from_sequence_numbers,
};
use rtc::sansio::Protocol;
use rtc::shared::TransportContext;
use rtc::shared::error::Error;

use super::rtcp::RtcpState;
use crate::rtp::missing::Missing;

/// The interceptor.
pub(crate) struct NackGenerator {
    state: Arc<RtcpState>,
    /// One of our own sources, which questions are sent in the name of.
    sender_ssrc: u32,
    /// Streams that are repaired, by SSRC.
    streams: HashMap<u32, Missing>,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl NackGenerator {
    pub(crate) fn new(state: Arc<RtcpState>, sender_ssrc: u32) -> Self {
        Self {
            state,
            sender_ssrc,
            streams: HashMap::new(),
            reads: VecDeque::new(),
            writes: VecDeque::new(),
        }
    }

    /// Asks for what is due at `now`.
    fn ask(&mut self, now: Instant) {
        let rtt = self.state.round_trip_time();
        for (&media_ssrc, missing) in &mut self.streams {
            if let Some(sequence) = self.state.first_wanted(media_ssrc) {
                missing.forget_before(sequence);
            }
            for wanted in missing.ask(now, rtt).chunks(MOST_ASKED) {
                let nack = TransportLayerNack {
                    sender_ssrc: self.sender_ssrc,
                    media_ssrc,
                    nacks: nack_pairs_from_sequence_numbers(wanted),
                };
                self.writes.push_back(TaggedPacket {
                    now,
                    transport: TransportContext::default(),
                    message: AttributedPacket::new(Packet::Rtcp(vec![Box::new(nack)])),
                });
            }
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for NackGenerator {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtp(rtp) = &packet.message.packet
            && let Some(missing) = self.streams.get_mut(&rtp.header.ssrc)
        {
            let (sequence, timestamp) = (rtp.header.sequence_number, rtp.header.timestamp);
            if let Some(repair) = missing.receive(packet.now, sequence, timestamp) {
                self.state.see_repair(repair);
            }
        }
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        if self.poll_timeout().is_some_and(|due| due <= now) {
            self.ask(now);
        }
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.streams.values().filter_map(Missing::deadline).min()
    }
}

impl Interceptor for NackGenerator {
    fn bind_remote_stream(&mut self, info: &StreamInfo) {
        if is_repaired(info) {
            self.streams.insert(info.ssrc, Missing::default());
        }
    }

    fn unbind_remote_stream(&mut self, info: &StreamInfo) {
        self.streams.remove(&info.ssrc);
    }

    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
}

/// Whether generic NACKs were negotiated for a stream (`a=rtcp-fb:… nack`, RFC 4585, 4.2).
pub(super) fn is_repaired(info: &StreamInfo) -> bool {
    let mut feedback = info.rtcp_feedback.iter();
    feedback.any(|it| it.typ == "nack" && it.parameter.is_empty())
}

/// How many packets one message asks for at most: at four bytes each it stays below 1,000 bytes.
const MOST_ASKED: usize = 200;
