//! What carries a call: chosen by the caller, followed by the callee, asked for in time.

use std::time::Duration;

use super::courier::HOP;
use super::duo::Duo;
use super::station::Who::{Alice, Bob};
use crate::carrier::{Carrier, Carriers};
use crate::id::CallId;
use crate::input::{Input, ServerFault, Transport};
use crate::message::{Body, Over};
use crate::phone::Config;
use crate::reason::EndReason;
use crate::view::ActivePhase;

const SECOND: Duration = Duration::from_secs(1);

fn calls() -> Duo {
    let mut duo = Duo::new();
    duo.via = Carrier::LiveKit;
    duo
}

#[test]
fn both_sides_use_what_the_caller_chose() {
    for via in Carrier::ALL {
        let duo = Duo::in_a_call_via(*via);
        assert_eq!(duo.at(Alice).carriers, [*via]);
        assert_eq!(duo.at(Bob).carriers, [*via]);
    }
}

#[test]
fn access_is_asked_for_while_it_rings_and_used_after_the_answer() {
    let mut duo = calls();
    let call = duo.dial(Alice, Bob);
    assert_eq!(duo.at(Alice).asked, [(call, Bob.address().to_owned())]);
    duo.run(HOP);
    assert_eq!(duo.at(Bob).asked, [(call, Alice.address().to_owned())]);
    duo.run(5 * SECOND);
    assert_eq!((duo.at(Alice).opened, duo.at(Bob).opened), (0, 0));
    duo.accept(Bob);
    duo.run(SECOND);
    duo.assert_in_a_call();
    assert_eq!((duo.at(Alice).opened, duo.at(Bob).opened), (1, 1));
    assert_eq!(duo.at(Alice).asked.len() + duo.at(Bob).asked.len(), 2);
}

#[test]
fn a_direct_call_asks_nobody() {
    let duo = Duo::in_a_call();
    assert_eq!(duo.at(Alice).asked, []);
    assert_eq!(duo.at(Bob).asked, []);
}

#[test]
fn nobody_is_rung_for_a_call_that_nothing_here_can_carry() {
    let mut duo = calls();
    duo.at_mut(Bob).phone.configure(Config::default());
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    assert_eq!(duo.reason(Alice), Some(EndReason::Incompatible));
    assert_eq!(duo.at(Bob).sounds, []);
    assert_eq!(duo.at(Bob).asked, []);
}

#[test]
fn an_older_version_that_answers_without_a_name_is_incompatible() {
    let mut duo = calls();
    let call = duo.dial(Alice, Bob);
    duo.kill(Bob);
    let accept = Body::Accept {
        name: String::new(),
        instead_of: None,
        via: Carrier::Direct,
    };
    duo.word(Bob, Alice, call, Body::Ringing);
    duo.link(Bob, true);
    duo.word(Bob, Alice, call, accept);
    duo.run(SECOND);
    assert_eq!(duo.reason(Alice), Some(EndReason::Incompatible));
    assert_eq!(duo.at(Alice).opened, 0);
}

#[test]
fn an_invitation_that_names_two_is_answered_with_the_first() {
    let mut duo = Duo::new();
    let invite = Body::Invite {
        name: String::new(),
        video: true,
        ring_ms: 45_000,
        resumes: None,
        via: Carriers::new([Carrier::LiveKit, Carrier::Direct]),
    };
    duo.word(Alice, Bob, CallId(7), invite);
    duo.run(HOP);
    duo.accept(Bob);
    let said = duo.at(Bob).said.iter();
    let said = said.filter_map(|(_, message)| match &message.body {
        Body::Accept { via, .. } => Some(*via),
        _ => None,
    });
    assert_eq!(said.collect::<Vec<_>>(), [Carrier::LiveKit]);
}

#[test]
fn without_access_the_call_ends_on_both_sides_with_the_reason() {
    for who in [Alice, Bob] {
        let mut duo = calls();
        let call = duo.dial(Alice, Bob);
        duo.run(SECOND);
        duo.feed(who, Input::NoAccess { call });
        duo.run(SECOND);
        match who {
            Alice => duo.assert_ended(EndReason::NoAccess, EndReason::Missed),
            _ => duo.assert_ended(EndReason::NoAccess, EndReason::NoAccess),
        }
        let why = Over::NoAccess;
        let told = duo.at(who).count(|body| *body == Body::Over { why });
        assert_eq!(told, 1);
    }
}

#[test]
fn a_call_that_runs_needs_no_more_access() {
    let mut duo = Duo::in_a_call_via(Carrier::LiveKit);
    let call = duo.session(Alice).call;
    duo.feed(Alice, Input::NoAccess { call });
    duo.feed(Alice, Input::NoAccess { call: CallId(1) });
    duo.run(SECOND);
    duo.assert_in_a_call();
}

#[test]
fn a_server_that_does_not_let_in_or_answer_ends_the_call_before_media() {
    let rows = [
        (ServerFault::Unreachable, EndReason::ServerUnreachable),
        (ServerFault::Refused, EndReason::ServerRefused),
        (ServerFault::Ended, EndReason::ServerEnded),
    ];
    for (fault, reason) in rows {
        let mut duo = calls();
        duo.path_possible = false;
        duo.dial(Alice, Bob);
        duo.run(SECOND);
        duo.accept(Bob);
        duo.run(SECOND);
        let session = duo.session(Bob);
        duo.tell_session(Bob, session, Transport::Server(fault));
        duo.run(SECOND);
        duo.assert_ended(reason, reason);
    }
}

#[test]
fn a_server_that_is_away_in_a_call_is_tried_again() {
    for fault in [ServerFault::Unreachable, ServerFault::Refused] {
        let mut duo = Duo::in_a_call_via(Carrier::LiveKit);
        let session = duo.session(Alice);
        duo.tell_session(Alice, session, Transport::Server(fault));
        duo.run(10 * SECOND);
        duo.assert_in_a_call();
        assert!(duo.session(Alice) > session);
        assert_eq!(duo.at(Alice).carriers, [Carrier::LiveKit; 2]);
    }
}

#[test]
fn what_the_server_ends_is_over() {
    let mut duo = Duo::in_a_call_via(Carrier::LiveKit);
    let session = duo.session(Alice);
    duo.tell_session(Alice, session, Transport::Server(ServerFault::Ended));
    duo.run(SECOND);
    duo.assert_ended(EndReason::ServerEnded, EndReason::ServerEnded);
}

#[test]
fn a_lost_call_goes_on_by_what_carried_it() {
    let mut duo = Duo::in_a_call_via(Carrier::LiveKit);
    duo.renewal_needed = true;
    duo.path_possible = false;
    duo.cut_path();
    duo.time_until(|duo| duo.is_over(Alice) && duo.is_over(Bob));
    duo.path_possible = true;
    duo.mend_path();
    duo.via = Carrier::Direct;
    for who in [Alice, Bob] {
        let call = CallId(4000);
        duo.command(who, crate::input::Command::Resume { call, video: true });
    }
    duo.run(5 * SECOND);
    assert_eq!(duo.phase(Alice), Some(ActivePhase::Connected));
    assert_eq!(duo.at(Bob).carriers.last(), Some(&Carrier::LiveKit));
}
