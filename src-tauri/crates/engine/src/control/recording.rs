//! Recordings: what the user wants of them goes to the phone, signed, and what the phone decides is
//! carried out.

use call::id::RecordingId;
use call::input::{self, Consent as Fact, Input};
use call::message::Statement;
use call::view::CallView;
use media::backend::record::Plan;

use super::Control;
use crate::command::{CommandError, RecordWish};
use crate::recording::consent::{self, Consent, NoConsent, Says, Signed, Subject};
use crate::timeline::media_time;

impl Control {
    /// What the user wants of recordings.
    ///
    /// # Errors
    /// When there is no call to record, or nothing to record with.
    pub(super) fn on_record_wish(&mut self, wish: RecordWish) -> Result<(), CommandError> {
        let CallView::Active {
            connected_for_ms: Some(_),
            ..
        } = self.phone.view(self.now())
        else {
            return Err(CommandError::NotInCall);
        };
        let command = match wish {
            RecordWish::Start if !self.recorder.is_able() => {
                return Err(CommandError::CannotRecord);
            }
            RecordWish::Start => {
                let id = RecordingId(self.machine.rng.draw());
                let statement = self.sign(id, Says::Asks);
                let statement = statement.ok_or(CommandError::NotInCall)?;
                input::Command::AskToRecord { id, statement }
            }
            RecordWish::Agree { id } => {
                let statement = self.sign(id, Says::Agrees);
                let statement = statement.ok_or(CommandError::NotInCall)?;
                input::Command::AgreeToRecord { id, statement }
            }
            RecordWish::Refuse { id } => input::Command::RefuseToRecord { id },
            RecordWish::Stop => input::Command::StopRecording,
        };
        self.feed(Input::Command(command));
        Ok(())
    }

    /// Tells the phone, once it has said all, whether the other side signed this.
    pub(super) fn check_consent(&mut self, id: RecordingId, by: Statement, agrees: bool) {
        let says = if agrees { Says::Agrees } else { Says::Asks };
        match self.checked(id, &by, says) {
            Some(Ok(_)) => {
                let fact = if agrees {
                    Fact::Agrees { id, theirs: by }
                } else {
                    Fact::Asks { id }
                };
                self.recorder.answers.push_back(Input::Consent(fact));
            }
            Some(Err(error)) => tracing::warn!(%error, "what was said of a recording is dropped"),
            None => {}
        }
    }

    /// Both sides agreed: writes from now on.
    pub(super) fn begin_recording(
        &mut self,
        id: RecordingId,
        ours: &Statement,
        theirs: &Statement,
    ) {
        let failed = Input::RecordingFailed { id };
        let consent = Consent::of(ours, theirs);
        let (Ok(consent), Some(call), Some(peer)) = (consent, self.phone.call(), self.phone.peer())
        else {
            return self.recorder.answers.push_back(failed);
        };
        let plan = Plan {
            with: peer.name.clone(),
            consent: consent.file(),
            epoch: self.epoch,
            zero: media_time(self.epoch, self.machine.clock.media_now()),
        };
        let recording = self.recorder.start(call, id, plan);
        match (recording, &self.call.media) {
            (Some(recording), Some(media)) => media.record(Some(&recording)),
            (None, _) | (_, None) => self.recorder.answers.push_back(failed),
        }
    }

    /// Writes no more.
    pub(super) fn stop_recording(&mut self) {
        if let Some(media) = &self.call.media {
            media.record(None);
        }
        self.recorder.stop(self.machine.clock.now());
    }

    /// Looks after what is written: keyframes to begin with, and an end by itself.
    pub(super) fn look_after_recording(&mut self) {
        let needs = self.recorder.look(self.machine.clock.now());
        if let Some(media) = &self.call.media {
            if needs.our_keyframe {
                media.want_keyframe();
            }
            if needs.their_keyframe {
                media.ask_for_keyframe();
            }
        }
        if let Some(id) = needs.failed {
            self.feed(Input::RecordingFailed { id });
        }
    }

    /// What we say of a recording of the running call.
    fn sign(&self, recording: RecordingId, says: Says) -> Option<Statement> {
        let (call, peer) = (self.phone.call()?, self.phone.peer()?);
        let subject = Subject { call, recording };
        let now = self.machine.clock.wall_ms() / 1000;
        consent::sign(&self.config.identity, &peer.address, subject, says, now)
    }

    /// What the other side of the running call signed; none outside of one.
    fn checked(
        &self,
        recording: RecordingId,
        statement: &Statement,
        says: Says,
    ) -> Option<Result<Signed, NoConsent>> {
        let (call, peer) = (self.phone.call()?, self.phone.peer()?);
        let us = self.config.identity.address();
        let subject = Subject { call, recording };
        Some(consent::check(statement, &peer.address, &us, subject, says))
    }
}
