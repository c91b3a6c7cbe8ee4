//! Screens and windows of X11.
//!
//! Each request has a connection of its own to the display ([`looks`] keeps one for a while), and each
//! captured source a thread of its own, which looks thirty times a second whether anything has
//! changed and copies the pixels only then.

mod capture;
mod convert;
mod display;
mod grab;
mod looks;
mod pointer;
mod target;
mod windows;

use media::backend::device::DeviceKind;
use media::backend::screen::{
    ScreenError, ScreenSink, ScreenSource, ScreenStream, SourceId, SourceKind,
};
use media::units::Size;

use self::capture::Capture;
use self::display::Display;
pub(super) use self::looks::Looks;
use self::target::Target;
use super::captured::{CapturedScreen, device, screen_error};
use crate::thread::Running;

/// Screens first, then windows, the front one first.
pub(super) fn list() -> Result<Vec<ScreenSource>, ScreenError> {
    list_of(&Display::connect(None)?)
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
