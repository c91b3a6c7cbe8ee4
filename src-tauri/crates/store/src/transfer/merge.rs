//! How what an export carries joins what is there.

use crate::db::Contents;
use crate::history;
use crate::person::{MAX_PEOPLE, Person};
use crate::settings::Settings;
use crate::texts;

/// What an import brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Merged {
    /// People who were not remembered before.
    pub(crate) people: usize,
    /// People for whom there was no room.
    pub(crate) left_out: usize,
    /// Calls that were not remembered before.
    pub(crate) calls: usize,
}

/// Joins both. Settings are those of the export, but for the devices of this computer; of people
/// nothing is lost that either side knows, and a block on either side holds. Where people were met, an
/// export does not say.
pub(crate) fn merge(contents: &mut Contents, carried: Contents) -> Merged {
    let mut merged = Merged::default();
    contents.settings = settings(&contents.settings, carried.settings);
    for person in carried.people {
        add_person(&mut contents.people, person, &mut merged);
    }
    texts::merge(&mut contents.texts, &carried.texts);
    let before = contents.history.clone();
    history::merge(&mut contents.history, carried.history);
    let is_new = |it: &&history::HistoryEntry| !before.contains(it);
    merged.calls = contents.history.iter().filter(is_new).count();
    merged
}

fn settings(ours: &Settings, carried: Settings) -> Settings {
    Settings {
        name: if carried.name.is_empty() {
            ours.name.clone()
        } else {
            carried.name
        },
        started: ours.started || carried.started,
        camera: ours.camera.clone(),
        microphone: ours.microphone.clone(),
        speaker: ours.speaker.clone(),
        ring_speaker: ours.ring_speaker.clone(),
        ..carried
    }
}

fn add_person(people: &mut Vec<Person>, carried: Person, merged: &mut Merged) {
    if let Some(ours) = people.iter_mut().find(|it| it.address == carried.address) {
        if ours.name.is_empty() {
            ours.name = carried.name;
        }
        if ours.their_name.is_empty() {
            ours.their_name = carried.their_name;
        }
        if ours.pinned_at.is_none() {
            ours.pinned_at = carried.pinned_at;
            ours.pinned_how = carried.pinned_how;
        }
        ours.contact |= carried.contact;
        ours.blocked |= carried.blocked;
        return;
    }
    let alike = |it: &&Person| it.contact == carried.contact;
    if people.iter().filter(alike).count() >= MAX_PEOPLE {
        merged.left_out += 1;
        return;
    }
    people.push(carried);
    merged.people += 1;
}
