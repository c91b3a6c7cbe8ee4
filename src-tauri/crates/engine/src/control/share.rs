//! Shared screens: ours as the phone wants it, theirs as they say.

use call::input::{self, Input};
use call::view::{ActivePhase, CallView};
use futures::FutureExt;
use media::backend::screen::SourceId;
use tokio::task::JoinHandle;

use super::Control;
use crate::call_media::CallMedia;
use crate::command::CommandError;
use crate::view::ShareProblem;

impl Control {
    /// The user wants this shared, or nothing any more.
    pub(super) fn share(&mut self, source: Option<SourceId>) -> Result<(), CommandError> {
        let on = source.is_some();
        if let Some(source) = source {
            if !is_connected(&self.phone.view(self.now())) {
                return Err(CommandError::NotInCall);
            }
            self.share.choose(source);
        }
        self.feed(Input::Command(input::Command::Share(on)));
        Ok(())
    }

    /// The phone wants what the user chose to be shared, or not any more.
    pub(super) fn set_screen(&mut self, on: bool) {
        if !on {
            return self.share.end();
        }
        let gate = self.share.gate().clone();
        let Some((media, context)) = self.media_and_context() else {
            return self.share.fail(ShareProblem::Failed);
        };
        // Nothing of what was shared before can be sent again by another pipeline.
        let before = media.stop_sending_screen();
        let started = media.send_screen(&gate, &context);
        if let Some(before) = before {
            let ending = self.drop_elsewhere(before);
            self.call.ending.add_ours(ending);
        }
        match started {
            Ok(slot) => self.share.begin(slot),
            Err(error) => {
                tracing::error!(%error, "a screen cannot be sent");
                self.share.fail(ShareProblem::Failed);
            }
        }
    }

    /// The phone is told what became of our screen, and both screens' pipelines follow what is true.
    pub(super) fn settle_screens(&mut self) {
        if let Some(on) = self.share.report() {
            if !on {
                let media = self.call.media.as_mut();
                if let Some(sender) = media.and_then(CallMedia::stop_sending_screen) {
                    let ending = self.drop_elsewhere(sender);
                    self.call.ending.add_ours(ending);
                }
            }
            self.feed(Input::Screen { on });
            self.follow_call();
        }
        if !self.call.seen.is_busy() {
            self.share.forget();
        }
        self.follow_their_screen();
    }

    /// Their screen is shown as long as they say that they share one.
    fn follow_their_screen(&mut self) {
        let is_shared = is_theirs_shared(&self.call.seen);
        let ending = self.call.ending.theirs.as_ref();
        let is_finished = ending.is_none_or(JoinHandle::is_finished);
        let Some((media, context)) = self.media_and_context() else {
            return;
        };
        if is_shared {
            // However often they begin and end: one decoder at a time.
            if !is_finished {
                return;
            }
            if let Err(error) = media.receive_screen(&context) {
                tracing::error!(%error, "the other side's screen cannot be shown");
                media.give_up_their_screen();
            }
            return;
        }
        if let Some(receiver) = media.stop_receiving_screen() {
            self.call.screen.show(None);
            self.call.ending.theirs = Some(self.drop_elsewhere(receiver));
        }
    }

    /// Whether nothing of a shared screen is held any more.
    pub(super) fn are_screens_released(&self) -> bool {
        self.share.is_released() && self.call.ending.is_over()
    }

    /// Drops a pipeline elsewhere: its codec may take a while.
    fn drop_elsewhere(&self, pipeline: impl Send + 'static) -> JoinHandle<()> {
        let threads = self.machine.threads.clone();
        let dropped = async move { threads.block(move || drop(pipeline)).await };
        tokio::spawn(dropped.map(drop))
    }
}

/// Pipelines of shared screens that are on their way out.
#[derive(Debug, Default)]
pub(super) struct Ending {
    ours: Vec<JoinHandle<()>>,
    theirs: Option<JoinHandle<()>>,
}

impl Ending {
    fn is_over(&self) -> bool {
        self.ours
            .iter()
            .chain(&self.theirs)
            .all(JoinHandle::is_finished)
    }

    fn add_ours(&mut self, ending: JoinHandle<()>) {
        self.ours.retain(|it| !it.is_finished());
        self.ours.push(ending);
    }
}

/// Whether media flowed before, so that there is somebody to show something to.
fn is_connected(view: &CallView) -> bool {
    match view {
        CallView::Active { phase, .. } => match phase {
            ActivePhase::Connecting => false,
            ActivePhase::Connected | ActivePhase::Reconnecting => true,
        },
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => false,
    }
}

/// Whether the other side says that it shares a screen.
pub(super) fn is_theirs_shared(view: &CallView) -> bool {
    match view {
        CallView::Active { sharing, .. } => sharing.theirs,
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => false,
    }
}
