//! Frames in: one task per received stream, from packets to whole frames in decode order.
//!
//! Each task reads a track of the library and fills the queue that a decoder empties. It never waits
//! for the decoder: a full queue drops frames.

mod meter;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use media::decode_queue::DecodeQueue;
use media::frame::{EncodedFrame, ReceivedFrame};
use media::transport::FrameSource;
use rtc::rtp;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};

use self::meter::{Meter, StreamCounters};
use super::tap::RtcpState;
use crate::rtp::assemble::{Assembled, Assembler, Packet};
use crate::rtp::missing::patience;
use crate::rtp::sync::{Kind, Timeline};

/// Figures of what is received, written by the receiving tasks and the session task.
#[derive(Debug, Default)]
pub(crate) struct ReceiveCounters {
    pub(crate) audio: StreamCounters,
    pub(crate) video: StreamCounters,
    /// Round trip time in microseconds by the last reception report, 0 when unknown.
    pub(crate) rtt_micros: AtomicU64,
}

impl ReceiveCounters {
    pub(crate) const fn of(&self, kind: Kind) -> &StreamCounters {
        match kind {
            Kind::Audio => &self.audio,
            Kind::Video => &self.video,
        }
    }
}

/// A receiving task ended: the library ended its stream.
#[derive(Debug)]
pub(crate) struct StreamEnded;

/// Receives sound until the library ends the stream.
pub(crate) async fn audio(
    track: Arc<dyn TrackRemote>,
    rtcp: Arc<RtcpState>,
    counters: Arc<ReceiveCounters>,
    source: FrameSource,
) -> StreamEnded {
    let mut meter = Meter::new(Kind::Audio);
    let mut timeline = Timeline::new(Kind::Audio);
    while let Some(event) = track.poll().await {
        let TrackRemoteEvent::OnRtpPacket(packet) = event else {
            continue;
        };
        let arrived = Instant::now();
        let sequence = meter.count(&packet, arrived, &counters.audio);
        if packet.payload.is_empty() {
            continue;
        }
        let (time, synchronised) = {
            let clocks = rtcp.clocks();
            timeline.locate(packet.header.timestamp, &clocks)
        };
        source.push(ReceivedFrame {
            frame: EncodedFrame {
                time,
                keyframe: true,
                payload: packet.payload,
            },
            sequence,
            arrived,
            after_loss: false,
            synchronised,
        });
    }
    StreamEnded
}

/// Receives pictures until the library ends the stream.
pub(crate) async fn video(
    track: Arc<dyn TrackRemote>,
    rtcp: Arc<RtcpState>,
    counters: Arc<ReceiveCounters>,
    source: FrameSource,
) -> StreamEnded {
    let mut pictures = Pictures {
        meter: Meter::new(Kind::Video),
        timeline: Timeline::new(Kind::Video),
        assembler: Assembler::new(patience(rtcp.round_trip_time())),
        ssrc: 0,
        next: 0,
        queue: DecodeQueue::new(source),
    };
    loop {
        // Kept across turns of the loop: a poll that was dropped could lose a packet.
        let mut poll = std::pin::pin!(track.poll());
        let event = loop {
            let wait = sleep_until(pictures.assembler.deadline());
            tokio::select! {
                event = &mut poll => break event,
                () = wait => {
                    pictures.assembler.poll(Instant::now());
                    pictures.hand_out(&rtcp);
                }
            }
        };
        match event {
            None => return StreamEnded,
            Some(TrackRemoteEvent::OnRtpPacket(packet)) => {
                pictures.take(packet, &counters, &rtcp);
                pictures.hand_out(&rtcp);
            }
            Some(_) => {}
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

struct Pictures {
    meter: Meter,
    timeline: Timeline,
    assembler: Assembler,
    /// Of the last packet.
    ssrc: u32,
    /// The number of the next picture.
    next: u64,
    queue: DecodeQueue,
}

impl Pictures {
    fn take(&mut self, packet: rtp::Packet, counters: &ReceiveCounters, rtcp: &RtcpState) {
        let arrived = Instant::now();
        self.ssrc = packet.header.ssrc;
        self.meter.count(&packet, arrived, &counters.video);
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

    fn hand_out(&mut self, rtcp: &RtcpState) {
        if let Some(sequence) = self.assembler.next() {
            rtcp.set_first_wanted(self.ssrc, sequence);
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
            let frame = EncodedFrame {
                time,
                keyframe: unit.keyframe,
                payload: unit.annex_b,
            };
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
