//! Follows a test call by the views of the caller's engine.

use std::time::{Duration, Instant};

use call::view::{ActivePhase, CallView, Controls};
use engine::view::{CallStats, EngineView};

use crate::findings::Findings;
use crate::hearing::Hearing;
use crate::report::{PictureOutcome, TestReport, VoiceOutcome};

/// Finds what there is to find while a test call lasts. Fed with every view of the caller's engine,
/// of which there are several a second in a call.
#[derive(Debug)]
pub struct Watch {
    hearing: Hearing,
    findings: Findings,
    /// The figures that were looked at last.
    seen: Option<CallStats>,
    /// When it is listened for the echo again; `None` before the first time.
    listens_at: Option<Instant>,
    /// The outcomes that were known last, of voice and picture.
    known: (VoiceOutcome, PictureOutcome),
}

impl Watch {
    /// Of a call that uses the devices at which `hearing` listens.
    #[must_use]
    pub fn new(hearing: Hearing) -> Self {
        Self {
            hearing,
            findings: Findings::default(),
            seen: None,
            listens_at: None,
            known: (VoiceOutcome::Waiting, PictureOutcome::Waiting),
        }
    }

    /// Takes a view in; `ages` says how old the pictures of the last second were, in milliseconds
    /// and order, and is asked once a second. Returns whether the report is another one now.
    pub fn follow(
        &mut self,
        view: &EngineView,
        now: Instant,
        ages: impl FnOnce() -> Vec<f64>,
    ) -> bool {
        let is_fresh = view.stats.is_some() && view.stats != self.seen;
        self.seen.clone_from(&view.stats);
        let Some((wish, local)) = connected(&view.call) else {
            return false;
        };
        if self.listens_at.is_none_or(|at| at <= now) {
            self.listens_at = Some(now + LISTEN);
            // What is said into a muted microphone goes nowhere.
            let spoke = local.microphone && self.hearing.spoke(now);
            self.findings.heard(now, self.hearing.echo(now), spoke);
        }
        if let Some(stats) = view.stats.as_ref().filter(|_| is_fresh) {
            let devices = [&view.microphone, &view.speaker, &view.camera].map(|it| &it.now);
            self.findings.devices(wish, devices);
            self.findings.sampled(now, stats, &ages());
        }
        let TestReport { voice, picture, .. } = self.findings.report(false);
        let known = std::mem::replace(&mut self.known, (voice, picture));
        is_fresh || known != (voice, picture)
    }

    /// What was found so far. Once the call is `over`, what had no time to come back is told as such.
    #[must_use]
    pub fn report(&self, over: bool) -> TestReport {
        self.findings.report(over)
    }
}

/// What is wished and what is true of our controls, in a call in which media flows.
const fn connected(call: &CallView) -> Option<(Controls, Controls)> {
    match call {
        CallView::Active {
            phase: ActivePhase::Connected,
            wish,
            local,
            ..
        } => Some((*wish, *local)),
        CallView::Active { .. }
        | CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => None,
    }
}

/// How often it is listened for the echo: some ten times in the shortest test call. Each costs some
/// milliseconds of a core.
const LISTEN: Duration = Duration::from_millis(200);
