//! A connection to the display, and what it must be able to do.

use media::backend::screen::{Need, ScreenError, ScreenSource, SourceKind};
use media::units::Size;
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::composite::ConnectionExt as _;
use x11rb::protocol::damage::ConnectionExt as _;
use x11rb::protocol::randr::{self, ConnectionExt as _};
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageOrder, Window};
use x11rb::rust_connection::RustConnection;

use super::source;

/// A connection to the display that this program is shown on.
pub(super) struct Display {
    pub(super) connection: RustConnection,
    pub(super) root: Window,
    size: Size,
    /// Whether pixels come through shared memory, as those of a display on this machine do.
    pub(super) has_shared_memory: bool,
}

/// A part of the root window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Monitor {
    pub(super) x: i16,
    pub(super) y: i16,
    pub(super) size: Size,
}

impl Display {
    /// Connects to the display of this name, or to the one that the environment names, and looks
    /// whether it can do what is needed.
    pub(super) fn connect(name: Option<&str>) -> Result<Self, ScreenError> {
        let (connection, number) = RustConnection::connect(name).map_err(|error| {
            tracing::debug!(%error, "no display of X11");
            let is_wayland = std::env::var_os("WAYLAND_DISPLAY").is_some();
            ScreenError::Needs(if is_wayland {
                Need::X11Session
            } else {
                Need::Display
            })
        })?;
        let setup = connection.setup();
        let pixels = setup.pixmap_formats.iter().find(|it| it.depth == DEPTH);
        let is_usual = setup.image_byte_order == ImageOrder::LSB_FIRST
            && pixels.is_some_and(|it| it.bits_per_pixel == 32);
        let screen = &setup.roots[number];
        let (root, depth) = (screen.root, screen.root_depth);
        let size = Size::new(
            screen.width_in_pixels.into(),
            screen.height_in_pixels.into(),
        );
        if !is_usual || depth != DEPTH {
            let depth = format!("a display of depth {depth}");
            return Err(ScreenError::Failed(depth));
        }
        let has_shared_memory = check(&connection)?;
        Ok(Self {
            connection,
            root,
            size,
            has_shared_memory,
        })
    }

    /// The screens of the display.
    pub(super) fn screens(&self) -> Result<Vec<ScreenSource>, ScreenError> {
        let named = self.monitors()?.into_iter();
        let screens = named.map(|(name, monitor)| {
            let id = format!("{SCREEN}{name}");
            source(id, &name, SourceKind::Screen, monitor.size)
        });
        Ok(screens.collect())
    }

    /// Where a screen is; `None` when it is not there any more.
    pub(super) fn monitor(&self, id: &str) -> Result<Option<Monitor>, ScreenError> {
        let name = id.strip_prefix(SCREEN).unwrap_or(id);
        let mut monitors = self.monitors()?.into_iter();
        Ok(monitors.find(|(it, _)| it == name).map(|(_, it)| it))
    }

    /// The monitors by name, the primary one first.
    fn monitors(&self) -> Result<Vec<(String, Monitor)>, ScreenError> {
        let mut monitors = self.active_monitors()?;
        monitors.sort_by_key(|it| !it.primary);
        let mut named = Vec::new();
        for monitor in monitors {
            let size = Size::new(monitor.width.into(), monitor.height.into());
            let name = self
                .connection
                .get_atom_name(monitor.name)
                .map_err(failed)?;
            let name = name.reply().map_err(failed)?.name;
            let (x, y) = (monitor.x, monitor.y);
            named.push((
                String::from_utf8_lossy(&name).into_owned(),
                Monitor { x, y, size },
            ));
        }
        if named.is_empty() {
            let (x, y, size) = (0, 0, self.size);
            named.push(("screen".to_owned(), Monitor { x, y, size }));
        }
        Ok(named)
    }

    fn active_monitors(&self) -> Result<Vec<randr::MonitorInfo>, ScreenError> {
        let asked = self.connection.randr_get_monitors(self.root, true);
        Ok(asked.map_err(failed)?.reply().map_err(failed)?.monitors)
    }
}

/// Asks for every extension; that is also what switches each on. Says whether there is shared memory.
fn check(connection: &RustConnection) -> Result<bool, ScreenError> {
    // The display of X11's programs in a session of Wayland shows nothing of the others.
    let rootless = connection.query_extension(b"XWAYLAND").map_err(failed)?;
    if rootless.reply().map_err(failed)?.present {
        return Err(ScreenError::Needs(Need::X11Session));
    }
    let lacks = |name: &str| {
        tracing::warn!(name, "the display lacks an extension");
        ScreenError::Needs(Need::X11Extensions)
    };
    let fixes = connection.xfixes_query_version(5, 0);
    fixes
        .map_err(ReplyError::from)
        .and_then(x11rb::cookie::Cookie::reply)
        .map_err(|_| lacks("XFIXES"))?;
    let damage = connection.damage_query_version(1, 1);
    damage
        .map_err(ReplyError::from)
        .and_then(x11rb::cookie::Cookie::reply)
        .map_err(|_| lacks("DAMAGE"))?;
    let composite = connection.composite_query_version(0, 4);
    composite
        .map_err(ReplyError::from)
        .and_then(x11rb::cookie::Cookie::reply)
        .map_err(|_| lacks("Composite"))?;
    let randr = connection.randr_query_version(1, 5);
    randr
        .map_err(ReplyError::from)
        .and_then(x11rb::cookie::Cookie::reply)
        .map_err(|_| lacks("RANDR"))?;
    let memory = connection.shm_query_version();
    let memory = memory
        .map_err(ReplyError::from)
        .and_then(x11rb::cookie::Cookie::reply);
    // Memory is handed over as a descriptor, which came with 1.2.
    Ok(memory.is_ok_and(|it| (it.major_version, it.minor_version) >= (1, 2)))
}

/// An error of a request whose answer does not depend on any window.
pub(super) fn failed(error: impl Into<AnyError>) -> ScreenError {
    ScreenError::Failed(error.into().0)
}

/// Any error of the connection, as a text for the log.
pub(super) struct AnyError(String);

impl From<ConnectionError> for AnyError {
    fn from(error: ConnectionError) -> Self {
        Self(format!("display: {error}"))
    }
}

impl From<ReplyError> for AnyError {
    fn from(error: ReplyError) -> Self {
        Self(format!("display: {error}"))
    }
}

impl From<ReplyOrIdError> for AnyError {
    fn from(error: ReplyOrIdError) -> Self {
        Self(format!("display: {error}"))
    }
}

/// What begins the id of a screen.
const SCREEN: &str = "screen:";

/// Bits of a pixel that count: eight of each colour.
const DEPTH: u8 = 24;
