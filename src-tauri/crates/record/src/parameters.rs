//! What a decoder has to know before a picture: parameter sets, as an MP4 file names them.
//!
//! A change of size is another set. Each set is named once in the head of the file, so there is room
//! for a limited number of them; pictures carry their sets themselves too, as they were sent.

use shiguredo_mp4::bitstream::h264::{
    H264NalUnitType, H264SampleEntryConfig, LengthSize, annexb_to_length_prefixed,
    build_avc1_box_from_annexb, parse_annexb_nal_units,
};
use shiguredo_mp4::boxes::SampleEntry;

use media::units::Size;

/// One way to read pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) entry: SampleEntry,
    pub(crate) size: Size,
}

/// The parameter sets of a file, at most [`MOST`].
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Parameters>);

impl Table {
    /// The number of what this keyframe says of itself; none when it cannot be read.
    pub(crate) fn number_of(&mut self, keyframe: &[u8]) -> Option<usize> {
        let parameters = read(keyframe)?;
        if let Some(known) = self.0.iter().position(|it| *it == parameters) {
            return Some(known);
        }
        if self.0.len() < MOST {
            self.0.push(parameters);
            return Some(self.0.len() - 1);
        }
        // Decoders go by what the picture carries.
        self.0.iter().rposition(|it| it.size == parameters.size)
    }

    /// What has that number.
    pub(crate) fn get(&self, number: usize) -> Option<&Parameters> {
        self.0.get(number)
    }
}

/// The same access unit with lengths in place of start codes; none when it is none.
pub(crate) fn length_prefixed(access_unit: &[u8]) -> Option<Vec<u8>> {
    let units = annexb_to_length_prefixed(access_unit, LengthSize::FourBytes).ok()?;
    (!units.is_empty()).then_some(units)
}

fn read(keyframe: &[u8]) -> Option<Parameters> {
    let units = parse_annexb_nal_units(keyframe).ok()?;
    let mut sets = 0;
    for unit in &units {
        match unit.nal_unit_type {
            H264NalUnitType::Sps | H264NalUnitType::Pps => sets += LENGTH + unit.data.len(),
            H264NalUnitType::NonIdrSlice
            | H264NalUnitType::IdrSlice
            | H264NalUnitType::Sei
            | H264NalUnitType::Aud
            | H264NalUnitType::Other(_) => {}
        }
    }
    if sets > MOST_BYTES {
        return None;
    }
    let config = H264SampleEntryConfig {
        length_size: LengthSize::FourBytes,
    };
    let entry = build_avc1_box_from_annexb(keyframe, &config).ok()?;
    let (width, height) = (entry.visual.width, entry.visual.height);
    let size = Size::new(u32::from(width), u32::from(height));
    size.is_valid().then_some(Parameters {
        entry: SampleEntry::Avc1(entry),
        size,
    })
}

/// More than sizes of pictures that a call goes through.
pub(crate) const MOST: usize = 48;

/// What the length of a set takes in the head (ISO/IEC 14496-15, 5.3.3.1).
const LENGTH: usize = 2;

/// Of all sets of a picture with their lengths. Those of our own encoder have 30 bytes; with
/// everything that a set may say, some hundred.
pub(crate) const MOST_BYTES: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blank;

    #[test]
    fn many_small_sets_take_no_more_of_the_head_than_there_is() {
        let picture = blank::picture(16, 16, 0);
        assert!(read(&picture).is_some());
        // A picture parameter set of one byte, of which a hostile side sends many.
        let sets = [0, 0, 1, 0x68].repeat(200);
        assert_eq!(read(&[&picture, &sets[..]].concat()), None);
    }
}
