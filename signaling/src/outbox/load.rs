//! How much room something takes.

/// Frames and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) frames: usize,
    pub(super) bytes: usize,
}

impl Load {
    /// With one more frame.
    pub(super) const fn plus(self, bytes: usize) -> Self {
        Self {
            frames: self.frames + 1,
            bytes: self.bytes + bytes,
        }
    }

    /// With one frame less.
    pub(super) const fn minus(self, bytes: usize) -> Self {
        Self {
            frames: self.frames.saturating_sub(1),
            bytes: self.bytes.saturating_sub(bytes),
        }
    }

    pub(super) const fn is_within(self, limit: Self) -> bool {
        self.frames <= limit.frames && self.bytes <= limit.bytes
    }

    /// How much of a room it takes, by what there is less of: in parts of frames times bytes.
    pub(super) fn weight(self, room: Self) -> usize {
        let by_frames = self.frames.saturating_mul(room.bytes);
        by_frames.max(self.bytes.saturating_mul(room.frames))
    }
}
