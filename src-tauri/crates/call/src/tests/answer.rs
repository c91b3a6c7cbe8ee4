//! From the answer to media.

use std::time::Duration;

use super::courier::{Courier, Fate, HOP};
use super::duo::{DIRECT, Duo, PATH_SET_UP};
use super::station::Who::{Alice, Bob, Carol};
use crate::carrier::Carrier;
use crate::controls::OFF;
use crate::input::{Command, Transport};
use crate::message::{Body, ControlsReport, Over};
use crate::output::Sound;
use crate::reason::EndReason;
use crate::view::{ActivePhase, CallView, Controls, Lacking};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_call_that_is_accepted_flows() {
    let duo = Duo::in_a_call();
    assert!(
        duo.at(Alice)
            .sounds
            .ends_with(&[Sound::Silence, Sound::Connected])
    );
    assert!(
        duo.at(Bob)
            .sounds
            .ends_with(&[Sound::Silence, Sound::Connected])
    );
    let both = Controls {
        microphone: true,
        camera: true,
    };
    assert_eq!((duo.shows(Alice), duo.sees(Alice)), (both, both));
    assert_eq!((duo.shows(Bob), duo.sees(Bob)), (both, both));
}

#[test]
fn from_the_answer_to_media_it_is_one_hop_and_the_path() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND * 5);
    duo.accept(Bob);
    let connected = |duo: &Duo| {
        [Alice, Bob]
            .into_iter()
            .all(|who| duo.phase(who) == Some(ActivePhase::Connected))
    };
    let took = duo.time_until(connected);
    assert!(took <= HOP + PATH_SET_UP + DIRECT, "{took:?}");
}

#[test]
fn an_answer_without_video_leaves_the_camera_off() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.command(Bob, Command::Accept { video: false });
    duo.run(SECOND);
    duo.assert_in_a_call();
    assert_eq!(
        duo.sees(Alice),
        Controls {
            microphone: true,
            camera: false
        }
    );
    assert_eq!(
        duo.shows(Bob),
        Controls {
            microphone: true,
            camera: false
        }
    );
}

#[test]
fn the_duration_counts_from_the_first_media() {
    let mut duo = Duo::in_a_call();
    duo.run(SECOND * 60);
    let CallView::Active {
        connected_for_ms: Some(ms),
        ..
    } = duo.view(Alice)
    else {
        panic!("not connected")
    };
    assert!((61_000..=62_000).contains(&ms), "{ms}");
}

#[test]
fn a_path_that_comes_before_the_word_waits_for_it() {
    // Bob's answer takes a second longer than his session's parcels.
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.courier = Courier::with(vec![Fate::late(SECOND), Fate::FAIR, Fate::FAIR, Fate::FAIR]);
    duo.accept(Bob);
    duo.run(SECOND / 2);
    assert!(matches!(duo.view(Alice), CallView::Outgoing { .. }));
    assert!(
        !duo.at(Alice).captured.microphone,
        "nothing leaves before the word"
    );
    assert_eq!(duo.phase(Bob), Some(ActivePhase::Connected));
    duo.run(SECOND);
    duo.assert_in_a_call();
}

#[test]
fn an_answer_that_is_lost_is_said_again() {
    let mut duo = Duo::new();
    duo.path_possible = false;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.courier = Courier::with(vec![Fate::lost(), Fate::FAIR]);
    duo.accept(Bob);
    duo.courier = Courier::fair();
    duo.run(SECOND * 3);
    assert_eq!(duo.phase(Alice), Some(ActivePhase::Connecting));
}

#[test]
fn an_answer_that_is_lost_is_said_again_though_the_path_is_there() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.courier = Courier::with(vec![Fate::lost(), Fate::FAIR]);
    duo.accept(Bob);
    duo.courier = Courier::fair();
    duo.run(SECOND * 4);
    duo.assert_in_a_call();
}

#[test]
fn an_answer_that_overtakes_the_confirmation_counts() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.courier = Courier::with(vec![Fate::late(SECOND), Fate::FAIR]);
    duo.run(HOP * 2);
    duo.courier = Courier::fair();
    duo.accept(Bob);
    duo.run(SECOND * 2);
    duo.assert_in_a_call();
}

#[test]
fn everything_twice_is_as_good_as_once() {
    let twice = Fate {
        repeated: true,
        ..Fate::FAIR
    };
    let mut duo = Duo::with(Courier::with(vec![twice]));
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.accept(Bob);
    duo.run(SECOND * 2);
    duo.assert_in_a_call();
    duo.end(Bob);
    duo.run(SECOND);
    duo.assert_ended(EndReason::RemoteHangup, EndReason::LocalHangup);
}

#[test]
fn no_path_for_20_seconds_ends_both() {
    let mut duo = Duo::new();
    duo.path_possible = false;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.accept(Bob);
    duo.run(SECOND * 19);
    assert_eq!(duo.phase(Alice), Some(ActivePhase::Connecting));
    duo.run(SECOND * 3);
    duo.assert_ended(EndReason::NoPath, EndReason::NoPath);
}

#[test]
fn a_session_that_fails_at_once_ends_both() {
    let mut duo = Duo::new();
    duo.path_possible = false;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.accept(Bob);
    duo.run(SECOND);
    let session = duo.session(Bob);
    duo.tell_session(Bob, session, Transport::Failed);
    duo.run(SECOND);
    duo.assert_ended(EndReason::NoPath, EndReason::NoPath);
}

#[test]
fn a_session_that_is_silent_before_it_connects_is_not_taken_for_a_path() {
    let mut duo = Duo::new();
    duo.path_possible = false;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    let session = duo.session(Alice);
    duo.tell_session(Alice, session, Transport::Silent(SECOND * 3));
    duo.tell_session(Alice, session, Transport::Silent(Duration::ZERO));
    duo.accept(Bob);
    duo.run(SECOND);
    assert_eq!(duo.phase(Alice), Some(ActivePhase::Connecting));
    duo.tell_session(Alice, session, Transport::Silent(SECOND * 3));
    duo.tell_session(Alice, session, Transport::Silent(Duration::ZERO));
    assert_eq!(duo.phase(Alice), Some(ActivePhase::Connecting));
}

#[test]
fn a_path_that_goes_again_before_the_acceptance_is_waited_for() {
    let mut duo = Duo::new();
    duo.path_possible = false;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    let session = duo.session(Alice);
    duo.tell_session(Alice, session, Transport::Connected);
    duo.tell_session(Alice, session, Transport::Disconnected);
    duo.accept(Bob);
    duo.run(SECOND);
    assert_eq!(duo.phase(Alice), Some(ActivePhase::Connecting));
    duo.tell_session(Alice, session, Transport::Connected);
    assert_eq!(duo.phase(Alice), Some(ActivePhase::Connected));
}

#[test]
fn a_caller_that_dies_right_after_the_answer_is_noticed() {
    let mut duo = Duo::new();
    duo.path_possible = false;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.kill(Alice);
    duo.accept(Bob);
    let noticed = duo.time_until(|duo| duo.is_over(Bob));
    assert!(noticed < SECOND * 8, "{noticed:?}");
    assert_eq!(duo.reason(Bob), Some(EndReason::PeerGone));
}

#[test]
fn strangers_cannot_touch_a_call() {
    let mut duo = Duo::new();
    let call = duo.dial(Alice, Bob);
    duo.run(SECOND);
    let accept = Body::Accept {
        name: String::new(),
        instead_of: None,
        via: Carrier::Direct,
    };
    for body in [
        accept,
        Body::Over {
            why: Over::Declined,
        },
        Body::Ringing,
    ] {
        duo.word(Carol, Alice, call, body.clone());
        duo.word(Carol, Bob, call, body);
    }
    duo.run(SECOND);
    assert!(matches!(duo.view(Alice), CallView::Outgoing { .. }));
    assert!(duo.rings(Bob));
    duo.accept(Bob);
    duo.run(SECOND);
    let off = ControlsReport::new(u64::MAX, OFF, Lacking::default());
    duo.word(Carol, Alice, call, Body::Controls(off));
    duo.word(Carol, Alice, call, Body::Over { why: Over::HungUp });
    duo.run(SECOND);
    duo.assert_in_a_call();
    assert!(duo.sees(Alice).microphone);
}

#[test]
fn a_name_that_was_unknown_is_learned_with_the_answer() {
    let mut duo = Duo::new();
    let call = crate::id::CallId(7);
    let peer = crate::id::Peer {
        name: String::new(),
        ..Bob.peer()
    };
    duo.command(
        Alice,
        Command::Dial {
            call,
            peer,
            video: true,
            via: Carrier::Direct,
        },
    );
    duo.run(SECOND);
    duo.accept(Bob);
    duo.run(SECOND);
    let CallView::Active { peer, .. } = duo.view(Alice) else {
        panic!("no call")
    };
    assert_eq!(peer, Bob.peer());
}
