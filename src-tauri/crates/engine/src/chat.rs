//! The conversation of the call: what the user reads of it, and what is told to whoever keeps it.
//!
//! Runs in the control task. The phone decides what is sent, taken and delivered; here it is put
//! together, within bounds. What must never happen: a text in a log.

use std::collections::VecDeque;
use std::sync::Arc;

use call::chat::{Event, Text};
use call::id::{CallId, Peer};
use call::view::CallView;
use tokio::sync::broadcast;

use crate::view::{ChatText, ChatView, TextState};

/// A text, told when it is said or comes, and again when it is known what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// With whom the conversation is.
    pub peer: Peer,
    /// The call's id in hexadecimal. With it, the side and the number the text is named.
    pub call: String,
    /// What.
    pub text: ChatText,
}

/// The conversation of the running call, and of the one that ended last.
#[derive(Debug)]
pub(crate) struct Chat {
    conversation: Option<Conversation>,
    /// Whether the user sees what comes.
    is_read: bool,
    told: broadcast::Sender<Said>,
    /// What there was no room for yet.
    waiting: VecDeque<Said>,
}

#[derive(Debug)]
struct Conversation {
    call: CallId,
    peer: Peer,
    /// Oldest first.
    texts: Arc<Vec<ChatText>>,
    /// Of all texts.
    bytes: usize,
    unread: u32,
    typing: bool,
    takes: Option<bool>,
    /// Nothing more happens in it.
    is_over: bool,
}

impl Chat {
    /// Tells this channel what is said.
    pub(crate) fn new(told: broadcast::Sender<Said>) -> Self {
        Self {
            conversation: None,
            is_read: false,
            told,
            waiting: VecDeque::new(),
        }
    }

    /// Takes what happened in the conversation of a call, at this time. Whether the user is to be told
    /// of it by a sound.
    #[must_use]
    pub(crate) fn happened(&mut self, at: u64, call: CallId, event: Event) -> bool {
        if let Event::Begun { peer } = event {
            self.conversation = Some(Conversation::new(call, peer));
            self.is_read = false;
            return false;
        }
        let Some(conversation) = self.conversation.as_mut().filter(|it| it.call == call) else {
            return false;
        };
        let mut told = Vec::new();
        let mut ticks = false;
        match event {
            Event::Begun { .. } => {}
            Event::Said { number, text } => {
                told.push(conversation.add(at, number, text, TextState::Sent));
            }
            Event::Heard { number, text } => {
                ticks = !self.is_read && !conversation.is_over;
                conversation.unread += u32::from(!self.is_read);
                told.push(conversation.add(at, number, text, TextState::Received));
            }
            Event::Delivered { next } => {
                told = conversation.settle(TextState::Delivered, |number| number < next);
            }
            Event::Failed { from } => {
                told = conversation.settle(TextState::Failed, |number| number >= from);
            }
            Event::Typing(typing) => conversation.typing = typing,
            Event::Takes(takes) => conversation.takes = Some(takes),
            Event::Over => conversation.is_over = true,
        }
        let (peer, call) = (&conversation.peer, call.to_string());
        let told = told.into_iter().map(|text| Said {
            peer: peer.clone(),
            call: call.clone(),
            text,
        });
        self.waiting.extend(told);
        while self.waiting.len() > WAITING {
            self.waiting.pop_front();
            tracing::warn!("texts come faster than they are kept; one is forgotten");
        }
        ticks
    }

    /// The user sees what comes from now on, or does not any more.
    pub(crate) fn read(&mut self, open: bool) {
        self.is_read = open;
        if let Some(conversation) = self.conversation.as_mut().filter(|_| open) {
            conversation.unread = 0;
        }
    }

    /// Follows the call: a conversation is not shown without it.
    pub(crate) fn follow(&mut self, call: &CallView) {
        let is_left = |it: &mut Conversation| *call == CallView::Idle && it.is_over;
        self.conversation.take_if(is_left);
    }

    /// What there is to read.
    pub(crate) fn view(&self) -> Option<ChatView> {
        let conversation = self.conversation.as_ref()?;
        Some(ChatView {
            call: conversation.call.to_string(),
            texts: Arc::clone(&conversation.texts),
            unread: conversation.unread,
            typing: conversation.typing,
            takes: conversation.takes,
        })
    }

    /// Tells what waits, as far as there is room. To be called after every event.
    pub(crate) fn flush(&mut self) {
        while self.told.len() < CAPACITY
            && let Some(said) = self.waiting.pop_front()
        {
            // Fails when nobody keeps what is said.
            let _ = self.told.send(said);
        }
    }

    /// Tells what waits, for the engine stops; where there is not enough room, the newest.
    pub(crate) fn finish(&mut self) {
        let room = CAPACITY.saturating_sub(self.told.len());
        let excess = self.waiting.len().saturating_sub(room);
        self.waiting.drain(..excess);
        self.flush();
    }
}

impl Conversation {
    fn new(call: CallId, peer: Peer) -> Self {
        Self {
            call,
            peer,
            texts: Arc::default(),
            bytes: 0,
            unread: 0,
            typing: false,
            takes: None,
            is_over: false,
        }
    }

    /// Adds a text; the oldest make room for it, but those whose fate is not known yet.
    fn add(&mut self, at: u64, number: u32, text: Text, state: TextState) -> ChatText {
        let text = ChatText {
            number,
            at,
            text,
            state,
        };
        self.bytes += text.text.as_str().len();
        let texts = Arc::make_mut(&mut self.texts);
        texts.push(text.clone());
        let has_fate = |it: &ChatText| it.state != TextState::Sent;
        while (texts.len() > SHOWN || self.bytes > SHOWN_BYTES)
            // Never the one that was just added.
            && let earlier = texts.len() - 1
            && let Some(at) = texts.iter().take(earlier).position(has_fate)
        {
            self.bytes -= texts.remove(at).text.as_str().len();
        }
        text
    }

    /// Says what became of our texts that are on their way; returns them.
    fn settle(&mut self, state: TextState, is_meant: impl Fn(u32) -> bool) -> Vec<ChatText> {
        let sent = Arc::make_mut(&mut self.texts).iter_mut();
        let sent = sent.filter(|it| it.state == TextState::Sent && is_meant(it.number));
        let settle = |text: &mut ChatText| {
            text.state = state;
            text.clone()
        };
        sent.map(settle).collect()
    }
}

/// What the user scrolls through in a call. The page gets all of it with each change.
const SHOWN: usize = 100;

/// Four texts of the greatest length, or a hundred of ten lines.
const SHOWN_BYTES: usize = 64 * 1024;

/// Texts wait in the channel for a store that writes each to the disk.
pub(crate) const CAPACITY: usize = 64;

/// As many as the other side says in two minutes at the most: for so long a disk may hang.
const WAITING: usize = 512;

#[cfg(test)]
mod tests {
    use call::id::CallId;

    use super::*;

    const CALL: CallId = CallId(7);

    fn peer() -> Peer {
        Peer {
            address: "tincan:bob".to_owned(),
            name: "Bob".to_owned(),
        }
    }

    fn text(it: &str) -> Text {
        Text::new(it).unwrap()
    }

    fn chat() -> (Chat, broadcast::Receiver<Said>) {
        let (told, receiver) = broadcast::channel(CAPACITY);
        let mut chat = Chat::new(told);
        let _ = chat.happened(0, CALL, Event::Begun { peer: peer() });
        (chat, receiver)
    }

    fn hear(chat: &mut Chat, number: u32, it: &str) -> bool {
        let text = text(it);
        chat.happened(5, CALL, Event::Heard { number, text })
    }

    #[test]
    fn what_is_not_seen_is_unread_and_ticks() {
        let (mut chat, _receiver) = chat();
        assert!(hear(&mut chat, 0, "a") && hear(&mut chat, 1, "b"));
        assert_eq!(chat.view().unwrap().unread, 2);
        chat.read(true);
        assert_eq!(chat.view().unwrap().unread, 0);
        assert!(!hear(&mut chat, 2, "c"));
        assert_eq!(chat.view().unwrap().unread, 0);
        chat.read(false);
        assert!(hear(&mut chat, 3, "d"));
        assert_eq!(chat.view().unwrap().unread, 1);
    }

    #[test]
    fn a_text_that_nobody_acknowledges_keeps_no_others_of_the_other_side() {
        let (mut chat, _receiver) = chat();
        let (number, text) = (0, text("x"));
        let _ = chat.happened(1, CALL, Event::Said { number, text });
        for number in 0..3 * u32::try_from(SHOWN).unwrap() {
            hear(&mut chat, number, "y");
        }
        let texts = chat.view().unwrap().texts;
        assert_eq!(texts.len(), SHOWN);
        assert_eq!(texts[0].state, TextState::Sent);
    }

    #[test]
    fn what_becomes_of_a_text_is_shown_and_told() {
        let (mut chat, mut receiver) = chat();
        for number in 0..3 {
            let text = text("x");
            let _ = chat.happened(1, CALL, Event::Said { number, text });
        }
        let _ = chat.happened(2, CALL, Event::Delivered { next: 2 });
        let _ = chat.happened(3, CALL, Event::Failed { from: 2 });
        let states: Vec<_> = chat
            .view()
            .unwrap()
            .texts
            .iter()
            .map(|it| it.state)
            .collect();
        use TextState::{Delivered, Failed, Sent};
        assert_eq!(states, [Delivered, Delivered, Failed]);
        chat.flush();
        let told: Vec<_> = std::iter::from_fn(|| receiver.try_recv().ok()).collect();
        let states: Vec<_> = told
            .iter()
            .map(|it| (it.text.number, it.text.state))
            .collect();
        let first = [(0, Sent), (1, Sent), (2, Sent)];
        assert_eq!(states[..3], first);
        assert_eq!(states[3..], [(0, Delivered), (1, Delivered), (2, Failed)]);
        assert!(
            told.iter()
                .all(|it| it.peer == peer() && it.call == CALL.to_string())
        );
    }

    #[test]
    fn a_long_conversation_is_cut_at_its_beginning() {
        let (mut chat, _receiver) = chat();
        for number in 0..300 {
            hear(&mut chat, number, "short");
        }
        let view = chat.view().unwrap();
        assert_eq!((view.texts.len(), view.texts[0].number), (SHOWN, 200));
        for number in 300..310 {
            hear(&mut chat, number, &"x".repeat(Text::MAX));
        }
        assert_eq!(chat.view().unwrap().texts.len(), 4);
    }

    #[test]
    fn it_is_shown_until_the_call_is_left_and_nothing_more_can_arrive() {
        let (mut chat, _receiver) = chat();
        chat.follow(&CallView::Idle);
        assert!(chat.view().is_some());
        assert!(!chat.happened(9, CALL, Event::Over));
        chat.follow(&CallView::Idle);
        assert!(chat.view().is_none());
    }

    #[test]
    fn nothing_that_is_said_is_in_a_log() {
        let (mut chat, mut receiver) = chat();
        hear(&mut chat, 0, "secret");
        chat.flush();
        let said = receiver.try_recv().unwrap();
        let all = format!("{chat:?} {said:?} {:?}", chat.view());
        assert!(!all.contains("secret"), "{all}");
    }
}
