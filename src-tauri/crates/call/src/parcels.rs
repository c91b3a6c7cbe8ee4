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
}

impl ParcelQueue {
    /// Keeps a parcel. Says whether there was room.
    #[must_use]
    pub(crate) fn push(&mut self, parcel: Vec<u8>) -> bool {
        if self.parcels.len() == MAX_PARCELS || self.bytes + parcel.len() > MAX_BYTES {
            return false;
        }
        self.bytes += parcel.len();
        self.parcels.push_back(parcel);
        true
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
