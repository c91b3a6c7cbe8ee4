//! Which pictures leave.

use call::id::CallId;
use media::units::{Bitrate, Size};
use tokio::sync::mpsc;

use super::*;
use crate::testing::{Collected, PlainCodecs};

const FRAME: Duration = Duration::from_millis(40);

fn sender(codec: PlainCodecs, gate: &Gate, epoch: Instant) -> (VideoSender, Arc<Collected>) {
    sender_of(Content::Camera, codec, gate, epoch)
}

fn sender_of(
    content: Content,
    codec: PlainCodecs,
    gate: &Gate,
    epoch: Instant,
) -> (VideoSender, Arc<Collected>) {
    let sent = Arc::<Collected>::default();
    let sender = VideoSender::start(
        &Threads::default(),
        Parts {
            codec: Arc::new(codec),
            gate: gate.clone(),
            sink: Arc::clone(&sent) as Arc<dyn FrameSink>,
            target: VideoTarget {
                size: Size::new(64, 48),
                fps: 30.0,
                bitrate: Bitrate::from_kbps(500),
                content,
            },
            counters: Arc::default(),
            clock: Clock::default(),
            epoch,
            fault: Fault::new(CallId(1), mpsc::channel(1).0),
            span: Span::none(),
        },
    );
    let sender = sender.unwrap();
    sender.connected(None);
    (sender, sent)
}

/// A picture whose first pixel is `shade`.
fn captured(shade: u8, at: Instant) -> Captured {
    let mut picture = Picture::black(Size::new(64, 48));
    picture.data_mut()[0] = shade;
    let picture = Arc::new(picture);
    Captured { picture, at }
}

/// Waits until the thread took what lies in the slot.
fn taken(sender: &VideoSender) {
    while !sender.slot.is_empty() {
        std::thread::yield_now();
    }
}

#[test]
fn what_the_camera_saw_before_it_was_switched_on_never_leaves() {
    let (gate, epoch) = (Gate::default(), Instant::now());
    let (sender, sent) = sender(PlainCodecs::default(), &gate, epoch);
    let on = epoch + Duration::from_secs(1);
    sender.slot().push(captured(1, on - 2 * FRAME));
    taken(&sender);
    gate.open(MediaTime::from_micros(micros_between(epoch, on)));
    sender.slot().push(captured(2, on - FRAME));
    taken(&sender);
    sender.slot().push(captured(3, on + FRAME));
    assert_eq!(sent.first_bytes(1), [3]);
}

#[test]
fn a_picture_in_the_encoder_does_not_leave_after_the_camera_is_off() {
    let (gate, epoch) = (Gate::default(), Instant::now());
    gate.open(MediaTime::from_micros(0));
    let shutting = gate.clone();
    let codec = PlainCodecs {
        while_encoding: Some(Arc::new(move || shutting.shut())),
        ..PlainCodecs::default()
    };
    let (sender, sent) = sender(codec, &gate, epoch);
    sender.slot().push(captured(1, epoch + FRAME));
    taken(&sender);
    drop(sender);
    assert!(sent.frames(0).is_empty());
}

#[test]
fn a_picture_that_refers_to_one_that_was_held_back_is_a_keyframe() {
    let (gate, epoch) = (Gate::default(), Instant::now());
    gate.open(MediaTime::from_micros(0));
    let (switching, count) = (gate.clone(), std::sync::atomic::AtomicU32::new(0));
    let codec = PlainCodecs {
        while_encoding: Some(Arc::new(move || {
            if count.fetch_add(1, Ordering::SeqCst) == 1 {
                switching.shut();
                switching.open(MediaTime::from_micros(2_500_000));
            }
        })),
        ..PlainCodecs::default()
    };
    let (sender, sent) = sender(codec, &gate, epoch);
    // Keyframes are spaced out: until one may be made again, nothing leaves.
    for second in 1.. {
        let at = epoch + Duration::from_secs(second);
        sender.slot().push(captured(second as u8, at));
        taken(&sender);
        std::thread::sleep(Duration::from_millis(10));
        if sent.frames(0).len() == 2 {
            break;
        }
    }
    let frames = sent.frames(2);
    assert_eq!(frames[0].payload[0], 1);
    assert!(frames[1].payload[0] > 2 && frames[1].keyframe);
}

#[test]
fn a_screen_that_stands_still_is_sent_again_and_for_a_keyframe_at_once() {
    let (gate, epoch) = (Gate::default(), Instant::now());
    let screen = Content::Screen { qp: 34 };
    let (sender, sent) = sender_of(screen, PlainCodecs::default(), &gate, epoch);
    sender.slot().push(captured(7, epoch));
    taken(&sender);
    assert!(
        sent.frames(0).is_empty(),
        "nothing leaves before the gate is open"
    );
    gate.open(MediaTime::from_micros(0));
    let frames = sent.frames(3);
    assert!(frames[0].keyframe && !frames[1].keyframe && !frames[2].keyframe);
    assert!(
        frames.iter().all(|it| it.payload[0] == 7),
        "the same, finer"
    );
    assert!(frames.is_sorted_by_key(|it| it.time));
    sender.want_keyframe();
    assert!(sent.frames(4)[3].keyframe);
}
