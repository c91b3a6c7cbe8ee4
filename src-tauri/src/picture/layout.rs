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

/// Where a picture shows, and of how many pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fitted {
    /// CSS pixels; its edges lie on whole device pixels. It may reach over the right and lower
    /// edge of the place by one device pixel, because pictures have even sides.
    pub(crate) rect: Rect,
    /// Device pixels of `rect`, unless that is more than a picture can have.
    pub(crate) size: Size,
}

/// How a picture shows in `place`: whole and centred, or filling it with its middle. `scale` is
/// device pixels per CSS pixel.
#[must_use]
pub(crate) fn fitted(picture: Size, place: &Rect, fit: Fit, scale: f64) -> Fitted {
    let place = place.snapped(scale);
    let (across, down) = (place.w * scale, place.h * scale);
    let (width, height) = match fit {
        Fit::Fit => {
            let (width, height) = (f64::from(picture.width), f64::from(picture.height));
            let zoom = (across / width).min(down / height);
            (even_below(width * zoom), even_below(height * zoom))
        }
        Fit::Fill => (even_above(across), even_above(down)),
    };
    let margin = |room: f64, taken: f64| ((room - taken) / 2.0).floor().max(0.0);
    let rect = Rect::new(
        place.x + margin(across, width) / scale,
        place.y + margin(down, height) / scale,
        width / scale,
        height / scale,
    );
    let shrink = (f64::from(Size::MAX.width) / width.max(height)).min(1.0);
    let size = Size::new(
        even_below(width * shrink) as u32,
        even_below(height * shrink) as u32,
    );
    Fitted { rect, size }
}

/// The largest even number up to `length`, at least 2.
fn even_below(length: f64) -> f64 {
    (((length + ROUNDING) / 2.0).floor() * 2.0).max(2.0)
}

/// The smallest even number from `length` on, at least 2.
fn even_above(length: f64) -> f64 {
    (((length - ROUNDING) / 2.0).ceil() * 2.0).max(2.0)
}

/// What a whole number may lose on its way through scales and ratios.
const ROUNDING: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Rect = Rect::new(10.0, 20.0, 400.0, 400.0);

    #[test]
    fn a_wide_picture_that_fits_has_black_above_and_below() {
        let fitted = fitted(Size::HD, &PLACE, Fit::Fit, 1.0);
        assert_eq!(fitted.rect, Rect::new(10.0, 20.0 + 88.0, 400.0, 224.0));
        assert_eq!(fitted.size, Size::new(400, 224));
    }

    #[test]
    fn a_picture_that_fills_has_the_shape_of_its_place() {
        let place = Rect::new(10.0, 20.0, 201.0, 112.0);
        let tile = fitted(Size::HD, &place, Fit::Fill, 1.0);
        assert_eq!(tile.rect, Rect::new(10.0, 20.0, 202.0, 112.0));
        assert_eq!(tile.size, Size::new(202, 112));
        let fine = fitted(Size::HD, &place, Fit::Fill, 2.0);
        assert_eq!((fine.rect, fine.size), (place, Size::new(402, 224)));
    }

    #[test]
    fn no_place_wants_a_picture_that_cannot_be() {
        for (w, h) in [
            (1e9, 1e9),
            (1e9, 1.0),
            (0.01, 0.01),
            (1.0, 1e9),
            (1279.0, 719.0),
        ] {
            for fit in [Fit::Fit, Fit::Fill] {
                for picture in [Size::HD, Size::new(2, 3840), Size::new(3840, 2)] {
                    let place = Rect::new(0.0, 0.0, w, h);
                    let size = fitted(picture, &place, fit, 1.5).size;
                    assert!(size.is_valid(), "{picture} {place:?} {size}");
                }
            }
        }
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
    fn unsound_rectangles_are_told() {
        assert!(!Rect::new(f64::NAN, 0.0, 1.0, 1.0).is_sound());
        assert!(!Rect::new(0.0, 0.0, 0.0, 1.0).is_sound());
        assert!(PLACE.is_sound());
    }
}
