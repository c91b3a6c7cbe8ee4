//! What the first bytes of an Opus packet tell without decoding it (RFC 6716, 3 and 4.2).

use crate::backend::codec::MAX_OPUS_FRAME;

/// Samples at 48 kHz that `payload` decodes to; `None` when it is no Opus packet.
#[must_use]
pub fn samples(payload: &[u8]) -> Option<usize> {
    let toc = *payload.first()?;
    let frames = match toc & 0b11 {
        0 => 1,
        1 | 2 => 2,
        _ => usize::from(payload.get(1)? & 0x3f),
    };
    let samples = frames * frame_samples(toc);
    (samples > 0 && samples <= MAX_OPUS_FRAME).then_some(samples)
}

/// Whether `payload` carries a low-rate copy of the packet before it (LBRR, RFC 6716, 4.2.4).
/// Looks at packets of one or two equal frames; others answer no.
pub(super) fn has_fec(payload: &[u8]) -> bool {
    let [toc, first, ..] = *payload else {
        return false;
    };
    let single_stream = toc & 0b11 <= 1;
    if toc >> 3 >= FIRST_CELT_CONFIG || !single_stream {
        return false;
    }
    // The LP layer starts with one voice activity bit per 20 ms of the frame and then the LBRR
    // flag; stereo has the same again for the side channel.
    let subframes = (frame_samples(toc) / 960).max(1) as u32;
    let mid = first >> (7 - subframes) & 1 == 1;
    let side = toc & 0b100 != 0 && first >> (6 - 2 * subframes.min(3)) & 1 == 1;
    mid || side
}

/// Whether `payload` says that the sender pauses (DTX): no more than the head of a packet.
pub(super) const fn is_pause(payload: &[u8]) -> bool {
    payload.len() <= 2
}

/// Samples at 48 kHz in one frame of a packet (RFC 6716, table 2).
const fn frame_samples(toc: u8) -> usize {
    let config = (toc >> 3) as usize;
    match config {
        0..12 => [480, 960, 1920, 2880][config % 4],
        12..16 => [480, 960][config % 2],
        _ => [120, 240, 480, 960][config % 4],
    }
}

/// From here on a packet has no LP layer, which holds the copies.
const FIRST_CELT_CONFIG: u8 = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_follow_the_table_of_contents() {
        assert_eq!(samples(&[9 << 3, 0]), Some(960), "SILK wideband 20 ms");
        assert_eq!(samples(&[15 << 3, 0]), Some(960), "hybrid fullband 20 ms");
        assert_eq!(
            samples(&[31 << 3 | 1, 0]),
            Some(1920),
            "two CELT frames of 20 ms"
        );
        assert_eq!(
            samples(&[28 << 3 | 3, 4]),
            Some(480),
            "four CELT frames of 2.5 ms"
        );
        assert_eq!(samples(&[31 << 3 | 3, 63]), None, "longer than 120 ms");
        assert_eq!(samples(&[31 << 3 | 3, 0]), None, "no frame");
        assert_eq!(samples(&[]), None);
    }

    #[test]
    fn only_voice_packets_with_the_flag_hold_a_copy() {
        assert!(has_fec(&[9 << 3, 0b0100_0000]));
        assert!(!has_fec(&[9 << 3, 0b1000_0000]));
        assert!(!has_fec(&[31 << 3, 0xff]));
        assert!(!has_fec(&[9 << 3]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_at_without_a_panic(payload: Vec<u8>) {
            let _ = (samples(&payload), has_fec(&payload), is_pause(&payload));
        }
    }
}
