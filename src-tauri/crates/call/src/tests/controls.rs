//! Microphone and camera: what is true here is what is shown there.

use std::time::Duration;

use super::courier::HOP;
use super::duo::{DIRECT, Duo};
use super::station::Who::{Alice, Bob};
use crate::input::{Command, Input};
use crate::message::{Body, ControlsReport};
use crate::view::{Controls, Lacking};

const SECOND: Duration = Duration::from_secs(1);
const ON: Controls = Controls {
    microphone: true,
    camera: true,
};
const NO_CAMERA: Lacking = Lacking {
    microphone: false,
    camera: true,
};
const MUTED: Controls = Controls {
    microphone: false,
    camera: true,
};

#[test]
fn mute_is_seen_at_once_through_the_session() {
    let mut duo = Duo::in_a_call();
    let sent = duo.at(Alice).said.len();
    duo.command(Alice, Command::SetMicrophone(false));
    let took = duo.time_until(|duo| duo.sees(Bob) == MUTED);
    assert!(took <= DIRECT * 2, "{took:?}");
    assert_eq!(duo.shows(Alice), MUTED);
    assert_eq!(duo.at(Alice).said.len(), sent, "the relay is not needed");
    duo.command(Alice, Command::SetMicrophone(true));
    duo.run(HOP);
    assert!(duo.sees(Bob).microphone);
}

#[test]
fn a_camera_that_does_not_start_is_not_shown_as_on() {
    let mut duo = Duo::new();
    duo.at_mut(Bob).gates.camera = false;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.accept(Bob);
    duo.run(SECOND);
    let no_camera = Controls {
        microphone: true,
        camera: false,
    };
    assert_eq!((duo.shows(Bob), duo.sees(Alice)), (no_camera, no_camera));
    // It is free again and the user tries once more.
    duo.at_mut(Bob).gates.camera = true;
    duo.command(Bob, Command::SetCamera(true));
    duo.run(HOP);
    assert!(duo.sees(Alice).camera);
}

#[test]
fn a_device_that_is_lost_is_told() {
    let mut duo = Duo::in_a_call();
    duo.feed(
        Alice,
        Input::Capture {
            microphone: true,
            camera: false,
            lacking: Lacking::default(),
        },
    );
    duo.run(HOP);
    assert!(!duo.sees(Bob).camera);
}

#[test]
fn wishes_while_it_rings_hold_from_the_start() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.command(Alice, Command::SetMicrophone(false));
    duo.run(SECOND);
    duo.command(Alice, Command::SetCamera(false));
    assert_eq!(
        duo.shows(Alice),
        Controls {
            microphone: false,
            camera: false
        }
    );
    duo.accept(Bob);
    duo.run(SECOND);
    duo.assert_in_a_call();
    assert_eq!(
        duo.sees(Bob),
        Controls {
            microphone: false,
            camera: false
        }
    );
    assert_eq!(
        duo.at(Alice).captured,
        Controls {
            microphone: false,
            camera: false
        }
    );
}

#[test]
fn wishes_while_it_connects_hold() {
    let mut duo = Duo::new();
    duo.path_possible = false;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.accept(Bob);
    duo.command(Bob, Command::SetMicrophone(false));
    duo.run(SECOND);
    assert_eq!(
        duo.sees(Alice),
        MUTED,
        "told through signaling as long as there is no path"
    );
}

#[test]
fn an_old_report_cannot_undo_a_new_one() {
    let mut duo = Duo::in_a_call();
    let call = duo.at(Alice).phone.call().unwrap();
    duo.command(Alice, Command::SetMicrophone(false));
    duo.run(HOP);
    duo.word(
        Alice,
        Bob,
        call,
        Body::Controls(ControlsReport::new(1, ON, Lacking::default())),
    );
    duo.run(HOP);
    assert_eq!(duo.sees(Bob), MUTED);
}

#[test]
fn a_report_that_is_lost_heals_within_a_second() {
    let mut duo = Duo::in_a_call();
    let call = duo.at(Alice).phone.call().unwrap();
    duo.cut_path_for(DIRECT);
    duo.command(Alice, Command::SetMicrophone(false));
    duo.run(SECOND + HOP);
    assert_eq!(duo.at(Alice).phone.call(), Some(call));
    assert_eq!(duo.sees(Bob), MUTED);
}

#[test]
fn a_change_during_a_gap_goes_through_the_relay() {
    let mut duo = Duo::in_a_call();
    duo.cut_path();
    duo.run(SECOND * 3);
    duo.command(Alice, Command::SetMicrophone(false));
    duo.run(HOP * 2);
    assert_eq!(duo.sees(Bob), MUTED);
}

#[test]
fn a_change_that_does_not_come_through_the_session_goes_through_the_relay() {
    // Media is heard, and the session's channel has not come back yet.
    let mut duo = Duo::in_a_call();
    duo.run(SECOND * 5);
    let through_relay = |duo: &Duo| {
        duo.at(Alice)
            .count(|body| matches!(body, Body::Controls(_)))
    };
    let before = through_relay(&duo);
    duo.run(SECOND * 60);
    assert_eq!(through_relay(&duo), before);
    duo.reports_silence = false;
    duo.cut_path();
    duo.command(Alice, Command::SetMicrophone(false));
    duo.run(SECOND * 4);
    assert_eq!(duo.sees(Bob), MUTED);
    duo.assert_in_a_call();
}

#[test]
fn after_the_call_nothing_is_captured() {
    let mut duo = Duo::in_a_call();
    duo.end(Alice);
    duo.run(SECOND);
    let off = Controls {
        microphone: false,
        camera: false,
    };
    assert_eq!((duo.at(Alice).captured, duo.at(Bob).captured), (off, off));
}

#[test]
fn a_camera_that_is_wanted_and_missing_is_told_to_both() {
    let mut duo = Duo::new();
    duo.at_mut(Bob).gates.camera = false;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.accept(Bob);
    duo.run(SECOND);
    assert_eq!(duo.sees_lacking(Alice), NO_CAMERA);
    assert_eq!(duo.sees_lacking(Bob), Lacking::default());
    // Bob does without: now it is off because he wants it so.
    duo.command(Bob, Command::SetCamera(false));
    duo.run(HOP);
    assert_eq!(duo.sees_lacking(Alice), Lacking::default());
}

#[test]
fn a_device_that_goes_missing_is_told_though_its_gate_was_shut() {
    let mut duo = Duo::in_a_call();
    duo.command(Alice, Command::SetMicrophone(false));
    duo.run(HOP);
    let muted = |lacking| Input::Capture {
        microphone: false,
        camera: true,
        lacking,
    };
    let no_microphone = Lacking {
        microphone: true,
        camera: false,
    };
    duo.feed(Alice, muted(no_microphone));
    duo.run(HOP);
    assert_eq!(duo.sees_lacking(Bob), no_microphone);
    duo.feed(Alice, muted(Lacking::default()));
    duo.run(HOP);
    assert_eq!(duo.sees_lacking(Bob), Lacking::default());
}

#[test]
fn a_missing_device_is_told_again_every_second() {
    let mut duo = Duo::in_a_call();
    duo.cut_path_for(DIRECT);
    duo.feed(
        Alice,
        Input::Capture {
            microphone: true,
            camera: false,
            lacking: NO_CAMERA,
        },
    );
    duo.run(SECOND + HOP);
    assert_eq!(duo.sees_lacking(Bob), NO_CAMERA);
}

#[test]
fn a_new_call_lacks_nothing_until_it_is_told() {
    let mut duo = Duo::new();
    duo.at_mut(Bob).gates.camera = false;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.accept(Bob);
    duo.run(SECOND);
    assert_eq!(duo.sees_lacking(Alice), NO_CAMERA);
    duo.end(Alice);
    duo.run(SECOND * 4);
    duo.at_mut(Bob).gates.camera = true;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.accept(Bob);
    duo.run(SECOND);
    duo.assert_in_a_call();
    assert_eq!(duo.sees_lacking(Alice), Lacking::default());
}
