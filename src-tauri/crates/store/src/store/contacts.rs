//! People whom the user saves, renames, pins and blocks. Each change is written at once, or it did
//! not happen.

use identity::{Address, clean_name};

use super::Store;
use crate::db::write_people;
use crate::error::StoreError;
use crate::history::{HistoryEntry, MAX_NUMBER};
use crate::person::{Person, PinnedHow, check_count};

impl Store {
    /// Everybody whom the user saved, pinned or blocked, by name.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.contents.people
    }

    /// Makes somebody a contact under this name, or renames one. An empty name stands for what they
    /// call themselves.
    ///
    /// # Errors
    /// When there are too many contacts, or it cannot be written; nothing has changed then.
    pub fn save_contact(&mut self, address: &Address, name: &str) -> Result<(), StoreError> {
        self.change_person(address, |it| {
            it.name = clean_name(name);
            it.contact = true;
        })
    }

    /// Makes somebody no contact any more; name, pin and what was said in text go too, and where they
    /// were, unless there were calls with them. A block stays.
    ///
    /// # Errors
    /// When too many others are blocked to keep this block, or it cannot be written; nothing has
    /// changed then.
    pub fn delete_contact(&mut self, address: &Address) -> Result<(), StoreError> {
        self.change_person(address, |it| {
            it.name.clear();
            it.contact = false;
            it.pinned_at = None;
            it.pinned_how = None;
        })?;
        self.forget_texts(&address.to_string())?;
        self.known.forget_strangers();
        self.write_places()
    }

    /// Lets somebody ring here no more, or again. A contact stays one.
    ///
    /// # Errors
    /// When too many are blocked, or it cannot be written; nothing has changed then.
    pub fn set_blocked(&mut self, address: &Address, blocked: bool) -> Result<(), StoreError> {
        self.change_person(address, |it| it.blocked = blocked)
    }

    /// The user found the same words on both sides at this moment, milliseconds since 1970 (UTC):
    /// makes somebody a contact that is marked so. The mark belongs to the address, so it holds as
    /// long as they are a contact.
    ///
    /// # Errors
    /// When there are too many contacts, or it cannot be written; nothing has changed then.
    pub fn pin(&mut self, address: &Address, at: u64) -> Result<(), StoreError> {
        self.change_person(address, |it| {
            it.contact = true;
            it.pinned_at = Some(at.min(MAX_NUMBER));
            it.pinned_how = Some(PinnedHow::Words);
        })
    }

    fn change_person(
        &mut self,
        address: &Address,
        change: impl FnOnce(&mut Person),
    ) -> Result<(), StoreError> {
        let text = address.to_string();
        let mut people = self.contents.people.clone();
        let at = people.iter().position(|it| it.address == text);
        let at = at.unwrap_or_else(|| {
            people.push(self.met(address));
            people.len() - 1
        });
        change(&mut people[at]);
        let changed = people[at].clone();
        people.retain(Person::is_kept);
        check_count(&self.contents.people, &people)?;
        self.database
            .change(|transaction| write_people(transaction, [&changed]))?;
        self.contents.people = people;
        self.renamed.retain(|it| *it != text);
        self.learn();
        Ok(())
    }

    /// Somebody, with the name that they gave in their last call.
    fn met(&self, address: &Address) -> Person {
        let mut person = Person::new(address);
        let calls = self.contents.history.iter().rev();
        let mut names = calls
            .filter(|it| it.peer.address == person.address)
            .map(|it| &it.peer.name);
        if let Some(name) = names.find(|it| !it.is_empty()) {
            person.their_name.clone_from(name);
        }
        person
    }

    /// Remembers what somebody who is saved called themselves in this call.
    pub(super) fn learn_name(&mut self, entry: &HistoryEntry) {
        let name = clean_name(&entry.peer.name);
        let people = &mut self.contents.people;
        let person = people
            .iter_mut()
            .find(|it| it.address == entry.peer.address);
        if let Some(person) = person
            && !name.is_empty()
            && person.their_name != name
        {
            person.their_name = name;
            if !self.renamed.contains(&person.address) {
                self.renamed.push(person.address.clone());
            }
        }
    }
}
