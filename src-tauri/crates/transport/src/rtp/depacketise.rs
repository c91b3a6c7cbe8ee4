//! RTP payloads to H.264 access units in Annex B form (RFC 6184, 5.6-5.8).

use bytes::{BufMut, Bytes, BytesMut};
use media::transport::MAX_ACCESS_UNIT;

use super::h264::{FU_A, NAL_IDR, NAL_SPS, STAP_A, nal_type};

/// An access unit put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Its NALs in Annex B form.
    pub(crate) annex_b: Bytes,
    /// Whether it holds an IDR picture.
    pub(crate) keyframe: bool,
}

/// Puts the payloads of one access unit together, given in order and without a gap. `None` when
/// they do not follow RFC 6184, hold no NAL, or exceed [`MAX_ACCESS_UNIT`].
pub(crate) fn depacketise<'a>(payloads: impl Iterator<Item = &'a Bytes>) -> Option<Unit> {
    let mut unit = Builder::default();
    for payload in payloads {
        unit.add(payload)?;
    }
    if unit.open || unit.bytes.is_empty() {
        return None;
    }
    Some(Unit {
        annex_b: unit.bytes.freeze(),
        keyframe: unit.keyframe,
    })
}

/// Whether `payload` starts an access unit that can be decoded by itself: it brings an SPS.
pub(crate) fn starts_keyframe(payload: &[u8]) -> bool {
    match payload {
        [first, ..] if nal_type(*first) == NAL_SPS => true,
        [first, _, _, inner, ..] if nal_type(*first) == STAP_A => nal_type(*inner) == NAL_SPS,
        _ => false,
    }
}

#[derive(Default)]
struct Builder {
    bytes: BytesMut,
    keyframe: bool,
    /// Whether a fragmented NAL has begun and not ended.
    open: bool,
}

impl Builder {
    fn add(&mut self, payload: &[u8]) -> Option<()> {
        let (&first, rest) = payload.split_first()?;
        if self.open && nal_type(first) != FU_A {
            return None;
        }
        match nal_type(first) {
            1..=23 => self.nal(payload),
            STAP_A => self.aggregate(rest),
            FU_A => self.fragment(first, rest),
            _ => None,
        }
    }

    fn aggregate(&mut self, mut rest: &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let (size, after) = rest.split_first_chunk::<2>()?;
            let (nal, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*size)))?;
            self.nal(nal)?;
            rest = after;
        }
        Some(())
    }

    fn fragment(&mut self, indicator: u8, rest: &[u8]) -> Option<()> {
        let (&header, body) = rest.split_first()?;
        let (start, end) = (header & 0x80 != 0, header & 0x40 != 0);
        if start == self.open {
            return None;
        }
        if start {
            self.begin((indicator & 0xe0) | nal_type(header))?;
        }
        self.extend(body)?;
        self.open = !end;
        Some(())
    }

    fn nal(&mut self, nal: &[u8]) -> Option<()> {
        let (&header, body) = nal.split_first()?;
        self.begin(header)?;
        self.extend(body)
    }

    fn begin(&mut self, header: u8) -> Option<()> {
        self.extend(&[0, 0, 0, 1, header])?;
        self.keyframe |= nal_type(header) == NAL_IDR;
        Some(())
    }

    fn extend(&mut self, bytes: &[u8]) -> Option<()> {
        if self.bytes.len() + bytes.len() > MAX_ACCESS_UNIT {
            return None;
        }
        self.bytes.put_slice(bytes);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::packetise::{MAX_PAYLOAD, packetise};
    use super::*;

    fn together(payloads: &[&'static [u8]]) -> Option<Unit> {
        let payloads: Vec<Bytes> = payloads.iter().map(|it| Bytes::from_static(it)).collect();
        depacketise(payloads.iter())
    }

    #[test]
    fn an_aggregate_with_a_trailing_byte_is_refused() {
        assert_eq!(together(&[&[0x78, 0, 1, 0x67, 0]]), None);
        assert_eq!(together(&[&[0x78, 0, 9, 0x67]]), None);
        assert_eq!(together(&[&[0x78, 0, 0]]), None);
    }

    #[test]
    fn fragments_must_begin_and_end() {
        assert_eq!(together(&[&[0x7c, 0x45, 1]]), None);
        assert_eq!(together(&[&[0x7c, 0x85, 1]]), None);
        assert_eq!(together(&[&[0x7c, 0x85, 1], &[0x7c, 0x85, 1]]), None);
        assert_eq!(together(&[&[0x7c, 0x85, 1], &[0x41, 1]]), None);
        let unit = together(&[&[0x7c, 0x85, 1], &[0x7c, 0x05, 2], &[0x7c, 0x45, 3]]);
        assert_eq!(
            unit.map(|it| it.annex_b.to_vec()),
            Some(vec![0, 0, 0, 1, 0x65, 1, 2, 3])
        );
    }

    #[test]
    fn the_decoder_takes_as_much_as_is_put_together() {
        let unit = |len: usize| {
            let payload = Bytes::from([vec![0x41], vec![1; len - 5]].concat());
            depacketise([payload].iter())
        };
        assert!(unit(MAX_ACCESS_UNIT).is_some_and(|it| it.annex_b.len() == MAX_ACCESS_UNIT));
        assert_eq!(unit(MAX_ACCESS_UNIT + 1), None);
    }

    #[test]
    fn keyframes_are_told_by_their_idr_and_announced_by_their_sps() {
        assert!(together(&[&[0x67, 1], &[0x65, 1]]).is_some_and(|it| it.keyframe));
        assert!(together(&[&[0x41, 1]]).is_some_and(|it| !it.keyframe));
        assert!(starts_keyframe(&[0x67, 1]));
        assert!(starts_keyframe(&[0x78, 0, 2, 0x67, 1]));
        assert!(!starts_keyframe(&[0x78, 0]));
        assert!(!starts_keyframe(&[]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_or_refused_without_a_panic(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            kinds in prop::collection::vec(prop::sample::select(vec![0x78u8, 0x7c, 0x67, 0x41]), 8),
        ) {
            let lead = |(payload, kind): (Vec<u8>, &u8)| [vec![*kind], payload].concat();
            let wild: Vec<Bytes> = payloads.iter().cloned().map(Bytes::from).collect();
            let likely: Vec<Bytes> =
                payloads.into_iter().zip(&kinds).map(lead).map(Bytes::from).collect();
            for payloads in [wild, likely] {
                if let Some(unit) = depacketise(payloads.iter()) {
                    prop_assert!(unit.annex_b.starts_with(&[0, 0, 0, 1]));
                }
                payloads.iter().for_each(|it| { starts_keyframe(it); });
            }
        }

        #[test]
        fn what_was_packetised_comes_back(
            nals in prop::collection::vec(
                (prop::sample::select(vec![0x67u8, 0x68, 0x65, 0x41, 0x06]),
                 prop::collection::vec(1u8..=255, 1..4000)),
                1..6,
            ),
        ) {
            let mut unit = BytesMut::new();
            for (header, body) in &nals {
                unit.put_slice(&[0, 0, 0, 1, *header]);
                unit.put_slice(body);
            }
            let unit = unit.freeze();
            let payloads = packetise(&unit, MAX_PAYLOAD);
            prop_assert_eq!(depacketise(payloads.iter()).map(|it| it.annex_b), Some(unit));
        }
    }
}
