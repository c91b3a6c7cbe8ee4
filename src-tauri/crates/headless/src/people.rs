//! Contacts and blocked people on the command line.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use clap::Subcommand;
use identity::{Address, Invite};
use store::{Person, Store, StoreError};

use crate::disk::with_store;
use crate::wall_clock;

/// A change of what somebody is to the user.
#[derive(Clone, Debug, Subcommand)]
pub enum Change {
    /// Save somebody, or give them another name.
    Add {
        /// An address or an invite link, alone or within a text.
        who: String,
        /// What you call them; without it, what they call themselves.
        name: Option<String>,
    },
    /// Make somebody no contact any more.
    Remove {
        /// An address or an invite link.
        who: String,
    },
    /// Let somebody ring here no more. They hear what an unanswered call sounds like.
    Block {
        /// An address or an invite link.
        who: String,
    },
    /// Let somebody ring here again.
    Unblock {
        /// An address or an invite link.
        who: String,
    },
}

impl Change {
    /// Carries it out.
    ///
    /// # Errors
    /// When nobody is named, or it cannot be written.
    pub fn apply(&self, store: &mut Store) -> Result<()> {
        match self {
            Self::Add { who, name } => {
                let invite = find(who)?;
                let name = name.as_ref().or(invite.name.as_ref());
                store.save_contact(&invite.address, name.map_or("", String::as_str))?;
            }
            Self::Remove { who } => store.delete_contact(&find(who)?.address)?,
            Self::Block { who } => store.set_blocked(&find(who)?.address, true)?,
            Self::Unblock { who } => store.set_blocked(&find(who)?.address, false)?,
        }
        Ok(())
    }
}

fn find(who: &str) -> Result<Invite> {
    Invite::find(who).context("nobody is named")
}

/// Writes everybody whom the user saved or blocked, a line each: as JSON, or for people.
///
/// # Errors
/// When `out` takes nothing.
pub fn list(people: &[Person], json: bool, out: &mut impl Write) -> io::Result<()> {
    for person in people {
        if json {
            writeln!(out, "{}", serde_json::to_string(person)?)?;
        } else {
            writeln!(out, "{}", sentence(person))?;
        }
    }
    out.flush()
}

/// The address first: it is what can be copied from here into another command.
fn sentence(person: &Person) -> String {
    let mut text = person.address.clone();
    let name = match (person.name.as_str(), person.their_name.as_str()) {
        ("", "") => String::new(),
        ("", theirs) => format!("  {theirs}"),
        (mine, theirs) if theirs.is_empty() || theirs == mine => format!("  {mine}"),
        (mine, theirs) => format!("  {mine} (calls themselves {theirs})"),
    };
    text += &name;
    if let Some(at) = person.pinned_at {
        text += &format!("  words compared on {}", wall_clock::date(at));
    }
    if person.blocked {
        text += "  blocked";
    }
    text
}

/// The store of a running program, for changes on a thread that may wait for the disk.
#[derive(Clone, Debug)]
pub struct People(Arc<Mutex<Store>>);

impl People {
    /// The people of this store.
    #[must_use]
    pub const fn new(store: Arc<Mutex<Store>>) -> Self {
        Self(store)
    }

    /// The user found the same words on both sides, now.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn pin(&self, who: Address) -> Result<(), StoreError> {
        let now = wall_clock::now();
        self.change(move |store| store.pin(&who, now)).await
    }

    /// Lets somebody ring here no more.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn block(&self, who: Address) -> Result<(), StoreError> {
        self.change(move |store| store.set_blocked(&who, true))
            .await
    }

    async fn change(
        &self,
        change: impl FnOnce(&mut Store) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        match with_store(&self.0, change).await {
            Ok(changed) => changed,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "tincan:a4dqobyha4dqobyha4dqobyha4dqobyha4dqobyha4dqobyhaydtxga";

    fn person(change: impl FnOnce(&mut Person)) -> Person {
        let mut person: Person = serde_json::from_value(serde_json::json!({
            "address": ADA, "name": "", "theirName": "", "contact": true, "blocked": false,
            "pinnedAt": null, "pinnedHow": null,
        }))
        .unwrap();
        change(&mut person);
        person
    }

    #[test]
    fn a_person_is_told_by_address_names_and_what_was_done_about_them() {
        let table = [
            (person(|_| {}), ""),
            (person(|it| it.their_name = "Ada".into()), "  Ada"),
            (person(|it| it.name = "Mum".into()), "  Mum"),
            (
                person(|it| (it.name, it.their_name) = ("Mum".into(), "Ada".into())),
                "  Mum (calls themselves Ada)",
            ),
            (
                person(|it| it.pinned_at = Some(1_709_164_800_000)),
                "  words compared on 2024-02-29",
            ),
            (person(|it| it.blocked = true), "  blocked"),
        ];
        for (person, told) in table {
            assert_eq!(sentence(&person), format!("{ADA}{told}"));
        }
    }

    #[test]
    fn contacts_are_saved_renamed_blocked_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let who = identity::Identity::generate()
            .unwrap()
            .address()
            .to_string();
        let add = |name: Option<&str>| Change::Add {
            who: format!("call me: {who}?name=Ada"),
            name: name.map(str::to_owned),
        };
        let now = |store: &Store| {
            let person = store.people().iter().find(|it| it.address == who);
            person.map(|it| (it.name.clone(), it.contact, it.blocked))
        };
        add(None).apply(&mut store).unwrap();
        assert_eq!(now(&store), Some(("Ada".to_owned(), true, false)));
        add(Some("Mum")).apply(&mut store).unwrap();
        assert_eq!(now(&store), Some(("Mum".to_owned(), true, false)));
        let who_again = || who.clone();
        Change::Block { who: who_again() }
            .apply(&mut store)
            .unwrap();
        assert!(now(&store).is_some_and(|it| it.2));
        Change::Unblock { who: who_again() }
            .apply(&mut store)
            .unwrap();
        assert!(now(&store).is_some_and(|it| !it.2));
        Change::Remove { who: who_again() }
            .apply(&mut store)
            .unwrap();
        assert!(now(&store).is_none_or(|it| !it.1));
        let nobody = Change::Block {
            who: "nobody".to_owned(),
        };
        assert!(nobody.apply(&mut store).is_err());
    }

    #[test]
    fn json_has_one_person_a_line() {
        let mut out = Vec::new();
        list(
            &[person(|_| {}), person(|it| it.blocked = true)],
            true,
            &mut out,
        )
        .unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<Person> = text
            .lines()
            .map(|it| serde_json::from_str(it).unwrap())
            .collect();
        assert!(lines.len() == 2 && lines[1].blocked && lines[0].address == ADA);
    }
}
