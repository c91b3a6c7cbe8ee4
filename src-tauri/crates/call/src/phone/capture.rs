//! Microphone, camera and screen of this side: wishes to the gates, and reports to the other side.

use super::Phone;
use crate::message::Body;
use crate::output::Output;
use crate::state::{Stage, State};
use crate::time::Timestamp;
use crate::timer::{Timer, after};
use crate::view::{Controls, Lacking};

impl Phone {
    /// The user wants the controls changed. Before the answer a wish waits; after it, it goes to
    /// the gates.
    pub(super) fn on_wish(&mut self, change: impl FnOnce(&mut Controls)) {
        match &mut self.state {
            State::Idle | State::Ended(_) => {}
            State::Call(call, stage) => {
                change(&mut call.local.wish);
                if stage.is_accepted() {
                    self.set_capture();
                }
            }
        }
    }

    /// Asks the gates for what the user wishes.
    pub(super) fn set_capture(&mut self) {
        if let Some(call) = self.state.call() {
            let Controls { microphone, camera } = call.local.wish;
            self.outputs
                .push_back(Output::SetCapture { microphone, camera });
        }
    }

    /// What the gates say. The other side is told when it is news.
    pub(super) fn on_capture(&mut self, actual: Controls, lacking: Lacking) {
        let State::Call(call, stage) = &mut self.state else {
            return;
        };
        let stage = *stage;
        if call.local.update(actual, lacking) {
            self.tell_controls(stage);
        }
    }

    /// The user wants to share a screen or a window, or to stop. A call that is not accepted has
    /// nobody to show it to.
    pub(super) fn share(&mut self, on: bool) {
        match &mut self.state {
            State::Call(call, stage) if stage.is_accepted() => {
                call.local.screen.wish = on;
                self.outputs.push_back(Output::SetScreen { on });
            }
            State::Idle | State::Ended(_) | State::Call(..) => {
                let call = self.call().map(tracing::field::display);
                tracing::debug!(call, state = self.state.name(), "nobody to share with");
            }
        }
    }

    /// Whether our screen is shared. The other side is told when it is news.
    pub(super) fn on_screen(&mut self, on: bool) {
        let State::Call(call, stage) = &mut self.state else {
            return;
        };
        let stage = *stage;
        // What is shared although nobody wants it any more is on its way to be off.
        let on = on && call.local.screen.wish;
        if call.local.update_screen(on) {
            self.tell_controls(stage);
        }
    }

    /// Something about our controls changed: the other side is told at once.
    fn tell_controls(&mut self, stage: Stage) {
        match stage {
            // What was found before the answer is told once media flows.
            Stage::Dialing | Stage::Ringing(_) | Stage::Incoming(_) => {}
            Stage::Connecting | Stage::Reconnecting { .. } => {
                if let Some(report) = self.report() {
                    self.send(report);
                }
            }
            Stage::Active { .. } => {
                if let Some(report) = self.report() {
                    self.send_data(report);
                }
            }
        }
    }

    /// Reports the controls through the session's own channel, now and every second; through
    /// signaling as well while they do not come through.
    pub(super) fn keep_alive(&mut self, now: Timestamp) {
        if let Some(report) = self.report() {
            let is_unheard = self.state.call().is_some_and(|it| it.local.is_unheard());
            if is_unheard {
                self.send(report.clone());
            }
            self.send_data(report);
        }
        self.set_timer(Timer::Alive, now, after::ALIVE);
    }

    /// What is true of our controls, with the next number.
    fn report(&mut self) -> Option<Body> {
        let call = self.state.call_mut()?;
        let report = call.local.next_report(&call.remote);
        Some(Body::Controls(report))
    }
}
