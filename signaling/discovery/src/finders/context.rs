//! What every finder of a member works with.

use std::sync::Arc;

use identity::Identity;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::announcement::Announcement;
use crate::lan::Heard;

/// What a finder says, tells, and when it ends.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// Under which we announce.
    pub(super) alias: Arc<Identity>,
    /// What to announce at present.
    pub(super) announced: watch::Receiver<Option<Announcement>>,
    /// The networks of the machine changed.
    pub(super) network: watch::Receiver<()>,
    /// Say goodbye and end.
    pub(super) stop: CancellationToken,
    pub(super) heard: mpsc::Sender<Heard>,
}

impl Context {
    /// Tells what was heard. What does not fit is dropped: it is heard again.
    pub(super) fn tell(&self, heard: Heard) {
        let _ = self.heard.try_send(heard);
    }
}
