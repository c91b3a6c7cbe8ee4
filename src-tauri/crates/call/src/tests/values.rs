//! Phones and reasons as plain values: compared, copied, hashed and listed.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use super::duo::Duo;
use super::station::Who::{Alice, Bob};
use crate::input::{Command, Input};
use crate::output::Output;
use crate::phone::Phone;
use crate::reason::EndReason;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_phone_and_all_that_goes_in_and_out_can_be_searched() {
    fn searchable<T: Clone + Eq + Hash + Debug>() {}
    searchable::<Phone>();
    searchable::<Input>();
    searchable::<Output>();
}

#[test]
fn phones_are_equal_when_the_same_happened_to_them() {
    let mut duo = Duo::in_a_call();
    let before = duo.at(Alice).phone.clone();
    assert_eq!(before, Duo::in_a_call().at(Alice).phone);
    duo.command(Alice, Command::SetMicrophone(false));
    assert_ne!(before, duo.at(Alice).phone);
}

#[test]
fn a_copy_of_a_phone_goes_its_own_way() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    let mut phones = HashSet::new();
    for command in [
        Command::Accept { video: true },
        Command::Accept { video: false },
        Command::Decline,
        Command::End,
        Command::SetCamera(true),
        Command::Dismiss,
    ] {
        let mut copy = duo.at(Bob).phone.clone();
        copy.handle(duo.now, Input::Command(command));
        phones.insert(copy);
    }
    // To end is to decline, and dismissing does nothing.
    assert_eq!(phones.len(), 5);
    assert!(phones.contains(&duo.at(Bob).phone));
}

#[test]
fn the_list_of_reasons_has_each_of_them_once() {
    let listed: Vec<String> = EndReason::ALL
        .iter()
        .map(|reason| serde_json::to_string(reason).unwrap())
        .map(|json| json.trim_matches('"').to_owned())
        .collect();
    // The parser's complaint names every variant there is.
    let complaint = serde_json::from_str::<EndReason>(r#""?""#).unwrap_err();
    let complaint = complaint.to_string();
    let named: Vec<&str> = complaint.split('`').skip(3).step_by(2).collect();
    assert_eq!(listed, named, "{complaint}");
}
