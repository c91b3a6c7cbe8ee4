//! By which credentials the two ends of a connection ask each other.

use std::fmt;

/// The ICE credentials of one side (RFC 8839, 5.4).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) ufrag: String,
    pub(crate) password: String,
}

impl fmt::Debug for Side {
    /// Never shows what authenticates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Side").finish_non_exhaustive()
    }
}

impl Side {
    /// Those of a description (SDP); `None` when it has none of an allowed length. All media of a
    /// session share one transport (BUNDLE), so the first ones count.
    pub(crate) fn of(sdp: &str) -> Option<Self> {
        let value = |name: &str| sdp.lines().find_map(|it| it.strip_prefix(name));
        let side = Self {
            ufrag: value("a=ice-ufrag:")?.trim().to_owned(),
            password: value("a=ice-pwd:")?.trim().to_owned(),
        };
        let fits =
            (4..=256).contains(&side.ufrag.len()) && (22..=256).contains(&side.password.len());
        fits.then_some(side)
    }
}
