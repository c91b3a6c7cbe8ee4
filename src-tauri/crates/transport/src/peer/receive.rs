//! Frames in: one task per received stream, from packets to whole frames in decode order.
//!
//! Each task reads a track of the library and fills the queue that a decoder empties. It never waits
//! for the decoder: a full queue drops frames.

mod meter;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use bytes::Bytes;
use media::decode_queue::DecodeQueue;
use media::frame::{EncodedFrame, ReceivedFrame};
use media::transport::{FrameSource, Kind, Stream, Streams};
use rtc::rtp;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};

use self::meter::{Meter, StreamCounters};
use super::cipher::FrameCipher;
use super::rtcp::RtcpState;
use crate::rtp::assemble::{Assembled, Assembler, Packet};
use crate::rtp::missing::patience;
use crate::rtp::sync::Timeline;

/// Figures of what is received, written by the receiving tasks and the session task.
#[derive(Debug, Default)]
pub(crate) struct ReceiveCounters {
    pub(crate) streams: Streams<StreamCounters>,
    /// Round trip time in microseconds by the last reception report, 0 when unknown.
    pub(crate) rtt_micros: AtomicU64,
}

/// A receiving task ended: the library ended its stream.
#[derive(Debug)]
pub(crate) struct StreamEnded;

/// What a receiving task works with.
pub(crate) struct Receiver {
    pub(crate) stream: Stream,
    pub(crate) track: Arc<dyn TrackRemote>,
    pub(crate) rtcp: Arc<RtcpState>,
    pub(crate) counters: Arc<ReceiveCounters>,
    pub(crate) cipher: Option<Arc<dyn FrameCipher>>,
    /// Where the frames go.
    pub(crate) source: FrameSource,
}

impl Receiver {
    /// Receives until the library ends the stream.
    pub(crate) async fn run(self) -> StreamEnded {
        match self.stream.kind() {
            Kind::Audio => self.sound().await,
            Kind::Video => self.pictures().await,
        }
    }

    async fn sound(self) -> StreamEnded {
        let mut arrivals = Arrivals::new(self.stream);
        let mut timeline = Timeline::new(self.stream);
        while let Some(event) = self.track.poll().await {
            let TrackRemoteEvent::OnRtpPacket(packet) = event else {
                continue;
            };
            let arrived = Instant::now();
            let sequence = arrivals.note(&packet, arrived, &self.counters, &self.rtcp);
            if packet.payload.is_empty() {
                continue;
            }
            let Some(payload) = self.opened(packet.payload) else {
                continue;
            };
            let (time, synchronised) = {
                let clocks = self.rtcp.clocks();
                timeline.locate(packet.header.timestamp, &clocks)
            };
            self.source.push(ReceivedFrame {
                frame: EncodedFrame {
                    time,
                    keyframe: true,
                    payload,
                },
                sequence,
                arrived,
                after_loss: false,
                synchronised,
            });
        }
        StreamEnded
    }

    /// What the other side's encoder made; `None` when it is to be dropped.
    fn opened(&self, frame: Bytes) -> Option<Bytes> {
        match &self.cipher {
            Some(cipher) => cipher.open(self.stream, frame),
            None => Some(frame),
        }
    }

    async fn pictures(self) -> StreamEnded {
        let rtcp = &self.rtcp;
        let mut pictures = Pictures {
            arrivals: Arrivals::new(self.stream),
            timeline: Timeline::new(self.stream),
            assembler: Assembler::new(patience(rtcp.round_trip_time())),
            next: 0,
            queue: DecodeQueue::new(self.source.clone()),
            lacking: false,
        };
        loop {
            // Kept across turns of the loop: a poll that was dropped could lose a packet.
            let mut poll = std::pin::pin!(self.track.poll());
            let event = loop {
                let wait = sleep_until(pictures.assembler.deadline());
                tokio::select! {
                    event = &mut poll => break event,
                    () = wait => {
                        pictures.assembler.poll(Instant::now());
                        pictures.hand_out(&self);
                    }
                }
            };
            match event {
                None => return StreamEnded,
                Some(TrackRemoteEvent::OnRtpPacket(packet)) => {
                    pictures.take(packet, &self.counters, rtcp);
                    pictures.hand_out(&self);
                }
                Some(_) => {}
            }
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// Counts the packets of one stream, and learns where they come from.
struct Arrivals {
    stream: Stream,
    meter: Meter,
    /// Of the last packet.
    ssrc: Option<u32>,
}

impl Arrivals {
    fn new(stream: Stream) -> Self {
        Self {
            stream,
            meter: Meter::new(stream.kind()),
            ssrc: None,
        }
    }

    /// Notes one packet; returns its position in the stream.
    fn note(
        &mut self,
        packet: &rtp::Packet,
        arrived: Instant,
        counters: &ReceiveCounters,
        rtcp: &RtcpState,
    ) -> u64 {
        let ssrc = packet.header.ssrc;
        if self.ssrc.replace(ssrc) != Some(ssrc) {
            rtcp.learn_source(ssrc, self.stream);
        }
        self.meter
            .count(packet, arrived, &counters.streams[self.stream])
    }
}

struct Pictures {
    arrivals: Arrivals,
    timeline: Timeline,
    assembler: Assembler,
    /// The number of the next picture.
    next: u64,
    queue: DecodeQueue,
    /// Whether a picture was dropped on which the next one may depend.
    lacking: bool,
}

impl Pictures {
    fn take(&mut self, packet: rtp::Packet, counters: &ReceiveCounters, rtcp: &RtcpState) {
        let arrived = Instant::now();
        self.arrivals.note(&packet, arrived, counters, rtcp);
        self.assembler
            .set_retransmission_wait(patience(rtcp.round_trip_time()));
        self.assembler.push(Packet {
            sequence: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload,
            arrived,
        });
    }

    fn hand_out(&mut self, receiver: &Receiver) {
        let rtcp = &*receiver.rtcp;
        if let Some((ssrc, sequence)) = self.arrivals.ssrc.zip(self.assembler.next()) {
            rtcp.set_first_wanted(ssrc, sequence);
        }
        while let Some(Assembled {
            unit,
            timestamp,
            arrived,
            after_loss,
        }) = self.assembler.pop()
        {
            let (time, synchronised) = {
                let clocks = rtcp.clocks();
                self.timeline.locate(timestamp, &clocks)
            };
            let Some(payload) = receiver.opened(unit.annex_b) else {
                self.lacking = true;
                continue;
            };
            let frame = EncodedFrame {
                time,
                keyframe: unit.keyframe,
                payload,
            };
            let after_loss = std::mem::take(&mut self.lacking) || after_loss;
            let sequence = self.next;
            self.next += 1;
            let frame = ReceivedFrame {
                frame,
                sequence,
                arrived,
                after_loss,
                synchronised,
            };
            self.queue.push(frame);
        }
    }
}
