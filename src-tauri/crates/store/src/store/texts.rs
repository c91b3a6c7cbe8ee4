//! What was said in text. Each change is written at once.

use super::Store;
use crate::db::{Contents, change_texts, write_texts};
use crate::error::StoreError;
use crate::history::HistoryEntry;
use crate::texts::{self, KeptText, KeptTextState};

impl Store {
    /// What was said in text with the person of this address, the oldest first: at most 500 texts and
    /// 256 KiB.
    #[must_use]
    pub fn texts(&self, address: &str) -> Vec<KeptText> {
        let all = self.contents.texts.iter();
        all.filter(|it| it.address == address).cloned().collect()
    }

    /// Remembers a text, or what became of one.
    ///
    /// # Errors
    /// When it cannot be written; it is remembered, and [`Store::flush`] tries again.
    pub fn keep_text(&mut self, text: KeptText) -> Result<(), StoreError> {
        let Some(text) = text.validated() else {
            return Ok(());
        };
        let dropped = texts::add(&mut self.contents.texts, text.clone());
        if self.texts_unwritten {
            return self.write_all_texts();
        }
        let written = self
            .database
            .change(|transaction| change_texts(transaction, [&text], &dropped));
        self.texts_unwritten = written.is_err();
        written
    }

    /// Forgets what was said in text with the person of this address.
    ///
    /// # Errors
    /// When it cannot be written; [`Store::flush`] tries again.
    pub fn forget_texts(&mut self, address: &str) -> Result<(), StoreError> {
        self.forget_those_texts(|it| it.address == address)
    }

    /// Forgets a text of the user, named by the other side's address, the call and its number: it is
    /// said once more, in another call.
    ///
    /// # Errors
    /// When it cannot be written; [`Store::flush`] tries again.
    pub fn forget_text(
        &mut self,
        address: &str,
        call: &str,
        number: u32,
    ) -> Result<(), StoreError> {
        self.forget_those_texts(|it| {
            it.address == address && it.call == call && it.number == number && it.state.is_ours()
        })
    }

    /// Forgets what was said with those who were in the history before, are in it no more, and are not
    /// saved. Written with the history. Whoever is in their first call is in no history yet.
    pub(super) fn forget_texts_of_forgotten(&mut self, before: &[HistoryEntry]) {
        let Contents {
            history,
            people,
            texts,
            ..
        } = &mut self.contents;
        let has = |calls: &[HistoryEntry], address: &str| {
            calls.iter().any(|it| it.peer.address == address)
        };
        let is_forgotten = |address: &str| {
            has(before, address)
                && !has(history, address)
                && !people.iter().any(|it| it.address == address)
        };
        let kept = texts.len();
        texts.retain(|it| !is_forgotten(&it.address));
        self.texts_unwritten |= texts.len() < kept;
    }

    /// Of texts that are on their way when the program ends nobody knows whether they arrived.
    pub(super) fn settle_texts(&mut self) {
        for text in &mut self.contents.texts {
            if text.state == KeptTextState::Sent {
                text.state = KeptTextState::Failed;
            }
        }
    }

    pub(super) fn write_all_texts(&mut self) -> Result<(), StoreError> {
        let texts = &self.contents.texts;
        let written = self
            .database
            .change(|transaction| write_texts(transaction, texts));
        self.texts_unwritten = written.is_err();
        written
    }

    fn forget_those_texts(
        &mut self,
        is_meant: impl Fn(&KeptText) -> bool,
    ) -> Result<(), StoreError> {
        let texts = &mut self.contents.texts;
        let gone: Vec<_> = texts.extract_if(.., |it| is_meant(it)).collect();
        if gone.is_empty() && !self.texts_unwritten {
            return Ok(());
        }
        if self.texts_unwritten {
            return self.write_all_texts();
        }
        let written = self
            .database
            .change(|transaction| change_texts(transaction, [], &gone));
        self.texts_unwritten = written.is_err();
        written
    }
}
