//! What the doctor is asked to look at, and what a person reads of it.

use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use discovery::{Acquaintances, Announcement, AskError, Recognised};
use doctor::{Check, Device, OwnPort, Peer, Recognise, Report, Subjects};
use identity::{Address, Identity, Invite};
use media::backend::device::DeviceId;
use store::{KnownPeople, LanVisibility, Person, Remembered, Settings};

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
        port: OwnPort::NotOpen,
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

/// The port of an installation, for an examination by a program that is not it: the usual one, if
/// what is announced there is of this installation and not of another on the same machine. Silence
/// counts too: on loopback nothing but a firewall makes it, and whoever runs nowhere would use the
/// same port.
pub async fn running_port(us: &Remembered, usual: u16) -> OwnPort {
    let place = SocketAddr::from((Ipv4Addr::LOCALHOST, usual));
    let is_ours = match discovery::ask(place).await {
        Ok(said) => {
            let people = us.people.iter().filter_map(|it| it.address.parse().ok());
            Acquaintances::new(&us.identity, people).is_own(&said)
        }
        Err(AskError::Unreached(error)) => error.kind() == ErrorKind::TimedOut,
        Err(AskError::SaysNothing | AskError::NotAMember) => false,
    };
    match (is_ours, us.is_held) {
        (true, _) => OwnPort::At(usual),
        (false, true) => OwnPort::NotKnown,
        (false, false) => OwnPort::NotOpen,
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
pub async fn run(subjects: Subjects, json: bool, out: &mut (impl Write + Send)) -> Result<Report> {
    if json {
        let report = doctor::examine(subjects, |_| {}).await;
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
        return Ok(report);
    }
    // What cannot be written now is not tried again: the reader is gone.
    let written = Mutex::new((out, Ok(())));
    let report = doctor::examine(subjects, |check| {
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.1.is_ok() {
            written.1 = tell(check, &mut written.0);
        }
    })
    .await;
    let (_, written) = written.into_inner().unwrap_or_else(PoisonError::into_inner);
    written.context("cannot write what was found")?;
    Ok(report)
}

/// One line of what is the case, and one of what to do.
fn tell(check: &Check, out: &mut impl Write) -> std::io::Result<()> {
    let (word, title) = (check.verdict.word(), check.kind.title());
    writeln!(out, "{word:7}  {title}: {}", check.finding.cause())?;
    match check.finding.remedy() {
        Some(remedy) => writeln!(out, "         {remedy}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_usual_port_is_ours_where_our_own_announcement_is_and_not_anothers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let [ann, bea, alias] = [0; 3].map(|_| Identity::generate().unwrap());
        let said = |who| Announcement::hidden(who, &alias, port, &[]).to_bytes();
        let (ours, theirs) = (said(&ann), said(&bea));
        let us = |is_held| Remembered {
            identity: ann.clone(),
            settings: Settings::default(),
            people: Vec::new(),
            known: KnownPeople::default(),
            is_held,
        };
        let answering = tokio::spawn(async move {
            for body in [&ours[..], &theirs, &theirs, b"<html>"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _asked = stream.read(&mut [0; 500]).await.unwrap();
                let answer = [b"HTTP/1.1 200 OK\r\n\r\n", body].concat();
                stream.write_all(&answer).await.unwrap();
            }
        });
        let found = async |is_held| running_port(&us(is_held), port).await;
        assert_eq!(found(true).await, OwnPort::At(port));
        assert_eq!(found(true).await, OwnPort::NotKnown, "another profile");
        assert_eq!(found(false).await, OwnPort::NotOpen, "another profile");
        assert_eq!(found(true).await, OwnPort::NotKnown, "another program");
        answering.await.unwrap();
        assert_eq!(found(true).await, OwnPort::NotKnown, "no program");
        assert_eq!(found(false).await, OwnPort::NotOpen, "no program");
    }

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
