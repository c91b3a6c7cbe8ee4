//! The main thread's half: widgets, what is on the screen, and drawing it.
//!
//! One [`Screen`] lives in a thread-local of the GTK thread; other threads reach it by closures
//! that run there.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use gtk::cairo::{self, Context, Extend, Filter, Operator, SurfacePattern};
use gtk::glib::{self, ControlFlow, Propagation};
use gtk::prelude::*;
use media::units::Size;

use super::buffer::Buffer;
use super::link::Link;
use super::page::{self, Hole};
use super::stream::{Shown, Wanted};
use crate::picture::fade::Islands;
use crate::picture::layout;
use crate::picture::stage::{Fit, Rect, SelfLook, Stage};

thread_local! {
    static SCREEN: RefCell<Option<Rc<Screen>>> = const { RefCell::new(None) };
}

/// The widgets and what they show.
pub(super) struct Screen {
    area: gtk::DrawingArea,
    page: gtk::Widget,
    link: Arc<Link>,
    remote: Shown,
    local: Shown,
    /// The other side's shared screen, beneath both.
    shared: Shown,
    stage: RefCell<Stage>,
    islands: RefCell<Islands>,
    holes: RefCell<Vec<Hole>>,
    window_shown: Cell<bool>,
    fading: Cell<bool>,
}

/// Runs `then` with the screen on the main thread, soon and before anything is drawn.
pub(super) fn on_screen(then: impl FnOnce(&Rc<Screen>) + Send + 'static) {
    let mut then = Some(then);
    glib::idle_add_full(glib::Priority::HIGH, move || {
        let screen = SCREEN.with_borrow(Clone::clone);
        if let (Some(screen), Some(then)) = (screen, then.take()) {
            then(&screen);
        }
        ControlFlow::Break
    });
}

impl Screen {
    /// Puts a drawing area under `webview`: both fill an overlay at the place where `webview` was.
    /// Main thread only.
    ///
    /// # Errors
    /// When the webview does not stand in a box.
    pub(super) fn install(webview: &gtk::Widget, link: Arc<Link>) -> Result<(), &'static str> {
        let parent = webview.parent().ok_or("the page has no parent")?;
        let parent = parent
            .downcast::<gtk::Box>()
            .map_err(|_| "the page stands in no box")?;
        let area = gtk::DrawingArea::new();
        let overlay = gtk::Overlay::new();
        parent.remove(webview);
        overlay.add(&area);
        overlay.add_overlay(webview);
        parent.pack_start(&overlay, true, true, 0);
        overlay.show_all();
        webview.grab_focus();
        let screen = Rc::new(Self {
            area,
            page: webview.clone(),
            link,
            remote: Shown::default(),
            local: Shown::default(),
            shared: Shown::default(),
            stage: RefCell::default(),
            islands: RefCell::default(),
            holes: RefCell::default(),
            window_shown: Cell::new(true),
            fading: Cell::new(false),
        });
        screen.connect();
        SCREEN.set(Some(screen));
        Ok(())
    }

    /// Draws by the page's new layout from now on.
    pub(super) fn set_stage(self: &Rc<Self>, stage: Stage) {
        let now = Instant::now();
        self.islands.borrow_mut().replace(&stage.islands, now);
        self.stage.replace(stage);
        self.want();
        self.area.queue_draw();
        self.page.queue_draw();
        self.fade();
    }

    /// Stops converting while nobody can see the window.
    pub(super) fn set_window_shown(&self, shown: bool) {
        self.window_shown.set(shown);
        self.want();
    }

    /// Takes over what the worker has made.
    pub(super) fn adopt(&self) {
        let Some(window) = self.area.window() else {
            return;
        };
        let remote = self.remote.adopt(&self.link.remote, &window);
        let local = self.local.adopt(&self.link.local, &window);
        let shared = self.shared.adopt(&self.link.screen, &window);
        if remote.buffers || local.buffers || shared.buffers {
            self.link.wake_worker();
        }
        if self.dig() {
            self.area.queue_draw();
            self.page.queue_draw();
            return;
        }
        let stage = self.stage.borrow();
        for (new, place) in [
            (remote.picture, stage.remote),
            (local.picture, stage.self_view),
            (shared.picture, stage.screen),
        ] {
            if let Some(place) = place.filter(|it| new && it.is_sound()) {
                queue(&self.area, &place.snapped(self.scale()));
            }
        }
    }

    fn connect(self: &Rc<Self>) {
        let screen = Rc::downgrade(self);
        self.area.connect_draw(move |_, cr| {
            if let Some(screen) = screen.upgrade() {
                report(screen.draw_pictures(cr));
            }
            Propagation::Proceed
        });
        let screen = Rc::downgrade(self);
        self.page.connect_draw(move |page, cr| {
            let Some(screen) = screen.upgrade() else {
                return Propagation::Proceed;
            };
            let holes = screen.holes.borrow();
            if holes.is_empty() {
                return Propagation::Proceed;
            }
            report(page::draw(
                page,
                cr,
                &holes,
                screen.islands.borrow().at(Instant::now()),
            ));
            Propagation::Stop
        });
    }

    /// Tells the worker what to convert.
    fn want(&self) {
        let stage = self.stage.borrow();
        let shown =
            |place: Option<Rect>| place.filter(|it| it.is_sound() && self.window_shown.get());
        let scale = self.scale();
        self.link
            .remote
            .want(shown(stage.remote).map(|place| Wanted {
                place,
                fit: stage.fit,
                scale,
                look: SelfLook::Tile,
                mirrored: false,
            }));
        self.link
            .local
            .want(shown(stage.self_view).map(|place| Wanted {
                place,
                fit: Fit::Fill,
                scale,
                look: stage.self_look,
                mirrored: stage.mirror_self,
            }));
        self.link
            .screen
            .want(shown(stage.screen).map(|place| Wanted {
                place,
                fit: stage.screen_fit,
                scale,
                look: SelfLook::Tile,
                mirrored: false,
            }));
        drop(stage);
        self.link.wake_worker();
        self.adopt();
    }

    /// Finds where the page gives way to pictures; says whether that changed.
    fn dig(&self) -> bool {
        let stage = self.stage.borrow();
        let hole = |place: Option<Rect>, shown: &Shown, radius| {
            let place = place.filter(|it| it.is_sound() && shown.is_some())?;
            Some(Hole {
                place: place.snapped(self.scale()),
                radius,
            })
        };
        let shared = hole(stage.screen, &self.shared, 0.0);
        let remote = hole(stage.remote, &self.remote, remote_radius(&stage));
        let own = hole(stage.self_view, &self.local, own_radius(&stage));
        let holes: Vec<Hole> = [shared, remote, own].into_iter().flatten().collect();
        let changed = *self.holes.borrow() != holes;
        self.holes.replace(holes);
        changed
    }

    /// The larger picture lies beneath the smaller one, which is a tile over it.
    fn draw_pictures(&self, cr: &Context) -> Result<(), cairo::Error> {
        let stage = self.stage.borrow();
        let scale = self.scale();
        let own = own_radius(&stage);
        let mut pictures = [
            (stage.screen, &self.shared, stage.screen_fit, 0.0),
            (stage.remote, &self.remote, stage.fit, remote_radius(&stage)),
            (stage.self_view, &self.local, Fit::Fill, own),
        ];
        pictures.sort_by(|(one, ..), (other, ..)| area(*other).total_cmp(&area(*one)));
        for (place, shown, fit, radius) in pictures {
            let Some(place) = place.filter(Rect::is_sound) else {
                continue;
            };
            let mut result = Ok(());
            shown.with(|it| {
                result = match fit {
                    Fit::Fill => draw_tile(cr, it, &place, radius, scale),
                    Fit::Fit => draw_whole(cr, it, &place, scale),
                }
            });
            result?;
        }
        Ok(())
    }

    /// Redraws islands for as long as one changes its alpha.
    fn fade(self: &Rc<Self>) {
        let is_fading = self
            .islands
            .borrow()
            .fading(Instant::now())
            .next()
            .is_some();
        if !is_fading || self.fading.replace(true) {
            return;
        }
        let screen = Rc::downgrade(self);
        self.page.add_tick_callback(move |page, _| {
            let Some(screen) = screen.upgrade() else {
                return ControlFlow::Break;
            };
            let mut more = false;
            for place in screen.islands.borrow().fading(Instant::now()) {
                queue(page, &place);
                more = true;
            }
            screen.fading.set(more);
            if more {
                return ControlFlow::Continue;
            }
            page.queue_draw();
            ControlFlow::Break
        });
    }

    fn scale(&self) -> f64 {
        f64::from(self.area.scale_factor())
    }
}

/// Black, and the picture on it.
fn draw_whole(cr: &Context, it: &Buffer, place: &Rect, scale: f64) -> Result<(), cairo::Error> {
    let whole = layout::fitted(it.size(), place, Fit::Fit, scale).rect;
    let place = place.snapped(scale);
    if whole != place {
        cr.set_source_rgb(0.0, 0.0, 0.0);
        cr.rectangle(place.x, place.y, place.w, place.h);
        cr.fill()?;
    }
    let Some(visible) = whole.common(&place) else {
        return Ok(());
    };
    cr.save()?;
    cr.set_operator(Operator::Source);
    cr.set_source(picture(it, &whole)?)?;
    cr.rectangle(visible.x, visible.y, visible.w, visible.h);
    cr.fill()?;
    cr.restore()
}

/// A picture that fills the place.
fn draw_tile(
    cr: &Context,
    it: &Buffer,
    place: &Rect,
    radius: f64,
    scale: f64,
) -> Result<(), cairo::Error> {
    let whole = layout::fitted(it.size(), place, Fit::Fill, scale).rect;
    cr.save()?;
    cr.set_source(picture(it, &whole)?)?;
    page::rounded(cr, &place.snapped(scale), radius);
    cr.fill()?;
    cr.restore()
}

/// A source that shows `it` over `whole`: pixel by pixel, except for the picture or two that come
/// before one of a new size.
fn picture(it: &Buffer, whole: &Rect) -> Result<SurfacePattern, cairo::Error> {
    let Size { width, height } = it.size();
    let (across, down) = (f64::from(width) / whole.w, f64::from(height) / whole.h);
    let pattern = SurfacePattern::create(it.image());
    // From the window's pixels to the picture's.
    pattern.set_matrix(cairo::Matrix::new(
        across,
        0.0,
        0.0,
        down,
        -whole.x * across,
        -whole.y * down,
    ));
    pattern.set_filter(Filter::Bilinear);
    pattern.set_extend(Extend::Pad);
    pattern.status().map(|()| pattern)
}

/// Radius of the corners of our own picture, CSS pixels: none where the other side's is a tile over it.
fn own_radius(stage: &Stage) -> f64 {
    let is_beneath = stage.remote.is_some() && area(stage.self_view) > area(stage.remote);
    match stage.self_look {
        SelfLook::Tile if !is_beneath => TILE_RADIUS,
        SelfLook::Tile | SelfLook::Backdrop => 0.0,
    }
}

/// The same of the other side's picture, which is a tile over a shared screen or over our own.
fn remote_radius(stage: &Stage) -> f64 {
    if area(stage.screen).max(area(stage.self_view)) > area(stage.remote) {
        TILE_RADIUS
    } else {
        0.0
    }
}

/// How much of the window a place takes.
fn area(place: Option<Rect>) -> f64 {
    place.map_or(0.0, |it| it.w * it.h)
}

/// That of all tiles of the page, CSS pixels.
const TILE_RADIUS: f64 = 16.0;

/// Has the part of `widget` at `place` drawn again.
fn queue(widget: &impl IsA<gtk::Widget>, place: &Rect) {
    let (left, top) = (place.x.floor(), place.y.floor());
    let (width, height) = (
        (place.x + place.w).ceil() - left,
        (place.y + place.h).ceil() - top,
    );
    widget.queue_draw_area(left as i32, top as i32, width as i32, height as i32);
}

fn report(drawn: Result<(), cairo::Error>) {
    if let Err(error) = drawn {
        tracing::warn!(%error, "picture not drawn");
    }
}
