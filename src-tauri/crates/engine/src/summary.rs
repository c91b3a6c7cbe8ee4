//! What is remembered of a call: how its machines reached each other, and whether it went well.
//!
//! Pure: time is an argument. Fed by the control task with every view and every sample of figures.

use std::time::{Duration, Instant};

use call::view::{ActivePhase, CallView};
use media::transport::Path;

use crate::view::{CallStats, CallSummary, RelayView};

/// Remembers one call at a time, from its first ring until its end is dismissed.
#[derive(Debug)]
pub(crate) struct Summary {
    /// The call that is remembered.
    call: Option<String>,
    summary: CallSummary,
    /// What we send is lost on the way.
    upload: Sustained,
    /// What the other side sends is lost on the way.
    download: Sustained,
}

impl Summary {
    /// What the UI shows; `None` outside a call.
    pub(crate) fn view(&self) -> Option<CallSummary> {
        self.call.is_some().then_some(self.summary)
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

    /// Takes in the figures of the last second.
    pub(crate) fn sampled(&mut self, now: Instant, stats: &CallStats) {
        let received = stats.video_loss.max(stats.audio_loss);
        let up = self.upload.update(now, stats.remote_loss);
        let down = self.download.update(now, received);
        self.summary.good &= !up && !down && stats.freeze_count == 0;
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
            upload: Sustained::default(),
            download: Sustained::default(),
        }
    }
}

/// A loss that counts once it has lasted, and until it has been gone for a while.
#[derive(Debug, Default)]
struct Sustained {
    bad: bool,
    /// Since when the loss says the opposite of `bad`.
    otherwise_since: Option<Instant>,
}

impl Sustained {
    /// Whether the network is bad, now that this share is lost.
    fn update(&mut self, now: Instant, loss: f64) -> bool {
        let limit = if self.bad { LOSS_GOOD } else { LOSS_BAD };
        if (loss > limit) == self.bad {
            self.otherwise_since = None;
            return self.bad;
        }
        let since = *self.otherwise_since.get_or_insert(now);
        let patience = if self.bad { GOOD_AFTER } else { BAD_AFTER };
        if now.saturating_duration_since(since) >= patience {
            self.bad = !self.bad;
            self.otherwise_since = None;
        }
        self.bad
    }
}

/// Loss above which sound and picture visibly suffer.
const LOSS_BAD: f64 = 0.08;

/// Loss below which all is well again: well under [`LOSS_BAD`], so that a value in between does not
/// make the verdict flicker.
const LOSS_GOOD: f64 = 0.03;

/// Bad for this long before it counts: shorter losses are concealed.
const BAD_AFTER: Duration = Duration::from_secs(2);

/// Good for this long before it is taken back.
const GOOD_AFTER: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
