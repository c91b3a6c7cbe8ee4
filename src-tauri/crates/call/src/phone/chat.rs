//! The conversation of a call: sent, acknowledged, sent again where it may be lost, and left a while
//! after the call, when what was said last has had time to arrive.

use super::Phone;
use crate::chat::{CannotSay, Conversation, Event, Takes, Text};
use crate::id::CallId;
use crate::message::{Body, Chat};
use crate::output::Output;
use crate::state::Stage;
use crate::time::Timestamp;
use crate::timer::{Timer, after};

impl Phone {
    /// Whether a text of so many bytes can be said now.
    ///
    /// # Errors
    /// When it cannot.
    pub fn may_say(&self, bytes: usize) -> Result<(), CannotSay> {
        let chat = self.running_chat().ok_or(CannotSay::NotInCall)?;
        match chat.takes {
            Takes::No => Err(CannotSay::NotTaken),
            Takes::Unknown | Takes::Yes if chat.sent.has_room(bytes) => Ok(()),
            Takes::Unknown | Takes::Yes => Err(CannotSay::Full),
        }
    }

    /// A call was accepted.
    pub(super) fn begin_chat(&mut self, now: Timestamp) {
        self.leave_chat();
        let Some(call) = self.state.call() else {
            return;
        };
        let (id, peer) = (call.id, call.peer.clone());
        self.chat = Some(Conversation::new(now, id, &peer.address));
        self.tell_of_chat(id, Event::Begun { peer });
    }

    /// The user says something.
    pub(super) fn say(&mut self, now: Timestamp, text: Text) {
        if let Err(error) = self.may_say(text.as_ref().len()) {
            tracing::debug!(%error, "a text is not sent");
            return;
        }
        if text.is_empty() {
            return;
        }
        let Some(chat) = &mut self.chat else {
            return;
        };
        let call = chat.call;
        chat.typed_at = None;
        let Some(number) = chat.sent.push(text.clone()) else {
            return;
        };
        let said = text.clone();
        self.tell_of_chat(call, Event::Said { number, text: said });
        self.send_chat(Chat::Text { number, text });
        if !self.timers.is_set(Timer::ResendTexts) {
            self.set_timer(Timer::ResendTexts, now, after::RESEND[0]);
        }
    }

    /// The user writes. Told now and then, and only where there is a path: it is soon not true any
    /// more.
    pub(super) fn say_typing(&mut self, now: Timestamp) {
        let is_active = matches!(self.state.stage(), Some(Stage::Active { .. }));
        let Some(chat) = &mut self.chat else {
            return;
        };
        let is_soon = |at| now.since(at) < after::TYPING;
        if !is_active || chat.takes != Takes::Yes || chat.typed_at.is_some_and(is_soon) {
            return;
        }
        chat.typed_at = Some(now);
        self.send_data(Body::Chat(Chat::Typing));
    }

    /// Something about a conversation: of our call, of one that has just ended, or of another.
    pub(super) fn on_chat(&mut self, now: Timestamp, from: &str, id: CallId, said: Chat) {
        let Some(chat) = self.chat.as_mut().filter(|it| it.is(from, id)) else {
            return;
        };
        match said {
            Chat::Text { number, text } => {
                let heard: Vec<_> = chat.hear(now, number, text).collect();
                for (number, text) in heard {
                    self.set_typing(now, false);
                    // A later version may show what is nothing to this one.
                    if !text.is_empty() {
                        self.tell_of_chat(id, Event::Heard { number, text });
                    }
                }
                if self.running_chat().is_some() {
                    self.acknowledge_soon(now);
                } else {
                    self.acknowledge_texts();
                }
            }
            Chat::Received { next } => self.on_texts_received(now, next),
            Chat::Typing => self.set_typing(now, true),
        }
    }

    /// The other side has all of ours below this number.
    fn on_texts_received(&mut self, now: Timestamp, next: u32) {
        let Some(chat) = &mut self.chat else {
            return;
        };
        if !chat.sent.acknowledge(next) {
            return;
        }
        chat.resends = 0;
        let (call, next, is_done) = (chat.call, chat.sent.first(), chat.sent.is_empty());
        self.tell_of_chat(call, Event::Delivered { next });
        if is_done {
            self.timers.stop(Timer::ResendTexts);
        } else {
            self.set_timer(Timer::ResendTexts, now, after::RESEND[0]);
        }
    }

    /// The other side says whether its phone takes texts.
    pub(super) fn on_takes_texts(&mut self, takes: bool) {
        let Some(chat) = &mut self.chat else {
            return;
        };
        let takes = match (chat.takes, takes) {
            (Takes::Unknown, true) => Takes::Yes,
            (Takes::Unknown | Takes::Yes, false) => Takes::No,
            (Takes::Yes, true) | (Takes::No, true | false) => return,
        };
        chat.takes = takes;
        let call = chat.call;
        self.tell_of_chat(call, Event::Takes(takes == Takes::Yes));
        if takes == Takes::No {
            self.fail_texts();
        }
    }

    /// Sends again, every way there is, the first texts that the other side did not acknowledge.
    /// Those behind them wait for these, and what overtakes them is of no use yet.
    pub(super) fn resend_texts(&mut self, now: Timestamp) {
        let Some(chat) = self.chat.as_mut().filter(|it| !it.sent.is_empty()) else {
            return;
        };
        chat.resends = (chat.resends + 1).min(after::RESEND.len() - 1);
        let pause = after::RESEND[chat.resends];
        let kept = chat.sent.kept().take(RESENT);
        let kept: Vec<_> = kept.map(|(number, text)| (number, text.clone())).collect();
        for (number, text) in kept {
            self.send_chat_every_way(Chat::Text { number, text });
        }
        self.set_timer(Timer::ResendTexts, now, pause);
    }

    /// Says which texts have arrived.
    pub(super) fn acknowledge_texts(&mut self) {
        let Some(chat) = &mut self.chat else {
            return;
        };
        if std::mem::take(&mut chat.owes_acknowledgement) {
            let next = chat.heard();
            self.send_chat(Chat::Received { next });
        }
    }

    /// The call is about to end: what was said last goes ahead of the goodbye, which may travel
    /// faster through signaling than the texts before it through the session.
    pub(super) fn hurry_chat(&mut self, now: Timestamp) {
        if self.running_chat().is_none() {
            return;
        }
        self.resend_texts(now);
        if let Some(chat) = self.chat.as_mut().filter(|it| it.owes_acknowledgement) {
            chat.owes_acknowledgement = false;
            let next = chat.heard();
            self.send_chat_every_way(Chat::Received { next });
        }
    }

    /// This call is over: nothing more is said. What is on its way still may arrive.
    pub(super) fn close_chat(&mut self, now: Timestamp, call: CallId) {
        if self.chat.as_ref().is_none_or(|it| it.call != call) {
            return;
        }
        self.set_typing(now, false);
        match &self.chat {
            Some(chat) if chat.is_used() && chat.takes != Takes::No => {
                self.set_timer(Timer::LeaveChat, now, after::LEAVE_CHAT);
            }
            Some(_) | None => self.leave_chat(),
        }
    }

    /// What has not arrived by now is not delivered.
    pub(super) fn leave_chat(&mut self) {
        self.fail_texts();
        self.timers.stop(Timer::LeaveChat);
        if let Some(chat) = self.chat.take() {
            self.tell_of_chat(chat.call, Event::Over);
        }
    }

    /// The other side began to write, or has stopped; it is believed for a while.
    pub(super) fn set_typing(&mut self, now: Timestamp, is_typing: bool) {
        let may = self.running_chat().is_some();
        let Some(chat) = &mut self.chat else {
            return;
        };
        let is_typing = is_typing && may;
        let (call, was_typing) = (chat.call, chat.is_typing);
        chat.is_typing = is_typing;
        if is_typing {
            self.set_timer(Timer::Typing, now, after::TYPING_LAPSES);
        } else {
            self.timers.stop(Timer::Typing);
        }
        if is_typing != was_typing {
            self.tell_of_chat(call, Event::Typing(is_typing));
        }
    }

    /// Whether the conversation of that call with that person goes on.
    pub(super) fn has_chat(&self, with: &str, call: CallId) -> bool {
        self.chat.as_ref().is_some_and(|it| it.is(with, call))
    }

    fn fail_texts(&mut self) {
        self.timers.stop(Timer::ResendTexts);
        let Some(chat) = self.chat.as_mut().filter(|it| !it.sent.is_empty()) else {
            return;
        };
        let (call, from) = (chat.call, chat.sent.first());
        chat.sent.acknowledge(u32::MAX);
        self.tell_of_chat(call, Event::Failed { from });
    }

    /// The conversation of the call that is not over.
    fn running_chat(&self) -> Option<&Conversation> {
        let call = self.state.call()?;
        let chat = self.chat.as_ref();
        chat.filter(|it| it.is(&call.peer.address, call.id))
    }

    /// Says something in the conversation: by its call, while that is not over.
    fn send_chat(&mut self, said: Chat) {
        match self.state.call() {
            Some(call) if self.running_chat().is_some() => {
                let session = call.sessions.current.number;
                self.tell_about(session, Body::Chat(said));
            }
            Some(_) | None => self.send_chat_after_call(said),
        }
    }

    fn send_chat_every_way(&mut self, said: Chat) {
        if self.running_chat().is_some() {
            self.tell_every_way(Body::Chat(said));
        } else {
            self.send_chat_after_call(said);
        }
    }

    fn send_chat_after_call(&mut self, said: Chat) {
        if let Some(chat) = &self.chat {
            let (with, call) = (chat.with.clone(), chat.call);
            self.send_about(&with, call, Body::Chat(said));
        }
    }

    fn tell_of_chat(&mut self, call: CallId, event: Event) {
        self.outputs.push_back(Output::Chat { call, event });
    }
}

/// How many texts are sent again at a time: what a page has, pasted line by line, waits for its turn
/// and leaves room for the messages of the call.
const RESENT: usize = 4;
