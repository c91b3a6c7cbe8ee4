//! Which bytes of a picture stay clear, and which pictures a libwebrtc client can read once they
//! are encrypted. Pictures are access units in Annex B form (ITU-T H.264, annex B).

use crate::rtp::h264::{NAL_AUD, NAL_IDR, NAL_PPS, NAL_SPS, nal_type};

/// What keeps a libwebrtc client from reading an encrypted picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is no slice, so nothing would be encrypted.
    #[error("the picture has no slice")]
    NoSlice,
    /// It keeps the number of clear bytes in one byte.
    #[error("what stands before the first slice is too long")]
    LongHeader,
    /// It reads the slice's type and PPS, which must lie in the clear bytes.
    #[error("the slice header does not fit the clear bytes")]
    LongSliceHeader,
    /// It takes a keyframe without them for none.
    #[error("a keyframe lacks its parameter sets")]
    NoParameterSets,
}

/// Whether a picture, [normalised](normalise), can be read by a libwebrtc client after it was
/// sealed. What is not checked: an SPS whose VUI does not restrict reordering is rewritten there,
/// before it decrypts.
///
/// # Errors
///
/// Says what is wrong with the first picture of an encoder, which is wrong with all of them.
pub fn check(picture: &[u8]) -> Result<(), Unfit> {
    let clear = clear_bytes(picture).ok_or(Unfit::NoSlice)?;
    if clear > MAX_CLEAR {
        return Err(Unfit::LongHeader);
    }
    let slice = picture.get(clear - 2..clear).ok_or(Unfit::NoSlice)?;
    if !slice.get(1).is_some_and(|&byte| holds_slice_header(byte)) {
        return Err(Unfit::LongSliceHeader);
    }
    let has =
        |kind| units(picture).any(|(_, unit)| unit.first().is_some_and(|&it| nal_type(it) == kind));
    if slice.first().is_some_and(|&it| nal_type(it) == NAL_IDR) && !(has(NAL_SPS) && has(NAL_PPS)) {
        return Err(Unfit::NoParameterSets);
    }
    Ok(())
}

/// The form that comes out of the other side's depacketiser, whatever an encoder wrote: start codes
/// of four bytes, no access unit delimiter. Start codes are authenticated, so both must agree.
#[must_use]
pub fn normalise(picture: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(picture.len() + 16);
    for (_, unit) in units(picture) {
        if unit.first().is_none_or(|&it| nal_type(it) == NAL_AUD) {
            continue;
        }
        whole.extend(START_CODE);
        whole.extend(unit);
    }
    whole
}

/// How many bytes stay clear: to the second byte of the first slice. `None` without a slice of two
/// bytes.
pub(super) fn clear_bytes(picture: &[u8]) -> Option<usize> {
    let is_slice =
        |unit: &[u8]| matches!(unit.first().map(|&it| nal_type(it)), Some(SLICE | NAL_IDR));
    let (at, unit) = units(picture).find(|(_, unit)| is_slice(unit))?;
    (unit.len() >= 2).then_some(at + 2)
}

/// The NAL units of a picture, each with its place, without start codes. A zero before a start code
/// is part of it.
fn units(picture: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut next = start_code(picture, 0).map(|(_, after)| after);
    std::iter::from_fn(move || {
        let begin = next?;
        let end = match start_code(picture, begin) {
            Some((before, after)) => {
                next = Some(after);
                before
            }
            None => {
                next = None;
                picture.len()
            }
        };
        Some((begin, picture.get(begin..end)?))
    })
}

/// Where the next start code begins and ends.
fn start_code(picture: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = picture.get(from..)?;
    let at = rest.windows(3).position(|it| it == [0, 0, 1])?;
    let long = at > 0 && rest.get(at - 1) == Some(&0);
    Some((from + at - usize::from(long), from + at + 3))
}

/// Whether first macroblock, slice type and PPS (three `ue(v)`, 7.3.3) fit the eight bits.
fn holds_slice_header(byte: u8) -> bool {
    let mut left = 8;
    for _ in 0..3 {
        let zeros = (byte.wrapping_shl(8 - left)).leading_zeros();
        let bits = 2 * zeros + 1;
        if bits > left {
            return false;
        }
        left -= bits;
    }
    true
}

const START_CODE: [u8; 4] = [0, 0, 0, 1];
/// A slice that is none of an IDR picture, not partitioned.
const SLICE: u8 = 1;
const MAX_CLEAR: usize = 255;
