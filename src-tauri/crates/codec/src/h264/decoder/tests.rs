use media::backend::codec::{Content, VideoEncoder as _, VideoTarget};
use media::units::Bitrate;
use proptest::prelude::*;

use super::*;
use crate::h264::Encoder;
use crate::testing::{psnr_y, scene};

const SIZE: Size = Size::new(320, 180);

fn encoder(size: Size) -> Encoder {
    let target = VideoTarget {
        size,
        fps: 30.0,
        bitrate: Bitrate::from_kbps(500),
        content: Content::Camera,
    };
    Encoder::new(target).unwrap()
}

fn stream(count: usize) -> Vec<Vec<u8>> {
    let mut encoder = encoder(SIZE);
    (0..count)
        .filter_map(|index| encoder.encode(&scene(SIZE, index), false).unwrap())
        .map(|it| it.payload.to_vec())
        .collect()
}

#[test]
fn after_a_loss_nothing_is_shown_until_a_keyframe() {
    let mut encoder = encoder(SIZE);
    let mut decoder = Decoder::new().unwrap();
    for index in 0..30 {
        let picture = scene(SIZE, index);
        let Some(encoded) = encoder.encode(&picture, index == 20).unwrap() else {
            continue;
        };
        match index {
            10 | 11 => {}
            12..20 => {
                let shown = decoder.decode(&encoded.payload);
                assert!(
                    matches!(shown, Err(CodecError::Undecodable(_))),
                    "{index}: {shown:?}"
                );
            }
            _ => {
                let shown = decoder.decode(&encoded.payload).unwrap().unwrap();
                assert!(psnr_y(&picture, &shown) > 25.0, "picture {index}");
            }
        }
    }
}

#[test]
fn a_delta_picture_first_is_an_error() {
    let units = stream(2);
    let mut decoder = Decoder::new().unwrap();
    assert!(matches!(
        decoder.decode(&units[1]),
        Err(CodecError::Undecodable(_))
    ));
    assert!(decoder.decode(&units[0]).unwrap().is_some());
}

#[test]
fn cropped_sizes_come_out_as_they_went_in() {
    for size in [Size::new(322, 182), Size::new(178, 318), Size::new(16, 16)] {
        let mut encoder = encoder(size);
        let picture = scene(size, 0);
        let encoded = encoder.encode(&picture, false).unwrap().unwrap();
        let shown = Decoder::new()
            .unwrap()
            .decode(&encoded.payload)
            .unwrap()
            .unwrap();
        assert_eq!(shown.size(), size);
        assert!(psnr_y(&picture, &shown) > 20.0);
    }
}

#[test]
fn pictures_are_used_again_when_nobody_holds_them() {
    let mut decoder = Decoder::new().unwrap();
    let mut seen = std::collections::HashSet::new();
    for unit in stream(20) {
        let shown = decoder.decode(&unit).unwrap().unwrap();
        seen.insert(shown.data().as_ptr());
    }
    assert!(seen.len() <= 2, "{} pictures for one at a time", seen.len());
}

#[test]
fn nothing_at_all_is_an_error() {
    let mut decoder = Decoder::new().unwrap();
    assert!(decoder.decode(&[]).is_err());
    assert!(decoder.decode(&vec![0; MAX_ACCESS_UNIT + 1]).is_err());
}

#[test]
fn odd_sides_lose_their_last_line() {
    assert_eq!(shown_size(641, 361), Ok(Size::new(640, 360)));
    assert!(shown_size(1, 1).is_err());
    assert!(shown_size(-4, 100).is_err());
    assert!(shown_size(10_000, 100).is_err());
}

#[derive(Clone, Debug)]
enum Harm {
    Cut(usize),
    Flip(usize, u8),
    Insert(usize, Vec<u8>),
    Drop,
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        any::<usize>().prop_map(Harm::Cut),
        (any::<usize>(), 1_u8..).prop_map(|(at, mask)| Harm::Flip(at, mask)),
        (any::<usize>(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
        Just(Harm::Drop),
    ]
}

fn inflict(unit: &mut Vec<u8>, harm: &Harm) {
    let len = unit.len();
    match harm {
        _ if len == 0 => {}
        Harm::Cut(at) => unit.truncate(at % len),
        Harm::Flip(at, mask) => unit[at % len] ^= mask,
        Harm::Insert(at, bytes) => {
            unit.splice(at % len..at % len, bytes.iter().copied());
        }
        Harm::Drop => unit.clear(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]

    /// The process lives, sizes stay bounded, and a keyframe heals.
    #[test]
    fn damaged_streams_are_survived(
        harms in prop::collection::vec((0_usize..12, harm()), 1..12),
    ) {
        let mut units = stream(12);
        let healthy = units[0].clone();
        for (index, harm) in &harms {
            if let Some(unit) = units.get_mut(*index) {
                inflict(unit, harm);
            }
        }
        let mut decoder = Decoder::new().unwrap();
        for unit in &units {
            if let Ok(Some(shown)) = decoder.decode(unit) {
                prop_assert!(shown.size().is_valid());
            }
        }
        // A damaged parameter set may need a second keyframe to be replaced.
        let healed = (0..2).any(|_| matches!(decoder.decode(&healthy), Ok(Some(_))));
        prop_assert!(healed);
    }
}
