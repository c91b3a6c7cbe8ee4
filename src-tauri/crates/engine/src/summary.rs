//! What is remembered of a call: how its machines reached each other, and whether it went well.
//!
//! Fed by the control task with every view, and once a second with how good the call is.

use call::view::{ActivePhase, CallView};
use media::transport::{ConnectionQuality, Path};

use crate::view::{CallSummary, QualityView, RelayView};

/// Remembers one call at a time, from its first ring until its end is dismissed.
#[derive(Debug)]
pub(crate) struct Summary {
    /// The call that is remembered.
    call: Option<String>,
    summary: CallSummary,
}

impl Summary {
    /// What the UI shows; `None` outside a call.
    pub(crate) fn view(&self) -> Option<CallSummary> {
        self.call.is_some().then_some(self.summary)
    }

    /// How the machines of this call reached each other last.
    pub(crate) fn path_of(&self, call: &str) -> Option<Path> {
        self.summary
            .path
            .filter(|_| self.call.as_deref() == Some(call))
    }

    /// Takes in the call as it is now. Another call begins a memory of its own.
    pub(crate) fn follow(&mut self, view: &CallView) {
        let Some(call) = view.call() else {
            *self = Self::default();
            return;
        };
        self.begin(call);
        match view {
            CallView::Idle | CallView::Ended { .. } => {}
            CallView::Incoming { .. } => self.summary.video = false,
            CallView::Outgoing { local, .. } => self.summary.video = local.camera,
            CallView::Active { wish, phase, .. } => {
                self.summary.video = wish.camera;
                self.summary.good &= *phase != ActivePhase::Reconnecting;
            }
        }
    }

    /// The machines reach each other on this path now.
    pub(crate) fn connected(&mut self, path: Path) {
        self.summary.path = Some(path);
    }

    /// Takes in how good the call is.
    pub(crate) fn judged(&mut self, quality: QualityView) {
        self.summary.good &= quality.worst() >= ConnectionQuality::Good;
    }

    /// The relay that the call's invite names is in this state. While it is dialled again, what was
    /// wrong stays.
    pub(crate) fn guest_relay(&mut self, relay: &RelayView) {
        match relay {
            RelayView::Offline { problem } => self.summary.guest_relay = Some(*problem),
            RelayView::Online => self.summary.guest_relay = None,
            RelayView::None | RelayView::Connecting => {}
        }
    }

    fn begin(&mut self, call: &str) {
        if self.call.as_deref() != Some(call) {
            *self = Self {
                call: Some(call.to_owned()),
                ..Self::default()
            };
        }
    }
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            call: None,
            summary: CallSummary {
                path: None,
                good: true,
                video: false,
                guest_relay: None,
            },
        }
    }
}

#[cfg(test)]
mod tests;
