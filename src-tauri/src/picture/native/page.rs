//! Draws parts of the page over the pictures: everything outside them, and each island in them.
//!
//! GTK would draw the whole page over the pictures. Instead, the page's own drawing function is
//! called once for each part, clipped to it. A group cannot reach over two of GTK's draw handlers,
//! and one shared group over distant islands is dear; so each island has its own.

use std::f64::consts::{FRAC_PI_2, PI};

use gtk::cairo::{self, Context, FillRule, Operator};
use gtk::glib::gobject_ffi::GTypeInstance;
use gtk::prelude::*;

use crate::picture::stage::{Island, Rect};

/// A part of the window that shows a picture instead of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hole {
    pub(super) place: Rect,
    /// Of its corners, CSS pixels.
    pub(super) radius: f64,
}

/// Draws `page` with `holes` in it and `islands` over them.
///
/// # Errors
/// When cairo has no memory.
pub(super) fn draw(
    page: &gtk::Widget,
    cr: &Context,
    holes: &[Hole],
    islands: impl Iterator<Item = Island>,
) -> Result<(), cairo::Error> {
    cr.save()?;
    for hole in holes {
        clip_out(cr, hole)?;
    }
    if extents(cr)?.is_some() {
        draw_clipped(page, cr);
    } else {
        // The page's drawing function must run even if no part of the page shows: it is also where
        // WebKit takes over what its web process has painted.
        cr.reset_clip();
        cr.rectangle(0.0, 0.0, 1.0, 1.0);
        cr.clip();
        cr.push_group();
        draw_clipped(page, cr);
        cr.pop_group()?;
    }
    cr.restore()?;
    let Some(visible) = extents(cr)? else {
        return Ok(());
    };
    for island in islands.filter(|it| it.alpha > 0.0 && it.place().common(&visible).is_some()) {
        if holes
            .iter()
            .any(|it| it.place.common(&island.place()).is_some())
        {
            draw_island(page, cr, &island)?;
        }
    }
    Ok(())
}

/// A closed path round `rect` with round corners.
pub(super) fn rounded(cr: &Context, rect: &Rect, radius: f64) {
    let radius = radius.min(rect.w / 2.0).min(rect.h / 2.0);
    if radius <= 0.0 {
        cr.rectangle(rect.x, rect.y, rect.w, rect.h);
        return;
    }
    let (left, top) = (rect.x + radius, rect.y + radius);
    let (right, bottom) = (rect.x + rect.w - radius, rect.y + rect.h - radius);
    cr.new_sub_path();
    cr.arc(right, top, radius, -FRAC_PI_2, 0.0);
    cr.arc(right, bottom, radius, 0.0, FRAC_PI_2);
    cr.arc(left, bottom, radius, FRAC_PI_2, PI);
    cr.arc(left, top, radius, PI, PI + FRAC_PI_2);
    cr.close_path();
}

fn draw_island(page: &gtk::Widget, cr: &Context, island: &Island) -> Result<(), cairo::Error> {
    let place = island.place();
    cr.save()?;
    cr.rectangle(place.x, place.y, place.w, place.h);
    cr.clip();
    cr.push_group();
    draw_clipped(page, cr);
    cr.pop_group_to_source()?;
    cr.set_operator(Operator::Over);
    rounded(cr, &place, island.radius);
    if island.alpha < 1.0 {
        cr.clip();
        cr.paint_with_alpha(island.alpha)?;
    } else {
        cr.fill()?;
    }
    cr.restore()
}

/// Takes `hole` out of what is drawn: the clip becomes all of it but the hole.
fn clip_out(cr: &Context, hole: &Hole) -> Result<(), cairo::Error> {
    let Some(all) = extents(cr)?.filter(|it| it.common(&hole.place).is_some()) else {
        return Ok(());
    };
    cr.set_fill_rule(FillRule::EvenOdd);
    // One pixel more on each side, so that the outer edge never falls on the hole's. Where the
    // hole reaches beyond, the clip of before cuts.
    cr.rectangle(all.x - 1.0, all.y - 1.0, all.w + 2.0, all.h + 2.0);
    rounded(cr, &hole.place, hole.radius);
    cr.clip();
    Ok(())
}

/// What may be drawn on, or `None` when that is nothing.
fn extents(cr: &Context) -> Result<Option<Rect>, cairo::Error> {
    let (left, top, right, bottom) = cr.clip_extents()?;
    let all = Rect::new(left, top, right - left, bottom - top);
    Ok(all.is_sound().then_some(all))
}

/// Has the page draw itself, within the clip, by the drawing function of its class.
fn draw_clipped(page: &gtk::Widget, cr: &Context) {
    // SAFETY: `page` is a live GtkWidget on the main thread, so its instance begins with a pointer
    // to its class, which begins with a GtkWidgetClass (GObject's layout); the function takes this
    // very widget and a live context.
    unsafe {
        let instance = page.as_ptr().cast::<GTypeInstance>();
        let class = (*instance).g_class.cast::<gtk::ffi::GtkWidgetClass>();
        if let Some(draw) = (*class).draw {
            draw(page.as_ptr(), cr.to_raw_none());
        }
    }
}
