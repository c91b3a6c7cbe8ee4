//! What a sequence parameter set promises, read before a decoder allocates for it
//! (ITU-T H.264, 7.3.2.1.1). Input is remote bytes: every read is bounded.

use media::backend::codec::CodecError;
use media::units::Size;

/// Refuses an access unit (Annex B) that a decoder must not see: one whose parameter sets promise
/// pictures beyond [`Size::MAX`] or more reference memory than [`MAX_REFERENCE_PX`], or one with
/// scalable layers, which we never negotiate and which would only be more C code to attack.
pub(crate) fn check(access_unit: &[u8]) -> Result<(), CodecError> {
    for unit in nal_units(access_unit) {
        match unit.first().map_or(0, |header| header & 0x1f) {
            SEQUENCE_PARAMETER_SET => {
                let Some(sps) = Sps::parse(&unit[1..]) else {
                    return Err(CodecError::Undecodable(
                        "parameter set cannot be read".into(),
                    ));
                };
                sps.check()?;
            }
            SUBSET_PARAMETER_SET | SLICE_EXTENSION => {
                return Err(CodecError::Undecodable(
                    "scalable layers were not agreed".into(),
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The part of a sequence parameter set that tells how much memory it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sps {
    /// Coded size, whole macroblocks, before cropping.
    size: Size,
    reference_pictures: u32,
}

impl Sps {
    /// Reads what follows the NAL header. `None` when it is cut short or out of range.
    fn parse(payload: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(payload);
        let profile = bits.take(8)?;
        bits.take(16)?; // constraint flags, level
        bits.golomb(31)?; // id
        if WITH_CHROMA_FORMAT.contains(&profile) {
            skip_chroma_format(&mut bits)?;
        }
        bits.golomb(12)?; // log2_max_frame_num_minus4
        match bits.golomb(2)? {
            0 => {
                bits.golomb(12)?; // log2_max_pic_order_cnt_lsb_minus4
            }
            1 => skip_order_cycle(&mut bits)?,
            _ => {}
        }
        let reference_pictures = bits.golomb(16)?;
        bits.take(1)?; // gaps_in_frame_num_value_allowed_flag
        let columns = bits.golomb(MAX_SIDE_MACROBLOCKS)? + 1;
        let rows = bits.golomb(MAX_SIDE_MACROBLOCKS)? + 1;
        let fields = 2 - bits.take(1)?;
        let size = Size::new(columns * 16, rows * 16 * fields);
        Some(Self {
            size,
            reference_pictures,
        })
    }

    fn check(self) -> Result<(), CodecError> {
        let Size { width, height } = self.size;
        let (long, short) = (width.max(height), width.min(height));
        // Coded sizes are whole macroblocks, so the bound is too.
        let fits = long <= Size::MAX.width.next_multiple_of(16)
            && short <= Size::MAX.height.next_multiple_of(16);
        let pixels = u64::from(width) * u64::from(height) * u64::from(self.reference_pictures + 1);
        if fits && pixels <= MAX_REFERENCE_PX {
            Ok(())
        } else {
            Err(CodecError::TooLarge(self.size))
        }
    }
}

fn skip_chroma_format(bits: &mut Bits<'_>) -> Option<()> {
    let chroma = bits.golomb(3)?;
    if chroma == 3 {
        bits.take(1)?;
    }
    bits.golomb(6)?; // bit_depth_luma_minus8
    bits.golomb(6)?; // bit_depth_chroma_minus8
    bits.take(1)?;
    if bits.take(1)? == 1 {
        for list in 0..if chroma == 3 { 12 } else { 8 } {
            if bits.take(1)? == 1 {
                skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some(())
}

fn skip_scaling_list(bits: &mut Bits<'_>, entries: usize) -> Option<()> {
    let mut last: i64 = 8;
    for _ in 0..entries {
        last = (last + bits.signed_golomb()? + 256).rem_euclid(256);
        if last == 0 {
            break;
        }
    }
    Some(())
}

fn skip_order_cycle(bits: &mut Bits<'_>) -> Option<()> {
    bits.take(1)?;
    bits.signed_golomb()?;
    bits.signed_golomb()?;
    for _ in 0..bits.golomb(255)? {
        bits.signed_golomb()?;
    }
    Some(())
}

/// Reads bits of a NAL unit's payload, leaving out emulation prevention bytes (7.4.1).
#[derive(Debug)]
struct Bits<'a> {
    bytes: &'a [u8],
    /// The byte that is read now, and how many of its bits are left.
    current: u8,
    left: u32,
    zeros: u32,
}

impl<'a> Bits<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            current: 0,
            left: 0,
            zeros: 0,
        }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            let mut byte = self.next_byte()?;
            if self.zeros >= 2 && byte == 3 {
                self.zeros = 0;
                byte = self.next_byte()?;
            }
            self.zeros = if byte == 0 { self.zeros + 1 } else { 0 };
            self.current = byte;
            self.left = 8;
        }
        self.left -= 1;
        Some(u32::from(self.current >> self.left & 1))
    }

    fn next_byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    /// `count` bits, at most 32.
    fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | self.bit()?))
    }

    /// An Exp-Golomb number (9.1) of at most `max`.
    fn golomb(&mut self, max: u32) -> Option<u32> {
        let value = self.unbounded_golomb()?;
        u32::try_from(value).ok().filter(|it| *it <= max)
    }

    fn signed_golomb(&mut self) -> Option<i64> {
        let value = i64::try_from(self.unbounded_golomb()?).ok()?;
        Some(if value % 2 == 0 {
            -(value / 2)
        } else {
            value.div_euclid(2) + 1
        })
    }

    fn unbounded_golomb(&mut self) -> Option<u64> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 32 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + u64::from(self.take(zeros)?))
    }
}

/// The NAL units of a byte stream (Annex B), without start codes.
fn nal_units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(stream);
    std::iter::from_fn(move || {
        let unit = rest.take()?;
        rest = after_start_code(unit);
        let end = rest.map_or(unit.len(), |next| {
            unit.len() - next.len() - START_CODE.len()
        });
        Some(&unit[..end])
    })
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes
        .windows(START_CODE.len())
        .position(|it| it == START_CODE)?;
    Some(&bytes[at + START_CODE.len()..])
}

const START_CODE: [u8; 3] = [0, 0, 1];

/// NAL unit types (Table 7-1).
const SEQUENCE_PARAMETER_SET: u8 = 7;
const SUBSET_PARAMETER_SET: u8 = 15;
const SLICE_EXTENSION: u8 = 20;

/// Profiles whose parameter sets tell a chroma format (7.3.2.1.1).
const WITH_CHROMA_FORMAT: [u32; 13] =
    [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// No side of a picture can have more macroblocks than this and pass; it keeps products small.
const MAX_SIDE_MACROBLOCKS: u32 = 1024;

/// What a decoder may keep for one stream: four references and the picture itself at the largest
/// size, or all sixteen at 1080p; about 62 MB.
const MAX_REFERENCE_PX: u64 = Size::MAX.width as u64 * Size::MAX.height as u64 * 5;

#[cfg(test)]
mod tests {
    use media::backend::codec::{CodecBackend, Content, VideoTarget};
    use media::picture::Picture;
    use media::units::Bitrate;
    use proptest::prelude::*;

    use super::*;
    use crate::Codecs;

    fn keyframe(size: Size) -> Vec<u8> {
        let target = VideoTarget {
            size,
            fps: 30.0,
            bitrate: Bitrate::from_kbps(500),
            content: Content::Camera,
        };
        let mut encoder = Codecs.video_encoder(target).unwrap();
        encoder
            .encode(&Picture::black(size), true)
            .unwrap()
            .unwrap()
            .payload
            .to_vec()
    }

    fn sps_of(access_unit: &[u8]) -> Sps {
        let unit = nal_units(access_unit).find(|it| it[0] & 0x1f == 7).unwrap();
        Sps::parse(&unit[1..]).unwrap()
    }

    #[test]
    fn the_size_that_an_encoder_wrote_is_read() {
        for (size, coded) in [
            (Size::HD, Size::new(1280, 720)),
            (Size::new(1920, 1080), Size::new(1920, 1088)),
            (Size::new(322, 182), Size::new(336, 192)),
            (Size::new(180, 320), Size::new(192, 320)),
        ] {
            assert_eq!(sps_of(&keyframe(size)).size, coded);
        }
    }

    #[test]
    fn units_are_split_at_both_lengths_of_start_code() {
        let stream = [0, 0, 0, 1, 9, 1, 0, 0, 1, 7, 2, 3, 0, 0, 1];
        let units: Vec<_> = nal_units(&stream).collect();
        assert_eq!(units, [&[9, 1][..], &[7, 2, 3], &[]]);
    }

    #[test]
    fn too_large_pictures_and_too_many_references_are_refused() {
        let vast = Sps {
            size: Size::new(3856, 2160),
            reference_pictures: 1,
        };
        assert_eq!(vast.check(), Err(CodecError::TooLarge(vast.size)));
        let deep = Sps {
            size: Size::new(3840, 2160),
            reference_pictures: 16,
        };
        assert_eq!(deep.check(), Err(CodecError::TooLarge(deep.size)));
        let tall = Sps {
            size: Size::new(2160, 3840),
            reference_pictures: 1,
        };
        assert_eq!(tall.check(), Ok(()));
    }

    #[test]
    fn emulation_prevention_bytes_are_left_out() {
        let mut bits = Bits::new(&[0, 0, 3, 1, 0x80]);
        assert_eq!(bits.take(24), Some(1));
        assert_eq!(bits.take(2), Some(2));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Sps::parse(&bytes);
            let mut stream = vec![0, 0, 1, 0x67];
            stream.extend(&bytes);
            let _ = check(&stream);
        }
    }
}
