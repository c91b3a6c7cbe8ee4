//! Asks the other side for packets of pictures that are missing (generic NACK, RFC 4585, 6.2.1).
//!
//! An interceptor ([`super::hook`]) in the place of the library's, which asks every 20 ms whatever
//! the round trip is. When to ask for what is for [`Missing`] to say.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rtc::interceptor::{Packet, StreamInfo, TaggedPacket};
use rtc::rtcp::transport_feedbacks::transport_layer_nack::{
    TransportLayerNack, nack_pairs_from_sequence_numbers,
};

use super::hook::{Hook, Outbox};
use super::rtcp::RtcpState;
use crate::rtp::missing::Missing;

/// Asks for missing packets.
pub(crate) struct NackGenerator {
    state: Arc<RtcpState>,
    /// One of our own sources, which questions are sent in the name of.
    sender_ssrc: u32,
    /// Streams that are repaired, by SSRC.
    streams: HashMap<u32, Missing>,
}

impl NackGenerator {
    pub(crate) fn new(state: Arc<RtcpState>, sender_ssrc: u32) -> Self {
        Self {
            state,
            sender_ssrc,
            streams: HashMap::new(),
        }
    }

    /// Asks for what is due at `now`.
    fn ask(&mut self, now: Instant, send: &mut Outbox) {
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
                send.push(now, Packet::Rtcp(vec![Box::new(nack)]));
            }
        }
    }
}

impl Hook for NackGenerator {
    fn on_received(&mut self, packet: &TaggedPacket, _: &mut Outbox) {
        if let Packet::Rtp(rtp) = &packet.message.packet
            && let Some(missing) = self.streams.get_mut(&rtp.header.ssrc)
        {
            let (sequence, timestamp) = (rtp.header.sequence_number, rtp.header.timestamp);
            if let Some(repair) = missing.receive(packet.now, sequence, timestamp) {
                self.state.see_repair(repair);
            }
        }
    }

    fn due(&self) -> Option<Instant> {
        self.streams.values().filter_map(Missing::deadline).min()
    }

    fn on_due(&mut self, now: Instant, send: &mut Outbox) {
        self.ask(now, send);
    }

    fn bind_received(&mut self, stream: &StreamInfo) {
        if is_repaired(stream) {
            self.streams.insert(stream.ssrc, Missing::default());
        }
    }

    fn unbind_received(&mut self, stream: &StreamInfo) {
        self.streams.remove(&stream.ssrc);
    }
}

/// Whether generic NACKs were negotiated for a stream (`a=rtcp-fb:… nack`, RFC 4585, 4.2).
pub(super) fn is_repaired(info: &StreamInfo) -> bool {
    let mut feedback = info.rtcp_feedback.iter();
    feedback.any(|it| it.typ == "nack" && it.parameter.is_empty())
}

/// How many packets one message asks for at most: at four bytes each it stays below 1,000 bytes.
const MOST_ASKED: usize = 200;
