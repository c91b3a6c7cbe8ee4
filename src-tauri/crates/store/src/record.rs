//! What is remembered of how good a call was.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How good a call was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// How the machines reached each other last.
    pub path: RecordedPath,
    /// What we sent.
    pub send: RecordedDirection,
    /// What the other side sent.
    pub receive: RecordedDirection,
    /// Pixels of the largest pictures that came; 0 for none.
    pub frame_width: u32,
    /// The same downwards.
    pub frame_height: u32,
}

/// How good one direction was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RecordedDirection {
    /// Over the whole call.
    pub mean: RecordedQuality,
    /// In the worst second.
    pub worst: RecordedQuality,
    /// Packets lost of a thousand.
    pub lost_per_mille: u16,
}

/// How good, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum RecordedQuality {
    /// Nothing came.
    Lost,
    /// Hard to use.
    Poor,
    /// Some loss.
    Good,
    /// As it should be.
    Excellent,
}

/// How two machines reached each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum RecordedPath {
    /// Both on one network.
    Local,
    /// Direct over the internet.
    Direct,
    /// Through a TURN server.
    Relayed,
    /// Through a server that carries calls.
    Server,
}

impl CallRecord {
    /// The same with everything within its limits, whoever wrote it.
    pub(crate) fn validated(mut self) -> Self {
        self.frame_width = self.frame_width.min(MAX_SIDE_PX);
        self.frame_height = self.frame_height.min(MAX_SIDE_PX);
        for direction in [&mut self.send, &mut self.receive] {
            direction.lost_per_mille = direction.lost_per_mille.min(1000);
        }
        self
    }
}

/// Longer than any side of a picture that a call carries.
const MAX_SIDE_PX: u32 = 10_000;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A call that was good apart from a moment.
    pub(crate) const RECORD: CallRecord = CallRecord {
        path: RecordedPath::Direct,
        send: RecordedDirection {
            mean: RecordedQuality::Good,
            worst: RecordedQuality::Poor,
            lost_per_mille: 12,
        },
        receive: RecordedDirection {
            mean: RecordedQuality::Excellent,
            worst: RecordedQuality::Good,
            lost_per_mille: 0,
        },
        frame_width: 1280,
        frame_height: 720,
    };

    #[test]
    fn numbers_of_others_are_brought_within_limits() {
        let mut wild = RECORD;
        wild.frame_width = u32::MAX;
        wild.receive.lost_per_mille = u16::MAX;
        let tame = wild.validated();
        assert_eq!(
            (tame.frame_width, tame.receive.lost_per_mille),
            (10_000, 1000)
        );
        assert_eq!(RECORD.validated(), RECORD);
    }
}
