//! Bilinear interpolation of one plane: each pixel from the four that surround its place.
//!
//! It serves planes that grow or shrink to no less than half; when they shrink further, some source
//! pixels lie between all places and are left out, and fine detail flickers. Every picture on the
//! screen is scaled here, so processors with AVX2 do eight pixels of a row at a time, in a tenth
//! of the time of a general convolution. Other processors do one pixel at a time by the same
//! tables and come to the same bytes.

/// Interpolates planes of one size into planes of another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bilinear {
    from: [usize; 2],
    to: [usize; 2],
    columns: Vec<Group>,
    rows: Vec<Place>,
}

/// Where a target pixel lies on an axis of the source: between two of its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// The source pixel before it; there is always one after.
    first: usize,
    /// The weight of the source pixel after it; the one before it has the rest of a [`UNIT`].
    second: u8,
}

/// Eight neighbours in a target row, as lanes of a vector. Each lane has two bytes: one for the
/// source pixel before its place, one for the pixel after it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    /// The first of the sixteen source pixels that the eight lie among.
    base: usize,
    /// For each lane, which two of the sixteen it mixes.
    taps: [u8; WINDOW],
    /// For each lane, the weights of these two, which add up to a [`UNIT`].
    weights: [u8; WINDOW],
}

impl Bilinear {
    /// For planes of `from` into planes of `to` (width and height); the middle is kept where the
    /// shapes differ. `None` when the source is too small for a vector or shrinks to less than half.
    pub(super) fn new(from: [usize; 2], to: [usize; 2]) -> Option<Self> {
        let scale = (0..2)
            .map(|axis| to[axis] as f64 / from[axis] as f64)
            .fold(0.0, f64::max);
        if scale < 0.5 || from[0] < WINDOW || from[1] < 2 || to.contains(&0) {
            return None;
        }
        let axis = |axis: usize| places(from[axis], to[axis], scale);
        Some(Self {
            from,
            to,
            columns: axis(0)
                .collect::<Vec<_>>()
                .chunks(LANES)
                .map(|places| Group::new(places, from[0]))
                .collect(),
            rows: axis(1).collect(),
        })
    }

    /// Fills `target` with `source`; both have the sizes that this was made for. `row` is memory to
    /// work in: each target row is first mixed of the two source rows around it, then of their
    /// columns.
    pub(super) fn scale(&self, source: &[u8], target: &mut [u8], row: &mut Vec<u8>) {
        let [width, _] = self.from;
        row.resize(width, 0);
        for (target, place) in target.chunks_exact_mut(self.to[0]).zip(&self.rows) {
            let (above, below) = source[place.first * width..][..2 * width].split_at(width);
            self.row([above, below], place.second, row, target);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "a function for processors that have AVX2")]
    fn row(&self, source: [&[u8]; 2], below: u8, between: &mut [u8], target: &mut [u8]) {
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has what the function is compiled for.
            unsafe { avx2::row(&self.columns, source, below, between, target) }
        } else {
            portable::row(&self.columns, source, below, between, target);
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn row(&self, source: [&[u8]; 2], below: u8, between: &mut [u8], target: &mut [u8]) {
        portable::row(&self.columns, source, below, between, target);
    }
}

impl Group {
    fn new(places: &[Place], width: usize) -> Self {
        let base = places[0].first.min(width - WINDOW);
        let mut group = Self {
            base,
            taps: [0; WINDOW],
            weights: [0; WINDOW],
        };
        for (lane, place) in places.iter().enumerate() {
            // Seven steps of at most two pixels: the last pair ends within the sixteen.
            let tap = (place.first - base) as u8;
            group.taps[2 * lane..][..2].copy_from_slice(&[tap, tap + 1]);
            group.weights[2 * lane..][..2].copy_from_slice(&[UNIT - place.second, place.second]);
        }
        group
    }
}

/// The places of `to` pixels among `from`, when a pixel becomes `scale` pixels.
fn places(from: usize, to: usize, scale: f64) -> impl Iterator<Item = Place> {
    let kept = to as f64 / scale;
    let left = (from as f64 - kept) / 2.0;
    (0..to).map(move |at| {
        // Pixels are areas; what lies beyond the outer middles is the outer pixel.
        let middle = left + (at as f64 + 0.5) / scale - 0.5;
        let middle = middle.clamp(0.0, (from - 1) as f64);
        let first = (middle as usize).min(from - 2);
        let second = (middle - first as f64) * f64::from(UNIT);
        Place {
            first,
            second: second.round() as u8,
        }
    })
}

/// `pair` weighted; weights add up to a `UNIT`.
#[inline(always)]
fn mix(pair: [u8; 2], weights: [u8; 2]) -> u8 {
    let sum =
        u16::from(pair[0]) * u16::from(weights[0]) + u16::from(pair[1]) * u16::from(weights[1]);
    ((sum + u16::from(UNIT) / 2) / u16::from(UNIT)) as u8
}

/// Mixes two rows into one.
#[inline(always)]
fn between_rows(source: [&[u8]; 2], below: u8, out: &mut [u8]) {
    for ((out, above), under) in out.iter_mut().zip(source[0]).zip(source[1]) {
        *out = mix([*above, *under], [UNIT - below, below]);
    }
}

mod portable {
    use super::{Group, LANES, WINDOW, between_rows, mix};

    pub(super) fn row(
        columns: &[Group],
        source: [&[u8]; 2],
        below: u8,
        between: &mut [u8],
        target: &mut [u8],
    ) {
        between_rows(source, below, between);
        for (out, group) in target.chunks_mut(LANES).zip(columns) {
            let window = &between[group.base..][..WINDOW];
            let pairs = group
                .taps
                .chunks_exact(2)
                .zip(group.weights.chunks_exact(2));
            for (out, (taps, weights)) in out.iter_mut().zip(pairs) {
                let pair = [window[usize::from(taps[0])], window[usize::from(taps[1])]];
                *out = mix(pair, [weights[0], weights[1]]);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi16, _mm_cvtsi128_si64, _mm_maddubs_epi16, _mm_packus_epi16,
        _mm_set_epi64x, _mm_set1_epi16, _mm_shuffle_epi8, _mm_srli_epi16,
    };

    use super::{Group, LANES, UNIT, WINDOW, between_rows};

    #[target_feature(enable = "avx2")]
    pub(super) fn row(
        columns: &[Group],
        source: [&[u8]; 2],
        below: u8,
        between: &mut [u8],
        target: &mut [u8],
    ) {
        between_rows(source, below, between);
        let (whole, rest) = target.as_chunks_mut();
        for (out, group) in whole.iter_mut().zip(columns) {
            *out = eight(group, between);
        }
        if let Some(group) = columns.last() {
            rest.copy_from_slice(&eight(group, between)[..rest.len()]);
        }
    }

    #[target_feature(enable = "avx2")]
    fn eight(group: &Group, between: &[u8]) -> [u8; LANES] {
        let Some(window) = between[group.base..].first_chunk() else {
            return [0; LANES];
        };
        let pairs = _mm_shuffle_epi8(vector(window), vector(&group.taps));
        let sums = _mm_maddubs_epi16(pairs, vector(&group.weights));
        let half = _mm_set1_epi16(i16::from(UNIT) / 2);
        let mixed = _mm_srli_epi16::<{ UNIT.ilog2() as i32 }>(_mm_add_epi16(sums, half));
        _mm_cvtsi128_si64(_mm_packus_epi16(mixed, mixed)).to_le_bytes()
    }

    #[target_feature(enable = "avx2")]
    fn vector(bytes: &[u8; WINDOW]) -> __m128i {
        let (low, high) = bytes.split_at(WINDOW / 2);
        let half = |bytes: &[u8]| i64::from_le_bytes(bytes.try_into().unwrap_or_default());
        _mm_set_epi64x(half(high), half(low))
    }
}

/// Bytes of a vector: two for each of eight places, and as many source pixels to take them from.
const WINDOW: usize = 16;

/// Target pixels in a vector.
const LANES: usize = WINDOW / 2;

/// The sum of two weights. AVX2 multiplies by signed bytes, so no weight may be above 127.
const UNIT: u8 = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scaled(from: [usize; 2], to: [usize; 2], source: &[u8]) -> Option<Vec<u8>> {
        let mut target = vec![0; to[0] * to[1]];
        Bilinear::new(from, to)?.scale(source, &mut target, &mut Vec::new());
        Some(target)
    }

    fn ramp([width, height]: [usize; 2]) -> Vec<u8> {
        (0..width * height).map(|at| (at % width) as u8).collect()
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let picture = ramp([128, 16]);
        assert_eq!(scaled([128, 16], [128, 16], &picture), Some(picture));
    }

    #[test]
    fn a_ramp_stays_a_ramp() {
        let out = scaled([200, 20], [170, 17], &ramp([200, 20])).expect("it fits");
        for (at, level) in out[..170].iter().enumerate() {
            let wanted = (at as f64 + 0.5) * 200.0 / 170.0 - 0.5;
            assert!(
                (f64::from(*level) - wanted).abs() <= 0.6,
                "{at}: {level} for {wanted}"
            );
        }
    }

    #[test]
    fn half_of_a_width_is_the_mean_of_two() {
        let out = scaled([64, 8], [32, 4], &ramp([64, 8])).expect("it fits");
        // 0 and 1, 2 and 3: halves round up.
        assert_eq!(out[..4], [1, 3, 5, 7]);
    }

    #[test]
    fn what_it_cannot_do_well_is_left_to_others() {
        assert_eq!(Bilinear::new([1280, 720], [600, 338]), None);
        assert_eq!(Bilinear::new([14, 10], [28, 20]), None);
        assert_eq!(Bilinear::new([1280, 1], [1280, 1]), None);
    }

    proptest! {
        #[test]
        fn vectors_and_single_bytes_agree(
            (from, to) in ((16..90usize, 2..9usize), (1..120usize, 1..12usize)),
            below in 0..=UNIT,
            seed: u64,
        ) {
            let Some(bilinear) = Bilinear::new(from.into(), to.into()) else {
                return Ok(());
            };
            let mut state = seed;
            let source: Vec<u8> = (0..2 * from.0).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            }).collect();
            let (above, under) = source.split_at(from.0);
            let mut between = vec![0; from.0];
            let (mut whole, mut single) = (vec![0; to.0], vec![0; to.0]);
            bilinear.row([above, under], below, &mut between, &mut whole);
            portable::row(&bilinear.columns, [above, under], below, &mut between, &mut single);
            prop_assert_eq!(whole, single);
        }

        #[test]
        fn nothing_leaves_the_range_of_its_source(
            (from, to) in ((16..60usize, 2..30usize), (8..90usize, 1..40usize)),
            level in 1u8..,
        ) {
            let source = vec![level; from.0 * from.1];
            if let Some(out) = scaled(from.into(), to.into(), &source) {
                prop_assert!(out.iter().all(|it| *it == level));
            }
        }
    }
}
