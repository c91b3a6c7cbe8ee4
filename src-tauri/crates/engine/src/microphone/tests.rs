//! What leaves the microphone, and when it was heard.

use std::time::Duration;

use call::id::CallId;
use media::units::Bitrate;

use super::*;
use crate::testing::{Collected, PlainCodecs};

/// A microphone thread that sends into what is returned with it.
fn in_a_call(epoch: Instant) -> (Microphone, Box<dyn SampleSink>, Arc<Collected>) {
    let microphone =
        Microphone::start(&Threads::default(), Arc::new(PlainCodecs::default()), epoch).unwrap();
    let device = microphone.sink(mpsc::channel(1).0, 1);
    let sent = Arc::<Collected>::default();
    let outlet = Outlet {
        sink: Arc::clone(&sent) as Arc<dyn FrameSink>,
        target: AudioTarget {
            bitrate: Bitrate::from_kbps(32),
            expected_loss: 0.0,
        },
        counters: Arc::default(),
        fault: Fault::new(CallId(1), mpsc::channel(1).0),
        span: Span::none(),
    };
    microphone.attach(outlet).unwrap();
    (microphone, device, sent)
}

#[test]
fn what_was_said_before_unmuting_never_leaves() {
    let epoch = Instant::now();
    let (microphone, mut device, sent) = in_a_call(epoch);
    let unmuted = Instant::now() + Duration::from_secs(1);
    microphone
        .gate()
        .open(MediaTime::from_micros(micros_between(epoch, unmuted)));
    let before = [0.5; 8 * OPUS_FRAME];
    device.samples(&before, unmuted - duration_of(before.len()));
    // Two chunks fit into the ring whether or not the thread has taken any.
    let after = [0.25; 2 * OPUS_FRAME];
    device.samples(&after, unmuted + Duration::from_millis(1));
    assert_eq!(sent.first_bytes(2), [25, 25]);
}

#[test]
fn what_still_waits_when_the_user_mutes_does_not_leave() {
    let epoch = Instant::now();
    let (microphone, mut device, sent) = in_a_call(epoch);
    microphone.gate().open(MediaTime::from_micros(0));
    device.samples(&[0.25; OPUS_FRAME], epoch);
    assert_eq!(sent.first_bytes(1), [25]);
    microphone.gate().shut();
    device.samples(&[0.5; OPUS_FRAME], epoch + Duration::from_millis(20));
    microphone.gate().open(MediaTime::from_micros(40_000));
    device.samples(&[0.75; OPUS_FRAME], epoch + Duration::from_millis(41));
    assert_eq!(sent.first_bytes(2), [25, 75]);
}

#[test]
fn chunks_are_20_ms_apart_however_callbacks_jitter() {
    let mut clock = ChunkClock::default();
    let first = clock.next(MediaTime::from_micros(1_000));
    let second = clock.next(MediaTime::from_micros(29_000));
    assert_eq!(second.micros_since(first), 20_000);
}

#[test]
fn a_gap_of_the_device_shows_in_the_times() {
    let mut clock = ChunkClock::default();
    let first = clock.next(MediaTime::from_micros(0));
    let second = clock.next(MediaTime::from_micros(520_000));
    assert_eq!(second.micros_since(first), 520_000);
}
