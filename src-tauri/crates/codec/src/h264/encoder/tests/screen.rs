//! Pictures of screens: as fine as asked for, whatever they cost.

use super::*;
use crate::testing::page;

const SIZE: Size = Size::new(1280, 720);

fn screen(qp: u8) -> VideoTarget {
    VideoTarget {
        size: SIZE,
        fps: 30.0,
        bitrate: Bitrate::from_kbps(1000),
        content: Content::Screen { qp },
    }
}

/// Encodes a picture this finely and decodes it: its bytes, whether it is a keyframe, and how well
/// it is preserved in dB.
fn pass(
    encoder: &mut Encoder,
    decoder: &mut Decoder,
    picture: &Picture,
    qp: u8,
) -> (usize, bool, f64) {
    encoder.set_target(screen(qp)).unwrap();
    let encoded = encoder.encode(picture, false).unwrap();
    let encoded = encoded.expect("no picture of a screen is left out");
    let decoded = decoder.decode(&encoded.payload).unwrap().unwrap();
    let psnr = psnr_y(picture, &decoded);
    (encoded.payload.len(), encoded.keyframe, psnr)
}

#[test]
fn what_stands_still_becomes_perfect_and_costs_nothing_then() {
    let mut encoder = Encoder::new(screen(34)).unwrap();
    let mut decoder = Decoder::new().unwrap();
    let text = page(SIZE, 0);
    let (first, keyframe, coarse) = pass(&mut encoder, &mut decoder, &text, 34);
    assert!(keyframe, "the picture that nobody sees is not counted");
    assert!(coarse > 28.0, "legible at once: {coarse:.1} dB");
    let mut best = coarse;
    for qp in [28, 16] {
        let (_, keyframe, psnr) = pass(&mut encoder, &mut decoder, &text, qp);
        assert!(!keyframe && psnr > best + 1.5, "{qp}: {psnr:.1} dB");
        best = psnr;
    }
    assert!(best > 42.0, "{best:.1} dB");
    let (rest, keyframe, still) = pass(&mut encoder, &mut decoder, &text, 16);
    assert!(!keyframe && rest < first / 50, "{rest} bytes");
    assert!(still > best - 0.1);
}

#[test]
fn text_that_scrolls_is_cheap_and_stays_sharp() {
    let mut encoder = Encoder::new(screen(28)).unwrap();
    let mut decoder = Decoder::new().unwrap();
    let (first, ..) = pass(&mut encoder, &mut decoder, &page(SIZE, 0), 28);
    for line in 1..10 {
        let text = page(SIZE, line * 18);
        let (bytes, _, psnr) = pass(&mut encoder, &mut decoder, &text, 28);
        assert!(bytes < first / 3, "line {line}: {bytes} of {first} bytes");
        assert!(psnr > 32.0, "line {line}: {psnr:.1} dB");
    }
}

#[test]
fn a_keyframe_that_is_asked_for_and_another_size_are_as_fine_as_said() {
    let mut encoder = Encoder::new(screen(40)).unwrap();
    let mut decoder = Decoder::new().unwrap();
    let text = page(SIZE, 3);
    let (_, _, before) = pass(&mut encoder, &mut decoder, &text, 20);
    let asked = encoder.encode(&text, true).unwrap().unwrap();
    assert!(asked.keyframe);
    let decoded = decoder.decode(&asked.payload).unwrap().unwrap();
    let psnr = psnr_y(&text, &decoded);
    assert!(psnr > before - 1.0, "{psnr:.1} of {before:.1} dB");
    let small = Size::new(642, 362);
    let target = VideoTarget {
        size: small,
        ..screen(20)
    };
    encoder.set_target(target).unwrap();
    let text = page(small, 0);
    let first = encoder.encode(&text, false).unwrap().unwrap();
    assert!(first.keyframe);
    let decoded = decoder.decode(&first.payload).unwrap().unwrap();
    let psnr = psnr_y(&text, &decoded);
    assert!(psnr > before - 2.0, "{psnr:.1} of {before:.1} dB");
}

#[test]
fn a_full_screen_is_of_level_4() {
    let target = VideoTarget {
        size: Size::FULL_HD,
        ..screen(34)
    };
    let mut encoder = Encoder::new(target).unwrap();
    let first = encoder.encode(&page(Size::FULL_HD, 0), false);
    let payload = first.unwrap().unwrap().payload;
    assert_eq!(payload[..8], [0, 0, 0, 1, 0x67, 66, payload[6], 40]);
}
