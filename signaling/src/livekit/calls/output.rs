//! What comes out of the calls: requests to the server, and answers to clients.

use signal_wire::{Address, CallNumber, NoAccess};

use crate::livekit::open::Seat;
use crate::livekit::room::RoomName;

/// What the server is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::livekit) enum Wish {
    /// A room for a call.
    Make(CallNumber),
    /// Who is in the room of a call.
    Look(CallNumber, RoomName),
    /// A room's end.
    Close(RoomName),
}

/// What to tell one party of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::livekit) enum Told {
    Access {
        call: CallNumber,
        with: Address,
        seat: Seat,
    },
    No {
        call: CallNumber,
        why: NoAccess,
    },
}
