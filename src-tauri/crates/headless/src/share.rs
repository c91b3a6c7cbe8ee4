//! What the command line says of sharing a screen.

use media::backend::screen::{ScreenBackend, ScreenError, SourceId, SourceKind};
use thiserror::Error;

/// What a line on standard input wants shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The first screen.
    Screen,
    /// The window whose title holds this, the front one first.
    Window(String),
    /// What is opened by this name: a clip, or the test picture.
    Named(SourceId),
    /// Nothing.
    Off,
}

/// Why there is nothing to share.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum ShareError {
    /// The line says nothing that can be shared.
    #[error("share screen, window NAME, file:CLIP.y4m, synthetic or off")]
    Unknown,
    /// No window is called so.
    #[error("no window is called {0}")]
    NoWindow(String),
    /// There is no screen.
    #[error("there is no screen")]
    NoScreen,
    /// The machine's screen cannot be captured.
    #[error(transparent)]
    Screen(#[from] ScreenError),
}

/// Reads what stands behind `share`.
pub(crate) fn read(text: &str) -> Result<Wanted, ShareError> {
    let text = text.trim();
    match (text, text.strip_prefix("window ")) {
        ("screen", _) => Ok(Wanted::Screen),
        ("off", _) => Ok(Wanted::Off),
        (_, Some(name)) if !name.trim().is_empty() => Ok(Wanted::Window(name.trim().to_owned())),
        (named, _) if named == "synthetic" || named.starts_with("file:") => {
            Ok(Wanted::Named(SourceId(named.to_owned())))
        }
        _ => Err(ShareError::Unknown),
    }
}

/// Finds it among what there is; `None` for nothing. Asks the display, so it blocks for some
/// milliseconds.
pub(crate) fn find(
    wanted: Wanted,
    screens: &dyn ScreenBackend,
) -> Result<Option<SourceId>, ShareError> {
    let named = |kind: SourceKind, name: &str| {
        let mut sources = screens.list()?.into_iter();
        let name = name.to_lowercase();
        let is_it = move |it: &media::backend::screen::ScreenSource| {
            it.kind == kind && it.name.to_lowercase().contains(&name)
        };
        Ok::<_, ShareError>(sources.find(is_it).map(|it| it.id))
    };
    match wanted {
        Wanted::Off => Ok(None),
        Wanted::Named(id) => Ok(Some(id)),
        Wanted::Screen => match named(SourceKind::Screen, "")? {
            Some(id) => Ok(Some(id)),
            None => Err(ShareError::NoScreen),
        },
        Wanted::Window(name) => match named(SourceKind::Window, &name)? {
            Some(id) => Ok(Some(id)),
            None => Err(ShareError::NoWindow(name)),
        },
    }
}

#[cfg(test)]
mod tests {
    use media::backend::screen::NoScreens;

    use super::*;

    #[test]
    fn a_line_says_what_to_share() {
        let named = |text: &str| Ok(Wanted::Named(SourceId(text.to_owned())));
        assert_eq!(read("screen"), Ok(Wanted::Screen));
        assert_eq!(read(" off "), Ok(Wanted::Off));
        assert_eq!(
            read("window My Notes"),
            Ok(Wanted::Window("My Notes".into()))
        );
        assert_eq!(read("file:a b.y4m"), named("file:a b.y4m"));
        assert_eq!(read("synthetic"), named("synthetic"));
        for text in ["", "window", "window  ", "notes"] {
            assert_eq!(read(text), Err(ShareError::Unknown), "{text}");
        }
    }

    #[test]
    fn what_is_not_there_is_said_so() {
        let find = |wanted| find(wanted, &NoScreens);
        assert_eq!(find(Wanted::Off), Ok(None));
        assert_eq!(find(Wanted::Screen), Err(ShareError::NoScreen));
        let notes = Wanted::Window("notes".to_owned());
        assert_eq!(find(notes), Err(ShareError::NoWindow("notes".to_owned())));
    }
}
