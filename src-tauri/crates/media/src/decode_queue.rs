//! The queue of pictures that wait for the decoder, as every transport fills it. One thread or task
//! owns the filling end.
//!
//! ```
//! use std::time::Instant;
//!
//! use media::decode_queue::DecodeQueue;
//! use media::frame::{EncodedFrame, ReceivedFrame};
//! use media::time::MediaTime;
//! use media::transport::FrameSource;
//!
//! let decoder = FrameSource::bounded(2);
//! let mut queue = DecodeQueue::new(decoder.clone());
//! let picture = |sequence, keyframe| ReceivedFrame {
//!     frame: EncodedFrame { time: MediaTime::default(), keyframe, payload: "".into() },
//!     sequence,
//!     arrived: Instant::now(),
//!     after_loss: false,
//!     synchronised: true,
//! };
//! queue.push(picture(0, true));
//! queue.push(picture(1, false));
//! queue.push(picture(2, false));
//! assert_eq!(decoder.len(), 0, "1 and 2 refer to 0, for which there was no room");
//! queue.push(picture(3, false));
//! assert!(decoder.try_pop().unwrap().after_loss);
//! ```

use crate::frame::ReceivedFrame;
use crate::transport::FrameSource;

/// The filling end of a [`FrameSource`] of pictures. When that is full, no picture stays in it that
/// depends on a dropped one.
#[derive(Debug)]
pub struct DecodeQueue {
    source: FrameSource,
    /// Whether a picture was dropped that the next one may depend on.
    dropped: bool,
}

impl DecodeQueue {
    /// Fills `source`.
    #[must_use]
    pub const fn new(source: FrameSource) -> Self {
        Self {
            source,
            dropped: false,
        }
    }

    /// Adds a picture. A full queue drops its oldest one, and with it all that wait up to the next
    /// keyframe: they refer to it, and would be decoded to a picture that is torn.
    pub fn push(&mut self, mut frame: ReceivedFrame) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::EncodedFrame;
    use crate::testing::some_instant;
    use crate::time::MediaTime;
    use crate::transport::VIDEO_IN_CAPACITY;

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
            arrived: some_instant(),
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
