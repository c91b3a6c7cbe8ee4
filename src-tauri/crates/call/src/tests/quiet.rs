//! Callers whom the user does not want to be rung by, and strangers who ring too often.

use std::time::Duration;

use super::duo::Duo;
use super::station::Who::{self, Alice, Bob, Carol};
use crate::carrier::{Carrier, Carriers};
use crate::id::CallId;
use crate::input::{Absence, Input, Standing};
use crate::message::{Body, ControlsReport, Message, Over, Parcel};
use crate::quiet::{ASKING, ASKS, CAPACITY};
use crate::reason::EndReason;
use crate::rings::{OF_ALL, OF_ONE, WINDOW};
use crate::time::Timestamp;
use crate::view::{CallView, Controls, Lacking, OutgoingPhase};

const SECOND: Duration = Duration::from_secs(1);

const UNWANTED: [Standing; 2] = [Standing::Unwelcome, Standing::Blocked];

fn invite() -> Body {
    Body::Invite {
        name: "Alice".to_owned(),
        video: true,
        ring_ms: 45_000,
        resumes: None,
        via: Carriers::default(),
    }
}

/// Everything that may be said about a call while it rings, and does not end it.
fn small_talk() -> [Body; 6] {
    [
        invite(),
        Body::Ringing,
        Body::Accept {
            name: String::new(),
            instead_of: None,
            via: Carrier::Direct,
        },
        Body::Parcel {
            session: 0,
            number: 0,
            parcel: Parcel(vec![1, 2, 3]),
        },
        Body::Controls(ControlsReport::new(
            1,
            Controls {
                microphone: true,
                camera: true,
            },
            Lacking::default(),
        )),
        Body::Still,
    ]
}

/// What a caller may try to tell a phone that rings from one that only says so.
type Trick = (&'static str, fn(&mut Duo, CallId));

const TRICKS: [Trick; 11] = [
    ("waits until the end", |duo, _| duo.run(SECOND * 60)),
    ("cancels and asks", |duo, call| {
        duo.run(SECOND * 4);
        duo.end(Alice);
        duo.run(SECOND);
        duo.word(Alice, Bob, call, Body::Still);
        duo.word(Alice, Bob, call, invite());
    }),
    ("says all that there is to say", |duo, call| {
        for body in small_talk() {
            duo.word(Alice, Bob, call, body);
            duo.run(SECOND);
        }
    }),
    ("stays away without a word, and asks", |duo, call| {
        duo.hung = Some(Alice);
        duo.run(SECOND * 60);
        duo.hung = None;
        for body in small_talk() {
            duo.word(Alice, Bob, call, body);
            duo.run(SECOND);
        }
    }),
    ("is killed, comes back and asks", |duo, call| {
        duo.kill(Alice);
        duo.run(SECOND * 8);
        duo.revive(Alice);
        duo.word(Alice, Bob, call, Body::Still);
    }),
    ("is cut off for a moment", |duo, call| {
        duo.run(SECOND * 3);
        duo.link(Alice, false);
        duo.run(SECOND / 2);
        duo.link(Alice, true);
        duo.run(SECOND * 5);
        duo.word(Alice, Bob, call, Body::Still);
    }),
    ("is cut off for long", |duo, call| {
        duo.link(Alice, false);
        duo.run(SECOND * 20);
        duo.link(Alice, true);
        duo.word(Alice, Bob, call, Body::Still);
    }),
    ("speaks a later version", |duo, call| {
        let bytes = format!(r#"{{"v":2,"call":"{call}","do":"still"}}"#).into_bytes();
        let (from, standing) = (Alice.address().to_owned(), duo.standing);
        let message = Input::Message {
            from,
            standing,
            bytes,
        };
        duo.feed(Bob, message);
        duo.run(SECOND);
        duo.word(Alice, Bob, call, Body::Still);
    }),
    ("dials again and again", |duo, _| {
        for number in 900..910 {
            duo.end(Alice);
            duo.run(SECOND);
            duo.dial_as(Alice, Bob, CallId(number));
            duo.run(SECOND);
        }
    }),
    ("knows nothing that could carry a call", |duo, _| {
        let mut invite = invite();
        if let Body::Invite { via, .. } = &mut invite {
            *via = Carriers::new([]);
        }
        duo.word(Alice, Bob, CallId(900), invite);
    }),
    ("calls anew, and asks about the call before", |duo, call| {
        duo.kill(Alice);
        duo.revive(Alice);
        duo.dial_as(Alice, Bob, CallId(900));
        duo.run(SECOND);
        duo.word(Alice, Bob, call, Body::Still);
    }),
];

/// What Bob's phone says, for which calls it asks for access, and gives it back, and when, while
/// Alice calls and tries a trick.
#[derive(Debug, PartialEq)]
struct Noticed {
    said: Vec<(Timestamp, Message)>,
    asked: Vec<(CallId, String)>,
    released: Vec<(Timestamp, CallId)>,
}

fn noticed(via: Carrier, standing: Standing, trick: Trick) -> Noticed {
    let mut duo = Duo::new();
    duo.via = via;
    duo.standing = standing;
    let call = duo.dial(Alice, Bob);
    duo.run(SECOND);
    assert!(
        duo.calls(Alice, OutgoingPhase::Ringing),
        "{standing:?}: {}",
        trick.0
    );
    (trick.1)(&mut duo, call);
    duo.run(SECOND * 60);
    let bob = duo.at(Bob);
    Noticed {
        said: bob.said.clone(),
        asked: bob.asked.clone(),
        released: bob.released.clone(),
    }
}

#[test]
fn an_unwanted_caller_cannot_tell_the_phone_from_one_that_rings_and_is_not_answered() {
    for via in Carrier::ALL {
        for trick in TRICKS {
            let ringing = noticed(*via, Standing::Known, trick);
            assert_eq!(ringing.asked.is_empty(), *via == Carrier::Direct);
            assert_eq!(ringing.asked.len(), ringing.released.len());
            for standing in UNWANTED {
                assert_eq!(
                    noticed(*via, standing, trick),
                    ringing,
                    "{standing:?} {via:?}: {}",
                    trick.0
                );
            }
        }
    }
}

#[test]
fn an_unwanted_call_that_gets_no_access_ends_as_one_that_rings() {
    for standing in [Standing::Known, Standing::Unwelcome, Standing::Blocked] {
        let mut duo = Duo::new();
        duo.via = Carrier::LiveKit;
        duo.standing = standing;
        let call = duo.dial(Alice, Bob);
        duo.run(SECOND);
        duo.feed(Bob, Input::NoAccess { call });
        duo.run(SECOND);
        assert_eq!(duo.reason(Alice), Some(EndReason::NoAccess), "{standing:?}");
        assert_eq!(duo.at(Bob).released.len(), 1);
        duo.word(Alice, Bob, call, Body::Still);
        duo.run(SECOND);
        let why = Over::NoAccess;
        let told = duo.at(Bob).count(|body| *body == Body::Over { why });
        assert_eq!(told, 2, "{standing:?}");
    }
}

#[test]
fn an_unwanted_call_rings_for_nobody_and_ends_as_not_answered() {
    for standing in UNWANTED {
        let mut duo = Duo::new();
        duo.standing = standing;
        duo.dial(Alice, Bob);
        duo.run(SECOND * 44);
        assert!(duo.calls(Alice, OutgoingPhase::Ringing));
        assert_eq!(duo.view(Bob), CallView::Idle);
        duo.run(SECOND * 2);
        assert_eq!(duo.reason(Alice), Some(EndReason::NoAnswer));
        assert_eq!(duo.view(Bob), CallView::Idle);
        assert!(duo.at(Bob).sounds.is_empty() && duo.at(Bob).ended.is_empty());
        assert_eq!(duo.at(Bob).opened, 0);
        assert_eq!(duo.at(Bob).phone.poll_timeout(), None, "nothing is kept");
    }
}

#[test]
fn an_unwelcome_caller_is_remembered_as_missed_once_and_a_blocked_one_is_not() {
    for (standing, missed) in [(Standing::Unwelcome, 1), (Standing::Blocked, 0)] {
        let mut duo = Duo::new();
        duo.standing = standing;
        let call = duo.dial(Alice, Bob);
        for body in small_talk() {
            duo.word(Alice, Bob, call, body);
        }
        duo.run(SECOND * 60);
        assert_eq!(duo.at(Bob).missed.len(), missed, "{standing:?}");
    }
}

#[test]
fn who_is_in_a_call_is_not_busy_for_an_unwanted_caller() {
    for standing in UNWANTED {
        let mut duo = Duo::in_a_call();
        duo.standing = standing;
        duo.dial(Carol, Bob);
        duo.run(SECOND * 44);
        assert!(duo.calls(Carol, OutgoingPhase::Ringing), "{standing:?}");
        duo.run(SECOND * 2);
        assert_eq!(duo.reason(Carol), Some(EndReason::NoAnswer));
        duo.assert_in_a_call();
    }
}

#[test]
fn a_call_of_the_user_begins_and_ends_while_another_one_rings_for_nobody() {
    let mut duo = Duo::new();
    duo.standing = Standing::Blocked;
    duo.dial(Carol, Bob);
    duo.run(SECOND * 5);
    duo.standing = Standing::Known;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.accept(Bob);
    duo.run(SECOND * 5);
    duo.assert_in_a_call();
    duo.end(Bob);
    duo.run(SECOND * 20);
    assert!(duo.calls(Carol, OutgoingPhase::Ringing));
    duo.run(SECOND * 20);
    assert_eq!(duo.reason(Carol), Some(EndReason::NoAnswer));
}

#[test]
fn whom_the_user_dials_is_welcome_in_that_call() {
    for later in [Duration::ZERO, Duration::from_millis(30), SECOND] {
        let mut duo = Duo::new();
        duo.standing = Standing::Unwelcome;
        // Alice's own policy admits Bob no more than his admits her: both dialled.
        duo.dial(Alice, Bob);
        duo.run(later);
        duo.dial(Bob, Alice);
        duo.run(SECOND * 3);
        duo.assert_in_a_call();
    }
}

#[test]
fn the_other_side_of_a_call_that_was_accepted_can_call_again_from_it() {
    let mut duo = Duo::in_a_call();
    duo.standing = Standing::Unwelcome;
    duo.kill(Alice);
    duo.revive(Alice);
    duo.dial_as(Alice, Bob, CallId(900));
    duo.run(SECOND);
    assert!(duo.rings(Bob));
}

#[test]
fn a_block_holds_in_the_middle_of_a_call_and_leaves_the_call_alone() {
    let mut duo = Duo::in_a_call();
    duo.standing = Standing::Blocked;
    duo.word(Alice, Bob, CallId(900), invite());
    duo.run(SECOND);
    duo.assert_in_a_call();
    duo.end(Alice);
    duo.run(SECOND);
    duo.assert_ended(EndReason::LocalHangup, EndReason::RemoteHangup);
}

#[test]
fn one_stranger_rings_three_times_in_ten_minutes() {
    let mut duo = Duo::new();
    duo.standing = Standing::Stranger;
    for _ in 0..OF_ONE {
        duo.dial(Alice, Bob);
        duo.run(SECOND);
        assert!(duo.rings(Bob));
        duo.end(Alice);
        duo.run(SECOND);
    }
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    assert!(duo.calls(Alice, OutgoingPhase::Ringing) && !duo.rings(Bob));
    assert_eq!(duo.at(Bob).missed, [Alice.peer()]);
    duo.end(Alice);
    // Others do ring, and so does the stranger after a while.
    duo.dial(Carol, Bob);
    duo.run(SECOND);
    assert!(duo.rings(Bob));
    duo.end(Carol);
    duo.run(WINDOW);
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    assert!(duo.rings(Bob));
}

#[test]
fn all_strangers_together_ring_six_times_in_ten_minutes_and_acquaintances_always() {
    let mut duo = Duo::new();
    let from = |number: usize| format!("tincan:{number}");
    let ring = |duo: &mut Duo, number: usize, standing| {
        let call = CallId(1000 + number as u64);
        let message = |body| Input::Message {
            from: from(number),
            standing,
            bytes: Message { call, body }.encode(),
        };
        hear(duo, message(invite()));
        let rings = duo.rings(Bob);
        let why = Over::Cancelled;
        hear(duo, message(Body::Over { why }));
        rings
    };
    let rang: Vec<_> = (0..OF_ALL + 2)
        .map(|it| ring(&mut duo, it, Standing::Stranger))
        .collect();
    let wanted: Vec<_> = (0..OF_ALL + 2).map(|it| it < OF_ALL).collect();
    assert_eq!(rang, wanted);
    for number in 20..40 {
        assert!(ring(&mut duo, number, Standing::Known));
    }
    duo.run(WINDOW);
    assert!(ring(&mut duo, 50, Standing::Stranger));
}

#[test]
fn no_more_than_sixteen_calls_ring_for_nobody_at_a_time() {
    let mut duo = Duo::new();
    for number in 0..10 * CAPACITY {
        let message = Message {
            call: CallId(number as u64),
            body: invite(),
        };
        let invited = Input::Message {
            from: format!("tincan:{number}"),
            standing: Standing::Blocked,
            bytes: message.encode(),
        };
        hear(&mut duo, invited);
    }
    let confirmed = duo.at(Bob).count(|body| *body == Body::Ringing);
    assert_eq!(confirmed, CAPACITY);
}

#[test]
fn those_who_ring_for_nobody_do_not_use_up_what_may_be_asked_for() {
    let mut duo = Duo::new();
    let say = |number: usize, body| Input::Message {
        from: format!("tincan:{number}"),
        standing: Standing::Blocked,
        bytes: Message {
            call: CallId(number as u64),
            body,
        }
        .encode(),
    };
    let invite = || Body::Invite {
        name: String::new(),
        video: true,
        ring_ms: 45_000,
        resumes: None,
        via: Carriers::new([Carrier::LiveKit]),
    };
    for number in 0..10 * ASKS {
        hear(&mut duo, say(number, invite()));
    }
    assert_eq!(duo.at(Bob).asked.len(), ASKS);
    let confirmed = duo.at(Bob).count(|body| *body == Body::Ringing);
    assert_eq!(confirmed, 10 * ASKS);
    let why = Over::NoAccess;
    let refused = duo.at(Bob).count(|body| *body == Body::Over { why });
    assert_eq!(refused, 9 * ASKS);
    let why = Over::Cancelled;
    for number in 0..10 * ASKS {
        hear(&mut duo, say(number, Body::Over { why }));
    }
    assert_eq!(duo.at(Bob).released.len(), ASKS);
    // More may ask only when a minute is over.
    duo.run(ASKING - SECOND);
    hear(&mut duo, say(1000, invite()));
    assert_eq!(duo.at(Bob).asked.len(), ASKS);
    duo.run(SECOND);
    hear(&mut duo, say(1001, invite()));
    assert_eq!(duo.at(Bob).asked.len(), ASKS + 1);
}

#[test]
fn a_caller_who_is_gone_is_let_go_of_before_the_ring_time_is_over() {
    let mut duo = Duo::new();
    duo.standing = Standing::Blocked;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.kill(Alice);
    let gone = duo.time_until(|duo| duo.at(Bob).phone.poll_timeout().is_none());
    assert!(gone < SECOND * 8, "{gone:?}");
}

/// Bob hears this of somebody whom the courier does not know. What his phone answers is counted and
/// goes nowhere.
fn hear(duo: &mut Duo, input: Input) {
    let now = duo.now;
    let station = duo.at_mut(Bob);
    station.phone.handle(now, input);
    station.outputs(now);
}

#[test]
fn a_call_that_no_message_can_be_sealed_for_ends_as_incompatible() {
    let mut duo = Duo::new();
    let call = duo.dial(Alice, Bob);
    let incompatible = |from: Who, call| Input::Incompatible {
        from: from.address().to_owned(),
        call,
    };
    duo.feed(Alice, incompatible(Carol, call));
    duo.feed(Alice, incompatible(Bob, CallId(1)));
    duo.run(SECOND);
    assert!(duo.calls(Alice, OutgoingPhase::Ringing));
    duo.feed(Alice, incompatible(Bob, call));
    assert_eq!(duo.reason(Alice), Some(EndReason::Incompatible));
}

#[test]
fn one_closed_connection_while_it_rings_is_forgiven_and_two_in_a_row_are_not() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    let closed = || Input::Undeliverable {
        to: Bob.address().to_owned(),
        why: Absence::Closed,
    };
    duo.feed(Alice, closed());
    duo.run(SECOND * 3);
    assert!(duo.calls(Alice, OutgoingPhase::Ringing));
    duo.feed(Alice, closed());
    duo.run(Duration::from_millis(950));
    duo.feed(Alice, closed());
    assert_eq!(duo.reason(Alice), Some(EndReason::Unreachable));
}
