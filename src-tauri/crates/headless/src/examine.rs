//! What the doctor is asked to look at, and what a person reads of it.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, Result};
use discovery::{Acquaintances, Announcement, Recognised};
use doctor::{Check, Device, Peer, Recognise, Report, Subjects};
use identity::{Address, Identity, Invite};
use media::backend::device::DeviceId;
use store::{KnownPeople, LanVisibility, Person, Settings};

use crate::compose;
use crate::options::Options;

/// What to look at, by options and settings; `peer` is another machine to check against.
#[must_use]
pub fn subjects(options: &Options, settings: &Settings, peer: Option<Peer>) -> Subjects {
    let backends = compose::backends(options, settings);
    let visibility = compose::visibility(options, settings);
    let chosen = |id: &Option<String>| id.clone().map(DeviceId);
    Subjects {
        program: concat!("Tincan ", env!("CARGO_PKG_VERSION")).to_owned(),
        lan: backends.lan.filter(|_| visibility != LanVisibility::Off),
        port: None,
        peer,
        relay: compose::relay(options, settings),
        ice_servers: compose::ice_servers(options, settings),
        bind: options.bind,
        camera: Device::Try {
            backend: backends.camera,
            chosen: chosen(&settings.camera),
        },
        microphone: Device::Try {
            backend: backends.audio.clone(),
            chosen: chosen(&settings.microphone),
        },
        speaker: Device::Try {
            backend: backends.audio,
            chosen: chosen(&settings.speaker),
        },
    }
}

/// Whom a text means: one of these people by name, anybody by address or invite link, else a place.
/// `known` says where they were met.
#[must_use]
pub fn peer(text: &str, identity: &Identity, people: &[Person], known: &KnownPeople) -> Peer {
    let text = text.trim();
    let is_named = |it: &&Person| {
        let mut names = [&it.name, &it.their_name].into_iter();
        names.any(|name| !name.is_empty() && name.to_lowercase() == text.to_lowercase())
    };
    let by_name = people.iter().find(is_named);
    let by_name = by_name.and_then(|it| Some((it.address.parse().ok()?, Vec::new())));
    let by_link = || Invite::find(text).ok().map(|it| (it.address, it.lan));
    match by_name.or_else(by_link) {
        Some((address, mut places)) => {
            places.extend(known.places(&address));
            let known = Acquaintances::new(identity, [address]);
            let who = Arc::new(OnePerson { address, known });
            Peer::Person { places, who }
        }
        None => Peer::Place(text.to_owned()),
    }
}

/// Tells one person by announcements.
#[derive(Debug)]
struct OnePerson {
    address: Address,
    known: Acquaintances,
}

impl Recognise for OnePerson {
    fn is_theirs(&self, announcement: &Announcement) -> bool {
        match self.known.recognise(announcement) {
            Some(Recognised::Acquaintance(address) | Recognised::Named(address, _)) => {
                address == self.address
            }
            None => false,
        }
    }
}

/// Examines, and writes each finding as it comes, or all of them as JSON.
///
/// # Errors
/// When it cannot be written.
pub async fn run(subjects: Subjects, json: bool, out: &mut impl Write) -> Result<Report> {
    let report = doctor::examine(subjects, |_| {}).await;
    if json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        for check in &report.checks {
            tell(check, out).context("cannot write what was found")?;
        }
    }
    Ok(report)
}

/// One line of what is the case, and one of what to do.
fn tell(check: &Check, out: &mut impl Write) -> std::io::Result<()> {
    let (word, title) = (check.verdict.word(), check.kind.title());
    writeln!(out, "{word}  {title}: {}", check.finding.cause())?;
    match check.finding.remedy() {
        Some(remedy) => writeln!(out, "      {remedy}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_meant_by_name_address_or_link_and_all_else_is_a_place() {
        let [me, bea] = [0; 2].map(|_| Identity::generate().unwrap());
        let people = [Person {
            address: bea.address().to_string(),
            name: "Bea".to_owned(),
            their_name: "Beatrix".to_owned(),
            contact: true,
            blocked: false,
            pinned_at: None,
            pinned_how: None,
        }];
        let alias = Identity::generate().unwrap();
        let hers = Announcement::hidden(&bea, &alias, 7000, &[me.address()]);
        let strangers = Announcement::hidden(&me, &alias, 7000, &[]);
        let address = bea.address().to_string();
        for text in ["bea", " Beatrix ", address.as_str()] {
            let Peer::Person { who, .. } = peer(text, &me, &people, &KnownPeople::default()) else {
                panic!("{text} is a person")
            };
            assert!(who.is_theirs(&hers) && !who.is_theirs(&strangers), "{text}");
        }
        for text in ["bea.local", "192.168.1.5:99", "[fe80::1%eth0]:99", ""] {
            let found = peer(text, &me, &people, &KnownPeople::default());
            assert!(
                matches!(found, Peer::Place(place) if place == text),
                "{text}"
            );
        }
    }
}
