//! What must hold of a sealer after every frame, for the fuzz targets.

use super::{
    MAX_HALF_OPEN, MAX_HALF_OPEN_OF_SENDER, MAX_PENDING, MAX_QUEUED_BYTES, MAX_TOLD, Sealer,
};
use crate::pending::Pending;
use crate::sessions::MAX_SESSIONS;

impl Sealer {
    /// Asserts the bounds of everything that others can make it keep.
    pub fn assert_bounds(&self) {
        assert!(self.sessions.len() <= MAX_SESSIONS);
        assert!(self.pending.len() <= MAX_PENDING);
        let half_open = 2 * MAX_HALF_OPEN + MAX_HALF_OPEN_OF_SENDER;
        assert!(self.half_open.len() <= half_open);
        assert!(self.told.len() <= MAX_TOLD);
        let queued: usize = self.pending.iter().map(Pending::queued_bytes).sum();
        assert!(queued <= MAX_QUEUED_BYTES);
        for it in &self.half_open {
            let of_sender = |other: &&_| crate::half_open::HalfOpen::peer(other) == it.peer();
            let of_sender = self.half_open.iter().filter(of_sender).count();
            assert!(of_sender <= MAX_HALF_OPEN_OF_SENDER);
        }
    }
}
