//! The parcels of these sessions: an offer and its answer, as in life, without what they negotiate.

use crate::transport::{Parcel, TransportEvent};

/// A parcel of these sessions: what it is, and which session made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// An offerer makes an offer.
    Offer(u64),
    /// An answerer takes it.
    Answer(u64),
}

impl Signal {
    /// The parcel, as a session tells it.
    pub(super) fn event(self) -> TransportEvent {
        let text = match self {
            Self::Offer(number) => format!("offer {number}"),
            Self::Answer(number) => format!("answer {number}"),
        };
        TransportEvent::Parcel(Parcel(text.into()))
    }

    /// Reads a parcel; `None` for one that makes no sense.
    pub(super) fn parse(parcel: &Parcel) -> Option<Self> {
        let (kind, number) = std::str::from_utf8(&parcel.0).ok()?.split_once(' ')?;
        let number = number.parse().ok()?;
        match kind {
            "offer" => Some(Self::Offer(number)),
            "answer" => Some(Self::Answer(number)),
            _ => None,
        }
    }
}
