//! Sends packets again that the other side asks for (generic NACK, RFC 4585, 6.2.1).
//!
//! An interceptor ([`super::hook`]) in the place of the library's, which answers every question at
//! once. Resends share the budget of the pacer with new pictures; what may be sent again is for
//! [`History`] to say. A packet keeps its sequence number: when both arrive, SRTP's replay
//! protection drops the second (RFC 3711, 3.3.2).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rtc::interceptor::{Attribute, AttributedPacket, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtc::rtp;

use super::congestion::Congestion;
use super::hook::{Hook, Outbox};
use super::nack::is_repaired;
use super::rtcp::RtcpState;
use super::send::SendParameters;
use crate::rtp::history::{History, copies};

/// Sends packets again.
pub(crate) struct NackResponder {
    state: Arc<RtcpState>,
    parameters: Arc<SendParameters>,
    congestion: Congestion,
    /// Streams that are repaired, by SSRC.
    streams: HashMap<u32, History<rtp::Packet>>,
    /// When the pacer has room for what waits.
    due: Option<Instant>,
}

impl NackResponder {
    pub(crate) fn new(
        state: Arc<RtcpState>,
        parameters: Arc<SendParameters>,
        congestion: Congestion,
    ) -> Self {
        Self {
            state,
            parameters,
            congestion,
            streams: HashMap::new(),
            due: None,
        }
    }

    /// Notes what the other side misses.
    fn take_nack(&mut self, now: Instant, nack: &TransportLayerNack) {
        let rtt = self.state.round_trip_time();
        let copies = copies(self.congestion.loss());
        let Some(history) = self.streams.get_mut(&nack.media_ssrc) else {
            return;
        };
        for pair in &nack.nacks {
            history.want(now, pair.packet_id, rtt, copies);
            let behind = (0..16).filter(|bit| pair.lost_packets & (1 << bit) != 0);
            for bit in behind {
                let sequence = pair.packet_id.wrapping_add(bit + 1);
                history.want(now, sequence, rtt, copies);
            }
        }
    }

    /// Sends again what the pacer lets through at `now`.
    fn resend(&mut self, now: Instant, send: &mut Outbox) {
        self.due = None;
        let parameters = &self.parameters;
        let room = |packet: &rtp::Packet| parameters.room_to_resend(now, packet.payload.len());
        for history in self.streams.values_mut() {
            loop {
                match history.pop(now, room) {
                    Ok(Some(packet)) => {
                        // Marked, so that it is not counted as another one.
                        let packet = AttributedPacket::new(Packet::Rtp(packet));
                        send.push_marked(now, packet.with(Attribute::Retransmission));
                    }
                    Ok(None) => break,
                    Err(wait) => {
                        // A wait of nothing would come back at once.
                        self.due = Some(now + wait.max(Duration::from_millis(1)));
                        return;
                    }
                }
            }
        }
    }
}

impl Hook for NackResponder {
    fn on_received(&mut self, packet: &TaggedPacket, send: &mut Outbox) {
        let Packet::Rtcp(packets) = &packet.message.packet else {
            return;
        };
        let mut asked = false;
        for nack in packets.iter().filter_map(|it| it.as_any().downcast_ref()) {
            self.take_nack(packet.now, nack);
            asked = true;
        }
        if asked {
            self.resend(packet.now, send);
        }
    }

    fn on_sent(&mut self, packet: &mut TaggedPacket) {
        if let Packet::Rtp(rtp) = &packet.message.packet
            && let Some(history) = self.streams.get_mut(&rtp.header.ssrc)
        {
            history.push(packet.now, rtp.header.sequence_number, rtp.clone());
        }
    }

    fn due(&self) -> Option<Instant> {
        self.due
    }

    fn on_due(&mut self, now: Instant, send: &mut Outbox) {
        self.resend(now, send);
    }

    fn bind_sent(&mut self, stream: &StreamInfo) {
        if is_repaired(stream) {
            self.streams.insert(stream.ssrc, History::default());
        }
    }

    fn unbind_sent(&mut self, stream: &StreamInfo) {
        self.streams.remove(&stream.ssrc);
    }
}
