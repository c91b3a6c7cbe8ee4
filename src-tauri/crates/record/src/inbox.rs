//! The queue between the threads of a call and that of its recording. It is bounded in bytes and in
//! frames; what comes while it is full is left out and leaves a mark, because pictures that refer to
//! a missing one cannot be shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use media::frame::{EncodedFrame, ReceivedFrame};
use media::transport::Kind;

use crate::pair::Whose;

/// What a recording hears.
#[derive(Debug)]
pub(crate) enum Event {
    /// We sent this.
    Sent(Kind, EncodedFrame),
    /// This came.
    Received(Kind, ReceivedFrame),
    /// A round trip takes this long.
    RoundTrip(Duration),
}

/// The end of the threads of a call.
#[derive(Debug)]
pub(crate) struct Inlet {
    events: SyncSender<Event>,
    shared: Arc<Shared>,
}

/// The end of the recording's thread.
#[derive(Debug)]
pub(crate) struct Outlet {
    events: Receiver<Event>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// What waits of each side.
    waiting: [Waiting; 2],
    lost: [AtomicBool; 2],
    is_stopped: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: AtomicUsize,
    frames: AtomicUsize,
}

/// Both ends.
pub(crate) fn inbox() -> (Inlet, Outlet) {
    let (sender, events) = sync_channel(2 * FRAMES);
    let shared = Arc::<Shared>::default();
    let inlet = Inlet {
        events: sender,
        shared: Arc::clone(&shared),
    };
    (inlet, Outlet { events, shared })
}

impl Inlet {
    /// Hands an event over, if there is room.
    pub(crate) fn push(&self, event: Event) {
        let (whose, bytes) = weight(&event);
        let waiting = &self.shared.waiting[whose as usize];
        let is_picture = match &event {
            Event::Sent(kind, _) | Event::Received(kind, _) => *kind == Kind::Video,
            Event::RoundTrip(_) => false,
        };
        let before = waiting.bytes.fetch_add(bytes, Ordering::Relaxed);
        let frames = waiting.frames.fetch_add(1, Ordering::Relaxed);
        let has_room = before + bytes <= BYTES && frames < FRAMES;
        if has_room && self.events.try_send(event).is_ok() {
            return;
        }
        waiting.bytes.fetch_sub(bytes, Ordering::Relaxed);
        waiting.frames.fetch_sub(1, Ordering::Relaxed);
        if is_picture {
            self.shared.lost[whose as usize].store(true, Ordering::Release);
        }
    }

    /// Nothing more is wanted.
    pub(crate) fn stop(&self) {
        self.shared.is_stopped.store(true, Ordering::Release);
    }
}

impl Outlet {
    /// The next event, waiting for one at most `timeout`.
    pub(crate) fn next(&self, timeout: Duration) -> Option<Event> {
        let event = match self.events.recv_timeout(timeout) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => {
                self.shared.is_stopped.store(true, Ordering::Release);
                return None;
            }
        };
        let (whose, bytes) = weight(&event);
        let waiting = &self.shared.waiting[whose as usize];
        waiting.bytes.fetch_sub(bytes, Ordering::Relaxed);
        waiting.frames.fetch_sub(1, Ordering::Relaxed);
        Some(event)
    }

    /// Whether a picture of theirs was left out since this was asked last.
    pub(crate) fn has_lost(&self, whose: Whose) -> bool {
        self.shared.lost[whose as usize].swap(false, Ordering::AcqRel)
    }

    /// Whether nothing more is wanted.
    pub(crate) fn is_stopped(&self) -> bool {
        self.shared.is_stopped.load(Ordering::Acquire)
    }
}

/// Whose room an event takes, and how much of it.
fn weight(event: &Event) -> (Whose, usize) {
    match event {
        Event::Sent(_, frame) => (Whose::Ours, frame.payload.len()),
        Event::Received(_, received) => (Whose::Theirs, received.frame.payload.len()),
        Event::RoundTrip(_) => (Whose::Theirs, 0),
    }
}

/// One side's sound and pictures for ten seconds, for a disk that hesitates. Each side has room of its
/// own, so that nothing the other one sends can leave out what is ours.
const FRAMES: usize = 800;

/// The best pictures of one side for as long.
const BYTES: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use media::time::MediaTime;

    use super::*;

    fn frame(bytes: usize) -> EncodedFrame {
        EncodedFrame {
            time: MediaTime::from_micros(0),
            keyframe: false,
            payload: Bytes::from(vec![0; bytes]),
        }
    }

    #[test]
    fn a_picture_that_finds_no_room_leaves_a_mark_and_later_ones_are_taken() {
        let (inlet, outlet) = inbox();
        inlet.push(Event::Sent(Kind::Video, frame(BYTES / 2 + 1)));
        assert!(!outlet.has_lost(Whose::Ours));
        inlet.push(Event::Sent(Kind::Video, frame(BYTES / 2 + 1)));
        inlet.push(Event::Sent(Kind::Audio, frame(100)));
        assert!(outlet.has_lost(Whose::Ours));
        assert!(!outlet.has_lost(Whose::Ours) && !outlet.has_lost(Whose::Theirs));
        for kind in [Kind::Video, Kind::Audio] {
            let event = outlet.next(Duration::ZERO);
            assert!(matches!(event, Some(Event::Sent(it, _)) if it == kind));
        }
        inlet.push(Event::Sent(Kind::Video, frame(BYTES)));
        assert!(outlet.next(Duration::ZERO).is_some());
    }

    #[test]
    fn what_the_other_side_sends_takes_no_room_of_ours() {
        let (inlet, outlet) = inbox();
        let theirs = || ReceivedFrame {
            frame: frame(BYTES / 2 + 1),
            arrived: std::time::Instant::now(),
            sequence: 0,
            after_loss: false,
            synchronised: false,
        };
        for _ in 0..4 {
            inlet.push(Event::Received(Kind::Video, theirs()));
        }
        inlet.push(Event::Sent(Kind::Video, frame(BYTES)));
        assert!(outlet.has_lost(Whose::Theirs) && !outlet.has_lost(Whose::Ours));
    }

    #[test]
    fn frames_without_bytes_are_bounded_too() {
        let (inlet, outlet) = inbox();
        for _ in 0..FRAMES + 10 {
            inlet.push(Event::Sent(Kind::Audio, frame(0)));
        }
        let waiting = std::iter::from_fn(|| outlet.next(Duration::ZERO)).count();
        assert_eq!(waiting, FRAMES);
    }
}
