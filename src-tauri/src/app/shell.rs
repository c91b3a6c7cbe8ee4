//! The part of the view that the shell adds to the engine's, and the windows that show it.

use std::collections::BTreeMap;
use std::sync::Arc;

use store::{HistoryEntry, KeyPlace, Person, Settings};
use tauri::ipc::Channel;

use crate::picture::PictureSurface;
use crate::role::Role;
use crate::view::{Me, UiPush};

/// What the shell knows beside the engine's view. Changes are pushed to the pages at once.
#[derive(Clone)]
pub(crate) struct ShellState {
    pub(crate) settings: Settings,
    pub(crate) me: Me,
    /// Past calls, the newest first.
    pub(crate) history: Vec<HistoryEntry>,
    /// Whom the user saved or blocked.
    pub(crate) people: Vec<Person>,
    /// Where the secret key is kept.
    pub(crate) key_place: KeyPlace,
    /// The link that the program was opened with, until the page has taken it over.
    pub(crate) opened_with: Option<String>,
    /// Whether the main window fills the screen.
    pub(crate) full_screen: bool,
    /// Whether the main window is minimised, where the system tells.
    pub(crate) minimized: bool,
    /// Whether the running call is to be seen in a small window.
    pub(crate) pip: PipWish,
    /// The open windows.
    pub(crate) windows: BTreeMap<Role, OpenWindow>,
}

impl ShellState {
    /// Whom the user saved or blocked by this address.
    pub(crate) fn person(&self, address: &str) -> Option<&Person> {
        self.people.iter().find(|it| it.address == address)
    }

    /// Whether a running call is to be seen in a small window.
    pub(crate) fn wants_pip(&self) -> bool {
        match self.pip {
            PipWish::WhenMinimized => self.minimized,
            PipWish::Open => true,
            PipWish::Closed => false,
        }
    }
}

/// What the user wants of the small window of the running call. Whatever was wanted lasts until the
/// main window is looked at again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PipWish {
    /// It stands in for a main window that is minimised.
    #[default]
    WhenMinimized,
    /// Asked for: where the system does not tell that a window is minimised, this is the only way.
    Open,
    /// Closed by hand.
    Closed,
}

/// What belongs to one open window.
#[derive(Clone)]
pub(crate) struct OpenWindow {
    /// How pictures reach it.
    pub(crate) surface: Arc<dyn PictureSurface>,
    /// The page that is loaded now; one that is loaded anew subscribes anew.
    pub(crate) page: Option<Channel<UiPush>>,
}
