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
mod tests {
    use call::id::Peer;
    use call::reason::EndReason;
    use call::view::{Controls, Lacking};

    use super::*;
    use crate::view::RelayProblem;

    fn bea() -> Peer {
        Peer {
            address: "tincan:bea".to_owned(),
            name: "Bea".to_owned(),
        }
    }

    fn active(call: &str, phase: ActivePhase, camera: bool) -> CallView {
        let sends = |camera| Controls {
            microphone: true,
            camera,
        };
        CallView::Active {
            call: call.to_owned(),
            peer: bea(),
            phase,
            local: sends(false),
            wish: sends(camera),
            remote: sends(true),
            remote_lacking: Lacking::default(),
            connected_for_ms: None,
        }
    }

    fn ended(call: &str) -> CallView {
        CallView::Ended {
            call: call.to_owned(),
            peer: bea(),
            reason: EndReason::LocalHangup,
            lasted_ms: None,
            outgoing: true,
        }
    }

    /// A summary of a call whose seconds lost these shares of what came.
    fn after_losing(shares: &[f64]) -> Summary {
        let mut summary = Summary::default();
        summary.follow(&active("1", ActivePhase::Connected, true));
        let mut now = Instant::now();
        for share in shares {
            let stats = CallStats {
                audio_loss: *share,
                ..CallStats::default()
            };
            summary.sampled(now, &stats);
            now += Duration::from_secs(1);
        }
        summary
    }

    fn is_good(summary: &Summary) -> bool {
        summary.view().unwrap().good
    }

    #[test]
    fn a_call_that_lost_nothing_for_long_went_well() {
        assert!(is_good(&after_losing(&[0.0, 0.07, 0.5, 0.5, 0.0, 0.5])));
    }

    #[test]
    fn two_seconds_of_loss_in_either_direction_are_remembered_to_the_end() {
        let mut summary = after_losing(&[0.09, 0.09, 0.09, 0.0, 0.0]);
        summary.follow(&ended("1"));
        assert!(!is_good(&summary));
    }

    #[test]
    fn a_freeze_or_a_lost_path_is_remembered() {
        let mut frozen = after_losing(&[]);
        let stats = CallStats {
            freeze_count: 1,
            ..CallStats::default()
        };
        frozen.sampled(Instant::now(), &stats);
        assert!(!is_good(&frozen));

        let mut lost = after_losing(&[]);
        lost.follow(&active("1", ActivePhase::Reconnecting, true));
        lost.follow(&active("1", ActivePhase::Connected, true));
        assert!(!is_good(&lost));
    }

    #[test]
    fn loss_counts_until_it_was_gone_for_five_seconds() {
        let (mut loss, mut now) = (Sustained::default(), Instant::now());
        let mut verdicts = Vec::new();
        for share in [
            0.1, 0.1, 0.1, 0.05, 0.0, 0.0, 0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
        ] {
            verdicts.push(loss.update(now, share));
            now += Duration::from_secs(1);
        }
        let bad = verdicts.iter().take_while(|it| !**it).count();
        assert_eq!(bad, 2, "said after two seconds: {verdicts:?}");
        assert_eq!(verdicts.iter().rposition(|it| *it), Some(11));
    }

    #[test]
    fn the_ended_screen_knows_the_last_path_and_wish() {
        let mut summary = Summary::default();
        assert_eq!(summary.view(), None);
        summary.follow(&active("1", ActivePhase::Connecting, false));
        summary.connected(Path::Relayed);
        summary.connected(Path::Direct);
        summary.follow(&active("1", ActivePhase::Connected, true));
        summary.follow(&ended("1"));
        let remembered = CallSummary {
            path: Some(Path::Direct),
            good: true,
            video: true,
            guest_relay: None,
        };
        assert_eq!(summary.view(), Some(remembered));
        summary.follow(&CallView::Idle);
        assert_eq!(summary.view(), None);
    }

    #[test]
    fn another_call_begins_a_memory_of_its_own() {
        let mut summary = after_losing(&[0.5, 0.5, 0.5]);
        summary.connected(Path::Direct);
        summary.follow(&active("2", ActivePhase::Connecting, true));
        let view = summary.view().unwrap();
        assert_eq!((view.path, view.good), (None, true));
    }

    #[test]
    fn what_was_wrong_with_the_relay_of_the_invite_shows_until_it_is_there() {
        let mut summary = after_losing(&[]);
        let problem = RelayProblem::Unencrypted;
        summary.guest_relay(&RelayView::Offline { problem });
        summary.guest_relay(&RelayView::Connecting);
        assert_eq!(summary.view().unwrap().guest_relay, Some(problem));
        summary.guest_relay(&RelayView::Online);
        assert_eq!(summary.view().unwrap().guest_relay, None);
    }
}
