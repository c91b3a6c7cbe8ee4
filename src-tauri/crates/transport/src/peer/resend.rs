//! Sends packets again that the other side asks for (generic NACK, RFC 4585, 6.2.1).
//!
//! An interceptor in the place of the library's, which answers every question at once. Resends
//! share the budget of the pacer with new pictures. It runs in the library's driver, so it never
//! waits; what may be sent again is for [`History`] to say. A packet keeps its sequence number: when
//! both arrive, SRTP's replay protection drops the second (RFC 3711, 3.3.2).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rtc::interceptor::{
    Attribute, AttributedPacket, Interceptor, Packet, StreamInfo, TaggedPacket,
};
use rtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtc::rtp;
use rtc::sansio::Protocol;
use rtc::shared::TransportContext;
use rtc::shared::error::Error;

use super::congestion::Congestion;
use super::nack::is_repaired;
use super::rtcp::RtcpState;
use super::send::SendParameters;
use crate::rtp::history::{History, copies};

/// The interceptor.
pub(crate) struct NackResponder {
    state: Arc<RtcpState>,
    parameters: Arc<SendParameters>,
    congestion: Congestion,
    /// Streams that are repaired, by SSRC.
    streams: HashMap<u32, History<rtp::Packet>>,
    /// When the pacer has room for what waits.
    due: Option<Instant>,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
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
            reads: VecDeque::new(),
            writes: VecDeque::new(),
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
    fn resend(&mut self, now: Instant) {
        self.due = None;
        let parameters = &self.parameters;
        let room = |packet: &rtp::Packet| parameters.room_to_resend(now, packet.payload.len());
        for history in self.streams.values_mut() {
            loop {
                match history.pop(now, room) {
                    Ok(Some(packet)) => self.writes.push_back(again(now, packet)),
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

/// A packet that is sent again: marked, so that it is not counted as another one.
fn again(now: Instant, packet: rtp::Packet) -> TaggedPacket {
    TaggedPacket {
        now,
        transport: TransportContext::default(),
        message: AttributedPacket::new(Packet::Rtp(packet)).with(Attribute::Retransmission),
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for NackResponder {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &packet.message.packet {
            let nacks = packets.iter().filter_map(|it| it.as_any().downcast_ref());
            let mut asked = false;
            for nack in nacks {
                self.take_nack(packet.now, nack);
                asked = true;
            }
            if asked {
                self.resend(packet.now);
            }
        }
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtp(rtp) = &packet.message.packet
            && let Some(history) = self.streams.get_mut(&rtp.header.ssrc)
        {
            history.push(packet.now, rtp.header.sequence_number, rtp.clone());
        }
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        if self.due.is_some_and(|due| due <= now) {
            self.resend(now);
        }
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.due
    }
}

impl Interceptor for NackResponder {
    fn bind_local_stream(&mut self, info: &StreamInfo) {
        if is_repaired(info) {
            self.streams.insert(info.ssrc, History::default());
        }
    }

    fn unbind_local_stream(&mut self, info: &StreamInfo) {
        self.streams.remove(&info.ssrc);
    }

    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}
