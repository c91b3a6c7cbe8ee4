//! The parser of pictures that the other side sent, as the fuzz target calls it, and what it begins
//! with.

use std::time::Duration;

use bytes::Bytes;
use media::frame::EncodedFrame;
use media::time::MediaTime;
use media::transport::Kind;
use shiguredo_mp4::boxes::SampleEntry;
use shiguredo_mp4::demux::Fmp4SegmentDemuxer;
use shiguredo_mp4::{Decode, Encode, TrackKind};

use crate::blank;
use crate::fragment::{Fragment, HEAD};
use crate::parameters::{MOST_BYTES, Parameters, Table, length_prefixed};
use crate::side::Side;

/// A keyframe: what is read of it is read again, has room in the head of a file, and the file can be
/// played.
pub fn keyframe(access_unit: &[u8]) {
    let mut table = Table::default();
    let number = table.number_of(access_unit);
    assert_eq!(table.number_of(access_unit), number, "the same, and once");
    assert!(table.get(1).is_none());
    let units = length_prefixed(access_unit);
    if let Some(units) = &units {
        assert_units(units, access_unit);
    }
    match number.and_then(|it| table.get(it)) {
        Some(parameters) => assert_room(parameters),
        None => assert_eq!(number, None),
    }
    assert_file(access_unit, number.and(units).as_deref());
}

/// Black pictures of several sizes, the sets of a camera between other units, and more sets than a
/// head has room for.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let black = [(16, 16), (320, 180), (640, 360)];
    let mut seeds: Vec<_> = black
        .into_iter()
        .zip(0..)
        .map(|((width, height), number)| blank::picture(width, height, number))
        .collect();
    for (code, sets) in [(&[0, 0, 0, 1][..], BASELINE), (&[0, 0, 1], HIGH)] {
        let units = [AUD, sets[0], sets[1], SEI, SLICE];
        seeds.push(units.map(|unit| [code, unit].concat()).concat());
    }
    // Each takes three bytes in a head and has one.
    let many = blank::picture(16, 16, 0);
    seeds.push([&many, &[0, 0, 1, PPS].repeat(200)[..]].concat());
    seeds
}

/// Units whose lengths lead to the end, and which are the same between start codes.
fn assert_units(units: &[u8], access_unit: &[u8]) {
    assert!(
        units.len() * 4 <= access_unit.len() * 5,
        "a byte is added to each"
    );
    let (mut rest, mut again) = (units, Vec::new());
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        assert!(length > 0);
        let (unit, after) = after.split_at_checked(length).expect("it is there");
        again.extend([0, 0, 0, 1]);
        again.extend(unit);
        rest = after;
    }
    assert_eq!(rest, [], "part of a length");
    assert_eq!(length_prefixed(&again).as_deref(), Some(units));
}

/// As long as the head of a file counts on, and what is written is read.
fn assert_room(parameters: &Parameters) {
    assert!(parameters.size.is_valid());
    let written = parameters.entry.encode_to_vec().expect("what was read");
    assert!(
        written.len() <= ENTRY + MOST_BYTES,
        "sets take {} bytes of a head",
        written.len()
    );
    let (entry, length) = SampleEntry::decode(&written).expect("what was written");
    assert_eq!((&entry, length), (&parameters.entry, written.len()));
}

/// A side of a recording that this picture comes on, twice, and the file of it.
fn assert_file(access_unit: &[u8], units: Option<&[u8]>) {
    let mut side = Side::new(Duration::ZERO).expect("a file");
    let mut frame = EncodedFrame {
        time: MediaTime::default(),
        keyframe: true,
        payload: Bytes::copy_from_slice(access_unit),
    };
    side.push(Kind::Video, 0, 0, &frame);
    assert_eq!(side.needs_keyframe(), units.is_none());
    frame.keyframe = false;
    side.push(Kind::Video, 40_000, 1, &frame);
    let (fragments, head) = side.finish(80_000).expect("what was taken is written");
    assert_eq!(head.len(), HEAD);
    let mut demuxer = Fmp4SegmentDemuxer::new();
    let mut seen = Vec::new();
    for Fragment { head, body } in &fragments {
        if let Some(head) = head {
            assert_eq!(head.len(), HEAD, "it is written over the one before");
            demuxer = Fmp4SegmentDemuxer::new();
            demuxer.handle_init_segment(head).expect("a head");
        }
        for sample in demuxer.handle_media_segment(body).expect("a fragment") {
            let from = usize::try_from(sample.data_offset).expect("it is in memory");
            let payload = &body[from..from + sample.data_size];
            // Silence stands where there is no sound.
            if sample.track.kind == TrackKind::Video {
                seen.push(payload);
            }
        }
    }
    let expected: Vec<&[u8]> = units.into_iter().flat_map(|it| [it; 2]).collect();
    assert!(seen == expected, "what was taken, once each");
}

/// What one set takes in a head beside its own bytes, as [`HEAD`] counts.
const ENTRY: usize = 150;

/// 1280x720 as WebRTC's encoders say it: constrained baseline, level 3.1.
const BASELINE: [&[u8]; 2] = [
    &[
        0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40, 0x50, 0x1e, 0x90, 0x0f, 0x08, 0x84, 0x6a,
    ],
    &[0x68, 0xce, 0x3c, 0x80],
];

/// 1280x720 as x264 says it: high profile, with timing, and bytes that keep start codes out.
const HIGH: [&[u8]; 2] = [
    &[
        0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03,
        0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x83, 0x19, 0x60,
    ],
    &[0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0],
];

/// The header of a picture parameter set (H.264, 7.3.1).
const PPS: u8 = 0x68;

const AUD: &[u8] = &[0x09, 0x10];
const SEI: &[u8] = &[0x06, 0x05, 0x04, 0x74, 0x65, 0x73, 0x74, 0x80];
const SLICE: &[u8] = &[0x65, 0x88, 0x84, 0x00, 0x33, 0xff];
