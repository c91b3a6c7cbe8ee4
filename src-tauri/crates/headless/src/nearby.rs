//! Who is near: `tincan nearby`.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use engine::Engine;
use engine::view::{LanState, LanView};
use serde_json::json;
use store::Person;
use tokio::time::{sleep, timeout};

/// Looks around for so long.
pub async fn look(engine: &Engine, lasting: Duration) -> LanView {
    sleep(lasting).await;
    engine.views().borrow().lan.clone()
}

/// Stops an engine that looked around, with a goodbye to those who saw it.
pub async fn stop(engine: Engine) {
    if timeout(PATIENCE, engine.stop()).await.is_err() {
        tracing::error!("the engine did not stop in time");
    }
}

/// Writes who is near, a line each: as JSON, or for people.
///
/// # Errors
/// When `out` takes nothing.
pub fn list(lan: &LanView, people: &[Person], json: bool, out: &mut impl Write) -> io::Result<()> {
    let saved: HashMap<&str, &str> = people
        .iter()
        .filter(|it| it.contact && !it.name.is_empty())
        .map(|it| (it.address.as_str(), it.name.as_str()))
        .collect();
    for person in &lan.nearby {
        let name = saved.get(person.address.as_str());
        let name = name.copied().unwrap_or(&person.name);
        if json {
            let line = json!({ "address": person.address, "name": name });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{}", format!("{}  {name}", person.address).trim_end())?;
        }
    }
    if !json && let Some(sentence) = sentence(lan) {
        writeln!(out, "{sentence}")?;
    }
    out.flush()
}

/// Why the list is empty.
fn sentence(lan: &LanView) -> Option<&'static str> {
    if !lan.nearby.is_empty() {
        return None;
    }
    Some(match lan.state {
        LanState::Off => "Nobody is looked for on your networks: see --lan.",
        LanState::Joining | LanState::On => "Nobody you can see is on your networks.",
        LanState::Failed => "Your networks cannot be used now.",
    })
}

/// The engine's promise is one second.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use engine::view::NearbyPerson;

    use super::*;

    fn person(address: &str, name: &str) -> NearbyPerson {
        NearbyPerson {
            address: address.to_owned(),
            name: name.to_owned(),
        }
    }

    fn contact(address: &str, name: &str) -> Person {
        serde_json::from_value(json!({
            "address": address, "name": name, "theirName": "", "contact": true, "blocked": false,
            "pinnedAt": null, "pinnedHow": null,
        }))
        .unwrap()
    }

    fn listed(lan: &LanView, json: bool) -> String {
        let mut out = Vec::new();
        let people = [contact("tincan:a", "Mum"), contact("tincan:b", "")];
        list(lan, &people, json, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn people_are_told_by_the_users_name_for_them_and_else_by_their_own() {
        let lan = LanView {
            state: LanState::On,
            nearby: vec![
                person("tincan:a", "Ada"),
                person("tincan:b", "Bea"),
                person("tincan:c", ""),
            ],
            places: Vec::new(),
        };
        let text = "tincan:a  Mum\ntincan:b  Bea\ntincan:c\n";
        assert_eq!(listed(&lan, false), text);
        let json = listed(&lan, true);
        let first = json.lines().next().unwrap();
        assert_eq!(first, r#"{"address":"tincan:a","name":"Mum"}"#);
        assert_eq!(json.lines().count(), 3);
    }

    #[test]
    fn an_empty_list_says_why_and_as_json_it_is_empty() {
        for state in [
            LanState::Off,
            LanState::Joining,
            LanState::On,
            LanState::Failed,
        ] {
            let lan = LanView {
                state,
                nearby: Vec::new(),
                places: Vec::new(),
            };
            assert_eq!(listed(&lan, false).lines().count(), 1);
            assert_eq!(listed(&lan, true), "");
        }
    }
}
