//! Paths and links that come and go, and programs that die.

use std::time::Duration;

use super::duo::Duo;
use super::station::Who::{Alice, Bob};
use crate::input::{Input, Transport};
use crate::message::Body;
use crate::output::{Output, Sound};
use crate::reason::EndReason;
use crate::view::ActivePhase;

const SECOND: Duration = Duration::from_secs(1);

fn both(duo: &Duo, phase: ActivePhase) -> bool {
    duo.phase(Alice) == Some(phase) && duo.phase(Bob) == Some(phase)
}

#[test]
fn a_lost_path_is_shown_when_the_silence_reaches_two_seconds_and_comes_back() {
    let mut duo = Duo::in_a_call();
    duo.cut_path();
    let shown = duo.time_until(|duo| both(duo, ActivePhase::Reconnecting));
    assert_eq!(shown, SECOND * 2);
    assert_eq!(duo.at(Alice).sounds.last(), Some(&Sound::Lost));
    duo.mend_path();
    duo.run(SECOND);
    duo.assert_in_a_call();
    duo.run(SECOND * 60);
    duo.assert_in_a_call();
}

#[test]
fn a_gap_of_less_than_two_seconds_passes_unseen() {
    for gap in [500, 900, 1500, 1900] {
        let mut duo = Duo::in_a_call();
        let session = duo.session(Alice);
        duo.cut_path_for(Duration::from_millis(gap));
        // A session that is quick to worry.
        duo.run(Duration::from_millis(100));
        duo.tell_session(Alice, session, Transport::Disconnected);
        for _ in 0..40 {
            duo.run(Duration::from_millis(100));
            duo.assert_in_a_call();
        }
        assert!(!duo.at(Alice).sounds.contains(&Sound::Lost));
        assert!(duo.at(Alice).renewals.is_empty());
    }
}

#[test]
fn a_pair_that_ice_lost_is_shown_after_two_seconds_of_silence() {
    let mut duo = Duo::in_a_call();
    let session = duo.session(Alice);
    duo.reports_silence = false;
    duo.cut_path();
    duo.tell_session(Alice, session, Transport::Disconnected);
    let reconnects = |duo: &Duo| duo.phase(Alice) == Some(ActivePhase::Reconnecting);
    assert_eq!(duo.time_until(reconnects), SECOND * 2);
    // The session was silent for a while when it lost its pair.
    let mut duo = Duo::in_a_call();
    let session = duo.session(Alice);
    duo.cut_path();
    let lost = duo.now;
    duo.run(Duration::from_millis(1500));
    duo.reports_silence = false;
    duo.tell_session(Alice, session, Transport::Disconnected);
    duo.time_until(reconnects);
    assert_eq!(duo.now.since(lost), SECOND * 2);
    duo.time_until(|duo| duo.is_over(Alice));
    assert_eq!(duo.now.since(lost), SECOND * 45);
}

#[test]
fn a_silence_that_is_reported_late_counts_from_its_beginning() {
    let mut duo = Duo::in_a_call();
    let session = duo.session(Alice);
    duo.reports_silence = false;
    duo.cut_path();
    duo.run(SECOND * 5);
    for who in [Alice, Bob] {
        duo.tell_session(who, session, Transport::Silent(SECOND * 5));
    }
    assert!(both(&duo, ActivePhase::Reconnecting));
    duo.run(Duration::from_millis(1));
    assert_eq!(duo.at(Alice).renewals.len(), 1, "due already");
    let more = duo.time_until(|duo| duo.is_over(Alice));
    assert_eq!(more, SECOND * 40 - Duration::from_millis(1));
}

#[test]
fn what_is_heard_again_ends_the_silence() {
    let mut duo = Duo::in_a_call();
    let session = duo.session(Alice);
    duo.cut_path();
    duo.run(SECOND * 20);
    assert!(both(&duo, ActivePhase::Reconnecting));
    for report in [Transport::Silent(Duration::ZERO), Transport::Connected] {
        duo.tell_session(Alice, session, Transport::Silent(SECOND * 3));
        assert_eq!(duo.phase(Alice), Some(ActivePhase::Reconnecting));
        duo.tell_session(Alice, session, report);
        assert_eq!(duo.phase(Alice), Some(ActivePhase::Connected));
    }
}

#[test]
fn reports_of_silence_cause_nothing_but_the_first() {
    let mut duo = Duo::in_a_call();
    let session = duo.session(Alice);
    let now = duo.now;
    let mut silent_for = |ms| {
        let station = duo.at_mut(Alice);
        let state = Transport::Silent(Duration::from_millis(ms));
        station
            .phone
            .handle(now, Input::Transport { session, state });
        station.outputs(now)
    };
    for ms in 1..2000 {
        assert_eq!(silent_for(ms), []);
    }
    assert_eq!(silent_for(2000), [Output::Sound(Sound::Lost)]);
    for ms in 1..9000 {
        assert_eq!(silent_for(ms), []);
    }
}

#[test]
fn a_path_that_only_a_new_session_finds_is_found() {
    let mut duo = Duo::in_a_call();
    duo.renewal_needed = true;
    duo.cut_path_for(SECOND * 20);
    duo.run(SECOND * 19);
    assert!(both(&duo, ActivePhase::Reconnecting));
    duo.run(SECOND * 8);
    duo.assert_in_a_call();
}

#[test]
fn a_link_that_comes_back_during_a_gap_leads_to_a_new_session_at_once() {
    let mut duo = Duo::in_a_call();
    duo.renewal_needed = true;
    duo.link(Alice, false);
    duo.cut_path();
    duo.run(SECOND * 4);
    duo.mend_path();
    duo.link(Alice, true);
    duo.run(SECOND / 2);
    duo.assert_in_a_call();
}

#[test]
fn a_path_that_stays_away_ends_both_at_45_seconds() {
    let mut duo = Duo::in_a_call();
    duo.cut_path();
    let ended = duo.time_until(|duo| duo.is_over(Alice) && duo.is_over(Bob));
    assert_eq!(ended, SECOND * 45);
    duo.run(SECOND);
    duo.assert_ended(EndReason::ConnectionLost, EndReason::ConnectionLost);
}

#[test]
fn a_lost_network_is_no_death() {
    // Relay and path are lost together; the relay notices after the time of its heartbeats.
    let mut duo = Duo::in_a_call();
    duo.cut_path();
    duo.hung = Some(Bob);
    duo.run(SECOND * 12);
    duo.hung = None;
    duo.link(Bob, false);
    duo.run(SECOND * 15);
    assert!(both(&duo, ActivePhase::Reconnecting));
    duo.link(Bob, true);
    duo.mend_path();
    duo.run(SECOND * 2);
    duo.assert_in_a_call();
}

#[test]
fn a_walk_to_another_network_is_no_death() {
    // The path is lost, and Bob's link to the relay breaks and comes back through the new network.
    for after in 0..12 {
        let mut duo = Duo::in_a_call();
        duo.cut_path();
        duo.run(SECOND * after);
        duo.link(Bob, false);
        duo.run(Duration::from_millis(900));
        duo.link(Bob, true);
        duo.run(SECOND * 5);
        assert!(both(&duo, ActivePhase::Reconnecting), "at {after} s");
    }
}

#[test]
fn a_relay_that_goes_away_does_not_touch_a_call() {
    let mut duo = Duo::in_a_call();
    duo.link(Alice, false);
    duo.link(Bob, false);
    duo.run(SECOND * 600);
    duo.assert_in_a_call();
    assert!(duo.at(Alice).renewals.is_empty());
}

#[test]
fn a_program_that_is_killed_is_noticed_within_eight_seconds() {
    for (dies, lives) in [(Alice, Bob), (Bob, Alice)] {
        let mut duo = Duo::in_a_call();
        duo.kill(dies);
        let noticed = duo.time_until(|duo| duo.is_over(lives));
        assert!(noticed < SECOND * 8, "{noticed:?}");
        assert_eq!(duo.reason(lives), Some(EndReason::PeerGone));
        duo.run(SECOND);
        duo.assert_released();
    }
}

#[test]
fn somebody_whom_the_relay_calls_silent_at_once_or_does_not_know_has_not_died() {
    // The relay's heartbeats may fail while those of the session still count; one that was
    // restarted knows nobody until they are back.
    for relay_says_why in [true, false] {
        let mut duo = Duo::in_a_call();
        duo.relay_says_why = relay_says_why;
        duo.cut_path();
        duo.link(Bob, false);
        duo.run(SECOND * 12);
        assert!(both(&duo, ActivePhase::Reconnecting), "{relay_says_why}");
    }
}

#[test]
fn a_program_that_is_killed_during_an_outage_is_noticed_too() {
    // They were heard through the relay until then, in answer to a new session.
    for (relay_says_why, at_most) in [(true, SECOND * 6), (false, SECOND * 30)] {
        let mut duo = Duo::in_a_call();
        duo.relay_says_why = relay_says_why;
        duo.cut_path();
        duo.run(SECOND * 20);
        duo.kill(Bob);
        let noticed = duo.time_until(|duo| duo.is_over(Alice));
        assert!(noticed < at_most, "{noticed:?}");
        let reason = if relay_says_why {
            EndReason::PeerGone
        } else {
            EndReason::ConnectionLost
        };
        assert_eq!(duo.reason(Alice), Some(reason));
    }
}

#[test]
fn media_that_does_not_prove_to_be_the_announced_one_ends_the_call_on_both_sides() {
    let mut ringing = Duo::new();
    ringing.dial(Alice, Bob);
    ringing.run(SECOND);
    let mut connecting = Duo::new();
    connecting.path_possible = false;
    connecting.dial(Alice, Bob);
    connecting.run(SECOND);
    connecting.accept(Bob);
    connecting.run(SECOND);
    let mut reconnecting = Duo::in_a_call();
    reconnecting.cut_path();
    reconnecting.run(SECOND * 3);
    for mut duo in [ringing, connecting, Duo::in_a_call(), reconnecting] {
        let session = duo.session(Alice);
        duo.tell_session(Alice, session, Transport::Insecure);
        duo.run(SECOND);
        duo.assert_ended(EndReason::NotSecure, EndReason::NotSecure);
    }
}

#[test]
fn a_call_is_healthy_while_its_session_hears_something_though_no_message_comes() {
    // After a long outage the session's channel may be slow to come back while media flows.
    let mut duo = Duo::in_a_call();
    duo.reports_silence = false;
    duo.cut_path();
    duo.run(SECOND * 120);
    duo.assert_in_a_call();
}

#[test]
fn parcels_go_through_the_session_while_it_has_a_path_and_every_way_when_they_may_be_lost() {
    let mut duo = Duo::in_a_call();
    duo.run(SECOND * 2);
    let session = duo.session(Alice);
    let through_relay = |duo: &Duo| {
        duo.at(Alice)
            .count(|body| matches!(body, Body::Parcel { session: 0, .. }))
    };
    let before = through_relay(&duo);
    duo.parcel(Alice, session, vec![1; 200]);
    duo.run(SECOND * 10);
    assert_eq!(through_relay(&duo), before);
    // Too large for the session's channel.
    duo.parcel(Alice, session, vec![1; 30_000]);
    duo.run(SECOND * 10);
    assert_eq!(through_relay(&duo), before + 1);
    // Lost with the path.
    duo.cut_path();
    duo.parcel(Alice, session, vec![1; 200]);
    duo.run(SECOND * 10);
    // Once more where the acknowledgement was lost with the path, too.
    assert!((before + 2..=before + 3).contains(&through_relay(&duo)));
}

#[test]
fn an_answer_survives_a_relay_that_is_restarted() {
    for (step, away) in (0..20).zip([1, 2, 3].into_iter().cycle()) {
        let mut duo = Duo::new();
        duo.dial(Alice, Bob);
        duo.run(SECOND);
        duo.accept(Bob);
        duo.run(Duration::from_millis(10 * step));
        duo.lose_what_is_on_its_way();
        duo.link(Alice, false);
        duo.link(Bob, false);
        duo.run(SECOND * away);
        duo.link(Bob, true);
        duo.run(SECOND / 2);
        duo.link(Alice, true);
        duo.run(SECOND * 6);
        duo.assert_in_a_call();
    }
}

#[test]
fn without_a_relay_no_session_is_begun_and_the_old_path_comes_back() {
    let mut duo = Duo::in_a_call();
    for who in [Alice, Bob] {
        duo.link(who, false);
    }
    duo.cut_path_for(SECOND * 30);
    duo.run(SECOND * 31);
    duo.assert_in_a_call();
    assert!(duo.at(Alice).renewals.is_empty());
}
