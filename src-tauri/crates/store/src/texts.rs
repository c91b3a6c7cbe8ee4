//! What was said in text in past calls, with the person it was said to or by.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::history::MAX_NUMBER;
use crate::settings::clipped;

/// One text of a past or the running call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeptText {
    /// The other side's address in its text form.
    pub address: String,
    /// The call's id in hexadecimal.
    pub call: String,
    /// Counted from 0 in each call, for each side.
    pub number: u32,
    /// When it was said, or came: milliseconds since 1970 (UTC).
    #[ts(type = "number")]
    pub at: u64,
    /// What; at most 16 KiB.
    pub text: String,
    /// Whose it is, and what became of it.
    pub state: KeptTextState,
}

/// Whose a text is, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum KeptTextState {
    /// Theirs.
    Received,
    /// Ours, on its way; of a call that is over, nothing is known of it.
    Sent,
    /// Ours; the other side has it.
    Delivered,
    /// Ours; it was not delivered.
    Failed,
}

impl KeptTextState {
    pub(crate) const ALL: [Self; 4] = [Self::Received, Self::Sent, Self::Delivered, Self::Failed];

    /// Whether the user said it.
    pub(crate) const fn is_ours(self) -> bool {
        match self {
            Self::Received => false,
            Self::Sent | Self::Delivered | Self::Failed => true,
        }
    }

    /// As the database names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl KeptText {
    /// The same within its limits, whoever wrote it; none where nothing of it is left.
    pub(crate) fn validated(self) -> Option<Self> {
        let text = self.text.chars();
        let shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
        let text: String = text.filter(shown).collect();
        let is_whole = !text.is_empty() && text.len() <= MAX_TEXT && !self.address.is_empty();
        is_whole.then(|| Self {
            address: clipped(&self.address),
            call: clipped(&self.call),
            at: self.at.min(MAX_NUMBER),
            text,
            ..self
        })
    }

    /// Whether both are the same text, whatever became of it.
    fn is(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    fn key(&self) -> (&str, &str, bool, u32) {
        let ours = self.state.is_ours();
        (&self.address, &self.call, ours, self.number)
    }
}

impl fmt::Debug for KeptText {
    /// What people say stays out of logs, and to whom.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptText")
            .field("at", &self.at)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Adds a text, or what became of one; returns those that it pushed out, the oldest of the same person
/// or of all.
pub(crate) fn add(texts: &mut Vec<KeptText>, text: KeptText) -> Vec<KeptText> {
    if let Some(before) = texts.iter_mut().rev().find(|it| it.is(&text)) {
        before.state = text.state;
        return Vec::new();
    }
    texts.push(text);
    keep(texts)
}

/// Adds the texts of another installation, or of a file, in the order of time.
pub(crate) fn merge(texts: &mut Vec<KeptText>, others: &[KeptText]) {
    let mut known: HashSet<_> = texts.iter().map(KeptText::key).collect();
    let is_new: Vec<_> = others.iter().map(|it| known.insert(it.key())).collect();
    let new = others.iter().zip(is_new).filter(|(_, is_new)| *is_new);
    let new: Vec<_> = new.map(|(it, _)| it.clone()).collect();
    texts.extend(new);
    texts.sort_by_key(|it| it.at);
    keep(texts);
}

/// Keeps the newest of each person, and of all, within their limits; returns the others.
fn keep(texts: &mut Vec<KeptText>) -> Vec<KeptText> {
    let mut of_all = IN_ALL;
    let mut of_each = HashMap::new();
    let stays = |text: &KeptText| {
        let of_one = of_each.entry(text.address.clone()).or_insert(PER_PERSON);
        of_one.admits(text) && of_all.admits(text)
    };
    let mut stay: Vec<_> = texts.iter().rev().map(stays).collect();
    texts
        .extract_if(.., |_| !stay.pop().unwrap_or(true))
        .collect()
}

/// How many more texts may be kept, and how long they may be together.
#[derive(Clone, Copy)]
struct Limit {
    count: usize,
    bytes: usize,
}

impl Limit {
    /// Takes a text from what may be kept. After the first that is too many, nothing may.
    fn admits(&mut self, text: &KeptText) -> bool {
        let count = self.count.checked_sub(1);
        let bytes = self.bytes.checked_sub(text.text.len());
        match count.zip(bytes) {
            Some((count, bytes)) => *self = Self { count, bytes },
            None => self.count = 0,
        }
        count.is_some() && bytes.is_some()
    }
}

/// A conversation of some evenings.
const PER_PERSON: Limit = Limit {
    count: 500,
    bytes: 256 * 1024,
};

/// What fits an export, and memory.
const IN_ALL: Limit = Limit {
    count: 5000,
    bytes: 2 * 1024 * 1024,
};

/// What a call carries.
const MAX_TEXT: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(address: &str, number: u32, text: &str) -> KeptText {
        KeptText {
            address: address.to_owned(),
            call: "1".to_owned(),
            number,
            at: u64::from(number),
            text: text.to_owned(),
            state: KeptTextState::Sent,
        }
    }

    #[test]
    fn what_became_of_a_text_is_no_other_text() {
        let mut texts = Vec::new();
        add(&mut texts, text("a", 1, "x"));
        let delivered = KeptText {
            state: KeptTextState::Delivered,
            ..text("a", 1, "x")
        };
        add(&mut texts, delivered.clone());
        assert_eq!(texts, [delivered]);
        let theirs = KeptText {
            state: KeptTextState::Received,
            ..text("a", 1, "x")
        };
        add(&mut texts, theirs);
        assert_eq!(texts.len(), 2);
    }

    #[test]
    fn the_oldest_of_a_person_make_room_and_nobody_elses() {
        let mut texts = Vec::new();
        add(&mut texts, text("b", 0, "first"));
        let mut dropped = Vec::new();
        for number in 0..510 {
            dropped.extend(add(&mut texts, text("a", number, "x")));
        }
        assert_eq!((texts.len(), dropped.len()), (501, 10));
        assert_eq!(dropped[0], text("a", 0, "x"));
        assert_eq!(texts[0].address, "b");
        for number in 510..530 {
            add(&mut texts, text("a", number, &"x".repeat(MAX_TEXT)));
        }
        let bytes: usize = texts.iter().map(|it| it.text.len()).sum();
        assert!(bytes <= PER_PERSON.bytes + 5, "{bytes}");
    }

    #[test]
    fn there_is_an_end_to_what_is_kept_of_all() {
        let of = |person: u32| {
            let address = person.to_string();
            (0..400).map(move |number| KeptText {
                at: u64::from(person),
                ..text(&address, number, "x")
            })
        };
        let mut texts = Vec::new();
        merge(&mut texts, &(0..30).flat_map(of).collect::<Vec<_>>());
        assert_eq!(texts.len(), IN_ALL.count);
        assert_eq!((&*texts[0].address, texts[0].number), ("17", 200));
    }

    #[test]
    fn two_installations_are_joined_in_the_order_of_time() {
        let mut ours = vec![text("a", 1, "x"), text("a", 3, "x")];
        merge(&mut ours, &[text("a", 2, "x"), text("a", 3, "x")]);
        let numbers: Vec<_> = ours.iter().map(|it| it.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        assert_eq!(text("a", 1, "\u{1b}").validated(), None);
        assert_eq!(text("", 1, "x").validated(), None);
        assert_eq!(text("a", 1, &"x".repeat(MAX_TEXT + 1)).validated(), None);
        let cleaned = text("a", 1, "a\n\u{7}b").validated();
        assert_eq!(cleaned, Some(text("a", 1, "a\nb")));
    }
}
