//! Where the page wants pictures: rectangles in CSS pixels, sent whenever its layout changes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The places for pictures in the window and what floats over them. The page sends it whole
/// on load, on resize and whenever something over a picture appears, moves or goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stage {
    /// Where the other side's picture goes; null while none shall show.
    pub(crate) remote: Option<Rect>,
    /// Where our own picture goes; null while none shall show. It always fills its place.
    pub(crate) self_view: Option<Rect>,
    /// How our own picture looks.
    pub(crate) self_look: SelfLook,
    /// Where the other side's shared screen goes; null while none shall show. Their camera's picture is
    /// a tile over it.
    pub(crate) screen: Option<Rect>,
    /// How the shared screen fits its place, which has the screen's own pixels to show it as large as
    /// it is, and then reaches beyond the window.
    pub(crate) screen_fit: Fit,
    /// How the other side's picture fits its place.
    pub(crate) fit: Fit,
    /// Whether our own picture is shown as in a mirror.
    pub(crate) mirror_self: bool,
    /// What floats over the pictures. Everything else of the page that lies inside a picture's
    /// place is hidden by the picture.
    pub(crate) islands: Vec<Island>,
    /// Device pixels per CSS pixel (`devicePixelRatio`).
    pub(crate) scale: f64,
}

/// A rectangle in CSS pixels from the top left corner of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub(crate) struct Rect {
    /// Left edge.
    pub(crate) x: f64,
    /// Top edge.
    pub(crate) y: f64,
    /// Width.
    pub(crate) w: f64,
    /// Height.
    pub(crate) h: f64,
}

/// How the other side's picture fits its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Fit {
    /// Whole, with black beside it.
    #[default]
    Fit,
    /// Without black, its edges cut off.
    Fill,
}

/// How our own picture looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SelfLook {
    /// Sharp, with round corners.
    #[default]
    Tile,
    /// Blurred and dim, behind the whole of a screen.
    Backdrop,
}

/// A box of the page with its own opaque colour that floats over a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub(crate) struct Island {
    /// Left edge, CSS pixels.
    pub(crate) x: f64,
    /// Top edge, CSS pixels.
    pub(crate) y: f64,
    /// Width, CSS pixels.
    pub(crate) w: f64,
    /// Height, CSS pixels.
    pub(crate) h: f64,
    /// Radius of its corners, CSS pixels.
    pub(crate) radius: f64,
    /// How much of it shows, 0 to 1. A change of this alone is animated by the surface, so an
    /// island that fades out stays in the list with 0.
    pub(crate) alpha: f64,
}
