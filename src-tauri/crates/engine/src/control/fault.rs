//! Faults on purpose: each begins where one of its kind begins in life, and nothing above that place
//! knows the difference.

use std::time::Duration;

use call::view::CallView;

use super::Control;
use crate::command::{CommandError, Fault};

impl Control {
    /// Lets something of the running call fail.
    ///
    /// # Errors
    /// When there is no call with media, or not the part of it that shall fail.
    pub(super) fn fail(&mut self, fault: Fault) -> Result<(), CommandError> {
        let media = self
            .call
            .media
            .as_ref()
            .filter(|_| is_active(&self.call.seen));
        let Some(media) = media else {
            return Err(CommandError::NotInCall);
        };
        tracing::info!(?fault, "shall fail on purpose");
        match fault {
            Fault::Relay => self.relays.fail(RELAY_AWAY),
            Fault::Path => {
                let (_, control) = media.control().ok_or(CommandError::NotInCall)?;
                control.fail_path(PATH_AWAY);
                Ok(())
            }
            Fault::Decoder => media.fail_decoder(),
            Fault::Camera => self.devices.lose_camera(),
        }
    }
}

/// Whether the call is answered and not over.
fn is_active(view: &CallView) -> bool {
    match view {
        CallView::Active { .. } => true,
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => false,
    }
}

/// Longer than a relay that is restarted needs, and than whatever is sent again at once.
const RELAY_AWAY: Duration = Duration::from_secs(10);

/// Longer than the silence after which another session is set up behind the call, and shorter than
/// what ends it.
const PATH_AWAY: Duration = Duration::from_secs(5);
