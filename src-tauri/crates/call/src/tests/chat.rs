//! The conversation of a call: each text once and in order, and honest about what did not arrive.

use std::time::Duration;

use super::courier::{Courier, Fate, HOP};
use super::duo::{DIRECT, Duo};
use super::station::Who;
use super::station::Who::{Alice, Bob};
use crate::chat::{CannotSay, Event, Text};
use crate::id::CallId;
use crate::input::{Command, Input};
use crate::message::{Body, Chat, ControlsReport, Message};
use crate::view::{Controls, Lacking};

const SECOND: Duration = Duration::from_secs(1);

fn text(it: &str) -> Text {
    Text::new(it).unwrap()
}

impl Duo {
    fn say(&mut self, who: Who, it: &str) {
        self.command(who, Command::Say(text(it)));
    }

    /// What somebody was told by the other side.
    fn heard(&self, who: Who) -> Vec<&str> {
        let events = self.at(who).chat.iter();
        let heard = events.filter_map(|(_, event)| match event {
            Event::Heard { text, .. } => Some(text.as_str()),
            Event::Begun { .. }
            | Event::Said { .. }
            | Event::Delivered { .. }
            | Event::Failed { .. }
            | Event::Typing(_)
            | Event::Takes(_)
            | Event::Over => None,
        });
        heard.collect()
    }

    fn has(&self, who: Who, event: &Event) -> bool {
        self.at(who).chat.iter().any(|it| it.1 == *event)
    }

    /// How many texts somebody has sent through the relay.
    fn relayed(&self, who: Who) -> usize {
        let is_text = |body: &Body| matches!(body, Body::Chat(Chat::Text { .. }));
        self.at(who).count(is_text)
    }
}

#[test]
fn a_text_goes_through_the_session_and_is_acknowledged() {
    let mut duo = Duo::in_a_call();
    duo.say(Alice, "hello");
    let took = duo.time_until(|duo| !duo.heard(Bob).is_empty());
    assert!(took <= DIRECT, "{took:?}");
    assert_eq!(duo.heard(Bob), ["hello"]);
    let delivered = Event::Delivered { next: 1 };
    let took = duo.time_until(|duo| duo.has(Alice, &delivered));
    assert!(took <= Duration::from_millis(60), "{took:?}");
    duo.say(Bob, "hi");
    duo.run(SECOND);
    assert_eq!((duo.heard(Alice), duo.relayed(Alice)), (vec!["hi"], 0));
}

#[test]
fn while_the_path_is_lost_texts_go_through_the_relay() {
    let mut duo = Duo::in_a_call();
    duo.renewal_needed = true;
    duo.path_possible = false;
    duo.cut_path();
    // Nobody knows yet that the path is lost.
    duo.say(Alice, "one");
    duo.run(SECOND * 3);
    assert_eq!(duo.heard(Bob), ["one"]);
    duo.say(Alice, "two");
    let took = duo.time_until(|duo| duo.heard(Bob).len() == 2);
    assert!(took <= HOP, "{took:?}");
    duo.run(SECOND);
    assert!(duo.has(Alice, &Event::Delivered { next: 2 }));
}

#[test]
fn without_path_and_relay_texts_wait_for_the_next_session() {
    let mut duo = Duo::in_a_call();
    duo.renewal_needed = true;
    duo.cut_path();
    duo.link(Bob, false);
    duo.say(Alice, "one");
    duo.run(SECOND * 5);
    duo.say(Alice, "two");
    assert!(duo.heard(Bob).is_empty());
    duo.mend_path();
    duo.link(Bob, true);
    duo.run(SECOND * 15);
    duo.assert_in_a_call();
    assert_eq!(duo.heard(Bob), ["one", "two"]);
    assert!(duo.has(Alice, &Event::Delivered { next: 2 }));
}

#[test]
fn whatever_the_relay_repeats_and_reorders_each_text_comes_once_and_in_order() {
    let fates = [
        Fate::late(Duration::from_millis(900)),
        Fate::lost(),
        Fate {
            repeated: true,
            ..Fate::FAIR
        },
    ];
    let mut duo = Duo::in_a_call();
    duo.courier = Courier::with(fates.to_vec());
    duo.path_possible = false;
    duo.renewal_needed = true;
    duo.cut_path();
    let said: Vec<_> = (0..12).map(|it| it.to_string()).collect();
    for it in &said {
        duo.say(Alice, it);
        duo.run(Duration::from_millis(300));
    }
    duo.run(SECOND * 20);
    assert_eq!(duo.heard(Bob), said);
    assert!(duo.has(Alice, &Event::Delivered { next: 12 }));
}

#[test]
fn what_was_said_last_arrives_though_the_call_ends_at_once() {
    for (relay, path) in [(true, true), (true, false), (false, true)] {
        let mut duo = Duo::in_a_call();
        if !path {
            duo.cut_path();
            duo.run(SECOND * 3);
        }
        duo.link(Alice, relay);
        duo.say(Alice, "bye");
        duo.end(Alice);
        duo.run(SECOND * 4);
        assert_eq!(duo.heard(Bob), ["bye"], "relay: {relay}, path: {path}");
        if relay {
            assert!(duo.has(Alice, &Event::Delivered { next: 1 }));
        }
        assert_eq!(
            duo.at(Alice).chat.last().map(|it| &it.1),
            Some(&Event::Over)
        );
        assert_eq!(duo.at(Bob).chat.last().map(|it| &it.1), Some(&Event::Over));
    }
}

#[test]
fn what_does_not_arrive_has_failed_a_moment_after_the_call() {
    let mut duo = Duo::in_a_call();
    duo.say(Alice, "one");
    duo.run(SECOND);
    duo.kill(Bob);
    duo.say(Alice, "two");
    duo.say(Alice, "three");
    duo.run(SECOND * 60);
    assert!(duo.has(Alice, &Event::Failed { from: 1 }));
    assert_eq!(
        duo.at(Alice).chat.last().map(|it| &it.1),
        Some(&Event::Over)
    );
}

#[test]
fn texts_for_a_phone_that_takes_none_fail() {
    let mut duo = Duo::in_a_call();
    duo.say(Alice, "hello?");
    let on = Controls {
        microphone: true,
        camera: true,
    };
    let report = ControlsReport {
        takes_texts: false,
        ..ControlsReport::new(1000, on, Lacking::default())
    };
    let session = duo.session(Alice);
    let message = Message {
        call: session.call,
        body: Body::Controls(report),
    };
    let bytes = message.encode();
    duo.feed(Alice, Input::Data { session, bytes });
    assert!(duo.has(Alice, &Event::Takes(false)));
    assert!(duo.has(Alice, &Event::Failed { from: 0 }));
    let may = duo.at(Alice).phone.may_say(1);
    assert_eq!(may, Err(CannotSay::NotTaken));
}

#[test]
fn a_phone_that_does_not_know_of_texts_says_nothing_of_them() {
    let old = r#"{"v":1,"call":"0123456789abcdef","do":"controls","sequence":1,"microphone":true,"camera":true}"#;
    let Body::Controls(report) = Message::parse(old.as_bytes()).unwrap().body else {
        panic!("a report is one");
    };
    assert!(!report.takes_texts);
}

#[test]
fn nothing_is_said_outside_a_call() {
    let mut duo = Duo::new();
    let may = |duo: &Duo| duo.at(Alice).phone.may_say(1);
    assert_eq!(may(&duo), Err(CannotSay::NotInCall));
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    assert_eq!(may(&duo), Err(CannotSay::NotInCall));
    duo.say(Alice, "hello?");
    duo.accept(Bob);
    duo.run(SECOND);
    assert_eq!(may(&duo), Ok(()));
    duo.end(Bob);
    duo.run(SECOND);
    assert_eq!(may(&duo), Err(CannotSay::NotInCall));
    assert!(duo.heard(Bob).is_empty());
}

#[test]
fn there_is_an_end_to_what_waits() {
    let mut duo = Duo::in_a_call();
    duo.cut_path();
    duo.link(Alice, false);
    for _ in 0..100 {
        duo.say(Alice, "still there?");
    }
    assert_eq!(duo.at(Alice).phone.may_say(1), Err(CannotSay::Full));
    duo.mend_path();
    duo.link(Alice, true);
    duo.run(SECOND * 40);
    assert_eq!(duo.heard(Bob).len(), 64);
    assert_eq!(duo.at(Alice).phone.may_say(1), Ok(()));
}

#[test]
fn a_flood_is_slowed_down_and_nothing_of_it_is_lost() {
    let mut duo = Duo::in_a_call();
    let (mut said, mut most) = (0, 0);
    for _ in 0..600 {
        let before = duo.heard(Bob).len();
        for _ in 0..4 {
            if duo.at(Alice).phone.may_say(4).is_ok() {
                said += 1;
                duo.say(Alice, &format!("{said:04}"));
            }
        }
        duo.run(Duration::from_millis(100));
        most = most.max(duo.heard(Bob).len() - before);
    }
    duo.run(SECOND * 120);
    let heard = duo.heard(Bob);
    assert!(most <= 68, "{most} at once");
    assert!(heard.len() <= 64 + 4 * 181, "{}", heard.len());
    assert_eq!(heard.len(), said);
    assert!(heard.is_sorted());
}

#[test]
fn a_text_of_the_greatest_length_fits_both_ways() {
    let longest = "\"".repeat(Text::MAX);
    let mut duo = Duo::in_a_call();
    duo.say(Alice, &longest);
    duo.run(SECOND);
    duo.path_possible = false;
    duo.cut_path();
    duo.run(SECOND * 5);
    duo.say(Alice, &longest);
    duo.run(SECOND);
    assert_eq!(duo.heard(Bob), [longest.as_str(); 2]);
}

#[test]
fn the_other_side_sees_for_a_while_that_somebody_writes() {
    let mut duo = Duo::in_a_call();
    let typing = |duo: &Duo| {
        let events = duo.at(Bob).chat.iter().rev();
        let mut told = events.filter_map(|(_, event)| match event {
            Event::Typing(typing) => Some(*typing),
            Event::Begun { .. }
            | Event::Said { .. }
            | Event::Delivered { .. }
            | Event::Failed { .. }
            | Event::Heard { .. }
            | Event::Takes(_)
            | Event::Over => None,
        });
        told.next().unwrap_or_default()
    };
    duo.command(Alice, Command::Typing);
    duo.run(DIRECT);
    assert!(typing(&duo));
    duo.run(SECOND * 5);
    assert!(typing(&duo));
    duo.run(SECOND);
    assert!(!typing(&duo), "it lapses");
    duo.command(Alice, Command::Typing);
    duo.run(DIRECT);
    assert!(typing(&duo));
    duo.say(Alice, "there");
    duo.run(DIRECT);
    assert!(!typing(&duo), "the text is there");
    duo.command(Alice, Command::Typing);
    duo.run(DIRECT);
    assert!(typing(&duo), "the next one is told at once");
    duo.end(Alice);
    duo.run(SECOND);
    assert!(!typing(&duo));
}

#[test]
fn a_text_of_another_call_is_not_taken() {
    let mut duo = Duo::in_a_call();
    let said = Body::Chat(Chat::Text {
        number: 0,
        text: text("psst"),
    });
    duo.word(Bob, Alice, CallId(9), said.clone());
    duo.word(Who::Carol, Alice, duo.session(Alice).call, said);
    duo.run(SECOND);
    assert!(duo.heard(Alice).is_empty());
    duo.assert_in_a_call();
}
