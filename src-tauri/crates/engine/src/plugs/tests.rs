//! Sessions that change behind a pipeline.

use std::thread;
use std::time::Instant;

use bytes::Bytes;
use media::queue::Queue;
use media::time::MediaTime;

use super::*;

fn frame(sequence: u64, keyframe: bool) -> ReceivedFrame {
    ReceivedFrame {
        frame: EncodedFrame {
            time: MediaTime::from_micros(0),
            keyframe,
            payload: Bytes::new(),
        },
        sequence,
        arrived: Instant::now(),
        after_loss: false,
        synchronised: true,
    }
}

fn source(sequences: &[u64]) -> FrameSource {
    let source = Queue::bounded(16);
    for sequence in sequences {
        source.push(frame(*sequence, false));
    }
    source
}

fn sequences(inlet: &Inlet) -> Vec<u64> {
    std::iter::from_fn(|| inlet.try_pop())
        .map(|it| it.sequence)
        .collect()
}

#[test]
fn the_sequence_of_a_session_follows_that_of_the_one_before() {
    let inlet = Inlet::default();
    inlet.plug(source(&[100, 101, 103]));
    assert_eq!(sequences(&inlet), [100, 101, 103]);
    inlet.plug(source(&[7, 8, 10]));
    assert_eq!(sequences(&inlet), [104, 105, 107]);
    inlet.plug(source(&[u64::MAX - 3, u64::MAX - 2]));
    assert_eq!(sequences(&inlet), [108, 109]);
}

#[test]
fn what_is_on_its_way_through_the_session_before_is_taken_until_its_successor_has_begun() {
    let inlet = Inlet::default();
    let (old, new) = (source(&[1]), source(&[]));
    inlet.plug(old.clone());
    inlet.plug(new.clone());
    old.push(frame(2, false));
    assert_eq!(sequences(&inlet), [1, 2]);
    new.push(frame(50, false));
    assert_eq!(sequences(&inlet), [3]);
    old.push(frame(3, false));
    assert!(sequences(&inlet).is_empty());
}

#[test]
fn a_session_that_is_replaced_before_its_first_frame_changes_nothing() {
    let inlet = Inlet::default();
    let (old, never_begun) = (source(&[5]), source(&[]));
    inlet.plug(old.clone());
    assert_eq!(sequences(&inlet), [5]);
    inlet.plug(never_begun.clone());
    inlet.plug(source(&[]));
    never_begun.push(frame(70, false));
    old.push(frame(6, false));
    assert_eq!(sequences(&inlet), [6]);
    inlet.plug(source(&[30]));
    let frame = inlet.try_pop().unwrap();
    assert_eq!((frame.sequence, frame.after_loss), (7, true));
}

#[test]
fn a_picture_that_refers_to_the_session_before_is_marked() {
    let inlet = Inlet::default();
    inlet.plug(source(&[1]));
    assert!(!inlet.try_pop().unwrap().after_loss, "the first of a call");
    inlet.plug(source(&[1, 2]));
    assert!(inlet.try_pop().unwrap().after_loss);
    assert!(!inlet.try_pop().unwrap().after_loss);
    let keyframes = source(&[]);
    keyframes.push(frame(9, true));
    inlet.plug(keyframes);
    assert!(!inlet.try_pop().unwrap().after_loss);
}

#[test]
fn whoever_waits_finds_the_frames_of_a_new_session_and_the_end_at_once() {
    const LONG: Duration = Duration::from_secs(60);
    for dies in [false, true] {
        let inlet = Arc::new(Inlet::default());
        let old = source(&[]);
        inlet.plug(old.clone());
        let waiting = Arc::clone(&inlet);
        let waiter = thread::spawn(move || {
            let mut taken = Vec::new();
            loop {
                match waiting.pop(LONG) {
                    Ok(frame) => taken.push(frame.sequence),
                    Err(Empty::TimedOut) => {}
                    Err(Empty::Closed) => return taken,
                }
            }
        });
        thread::sleep(Duration::from_millis(20));
        if dies {
            old.close();
        }
        inlet.plug(source(&[1, 2]));
        while inlet.lock().next < 2 {
            thread::yield_now();
        }
        inlet.close();
        assert_eq!(waiter.join().unwrap(), [0, 1]);
    }
}

/// Takes everything, and counts it.
#[derive(Default)]
struct Counter(Mutex<usize>);

impl FrameSink for Counter {
    fn send(&self, _: EncodedFrame) -> Sent {
        *self.0.lock().unwrap() += 1;
        Sent::Queued
    }
}

#[test]
fn frames_leave_through_the_session_that_is_plugged_in() {
    let outlet = Outlet::default();
    let send = |outlet: &Outlet| outlet.send(frame(0, true).frame);
    assert_eq!(send(&outlet), Sent::NotConnected);
    let sinks = [Arc::<Counter>::default(), Arc::default()];
    for sink in &sinks {
        outlet.plug(Arc::clone(sink) as Arc<dyn FrameSink>);
        assert_eq!(send(&outlet), Sent::Queued);
    }
    assert!(sinks.iter().all(|it| *it.0.lock().unwrap() == 1));
}
