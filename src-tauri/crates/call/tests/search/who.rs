//! The two who talk.

use call::id::Peer;

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    Alice,
    Bob,
}

impl Who {
    pub(crate) const ALL: [Self; 2] = [Self::Alice, Self::Bob];

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Alice => Self::Bob,
            Self::Bob => Self::Alice,
        }
    }

    pub(crate) fn address(self) -> &'static str {
        match self {
            Self::Alice => "a",
            Self::Bob => "b",
        }
    }

    pub(crate) fn peer(self) -> Peer {
        Peer {
            address: self.address().to_owned(),
            name: self.address().to_owned(),
        }
    }
}
