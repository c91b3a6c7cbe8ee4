//! Which window: each has a page of its own.

/// Which window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Everything.
    Main,
    /// Only an incoming call, before all other windows.
    Incoming,
    /// The running call in small, before all other windows, while the main one is out of sight.
    PictureInPicture,
}

impl Role {
    /// The window's label, which its capability names.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Incoming => "incoming",
            Self::PictureInPicture => "pip",
        }
    }

    /// The role of the window with this label.
    pub(crate) fn of(label: &str) -> Option<Self> {
        [Self::Main, Self::Incoming, Self::PictureInPicture]
            .into_iter()
            .find(|it| it.label() == label)
    }
}
