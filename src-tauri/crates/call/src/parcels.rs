//! Parcels of the other side's session that wait until ours is open.

use std::collections::VecDeque;

/// An offer, all candidates of a machine with many interfaces, and room.
const MAX_PARCELS: usize = 64;

/// Offers are below 8 KiB and candidates below 200 bytes.
const MAX_BYTES: usize = 128 * 1024;

/// A bounded queue. When it is full the newest parcel is dropped: the oldest one is the offer,
/// without which the others are useless.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct ParcelQueue {
    parcels: VecDeque<Vec<u8>>,
    bytes: usize,
    overflowed: bool,
}

/// What became of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits.
    Kept,
    /// It was dropped, the first one of its call.
    DroppedFirst,
    /// It was dropped, as others before it.
    Dropped,
}

impl ParcelQueue {
    /// Keeps a parcel, if there is room.
    pub(crate) fn push(&mut self, parcel: Vec<u8>) -> Pushed {
        if self.parcels.len() == MAX_PARCELS || self.bytes + parcel.len() > MAX_BYTES {
            return match std::mem::replace(&mut self.overflowed, true) {
                false => Pushed::DroppedFirst,
                true => Pushed::Dropped,
            };
        }
        self.bytes += parcel.len();
        self.parcels.push_back(parcel);
        Pushed::Kept
    }

    /// Empties it, oldest first.
    pub(crate) fn take(&mut self) -> VecDeque<Vec<u8>> {
        self.bytes = 0;
        std::mem::take(&mut self.parcels)
    }
}

impl std::fmt::Debug for ParcelQueue {
    /// Parcels stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (parcels, bytes) = (self.parcels.len(), self.bytes);
        write!(f, "ParcelQueue({parcels} parcels, {bytes} bytes)")
    }
}
