//! Sessions in virtual time: frames and time in, frames and events out.

mod rig;

use std::time::Duration;

use proptest::prelude::*;

use self::rig::{Rig, join, leave, other, others, reconnect};
use super::super::cause::{Action, Cause, Reason};
use super::super::event::{Event, Sid};
use super::super::request::{Offer, Request};
use super::{Input, RESUME_PAUSE, SETTLED};
use crate::livekit::proto::model::SessionDescription;
use crate::livekit::proto::request::Content as Asked;
use crate::livekit::proto::response::{Content, MediaSectionsRequirement, RequestResponse};

fn sid(text: &str) -> Sid {
    Sid::parse(text).unwrap()
}

fn offer(id: u32) -> Request {
    let sdp = format!("offer {id}").into();
    Request::Offer(Offer { sdp, id })
}

#[test]
fn what_was_asked_before_the_join_follows_it_in_order() {
    let mut rig = Rig::joining();
    rig.ask(offer(1));
    let mute = |muted| Request::Mute {
        sid: sid("TR_a"),
        muted,
    };
    rig.ask(mute(true));
    rig.ask(mute(false));
    rig.ask(offer(2));
    assert!(rig.sent().is_empty(), "nothing leaves before the join");
    rig.receive(join(vec![other("PA_b", 1)]));
    let Some(Event::Joined(joined)) = rig.events().pop() else {
        panic!("not joined");
    };
    assert_eq!(joined.sid, sid("PA_us"));
    assert_eq!(joined.others.len(), 1);
    let sent = rig.sent();
    assert!(
        matches!(&sent[..], [Asked::Mute(mute), Asked::Offer(offer)] if !mute.muted && offer.id == 2),
        "{sent:?}"
    );
}

#[test]
fn a_full_room_is_told_by_the_first_message() {
    let mut rig = Rig::joining();
    rig.receive(leave(0, 7));
    let told = [
        Event::Leave {
            action: Action::Disconnect,
            reason: Reason::JoinFailure,
        },
        Event::Closed(Cause::NotAdmitted),
    ];
    assert_eq!(rig.events(), told);
    assert!(rig.hung_up());
}

#[test]
fn a_server_without_a_word_is_given_up_after_twelve_seconds() {
    let mut rig = Rig::joining();
    rig.pass(Duration::from_millis(11_999));
    assert_eq!(rig.events(), []);
    rig.pass(Duration::from_millis(1));
    assert_eq!(rig.events(), [Event::Closed(Cause::Unreachable)]);
}

#[test]
fn a_socket_that_closes_before_the_join_ends_it() {
    let mut rig = Rig::joining();
    rig.input(Input::Dropped);
    assert_eq!(rig.events(), [Event::Closed(Cause::HungUp)]);
}

#[test]
fn a_refused_token_is_final_at_the_join_and_at_a_resume() {
    let mut rig = Rig::joining();
    rig.input(Input::NotDialled(Cause::Refused));
    assert_eq!(rig.events(), [Event::Closed(Cause::Refused)]);
    let mut rig = Rig::resuming();
    rig.input(Input::NotDialled(Cause::Refused));
    assert_eq!(rig.events(), [Event::Closed(Cause::Refused)]);
}

#[test]
fn pings_go_out_in_time_and_a_silent_server_makes_it_resume() {
    let mut rig = Rig::joined();
    rig.pass(Duration::from_secs(5));
    assert!(matches!(rig.sent()[..], [Asked::Ping(_)]));
    rig.pong(Duration::from_millis(80));
    rig.pass(Duration::from_secs(5));
    let sent = rig.sent();
    assert!(
        matches!(&sent[..], [Asked::Ping(ping)] if ping.rtt == 80),
        "{sent:?}"
    );
    // The pong was heard 80 ms after the first ping; fifteen seconds later it is silence.
    rig.pass(Duration::from_millis(10_079));
    assert_eq!(rig.events(), []);
    rig.pass(Duration::from_millis(1));
    assert_eq!(rig.events(), [Event::Lost]);
    assert!(rig.hung_up());
    let dial = rig.dialled().unwrap();
    assert!(dial.reconnect);
    assert_eq!(dial.participant_sid, "PA_us");
    assert_eq!(dial.reconnect_reason, 1);
}

#[test]
fn a_resume_tells_what_we_have_before_anything_else() {
    let mut rig = Rig::resuming();
    rig.ask(Request::Mute {
        sid: sid("TR_a"),
        muted: true,
    });
    rig.ask(offer(7));
    rig.receive(reconnect(41));
    let events = rig.events();
    assert!(
        matches!(&events[..], [Event::Resumed(it)] if it.last_sequence == 41),
        "{events:?}"
    );
    rig.ask(offer(8));
    assert!(rig.sent().is_empty(), "an offer went before the sync");
    rig.ask(rig::sync());
    let sent = rig.sent();
    assert!(
        matches!(&sent[..], [Asked::SyncState(_), Asked::Mute(_), Asked::Offer(it)] if it.id == 8),
        "{sent:?}"
    );
    rig.ask(rig::sync());
    assert!(rig.sent().is_empty(), "a second sync says nothing new");
}

#[test]
fn an_offer_that_waited_when_the_socket_was_lost_is_not_sent_after_the_resume() {
    let mut rig = Rig::resuming();
    rig.receive(reconnect(0));
    rig.ask(offer(3));
    rig.input(Input::Dropped);
    rig.receive(reconnect(0));
    rig.ask(rig::sync());
    assert!(matches!(rig.sent()[..], [Asked::SyncState(_)]));
}

#[test]
fn a_resume_that_the_server_answers_by_a_fault_is_tried_again_after_a_pause() {
    let mut rig = Rig::resuming();
    assert!(rig.dialled().is_some());
    rig.input(Input::NotDialled(Cause::ServerFault));
    rig.pass(RESUME_PAUSE.checked_sub(Duration::from_millis(1)).unwrap());
    assert!(rig.dialled().is_none());
    rig.pass(Duration::from_millis(1));
    assert!(rig.dialled().is_some());
    assert_eq!(rig.events(), []);
}

#[test]
fn a_server_that_sends_us_away_again_and_again_is_asked_with_a_pause() {
    let mut rig = Rig::resuming();
    assert!(rig.dialled().is_some());
    for _ in 0..3 {
        rig.receive(reconnect(0));
        rig.receive(leave(1, 0));
        assert!(rig.dialled().is_none(), "it was open for a moment");
        rig.pass(RESUME_PAUSE);
        assert!(rig.dialled().is_some());
    }
}

#[test]
fn a_resume_has_its_time_and_no_more() {
    let mut rig = Rig::resuming();
    let mut attempts = 0;
    for _ in 0..200 {
        attempts += usize::from(rig.dialled().is_some());
        rig.input(Input::NotDialled(Cause::Unreachable));
        rig.pass(Duration::from_millis(100));
    }
    assert_eq!(rig.events(), [Event::Closed(Cause::Unreachable)]);
    assert!((30..=35).contains(&attempts), "{attempts} in ten seconds");
}

#[test]
fn a_session_that_the_server_has_lost_wants_a_new_join() {
    let mut rig = Rig::resuming();
    rig.receive(leave(2, 6));
    let told = rig.events();
    assert_eq!(told.last(), Some(&Event::Closed(Cause::JoinAnew)));
}

#[test]
fn each_way_to_be_sent_away_has_its_own_name() {
    let ways = [
        (2, Cause::Duplicate),
        (3, Cause::ServerStops),
        (4, Cause::Removed),
        (5, Cause::RoomGone),
        (10, Cause::RoomGone),
        (6, Cause::JoinAnew),
        (99, Cause::Ended),
    ];
    for (number, cause) in ways {
        let mut rig = Rig::joined();
        rig.receive(leave(0, number));
        assert_eq!(
            rig.events().pop(),
            Some(Event::Closed(cause)),
            "reason {number}"
        );
    }
}

#[test]
fn a_resume_uses_the_newest_token() {
    let mut rig = Rig::joined();
    rig.receive(Content::RefreshToken("fresh".to_owned()));
    rig.receive(Content::RefreshToken("x".repeat(10_000)));
    rig.pass(SETTLED);
    rig.input(Input::Dropped);
    assert_eq!(rig.dialled().unwrap().reconnect_reason, 1);
    assert_eq!(rig.token(), "fresh");
}

#[test]
fn who_is_missing_after_a_resume_is_gone_and_old_news_changes_nothing() {
    let mut rig = Rig::joined();
    rig.receive(others(vec![other("PA_b", 5), other("PA_c", 1)]));
    rig.receive(others(vec![other("PA_b", 4)]));
    assert_eq!(rig.events().len(), 2);
    rig.input(Input::Dropped);
    rig.receive(reconnect(0));
    rig.events();
    rig.receive(others(vec![other("PA_us", 1), other("PA_b", 5)]));
    let gone = Event::Gone {
        sid: sid("PA_c"),
        reason: Reason::Unknown,
    };
    assert_eq!(rig.events(), [gone]);
    let mut crashed = other("PA_b", 6);
    (crashed.state, crashed.disconnect_reason) = (3, 14);
    rig.receive(others(vec![crashed]));
    let gone = Event::Gone {
        sid: sid("PA_b"),
        reason: Reason::ConnectionTimeout,
    };
    assert_eq!(rig.events(), [gone]);
}

#[test]
fn a_crowd_is_kept_within_bounds() {
    let mut rig = Rig::joined();
    let crowd = (0..500).map(|it| other(&format!("PA_{it}"), 1)).collect();
    rig.receive(others(crowd));
    assert_eq!(rig.events().len(), 8);
    let mut loud = other("PA_1", 2);
    loud.tracks = vec![rig::track("TR_x"); 400];
    rig.receive(others(vec![loud]));
    let Some(Event::Present(loud)) = rig.events().pop() else {
        panic!("not told");
    };
    assert_eq!(loud.tracks.len(), 16);
}

#[test]
fn absurd_values_are_left_out_and_unknown_messages_skipped() {
    let mut rig = Rig::joined();
    let sections = MediaSectionsRequirement {
        audios: u32::MAX,
        videos: 0,
    };
    rig.receive(Content::MediaSections(sections));
    rig.receive(others(vec![other(&"x".repeat(300), 1), other("no sid", 1)]));
    // Field 200, which no version has.
    rig.input(Input::Frame(&[0xc2, 0x0c, 0x01, 0x00]));
    rig.receive(Content::Request(Box::new(RequestResponse {
        reason: 1,
        request: None,
    })));
    let events = rig.events();
    assert!(
        matches!(
            &events[..],
            [
                Event::MediaSections {
                    audios: 8,
                    videos: 0
                },
                Event::Answered { .. }
            ]
        ),
        "{events:?}"
    );
}

#[test]
fn garbage_ends_the_session() {
    let mut rig = Rig::joined();
    rig.input(Input::Frame(&[0xff; 40]));
    assert_eq!(rig.events(), [Event::Closed(Cause::BadMessage)]);
    rig.receive(join(Vec::new()));
    rig.input(Input::Unreadable);
    assert_eq!(rig.events(), [], "the first cause stays");
}

#[test]
fn leaving_says_goodbye_and_closes() {
    let mut rig = Rig::joined();
    rig.ask(Request::Leave(Reason::UserRejected));
    assert!(matches!(&rig.sent()[..], [Asked::Leave(it)] if it.reason == 12));
    assert!(rig.hung_up());
    assert_eq!(rig.events(), [Event::Closed(Cause::Left)]);
}

#[test]
fn nothing_secret_is_shown() {
    let mut rig = Rig::joined();
    rig.receive(Content::Answer(SessionDescription {
        kind: "answer".to_owned(),
        sdp: "v=0 secret".to_owned(),
        id: 1,
    }));
    rig.receive(others(vec![other("PA_b", 1)]));
    rig.ask(offer(1));
    let shown = format!("{:?} {:?} {:?}", rig.events(), rig.sent(), rig.session);
    for secret in ["secret", "offer 1", "who-it-is", "server.test"] {
        assert!(!shown.contains(secret), "{secret} is shown: {shown}");
    }
}

proptest! {
    #[test]
    fn no_bytes_of_a_server_make_it_panic_or_tell_without_bound(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20),
        joined: bool,
    ) {
        let mut rig = if joined { Rig::joined() } else { Rig::joining() };
        for frame in frames {
            rig.input(Input::Frame(&frame));
            prop_assert!(rig.events().len() <= 32);
        }
    }
}
