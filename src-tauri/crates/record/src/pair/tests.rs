//! An hour of a call in simulated time.

use bytes::Bytes;
use media::time::MediaTime;
use shiguredo_mp4::TrackKind;
use shiguredo_mp4::demux::Fmp4SegmentDemuxer;

use super::*;
use crate::blank;

const HOUR_MS: i64 = 3_600_000;

/// When the last sample of a slow device has come.
const END_US: i64 = HOUR_MS * 1000 + 400_000;

/// Marks what begins with it as made here, with a number behind.
const MARK: u8 = 0x7e;

/// What is told of time in `them.mp4` and `me.mp4`: when a frame is shown, and when it was captured.
struct Seen {
    worst_us: i64,
    frames: usize,
    end_us: i64,
}

/// A file as it grows, and when its frames were captured.
struct Reader {
    demuxer: Fmp4SegmentDemuxer,
    sound: Seen,
    pictures: Seen,
}

impl Reader {
    fn new() -> Self {
        let seen = || Seen {
            worst_us: 0,
            frames: 0,
            end_us: 0,
        };
        Self {
            demuxer: Fmp4SegmentDemuxer::new(),
            sound: seen(),
            pictures: seen(),
        }
    }

    fn read(&mut self, fragments: &[crate::fragment::Fragment]) {
        for fragment in fragments {
            if let Some(head) = &fragment.head {
                self.demuxer = Fmp4SegmentDemuxer::new();
                self.demuxer.handle_init_segment(head).unwrap();
            }
            let samples = self.demuxer.handle_media_segment(&fragment.body).unwrap();
            for sample in samples {
                let scale = i64::from(sample.track.timescale.get());
                let micros = |ticks: u64| ticks.cast_signed() * 1_000_000 / scale;
                let from = usize::try_from(sample.data_offset).unwrap();
                let payload = &fragment.body[from..from + sample.data_size];
                let seen = match sample.track.kind {
                    TrackKind::Audio => &mut self.sound,
                    TrackKind::Video => &mut self.pictures,
                    TrackKind::Subtitle => unreachable!("nothing is written"),
                };
                let at_us = micros(sample.timestamp);
                assert!((at_us - seen.end_us).abs() <= 1, "a hole");
                seen.end_us = at_us + micros(sample.duration.into());
                if let Some(captured_us) = number_in(payload) {
                    seen.frames += 1;
                    let error = (at_us - captured_us).abs();
                    // The first frames have only themselves to go by.
                    if captured_us > 3_000_000 {
                        seen.worst_us = seen.worst_us.max(error);
                    }
                }
            }
        }
    }
}

/// A payload that says when it was captured, in digits that contain no start code.
fn marked(head: &[u8], captured_us: i64) -> Bytes {
    let digits = format!("{captured_us:011}");
    [head, &[MARK], digits.as_bytes()].concat().into()
}

fn number_in(payload: &[u8]) -> Option<i64> {
    let at = payload.iter().rposition(|it| *it == MARK)?;
    std::str::from_utf8(payload.get(at + 1..)?)
        .ok()?
        .parse()
        .ok()
}

fn packet(captured_us: i64) -> Bytes {
    marked(&[0xf8], captured_us)
}

fn picture(captured_us: i64, keyframe: bool) -> Bytes {
    let slice = marked(&[0, 0, 0, 1, 0x41], captured_us);
    if keyframe {
        let wide = captured_us / 600_000_000 % 2 == 0;
        let size = if wide { (320, 180) } else { (160, 90) };
        [&blank::picture(size.0, size.1, 3), &slice[..]]
            .concat()
            .into()
    } else {
        slice
    }
}

/// Whether somebody's microphone and camera are on, and the path carries anything.
fn is_muted(at_ms: i64) -> bool {
    (600_000..900_000).contains(&at_ms) || at_ms % 60_000 < 700
}

fn is_camera_off(at_ms: i64) -> bool {
    (1_000_000..1_400_000).contains(&at_ms)
}

fn is_path_lost(at_ms: i64) -> bool {
    (2_000_000..2_008_000).contains(&at_ms)
}

/// An hour with a device whose clock is `device_ppm` off the machine's, and another machine whose
/// clock is `machine_ppm` off ours.
fn hour(device_ppm: i64, machine_ppm: i64) -> (Reader, Reader) {
    let mut pair = Pair::new(Duration::ZERO).unwrap();
    let (mut me, mut them) = (Reader::new(), Reader::new());
    let mut chance = 12_345_u64;
    let mut random = |below: i64| {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (chance >> 33).cast_signed() % below
    };
    // A microphone's times follow its machine in steps, when 30 ms are missing.
    let mut told_us = 0;
    let (mut packets, mut frames) = (0, 0);
    let mut needs_keyframe = [true; 2];
    for at_ms in (0..HOUR_MS).step_by(20) {
        let captured_us = at_ms * 1000;
        if at_ms % 1_000 == 0 {
            pair.on_round_trip(captured_us, Duration::from_millis(80));
        }
        let spoken_us = captured_us + captured_us * device_ppm / 1_000_000;
        if (spoken_us - told_us).abs() > 30_000 {
            told_us = spoken_us;
        }
        let theirs =
            |us: i64| MediaTime::from_micros(77_000_000_000 + us + us * machine_ppm / 1_000_000);
        let arrived_us = captured_us + 40_000 + random(25_000);
        let encoded = |time: MediaTime, keyframe: bool, payload: Bytes| EncodedFrame {
            time,
            keyframe,
            payload,
        };
        if !is_muted(at_ms) {
            let frame = encoded(MediaTime::from_micros(told_us), true, packet(spoken_us));
            pair.sent(spoken_us + 30_000, Kind::Audio, told_us, &frame);
            packets += 1;
            let is_lost = is_path_lost(at_ms) || random(100) == 0;
            if !is_lost {
                let frame = encoded(theirs(told_us), true, packet(spoken_us));
                let arrived_us = arrived_us + 20_000 + spoken_us - captured_us;
                pair.received(Kind::Audio, arrived_us, &received(frame, packets));
            }
        }
        if at_ms % 40 == 0 && !is_camera_off(at_ms) {
            frames += 1;
            let turn = at_ms % 600_000 == 0;
            let key = needs_keyframe[0] || turn;
            let frame = encoded(
                MediaTime::from_micros(captured_us),
                key,
                picture(captured_us, key),
            );
            pair.sent(captured_us + 30_000, Kind::Video, captured_us, &frame);
            if !is_path_lost(at_ms) {
                let key = needs_keyframe[1] || turn;
                let frame = encoded(theirs(captured_us), key, picture(captured_us, key));
                pair.received(Kind::Video, arrived_us + 5_000, &received(frame, frames));
            }
        }
        told_us += 20_000;
        for (number, whose) in [Whose::Ours, Whose::Theirs].into_iter().enumerate() {
            let side = pair.of(whose);
            needs_keyframe[number] = at_ms == 0 || side.needs_keyframe();
            let fragments = side.take_due(captured_us).unwrap();
            [&mut me, &mut them][number].read(&fragments);
        }
    }
    for (whose, reader) in [(Whose::Ours, &mut me), (Whose::Theirs, &mut them)] {
        let (fragments, _head) = pair.of(whose).finish(END_US).unwrap();
        reader.read(&fragments);
    }
    (me, them)
}

fn received(frame: EncodedFrame, sequence: u64) -> ReceivedFrame {
    ReceivedFrame {
        frame,
        sequence,
        // Arrivals are arguments here.
        arrived: std::time::Instant::now(),
        after_loss: false,
        synchronised: true,
    }
}

#[test]
fn an_hour_with_mutes_losses_and_three_clocks_is_in_time() {
    for (device_ppm, machine_ppm) in [(0, 0), (80, -100), (-80, 100)] {
        let (me, them) = hour(device_ppm, machine_ppm);
        for (name, file) in [("me", &me), ("them", &them)] {
            let told = format!("{name} at {device_ppm} and {machine_ppm} ppm");
            for (kind, seen) in [("sound", &file.sound), ("pictures", &file.pictures)] {
                assert!(
                    seen.worst_us < 40_000,
                    "{kind} of {told}: {}",
                    seen.worst_us
                );
                let short_us = END_US - seen.end_us;
                assert!(
                    (-20_000..=45_000).contains(&short_us),
                    "{kind} of {told}: {short_us}"
                );
            }
            assert!(file.sound.frames > 155_000, "{told}: {}", file.sound.frames);
            assert!(
                file.pictures.frames > 78_000,
                "{told}: {}",
                file.pictures.frames
            );
        }
    }
}
