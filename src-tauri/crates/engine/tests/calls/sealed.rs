//! What passes the relay is sealed: nobody on the way reads, forges or repeats it.

use std::time::Duration;

use call::carrier::Carriers;
use call::id::CallId;
use call::message::{Body, Message, Over};
use call::reason::EndReason;
use call::view::CallView;
use engine::view::EngineView;
use media::transport::TransportError;

use crate::support::{Duo, Foreigner, Person, Setup};

const SECOND: Duration = Duration::from_secs(1);

/// Longer than a message takes from one engine to another.
const A_WHILE: Duration = Duration::from_millis(300);

const CALL: CallId = CallId(0x00ca_11ed);

fn invitation() -> Body {
    Body::Invite {
        name: "Alice".to_owned(),
        video: true,
        ring_ms: 45_000,
        resumes: None,
        via: Carriers::default(),
    }
}

async fn words(person: &Person) -> [String; 4] {
    person
        .sees("the words", |view: &EngineView| view.words.clone())
        .await
}

fn current_call(person: &Person) -> CallId {
    let view = person.view();
    let id = view.call.call().expect("a call");
    CallId(u64::from_str_radix(id, 16).unwrap())
}

#[tokio::test]
async fn both_sides_have_the_same_four_words_and_other_ones_in_each_call() {
    let duo = Duo::online().await;
    let mut before = None;
    for _ in 0..3 {
        duo.talks().await;
        let (hers, his) = (words(&duo.alice).await, words(&duo.bob).await);
        assert_eq!(hers, his);
        assert!(hers.iter().all(|it| it.len() >= 3), "{hers:?}");
        assert_ne!(before.replace(hers), Some(his));
        duo.alice.hangs_up().await;
        duo.alice.ended(EndReason::LocalHangup).await;
        duo.bob.ended(EndReason::RemoteHangup).await;
        assert_eq!(
            (&duo.alice.view().words, &duo.bob.view().words),
            (&None, &None)
        );
    }
    duo.stop().await;
}

#[tokio::test]
async fn two_who_call_each_other_at_once_have_the_same_words() {
    let duo = Duo::online().await;
    tokio::join!(duo.alice.dials(&duo.bob), duo.bob.dials(&duo.alice));
    duo.alice.is_in_the_call().await;
    duo.bob.is_in_the_call().await;
    assert_eq!(words(&duo.alice).await, words(&duo.bob).await);
    duo.stop().await;
}

#[tokio::test]
async fn the_relay_delivers_nothing_that_it_could_read() {
    let duo = Duo::with(Setup {
        tapped: true,
        ..Setup::default()
    })
    .await;
    duo.talks().await;
    let call = current_call(&duo.alice).to_string();
    duo.hangs_up().await;
    let tap = duo.tap.as_ref().unwrap();
    let (text, payloads) = (tap.text(), tap.payloads());
    assert!(payloads.len() > 6, "{} payloads", payloads.len());
    for private in ["Alice", "Bob", "\"do\"", "invite", "parcel", call.as_str()] {
        assert!(!text.contains(private), "{private}");
        let readable = payloads.iter().filter(|it| it.contains(private));
        assert_eq!(readable.count(), 0, "{private}");
    }
    duo.stop().await;
}

#[tokio::test]
async fn a_message_that_is_not_sealed_is_refused_in_every_state() {
    let duo = Duo::online().await;
    let mut carol = Foreigner::at(&duo.relay.url).await;
    let plain = |call, body| Message { call, body }.encode();
    carol.throws(duo.bob.key(), &plain(CALL, invitation()));
    carol.listens(A_WHILE).await;
    assert_eq!(duo.bob.view().call, CallView::Idle);
    assert!(carol.heard.is_empty(), "{:?}", carol.heard);
    duo.rings().await;
    let why = Over::HungUp;
    let call = current_call(&duo.alice);
    for whom in [&duo.alice, &duo.bob] {
        carol.throws(whom.key(), &plain(call, Body::Over { why }));
        carol.throws(whom.key(), &plain(call, Body::Still));
    }
    carol.listens(A_WHILE).await;
    assert!(carol.heard.is_empty(), "{:?}", carol.heard);
    duo.bob.accepts().await;
    duo.alice.is_in_the_call().await;
    duo.bob.is_in_the_call().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_sealed_invitation_rings_as_whose_key_sealed_it_whatever_it_says() {
    let duo = Duo::online().await;
    let mut carol = Foreigner::at(&duo.relay.url).await;
    carol.says(duo.bob.key(), CALL, invitation());
    carol.hears("it ring", |body| *body == Body::Ringing).await;
    let caller = duo.bob.is_called().await;
    assert_eq!(caller.address, carol.address().to_string());
    assert_ne!(caller.address, duo.alice.address());
    duo.stop().await;
}

#[tokio::test]
async fn a_greeting_that_is_repeated_never_rings() {
    let mut duo = Duo::online().await;
    let mut carol = Foreigner::at(&duo.relay.url).await;
    carol.says(duo.bob.key(), CALL, invitation());
    carol.hears("it ring", |body| *body == Body::Ringing).await;
    duo.bob.is_called().await;
    let why = Over::Cancelled;
    carol.says(duo.bob.key(), CALL, Body::Over { why });
    duo.bob.ended(EndReason::Missed).await;
    duo.bob.dismisses().await;
    let said = carol.sent.clone();
    assert!(said.len() >= 3, "a greeting and two messages");
    for restarted in [false, true] {
        if restarted {
            duo.bob.restarts().await;
        }
        for frame in said.iter().chain(&said) {
            carol.throws(duo.bob.key(), frame);
        }
        tokio::time::sleep(A_WHILE).await;
        assert_eq!(duo.bob.view().call, CallView::Idle, "{restarted}");
    }
    duo.talks().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_session_speaks_of_its_own_call_only() {
    let duo = Duo::in_a_call().await;
    let call = current_call(&duo.alice);
    let mut carol = Foreigner::at(&duo.relay.url).await;
    for about in [call, CallId(7)] {
        let why = Over::HungUp;
        let body = Body::Over { why };
        let message = Message { call: about, body }.encode();
        carol.says_in(duo.bob.key(), CALL, &message);
        let body = invitation();
        let message = Message { call: about, body }.encode();
        carol.says_in(duo.bob.key(), CALL, &message);
    }
    carol.says_in(duo.bob.key(), CALL, b"\xff\x00 no message");
    // A message about that call is answered, so all before it were heard.
    carol.says(duo.bob.key(), CALL, Body::Still);
    let gone = |body: &Body| *body == Body::Over { why: Over::Gone };
    carol.hears("that there is no such call", gone).await;
    assert_eq!(carol.heard.len(), 1, "{:?}", carol.heard);
    duo.bob.is_in_the_call().await;
    duo.alice.is_in_the_call().await;
    duo.stop().await;
}

#[tokio::test]
async fn the_call_of_others_cannot_be_ended_by_who_knows_its_id() {
    let duo = Duo::in_a_call().await;
    let call = current_call(&duo.alice);
    let mut carol = Foreigner::at(&duo.relay.url).await;
    for why in [Over::HungUp, Over::Gone, Over::NotSecure] {
        carol.says(duo.bob.key(), call, Body::Over { why });
        carol.says(duo.bob.key(), call, Body::Still);
    }
    carol.listens(A_WHILE).await;
    duo.bob.is_in_the_call().await;
    duo.alice.is_in_the_call().await;
    assert_eq!(words(&duo.alice).await, words(&duo.bob).await);
    duo.stop().await;
}

#[tokio::test]
async fn a_goodbye_gets_out_before_the_link_to_their_relay_is_closed() {
    let duo = Duo::with(Setup {
        apart: true,
        ..Setup::default()
    })
    .await;
    let relay = duo.other_relay.as_ref().unwrap();
    let to = duo.bob.invite(&relay.url);
    let dial = engine::command::Command::Dial {
        to,
        video: true,
        via: None,
    };
    duo.alice.does(dial.clone()).await;
    duo.bob.is_called().await;
    duo.alice.hears_it_ring().await;
    duo.alice.hangs_up().await;
    duo.bob.ended(EndReason::Missed).await;
    duo.alice.dismisses().await;
    duo.alice.does(dial).await;
    duo.bob.is_called().await;
    duo.alice.hears_it_ring().await;
    let Duo { alice, bob, .. } = duo;
    alice.stops().await;
    bob.ended(EndReason::Missed).await;
    bob.stops().await;
}

#[tokio::test]
async fn media_of_somebody_else_ends_the_call_as_not_secure_on_both_sides() {
    let duo = Duo::in_a_call().await;
    duo.alice.transport.fail(TransportError::Security);
    duo.alice.ended(EndReason::NotSecure).await;
    duo.bob.ended(EndReason::NotSecure).await;
    duo.alice.dismisses().await;
    duo.bob.dismisses().await;
    duo.bob.transport.fail_open(TransportError::Security);
    duo.rings().await;
    duo.bob.accepts().await;
    duo.alice.ended(EndReason::NotSecure).await;
    duo.bob.ended(EndReason::NotSecure).await;
    duo.pass(SECOND).await;
    duo.stop().await;
}
