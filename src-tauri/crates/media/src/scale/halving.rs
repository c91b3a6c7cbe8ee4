//! Interpolation at any ratio: a plane that shrinks a lot is halved first, as often as it takes, so
//! that every pixel counts and nothing flickers.

use super::bilinear::Bilinear;

/// Scales planes of one size into planes of another.
#[derive(Debug)]
pub(super) struct Halving {
    from: [usize; 2],
    to: [usize; 2],
    /// The steps before the last one, each with the plane that it makes.
    halves: Vec<(Bilinear, Vec<u8>)>,
    last: Bilinear,
    row: Vec<u8>,
}

impl Halving {
    /// For planes of `from` into planes of `to` (width and height); the middle is kept where the
    /// shapes differ. `None` for planes too small for it.
    pub(super) fn new(from: [usize; 2], to: [usize; 2]) -> Option<Self> {
        let mut halves = Vec::new();
        let mut size = from;
        loop {
            if let Some(last) = Bilinear::new(size, to) {
                return Some(Self {
                    from,
                    to,
                    halves,
                    last,
                    row: Vec::new(),
                });
            }
            let half = size.map(|side| side.div_ceil(2));
            halves.push((Bilinear::new(size, half)?, vec![0; half[0] * half[1]]));
            size = half;
        }
    }

    /// Whether it is made for these sizes.
    pub(super) fn is_for(&self, from: [usize; 2], to: [usize; 2]) -> bool {
        self.from == from && self.to == to
    }

    /// Fills `target` with `source`; both have the sizes that this was made for.
    pub(super) fn scale(&mut self, source: &[u8], target: &mut [u8]) {
        let mut source = source;
        for (step, half) in &mut self.halves {
            step.scale(source, half, &mut self.row);
            source = half;
        }
        self.last.scale(source, target, &mut self.row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_counts_however_small_the_target_is() {
        // One bright column in eight: where pixels are left out, it is either lost or all there is.
        let source: Vec<u8> = (0..256 * 64)
            .map(|at| if at % 8 == 3 { 240 } else { 0 })
            .collect();
        for width in [32, 40, 56] {
            let mut halving = Halving::new([256, 64], [width, width / 4]).expect("it fits");
            let mut target = vec![0; width * (width / 4)];
            halving.scale(&source, &mut target);
            let mean = target.iter().map(|it| u32::from(*it)).sum::<u32>() / target.len() as u32;
            assert!((28..=33).contains(&mean), "{mean} at {width}");
        }
    }

    #[test]
    fn what_is_too_small_is_left_to_others() {
        assert!(Halving::new([8, 8], [16, 16]).is_none());
        assert!(Halving::new([1280, 720], [2, 2]).is_none());
        assert!(Halving::new([1280, 720], [20, 12]).is_some());
    }
}
