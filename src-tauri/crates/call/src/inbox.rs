//! Parcels of the other side's session that wait for ours to open.

use std::collections::VecDeque;

/// An offer, all candidates of a machine with many interfaces, and room.
const MAX_PARCELS: usize = 64;

/// Offers are below 8 KiB and candidates below 200 bytes.
const MAX_BYTES: usize = 128 * 1024;

/// A bounded queue; what does not fit is dropped, because what came first is the offer.
#[derive(Default)]
pub(crate) struct Inbox {
    parcels: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Inbox({} parcels, {} bytes)",
            self.parcels.len(),
            self.bytes
        )
    }
}

impl Inbox {
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
