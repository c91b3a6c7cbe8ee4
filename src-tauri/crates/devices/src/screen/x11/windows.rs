//! The windows that a person would call so.

use media::backend::screen::{ScreenError, ScreenSource, SourceId, SourceKind};
use media::units::Size;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, GetPropertyReply, MapState, Window, WindowClass,
};

use super::display::{Display, failed};

/// All windows, the front one first: those that the window manager manages, or where there is none,
/// those that are shown.
pub(super) fn list(display: &Display) -> Result<Vec<ScreenSource>, ScreenError> {
    let names = Names::new(display)?;
    let windows = match managed(display, &names)? {
        Some(windows) => windows,
        None => shown(display)?,
    };
    let mut sources = Vec::new();
    for window in windows.into_iter().rev().take(MOST) {
        // A window that closes meanwhile is none.
        if let Ok(Some(found)) = look_at(display, window, &names) {
            sources.push(found);
        }
    }
    Ok(sources)
}

/// One window.
pub(super) fn source(display: &Display, window: Window) -> Result<ScreenSource, ScreenError> {
    let names = Names::new(display)?;
    describe(display, window, &names).map_err(|error| gone(window, error))
}

/// The window that this id names, if it names one.
pub(super) fn window_of(id: &SourceId) -> Option<Window> {
    let number = id.0.strip_prefix("window:")?;
    number
        .strip_prefix("0x")
        .and_then(|it| Window::from_str_radix(it, 16).ok())
}

/// A request about a window that is refused means that the window is gone.
pub(super) fn gone(window: Window, error: ReplyError) -> ScreenError {
    match error {
        ReplyError::X11Error(_) => ScreenError::Gone(format!("window {window:#x}")),
        ReplyError::ConnectionError(error) => failed(error),
    }
}

/// What properties are called.
struct Names {
    stacking: Atom,
    title: Atom,
    utf8: Atom,
    process: Atom,
    kind: Atom,
    dock: Atom,
    desktop: Atom,
}

impl Names {
    fn new(display: &Display) -> Result<Self, ScreenError> {
        let name = |name: &str| {
            let asked = display.connection.intern_atom(false, name.as_bytes());
            Ok::<_, ScreenError>(asked.map_err(failed)?.reply().map_err(failed)?.atom)
        };
        Ok(Self {
            stacking: name("_NET_CLIENT_LIST_STACKING")?,
            title: name("_NET_WM_NAME")?,
            utf8: name("UTF8_STRING")?,
            process: name("_NET_WM_PID")?,
            kind: name("_NET_WM_WINDOW_TYPE")?,
            dock: name("_NET_WM_WINDOW_TYPE_DOCK")?,
            desktop: name("_NET_WM_WINDOW_TYPE_DESKTOP")?,
        })
    }
}

/// The windows that the window manager manages, the front one last; `None` without one that tells.
fn managed(display: &Display, names: &Names) -> Result<Option<Vec<Window>>, ScreenError> {
    let list = property(
        display,
        display.root,
        names.stacking,
        AtomEnum::WINDOW.into(),
    );
    let list = list.map_err(|error| gone(display.root, error))?;
    Ok(list.value32().map(Iterator::collect))
}

/// The windows that are shown on the root window, the front one last.
fn shown(display: &Display) -> Result<Vec<Window>, ScreenError> {
    let tree = display
        .connection
        .query_tree(display.root)
        .map_err(failed)?;
    let windows = tree.reply().map_err(failed)?.children;
    let is_shown = |window: &Window| {
        let asked = display.connection.get_window_attributes(*window);
        let attributes = asked.map_err(ReplyError::from).and_then(|it| it.reply());
        attributes.is_ok_and(|it| {
            it.map_state == MapState::VIEWABLE
                && it.class == WindowClass::INPUT_OUTPUT
                && !it.override_redirect
        })
    };
    Ok(windows.into_iter().filter(is_shown).collect())
}

/// A window as something to share; `None` for our own, for panels and desktops, and for those that are
/// too small to be any.
fn look_at(
    display: &Display,
    window: Window,
    names: &Names,
) -> Result<Option<ScreenSource>, ReplyError> {
    let process = property(display, window, names.process, AtomEnum::CARDINAL.into())?;
    let process = process.value32().and_then(|mut it| it.next());
    let kind = property(display, window, names.kind, AtomEnum::ATOM.into())?;
    let kind = kind.value32().and_then(|mut it| it.next());
    let is_furniture = kind.is_some_and(|it| it == names.dock || it == names.desktop);
    if process == Some(std::process::id()) || is_furniture {
        return Ok(None);
    }
    let found = describe(display, window, names)?;
    let is_window = found.size.width.min(found.size.height) >= LEAST_SIDE_PX;
    Ok(Some(found).filter(|_| is_window))
}

fn describe(display: &Display, window: Window, names: &Names) -> Result<ScreenSource, ReplyError> {
    let geometry = display.connection.get_geometry(window)?.reply()?;
    let size = Size::new(geometry.width.into(), geometry.height.into());
    let title = property(display, window, names.title, names.utf8)?;
    let title = if title.value.is_empty() {
        // The old property is in Latin-1, whose bytes are the first characters of Unicode.
        let old = AtomEnum::WM_NAME.into();
        let old = property(display, window, old, AtomEnum::ANY.into())?;
        old.value.into_iter().map(char::from).collect()
    } else {
        String::from_utf8_lossy(&title.value).into_owned()
    };
    let id = format!("window:{window:#x}");
    let name = if title.trim().is_empty() { &id } else { &title };
    Ok(source_of(id.clone(), name, size))
}

fn source_of(id: String, name: &str, size: Size) -> ScreenSource {
    super::source(id, name, SourceKind::Window, size)
}

fn property(
    display: &Display,
    window: Window,
    name: Atom,
    kind: Atom,
) -> Result<GetPropertyReply, ReplyError> {
    let asked = display
        .connection
        .get_property(false, window, name, kind, 0, MOST_WORDS);
    asked?.reply()
}

/// More windows than anybody looks through.
const MOST: usize = 64;

/// How much of a property is read, in words of four bytes.
const MOST_WORDS: u32 = 1024;

/// Smaller ones are helpers that nobody sees.
const LEAST_SIDE_PX: u32 = 32;
