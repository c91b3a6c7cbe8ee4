//! Local networks with nothing around: no route to anywhere, no name server, no relay. People there
//! see each other, call each other, and are told the truth where they cannot.
//!
//! Scenarios run side by side: they wait more than they work, and each has hosts of its own.

mod beyond;
mod crowd;
mod doctor;
mod finders;
mod flood;
mod isolation;
mod near;
mod networks;

use std::time::Duration;

use anyhow::Result;
use scenarios::lab::{Addresses, Lab, Link, Segment};
use scenarios::lan::Person;
use scenarios::turn::skip;
use tempfile::TempDir;

/// People on one network, each on a host of their own.
struct Room {
    people: Vec<Person>,
    links: Vec<Link>,
    net: Segment,
    lab: Lab,
    homes: TempDir,
}

impl Room {
    /// One with these people, who call themselves as they are called. None where there is no lab
    /// here, which is said.
    async fn of(names: &[&str], addresses: Addresses) -> Result<Option<Self>> {
        let mut lab = match Lab::start() {
            Ok(lab) => lab,
            Err(error) => {
                skip("a local network", &format!("{error:#}"));
                return Ok(None);
            }
        };
        let (net, homes) = (lab.segment()?, tempfile::tempdir()?);
        let mut room = Self {
            people: Vec::new(),
            links: Vec::new(),
            net,
            lab,
            homes,
        };
        for name in names {
            room.enter(name, name, addresses).await?;
        }
        Ok(Some(room))
    }

    /// Another one comes.
    async fn enter(&mut self, name: &str, calls_itself: &str, addresses: Addresses) -> Result<()> {
        let host = self.lab.host()?;
        self.links.push(self.net.join(&host, "eth0", addresses)?);
        let person = Person::new(self.homes.path(), name, calls_itself, &host).await?;
        self.people.push(person);
        Ok(())
    }

    fn two(&self) -> (&Person, &Person) {
        (&self.people[0], &self.people[1])
    }
}

/// Within which it comes on a busy machine.
const SOON: Duration = Duration::from_secs(10);

const KNOWN: [&str; 2] = ["--lan", "known"];
const EVERYONE: [&str; 2] = ["--lan", "everyone"];
const KNOWN_AUTO: [&str; 3] = ["--lan", "known", "--auto"];
const EVERYONE_AUTO: [&str; 3] = ["--lan", "everyone", "--auto"];
