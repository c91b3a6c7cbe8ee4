//! What is captured: a window, or the part of the root window that is a screen.

use media::backend::screen::{ScreenError, ScreenSource, SourceKind};
use media::units::Size;
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::composite::{ConnectionExt as _, Redirect};
use x11rb::protocol::damage::{ConnectionExt as _, Damage, ReportLevel};
use x11rb::protocol::randr::{ConnectionExt as _, NotifyMask};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, EventMask, MapState, Pixmap, Window,
};

use super::display::{Display, failed};
use super::grab::Area;
use super::windows::{gone, window_of};

/// Something that is captured. The display server lets go of all of it with the connection.
#[derive(Debug)]
pub(super) enum Target {
    /// A screen, by its id.
    Screen(String),
    /// A window, and its pixels: also those that other windows cover.
    Window {
        window: Window,
        pixmap: Option<Pixmap>,
    },
}

impl Target {
    /// What a source is. A window draws to memory of its own from now on.
    pub(super) fn new(display: &Display, source: &ScreenSource) -> Result<Self, ScreenError> {
        let Some(window) = window_of(&source.id).filter(|_| source.kind == SourceKind::Window)
        else {
            return Ok(Self::Screen(source.id.0.clone()));
        };
        let redirected = display
            .connection
            .composite_redirect_window(window, Redirect::AUTOMATIC);
        redirected
            .map_err(ReplyError::from)
            .and_then(x11rb::cookie::VoidCookie::check)
            .map_err(|error| gone(window, error))?;
        let pixmap = None;
        Ok(Self::Window { window, pixmap })
    }

    /// The window in which it is drawn.
    pub(super) const fn window(&self, display: &Display) -> Window {
        match self {
            Self::Screen(_) => display.root,
            Self::Window { window, .. } => *window,
        }
    }

    /// Has the display tell what changes: its pixels, its size, and whether it is there.
    pub(super) fn watch(&self, display: &Display) -> Result<Damage, ScreenError> {
        let (connection, window) = (&display.connection, self.window(display));
        let damage = connection.generate_id().map_err(failed)?;
        let watched = connection
            .damage_create(damage, window, ReportLevel::NON_EMPTY)
            .map_err(ReplyError::from);
        watched
            .and_then(x11rb::cookie::VoidCookie::check)
            .map_err(|error| gone(window, error))?;
        match self {
            Self::Screen(_) => {
                let mask = NotifyMask::SCREEN_CHANGE | NotifyMask::CRTC_CHANGE;
                connection
                    .randr_select_input(window, mask)
                    .map_err(failed)?;
            }
            Self::Window { .. } => {
                let mask = EventMask::STRUCTURE_NOTIFY;
                let wanted = ChangeWindowAttributesAux::new().event_mask(mask);
                connection
                    .change_window_attributes(window, &wanted)
                    .map_err(failed)?;
            }
        }
        Ok(damage)
    }

    /// Whether there is anything of it to see.
    pub(super) fn is_shown(&self, display: &Display) -> Result<bool, ScreenError> {
        match self {
            Self::Screen(_) => Ok(true),
            Self::Window { window, .. } => {
                let asked = display.connection.get_window_attributes(*window);
                let attributes = asked.map_err(ReplyError::from).and_then(|it| it.reply());
                let attributes = attributes.map_err(|error| gone(*window, error))?;
                Ok(attributes.map_state == MapState::VIEWABLE)
            }
        }
    }

    /// Its size or place may be another one: what was known of them is forgotten.
    pub(super) fn changed(&mut self, display: &Display) -> Result<(), ScreenError> {
        if let Self::Window { pixmap, .. } = self
            && let Some(old) = pixmap.take()
        {
            display.connection.free_pixmap(old).map_err(failed)?;
        }
        Ok(())
    }

    /// Where its pixels are.
    pub(super) fn area(&mut self, display: &Display) -> Result<Area, ScreenError> {
        match self {
            Self::Screen(id) => {
                let monitor = display.monitor(id)?;
                let monitor = monitor.ok_or_else(|| ScreenError::Gone(format!("screen {id}")))?;
                Ok(Area {
                    drawable: display.root,
                    x: monitor.x,
                    y: monitor.y,
                    size: monitor.size,
                    at: (monitor.x.into(), monitor.y.into()),
                })
            }
            Self::Window { window, pixmap } => {
                area_of(display, *window, pixmap).map_err(|error| gone(*window, error))
            }
        }
    }
}

/// The inside of a window.
fn area_of(
    display: &Display,
    window: Window,
    pixmap: &mut Option<Pixmap>,
) -> Result<Area, ReplyError> {
    let connection = &display.connection;
    let drawable = match *pixmap {
        Some(known) => known,
        None => {
            let made = connection.generate_id().map_err(|error| match error {
                x11rb::errors::ReplyOrIdError::ConnectionError(it) => ReplyError::from(it),
                x11rb::errors::ReplyOrIdError::X11Error(it) => ReplyError::from(it),
                x11rb::errors::ReplyOrIdError::IdsExhausted => {
                    ReplyError::from(x11rb::errors::ConnectionError::UnknownError)
                }
            })?;
            connection
                .composite_name_window_pixmap(window, made)?
                .check()?;
            *pixmap.insert(made)
        }
    };
    let geometry = connection.get_geometry(window)?.reply()?;
    let place = connection
        .translate_coordinates(window, display.root, 0, 0)?
        .reply()?;
    let border = i16::try_from(geometry.border_width).unwrap_or(0);
    Ok(Area {
        drawable,
        x: border,
        y: border,
        size: Size::new(geometry.width.into(), geometry.height.into()),
        at: (place.dst_x.into(), place.dst_y.into()),
    })
}
