//! Screens and windows of X11.
//!
//! Each request has a connection of its own to the display, and each captured source a thread of its
//! own, which looks thirty times a second whether anything has changed and copies the pixels only
//! then.

mod capture;
mod convert;
mod display;
mod grab;
mod pointer;
mod target;
mod windows;

use std::sync::Arc;

use media::backend::device::DeviceKind;
use media::backend::screen::{
    ScreenError, ScreenSink, ScreenSource, ScreenStream, SourceId, SourceKind,
};
use media::picture::{Picture, Pool};
use media::scale::Scaler;
use media::units::Size;

use self::capture::Capture;
use self::display::Display;
use self::grab::Grabber;
use self::target::Target;
use super::captured::{CapturedScreen, device, screen_error};
use crate::thread::Running;

/// Screens first, then windows, the front one first.
pub(super) fn list() -> Result<Vec<ScreenSource>, ScreenError> {
    list_of(&Display::connect(None)?)
}

/// One look at a source.
pub(super) fn thumbnail(id: &SourceId, bounds: Size) -> Result<Arc<Picture>, ScreenError> {
    thumbnail_of(&Display::connect(None)?, id, bounds)
}

/// Starts to capture a source.
pub(super) fn open(
    id: &SourceId,
    sink: Box<dyn ScreenSink>,
) -> Result<Box<dyn ScreenStream>, ScreenError> {
    open_on(Display::connect(None)?, id, sink)
}

fn list_of(display: &Display) -> Result<Vec<ScreenSource>, ScreenError> {
    let mut sources = display.screens()?;
    sources.extend(windows::list(display)?);
    Ok(sources)
}

fn thumbnail_of(
    display: &Display,
    id: &SourceId,
    bounds: Size,
) -> Result<Arc<Picture>, ScreenError> {
    let source = find(display, id)?;
    let mut target = Target::new(display, &source)?;
    let (mut grabber, mut pool) = (Grabber::default(), Pool::new());
    let area = target.area(display)?;
    let pixels = grabber.grab(display, &area)?;
    let whole = pool.make(convert::shown_size(area.size), |picture| {
        convert::to_i420(pixels, area.size, picture)
    })?;
    let size = whole.size().within_pixels_of(bounds);
    pool.make(size, |small| {
        Scaler::sharp().scale(&whole, small);
        Ok(())
    })
}

fn open_on(
    display: Display,
    id: &SourceId,
    sink: Box<dyn ScreenSink>,
) -> Result<Box<dyn ScreenStream>, ScreenError> {
    let source = find(&display, id)?;
    let target = Target::new(&display, &source)?;
    let capture = Capture::new(display, target, sink)?;
    let running = Running::start(device(&source, DeviceKind::Real), "screen", move |stop| {
        capture.run(&stop);
    });
    let running = running.map_err(screen_error)?;
    Ok(Box::new(CapturedScreen::new(source, running)))
}

/// What is there by this id.
fn find(display: &Display, id: &SourceId) -> Result<ScreenSource, ScreenError> {
    if let Some(window) = windows::window_of(id) {
        return windows::source(display, window);
    }
    let mut screens = display.screens()?.into_iter();
    screens
        .find(|it| it.id == *id)
        .ok_or_else(|| ScreenError::Gone(format!("screen {}", id.0)))
}

/// What a person knows a source by, in words that are safe to show.
fn source(id: String, name: &str, kind: SourceKind, size: Size) -> ScreenSource {
    let name = name.chars().filter(|it| !it.is_control());
    ScreenSource {
        id: SourceId(id),
        name: name.take(LONGEST_NAME).collect(),
        kind,
        size,
    }
}

/// More of a title than any list shows, in characters.
const LONGEST_NAME: usize = 120;

#[cfg(test)]
mod tests;
