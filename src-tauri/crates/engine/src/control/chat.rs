//! What is said in text: between the phone, the user, and whoever keeps it.

use call::chat::{Event, Text};
use call::id::CallId;
use call::input::{self, Input};
use media::sounds;

use super::Control;
use crate::command::CommandError;
use crate::tone::Tone;

impl Control {
    /// Something happened in a conversation.
    pub(super) fn on_chat(&mut self, call: CallId, event: Event) {
        let at = self.machine.clock.wall_ms();
        let is_worth_a_sound = self.call.chat.happened(at, call, event);
        // What comes a moment after the call shall not silence whoever rings meanwhile.
        if is_worth_a_sound && self.phone.call() == Some(call) {
            self.devices.play(Tone::Play(sounds::Sound::Text));
        }
    }

    /// The user says something.
    pub(super) fn say(&mut self, text: Text) -> Result<(), CommandError> {
        self.phone.may_say(text.as_str().len())?;
        self.feed(Input::Command(input::Command::Say(text)));
        Ok(())
    }
}
