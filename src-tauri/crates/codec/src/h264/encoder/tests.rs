mod screen;

use media::backend::codec::VideoDecoder as _;

use super::*;
use crate::h264::Decoder;
use crate::testing::{psnr_y, scene};

const SIZE: Size = Size::new(640, 360);

fn target(kbps: u64) -> VideoTarget {
    VideoTarget {
        size: SIZE,
        fps: 30.0,
        bitrate: Bitrate::from_kbps(kbps),
        content: Content::Camera,
    }
}

/// Encodes scenes `from..to`; bytes in all, and which of them were keyframes.
fn run(encoder: &mut Encoder, from: usize, to: usize) -> (usize, Vec<usize>) {
    let (mut bytes, mut keyframes) = (0, Vec::new());
    for index in from..to {
        if let Some(encoded) = encoder.encode(&scene(SIZE, index), false).unwrap() {
            bytes += encoded.payload.len();
            if encoded.keyframe {
                keyframes.push(index);
            }
        }
    }
    (bytes, keyframes)
}

#[test]
fn pictures_survive_the_round_trip() {
    let mut encoder = Encoder::new(target(2000)).unwrap();
    let mut decoder = Decoder::new().unwrap();
    for index in 0..45 {
        let picture = scene(SIZE, index);
        let Some(encoded) = encoder.encode(&picture, false).unwrap() else {
            panic!("picture {index} was skipped at an ample rate");
        };
        assert_eq!(encoded.keyframe, index == 0);
        let decoded = decoder.decode(&encoded.payload).unwrap().unwrap();
        let psnr = psnr_y(&picture, &decoded);
        assert!(psnr > 33.0, "picture {index}: {psnr:.1} dB");
    }
}

#[test]
fn the_stream_is_constrained_baseline_with_parameter_sets() {
    let mut encoder = Encoder::new(target(4000)).unwrap();
    let first = encoder.encode(&scene(SIZE, 0), false).unwrap().unwrap();
    assert_eq!(&first.payload[..6], [0, 0, 0, 1, 0x67, 66]);
    assert_eq!(first.payload[6] & 0x40, 0x40, "constraint_set1_flag");
    encoder.encode(&scene(SIZE, 1), false).unwrap();
    let asked = encoder.encode(&scene(SIZE, 1), true).unwrap().unwrap();
    assert!(asked.keyframe);
    assert_eq!(asked.payload[4], 0x67);
}

#[test]
fn a_keyframe_that_is_asked_for_is_never_skipped() {
    // Each keyframe costs many times what this rate allows, and delta pictures are skipped.
    let mut encoder = Encoder::new(target(100)).unwrap();
    for index in 0..10 {
        let encoded = encoder.encode(&scene(SIZE, index), true).unwrap();
        assert!(encoded.is_some_and(|it| it.keyframe));
    }
    assert!(encoder.encode(&scene(SIZE, 10), false).unwrap().is_none());
}

#[test]
fn a_new_rate_holds_after_a_second_without_a_keyframe() {
    let mut encoder = Encoder::new(target(1000)).unwrap();
    run(&mut encoder, 0, 30);
    for (step, kbps) in [(1, 400), (2, 3000), (3, 1000)] {
        encoder.set_target(target(kbps)).unwrap();
        let start = step * 90;
        let (_, settling) = run(&mut encoder, start, start + 30);
        let (bytes, keyframes) = run(&mut encoder, start + 30, start + 90);
        let got = bytes as f64 * 8.0 / 2.0 / 1000.0;
        assert!(
            (got / kbps as f64 - 1.0).abs() < 0.15,
            "asked {kbps} kb/s, got {got:.0}"
        );
        assert!(settling.is_empty() && keyframes.is_empty());
    }
}

#[test]
fn another_frame_rate_keeps_the_rate() {
    let mut encoder = Encoder::new(target(1200)).unwrap();
    run(&mut encoder, 0, 30);
    encoder
        .set_target(VideoTarget {
            fps: 15.0,
            ..target(1200)
        })
        .unwrap();
    run(&mut encoder, 30, 45);
    let (bytes, keyframes) = run(&mut encoder, 45, 75);
    let got = bytes as f64 * 8.0 / 2.0 / 1000.0;
    assert!((got / 1200.0 - 1.0).abs() < 0.15, "got {got:.0} kb/s");
    assert!(keyframes.is_empty());
}

#[test]
fn another_size_starts_with_a_keyframe_and_keeps_the_rate() {
    let mut encoder = Encoder::new(target(1000)).unwrap();
    let mut decoder = Decoder::new().unwrap();
    run(&mut encoder, 0, 5);
    let small = VideoTarget {
        size: Size::new(320, 180),
        ..target(300)
    };
    encoder.set_target(small).unwrap();
    let first = encoder.encode(&scene(SIZE, 6), false).unwrap().unwrap();
    assert!(first.keyframe);
    let decoded = decoder.decode(&first.payload).unwrap().unwrap();
    assert_eq!(decoded.size(), small.size);
    run(&mut encoder, 7, 37);
    encoder
        .set_target(VideoTarget {
            bitrate: Bitrate::from_kbps(600),
            ..small
        })
        .unwrap();
    run(&mut encoder, 37, 67);
    let (bytes, _) = run(&mut encoder, 67, 127);
    let got = bytes as f64 * 8.0 / 2.0 / 1000.0;
    assert!((got / 600.0 - 1.0).abs() < 0.15, "got {got:.0} kb/s");
}

#[test]
fn targets_out_of_range_are_refused_or_brought_in() {
    let odd = VideoTarget {
        size: Size::new(641, 360),
        ..target(500)
    };
    assert!(matches!(Encoder::new(odd), Err(CodecError::Failed(_))));
    let vast = VideoTarget {
        size: Size::new(3840, 3840),
        ..target(500)
    };
    assert_eq!(
        Encoder::new(vast).unwrap_err(),
        CodecError::TooLarge(vast.size)
    );
    let mut encoder = Encoder::new(target(0)).unwrap();
    run(&mut encoder, 0, 2);
    encoder
        .set_target(VideoTarget {
            fps: f32::NAN,
            ..target(900_000)
        })
        .unwrap();
    run(&mut encoder, 2, 4);
}

/// OpenH264's build leaves its assembly out without a word when nasm is missing, and is then three
/// times slower. The names of its functions are in this very program.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn the_library_is_built_with_its_assembly() {
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let name = b"WelsSampleSad16x16_sse2\0";
    let found = program.windows(name.len()).any(|it| it == name);
    assert!(
        found,
        "openh264 was built without assembly: install nasm and build it again"
    );
}
