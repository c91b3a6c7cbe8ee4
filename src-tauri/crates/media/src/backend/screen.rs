//! Screens and windows to share.
//!
//! A source is a whole screen or one window. Once opened it gives a picture whenever what it shows
//! has changed, with the pointer drawn in, and none while it stands still. Its size may change with
//! any picture.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::picture::{Captured, Picture};
use crate::units::Size;

/// Lists and opens what can be shared.
pub trait ScreenBackend: Send + Sync + fmt::Debug {
    /// What there is at this moment: screens first, then windows, those in front first. Windows of
    /// this program are left out. May take some milliseconds.
    fn list(&self) -> Result<Vec<ScreenSource>, ScreenError>;

    /// How a source looks now, within `bounds`. May take some milliseconds.
    fn thumbnail(&self, id: &SourceId, bounds: Size) -> Result<Arc<Picture>, ScreenError>;

    /// Starts to capture a source; `sink` gets its pictures and what becomes of it on a thread of its
    /// own, the first picture at once. Blocks until it runs or failed, at most a second.
    fn open(
        &self,
        id: &SourceId,
        sink: Box<dyn ScreenSink>,
    ) -> Result<Box<dyn ScreenStream>, ScreenError>;
}

/// Takes the pictures of one source. Called on the source's thread; must return at once.
pub trait ScreenSink: Send {
    /// What the source shows now; nothing follows until it shows something else.
    fn picture(&mut self, captured: Captured);

    /// Whether there is nothing to see of the source for now, because its window is minimised. What it
    /// showed last stays good until the next picture.
    fn hidden(&mut self, hidden: bool);

    /// The source is gone; no picture follows.
    fn ended(&mut self, error: ScreenError);
}

/// A source that is captured. Dropping it stops that and joins its thread; nothing of it is left.
pub trait ScreenStream: Send + fmt::Debug {
    /// What is captured, as it was when it was opened.
    fn source(&self) -> &ScreenSource;
}

/// A machine on which there is nothing to share.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoScreens;

impl ScreenBackend for NoScreens {
    fn list(&self) -> Result<Vec<ScreenSource>, ScreenError> {
        Ok(Vec::new())
    }

    fn thumbnail(&self, id: &SourceId, _: Size) -> Result<Arc<Picture>, ScreenError> {
        Err(ScreenError::Gone(id.0.clone()))
    }

    fn open(
        &self,
        id: &SourceId,
        _: Box<dyn ScreenSink>,
    ) -> Result<Box<dyn ScreenStream>, ScreenError> {
        Err(ScreenError::Gone(id.0.clone()))
    }
}

/// Names one source for as long as it is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct SourceId(pub String);

/// Something to share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ScreenSource {
    /// What to open it by.
    pub id: SourceId,
    /// What to show a person: the title of a window, the name of a screen.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Its pixels.
    pub size: Size,
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SourceKind {
    /// A whole screen.
    Screen,
    /// One window.
    Window,
    /// A test picture or a clip, in the place of a screen.
    Synthetic,
}

/// Why a source cannot be captured.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ScreenError {
    /// Nothing can be captured on this machine as it is.
    #[error("screen sharing needs {0}")]
    Needs(Need),
    /// The source does not exist, or not any more: its window was closed, its screen was unplugged.
    #[error("{0} is not there")]
    Gone(String),
    /// A file that stands for a screen cannot be read.
    #[error("cannot read {path}: {why}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// Anything else; the text is for the log.
    #[error("screen capture failed: {0}")]
    Failed(String),
}

/// What is missing on a machine whose screen cannot be captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Need {
    /// A display at all.
    Display,
    /// A session of X11: this one is of Wayland, which lets no program see the screen by itself.
    X11Session,
    /// Parts of the display server that this one does not have.
    X11Extensions,
    /// A system for which capturing is built.
    OtherSystem,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Display => "a display",
            Self::X11Session => "a session of X11",
            Self::X11Extensions => "extensions of X11 that this display lacks",
            Self::OtherSystem => "Linux with X11",
        })
    }
}
