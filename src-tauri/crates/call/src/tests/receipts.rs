//! Who hears and sees whom, and who is to blame.

use std::time::Duration;

use super::duo::Duo;
use super::station::Who::{self, Alice, Bob};
use crate::input::{Command, Input};
use crate::message::{Body, Receipt};
use crate::view::{CallView, Culprit, Received};

const SECOND: Duration = Duration::from_secs(1);

/// A second in which all is well.
const GOOD: Receipt = Receipt {
    packets: 50,
    loudness: -30,
    played: true,
    frames: 30,
    shown: 30,
    captured: -30,
    filmed: 30,
};

fn shown(duo: &Duo, who: Who) -> (Received, Option<Culprit>) {
    match duo.view(who) {
        CallView::Active {
            received, culprit, ..
        } => (received, culprit),
        other => panic!("no call: {other:?}"),
    }
}

/// So many seconds like these, of Alice and of Bob.
fn pass(duo: &mut Duo, seconds: u32, alice: Receipt, bob: Receipt) {
    for _ in 0..seconds {
        duo.feed(Bob, Input::Receipt(bob));
        duo.run(Duration::from_millis(50));
        duo.feed(Alice, Input::Receipt(alice));
        duo.run(Duration::from_millis(950));
    }
}

const BOTH: Received = Received {
    heard: Some(true),
    seen: Some(true),
};

#[test]
fn each_knows_that_the_other_hears_and_sees() {
    let mut duo = Duo::in_a_call();
    assert_eq!(shown(&duo, Alice), (Received::default(), None));
    pass(&mut duo, 10, GOOD, GOOD);
    assert_eq!(shown(&duo, Alice), (BOTH, None));
    assert_eq!(shown(&duo, Bob), (BOTH, None));
    duo.command(Alice, Command::SetCamera(false));
    pass(&mut duo, 2, GOOD, GOOD);
    let sound = Received { seen: None, ..BOTH };
    assert_eq!(shown(&duo, Alice), (sound, None));
    duo.run(SECOND * 5);
    assert_eq!(shown(&duo, Alice).0, Received::default(), "old news");
}

#[test]
fn the_one_to_blame_is_named_on_both_sides() {
    let silent = Receipt {
        captured: Receipt::SILENCE,
        ..GOOD
    };
    let unheard = Receipt {
        packets: 0,
        loudness: Receipt::SILENCE,
        ..GOOD
    };
    let deaf = Receipt {
        played: false,
        ..GOOD
    };
    let frozen = Receipt { shown: 0, ..GOOD };
    let blind = Receipt { filmed: 0, ..GOOD };
    let table = [
        (silent, Culprit::MyMicrophone, Culprit::TheirMicrophone),
        (unheard, Culprit::Network, Culprit::Network),
        (deaf, Culprit::MySpeaker, Culprit::TheirSpeaker),
        (frozen, Culprit::MyScreen, Culprit::TheirScreen),
        (blind, Culprit::MyCamera, Culprit::TheirCamera),
    ];
    for (alice, mine, theirs) in table {
        let mut duo = Duo::in_a_call();
        pass(&mut duo, 2, alice, GOOD);
        assert_eq!(shown(&duo, Alice).1, None, "too short");
        pass(&mut duo, 5, alice, GOOD);
        assert_eq!(shown(&duo, Alice).1, Some(mine), "{alice:?}");
        assert_eq!(shown(&duo, Bob).1, Some(theirs), "{alice:?}");
        pass(&mut duo, 2, GOOD, GOOD);
        assert_eq!((shown(&duo, Alice).1, shown(&duo, Bob).1), (None, None));
    }
}

#[test]
fn silence_on_purpose_blames_nobody() {
    let mut duo = Duo::in_a_call();
    for who in [Alice, Bob] {
        duo.command(who, Command::SetMicrophone(false));
        duo.command(who, Command::SetCamera(false));
    }
    duo.run(SECOND * 2);
    let nothing = Receipt {
        packets: 0,
        loudness: Receipt::SILENCE,
        played: false,
        frames: 0,
        shown: 0,
        captured: Receipt::SILENCE,
        filmed: 0,
    };
    pass(&mut duo, 20, nothing, nothing);
    assert_eq!(shown(&duo, Alice), (Received::default(), None));
}

#[test]
fn while_the_path_is_away_nobody_is_blamed_and_after_it_all_begins_anew() {
    let mut duo = Duo::in_a_call();
    let unheard = Receipt {
        packets: 0,
        frames: 0,
        shown: 0,
        ..GOOD
    };
    duo.cut_path();
    pass(&mut duo, 10, unheard, unheard);
    assert_eq!(shown(&duo, Alice), (Received::default(), None));
    duo.mend_path();
    pass(&mut duo, 2, GOOD, GOOD);
    assert_eq!(shown(&duo, Alice), (BOTH, None));
}

#[test]
fn receipts_count_only_through_the_session() {
    let mut duo = Duo::in_a_call();
    let call = duo.session(Alice).call;
    duo.word(Bob, Alice, call, Body::Receipt(GOOD));
    duo.run(SECOND);
    assert_eq!(shown(&duo, Alice).0, Received::default());
}
