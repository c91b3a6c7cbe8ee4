//! Frames in: one task per received stream, from packets to whole frames in decode order.
//!
//! Each task reads a track of the library and fills the queue that a decoder empties. It never waits
//! for the decoder: a full queue drops frames.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use media::frame::{EncodedFrame, ReceivedFrame};
use media::transport::FrameSource;
use rtc::rtp;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};

use super::tap::RtcpState;
use crate::rtp::assemble::{Assembled, Assembler, Packet};
use crate::rtp::extend::SequenceExtender;
use crate::rtp::sync::{Kind, Timeline};

/// Figures of what is received, written by the receiving tasks and the session task.
#[derive(Debug, Default)]
pub(crate) struct ReceiveCounters {
    pub(crate) audio: StreamCounters,
    pub(crate) video: StreamCounters,
    /// Round trip time in microseconds, 0 when unknown: says how long a retransmission takes.
    pub(crate) rtt_micros: AtomicU64,
}

/// Figures of one received stream.
#[derive(Debug, Default)]
pub(crate) struct StreamCounters {
    pub(crate) packets: AtomicU64,
    /// Payload only.
    pub(crate) bytes: AtomicU64,
    /// Expected less received.
    pub(crate) lost: AtomicI64,
    pub(crate) jitter_micros: AtomicU64,
    /// 0 before the first packet.
    pub(crate) ssrc: AtomicU64,
}

impl ReceiveCounters {
    pub(crate) const fn of(&self, kind: Kind) -> &StreamCounters {
        match kind {
            Kind::Audio => &self.audio,
            Kind::Video => &self.video,
        }
    }

    /// How long a missing packet is waited for: two NACKs and their retransmissions.
    fn retransmission_wait(&self) -> Duration {
        let rtt = Duration::from_micros(self.rtt_micros.load(Ordering::Relaxed));
        (rtt * 2 + NACK_INTERVALS).clamp(MIN_WAIT, MAX_WAIT)
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
        assembler: Assembler::new(MIN_WAIT),
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
                pictures.take(packet, &counters);
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
    /// The number of the next picture.
    next: u64,
    queue: DecodeQueue,
}

impl Pictures {
    fn take(&mut self, packet: rtp::Packet, counters: &ReceiveCounters) {
        let arrived = Instant::now();
        self.meter.count(&packet, arrived, &counters.video);
        let wait = counters.retransmission_wait();
        self.assembler.set_retransmission_wait(wait);
        self.assembler.push(Packet {
            sequence: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload,
            arrived,
        });
    }

    fn hand_out(&mut self, rtcp: &RtcpState) {
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

/// The queue of pictures that wait for the decoder. When it is full, no picture stays in it that
/// depends on a dropped one.
struct DecodeQueue {
    source: FrameSource,
    /// Whether a picture was dropped that the next one may depend on.
    dropped: bool,
}

impl DecodeQueue {
    const fn new(source: FrameSource) -> Self {
        Self {
            source,
            dropped: false,
        }
    }

    /// Adds a picture. A full queue drops its oldest one, and with it all that wait up to the next
    /// keyframe: they refer to it, and would be decoded to a picture that is torn.
    fn push(&mut self, mut frame: ReceivedFrame) {
        frame.after_loss |= std::mem::take(&mut self.dropped);
        if self.source.push(frame).is_none() || self.source.is_closed() {
            return;
        }
        // The decoder may take pictures meanwhile, but nobody else adds any, so the order stays.
        let waiting = std::iter::from_fn(|| self.source.try_pop());
        let mut kept = waiting
            .skip_while(|it| !it.frame.keyframe)
            .collect::<Vec<_>>();
        match kept.first_mut() {
            Some(first) => first.after_loss = true,
            None => self.dropped = true,
        }
        for frame in kept {
            self.source.push(frame);
        }
    }
}

/// Counts packets, losses and jitter of one stream (RFC 3550, appendix A.3 and A.8).
struct Meter {
    kind: Kind,
    extender: SequenceExtender,
    first: Option<u64>,
    highest: u64,
    received: u64,
    last: Option<(u32, Instant)>,
    jitter: f64,
}

impl Meter {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            extender: SequenceExtender::default(),
            first: None,
            highest: 0,
            received: 0,
            last: None,
            jitter: 0.0,
        }
    }

    /// Counts one packet; returns its position in the stream.
    fn count(&mut self, packet: &rtp::Packet, arrived: Instant, figures: &StreamCounters) -> u64 {
        let position = self.extender.extend(packet.header.sequence_number);
        let first = *self.first.get_or_insert(position);
        self.first = Some(first.min(position));
        self.highest = self.highest.max(position);
        self.received += 1;
        let expected = self.highest - first.min(position) + 1;
        let lost = i64::try_from(expected).unwrap_or(i64::MAX)
            - i64::try_from(self.received).unwrap_or(i64::MAX);
        if let Some((timestamp, before)) = self.last {
            let ticks = packet.header.timestamp.wrapping_sub(timestamp) as i32;
            let sent = f64::from(ticks) / f64::from(self.kind.hz());
            let between = arrived.saturating_duration_since(before).as_secs_f64();
            self.jitter += ((between - sent).abs() - self.jitter) / 16.0;
        }
        self.last = Some((packet.header.timestamp, arrived));

        figures.packets.store(self.received, Ordering::Relaxed);
        figures
            .bytes
            .fetch_add(packet.payload.len() as u64, Ordering::Relaxed);
        figures.lost.store(lost, Ordering::Relaxed);
        figures
            .jitter_micros
            .store((self.jitter * 1e6) as u64, Ordering::Relaxed);
        figures
            .ssrc
            .store(u64::from(packet.header.ssrc), Ordering::Relaxed);
        position
    }
}

/// Twice the interval in which NACKs are sent.
const NACK_INTERVALS: Duration = Duration::from_millis(40);

/// The least wait: where the round trip is short, a busy machine still holds a retransmission up.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// The longest wait: beyond it a keyframe is the faster repair.
const MAX_WAIT: Duration = Duration::from_millis(400);

#[cfg(test)]
mod tests {
    use media::time::MediaTime;
    use media::transport::VIDEO_IN_CAPACITY;

    use super::*;

    const CAPACITY: u64 = VIDEO_IN_CAPACITY as u64;

    /// Pushes pictures until `count` were, each a keyframe that `is_keyframe`; returns what waits.
    fn overrun(count: u64, is_keyframe: impl Fn(u64) -> bool) -> (DecodeQueue, Vec<(u64, bool)>) {
        let mut queue = DecodeQueue::new(FrameSource::bounded(VIDEO_IN_CAPACITY));
        for sequence in 0..count {
            queue.push(picture(sequence, is_keyframe(sequence)));
        }
        let waiting = drain(&queue);
        (queue, waiting)
    }

    fn picture(sequence: u64, keyframe: bool) -> ReceivedFrame {
        ReceivedFrame {
            frame: EncodedFrame {
                time: MediaTime::from_micros(0),
                keyframe,
                payload: bytes::Bytes::new(),
            },
            sequence,
            arrived: Instant::now(),
            after_loss: false,
            synchronised: true,
        }
    }

    fn drain(queue: &DecodeQueue) -> Vec<(u64, bool)> {
        std::iter::from_fn(|| queue.source.try_pop())
            .map(|it| (it.sequence, it.after_loss))
            .collect()
    }

    #[test]
    fn nothing_that_depends_on_a_dropped_picture_is_handed_out_as_if_it_were_whole() {
        let (mut queue, waiting) = overrun(CAPACITY + 1, |it| it == 0);
        assert_eq!(waiting, [], "all refer to the first, which is gone");
        queue.push(picture(CAPACITY + 1, false));
        queue.push(picture(CAPACITY + 2, false));
        let next = [(CAPACITY + 1, true), (CAPACITY + 2, false)];
        assert_eq!(drain(&queue), next);
    }

    #[test]
    fn a_keyframe_that_waits_survives_an_overrun_with_all_that_follow_it() {
        let (_, waiting) = overrun(CAPACITY + 1, |it| it % 10 == 0);
        let kept = (10..=CAPACITY).map(|it| (it, it == 10));
        assert_eq!(waiting, kept.collect::<Vec<_>>());
    }

    #[test]
    fn a_queue_that_is_not_full_marks_nothing() {
        let (_, waiting) = overrun(CAPACITY, |it| it == 0);
        assert_eq!(waiting.len(), VIDEO_IN_CAPACITY);
        assert!(waiting.iter().all(|(_, after_loss)| !after_loss));
    }
}
