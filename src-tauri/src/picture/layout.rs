//! Where pictures land: pure geometry in CSS pixels, no toolkit.

use media::units::Size;

use super::stage::{Fit, Rect};

impl Rect {
    /// A rectangle by its left and top edge and its extent.
    #[must_use]
    pub(crate) const fn new(x: f64, y: f64, w: f64, h: f64) -> Self {
        Self { x, y, w, h }
    }

    /// Whether it has an area and none of its numbers is NaN or infinite.
    #[must_use]
    pub(crate) fn is_sound(&self) -> bool {
        [self.x, self.y, self.w, self.h]
            .iter()
            .all(|it| it.is_finite())
            && self.w > 0.0
            && self.h > 0.0
    }

    /// This rectangle with its edges on whole device pixels, so that nothing is drawn half
    /// beside it. `scale` is device pixels per CSS pixel.
    #[must_use]
    pub(crate) fn snapped(&self, scale: f64) -> Self {
        let snap = |edge: f64| (edge * scale).round() / scale;
        let (x, y) = (snap(self.x), snap(self.y));
        Self {
            x,
            y,
            w: snap(self.x + self.w) - x,
            h: snap(self.y + self.h) - y,
        }
    }

    /// The part that both have, if any.
    #[must_use]
    pub(crate) fn common(&self, other: &Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let right = (self.x + self.w).min(other.x + other.w);
        let bottom = (self.y + self.h).min(other.y + other.h);
        (right > x && bottom > y).then(|| Self::new(x, y, right - x, bottom - y))
    }
}

/// Where the whole picture lies so that it fits `place`: inside it, or reaching over its edges
/// (to be clipped) when it fills it. Centred; its shape is kept.
#[must_use]
pub(crate) fn placed(picture: Size, place: &Rect, fit: Fit) -> Rect {
    let (width, height) = (f64::from(picture.width), f64::from(picture.height));
    let (across, down) = (place.w / width, place.h / height);
    let zoom = match fit {
        Fit::Fit => across.min(down),
        Fit::Fill => across.max(down),
    };
    let (w, h) = (width * zoom, height * zoom);
    Rect::new(
        place.x + (place.w - w) / 2.0,
        place.y + (place.h - h) / 2.0,
        w,
        h,
    )
}

/// By how much each side of a picture can be divided so that it still has every device pixel
/// that its place shows: 1 for no reduction, at most [`MAX_REDUCTION`].
#[must_use]
pub(crate) fn reduction(picture: Size, place: &Rect, fit: Fit, scale: f64) -> u32 {
    let shown = placed(picture, place, fit);
    let factor = f64::from(picture.width) / (shown.w * scale).max(1.0);
    // A place that is a hair smaller than the divided picture gets it all the same: nobody sees
    // the difference, and a self view of 200 px from 1280 px is not done at 426 px.
    let factor = (factor + 0.1).floor().clamp(1.0, f64::from(MAX_REDUCTION));
    (1..=factor as u32)
        .rev()
        .find(|it| reduced(picture, *it).is_valid())
        .unwrap_or(1)
}

/// The size of a picture whose sides are divided by `factor`, made even.
#[must_use]
pub(crate) const fn reduced(picture: Size, factor: u32) -> Size {
    Size::new(
        (picture.width / factor) & !1,
        (picture.height / factor) & !1,
    )
}

/// More than this is only wanted for a backdrop, where [`super::reduce`] goes to this limit too:
/// a sum of 16 x 16 bytes still fits into 16 bits.
pub(crate) const MAX_REDUCTION: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Rect = Rect::new(10.0, 20.0, 400.0, 400.0);

    #[test]
    fn a_wide_picture_that_fits_has_black_above_and_below() {
        let placed = placed(Size::HD, &PLACE, Fit::Fit);
        assert_eq!(placed, Rect::new(10.0, 20.0 + 87.5, 400.0, 225.0));
    }

    #[test]
    fn a_wide_picture_that_fills_is_cut_left_and_right() {
        let placed = placed(Size::HD, &PLACE, Fit::Fill);
        assert_eq!((placed.y, placed.h), (20.0, 400.0));
        assert!(placed.x < 10.0 && placed.w > 711.0);
        assert!((placed.x + placed.w / 2.0 - 210.0).abs() < 1e-9);
    }

    #[test]
    fn edges_snap_to_device_pixels() {
        let snapped = Rect::new(10.3, 0.2, 100.4, 99.9).snapped(2.0);
        assert_eq!(snapped, Rect::new(10.5, 0.0, 100.0, 100.0));
    }

    #[test]
    fn rectangles_apart_have_nothing_in_common() {
        let other = Rect::new(411.0, 20.0, 10.0, 10.0);
        assert_eq!(PLACE.common(&other), None);
        let overlapping = Rect::new(400.0, 0.0, 100.0, 50.0);
        assert_eq!(
            PLACE.common(&overlapping),
            Some(Rect::new(400.0, 20.0, 10.0, 30.0))
        );
    }

    #[test]
    fn a_picture_is_never_reduced_below_what_its_place_shows() {
        let whole = Rect::new(0.0, 0.0, 1280.0, 720.0);
        assert_eq!(reduction(Size::HD, &whole, Fit::Fit, 1.0), 1);
        let tile = Rect::new(0.0, 0.0, 200.0, 112.0);
        assert_eq!(reduction(Size::HD, &tile, Fit::Fill, 1.0), 6);
        assert_eq!(reduction(Size::HD, &tile, Fit::Fill, 2.0), 3);
        let tiny = Rect::new(0.0, 0.0, 1.0, 1.0);
        assert_eq!(reduction(Size::HD, &tiny, Fit::Fit, 1.0), MAX_REDUCTION);
    }

    #[test]
    fn a_tiny_picture_is_not_reduced_to_nothing() {
        let tiny = Rect::new(0.0, 0.0, 1.0, 1.0);
        let factor = reduction(Size::new(8, 6), &tiny, Fit::Fit, 1.0);
        assert!(reduced(Size::new(8, 6), factor).is_valid());
    }

    #[test]
    fn unsound_rectangles_are_told() {
        assert!(!Rect::new(f64::NAN, 0.0, 1.0, 1.0).is_sound());
        assert!(!Rect::new(0.0, 0.0, 0.0, 1.0).is_sound());
        assert!(PLACE.is_sound());
    }
}
