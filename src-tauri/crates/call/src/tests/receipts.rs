//! Who hears and sees whom, and who is to blame.

use std::time::Duration;

use super::duo::Duo;
use super::station::Who::{self, Alice, Bob};
use crate::input::{Command, Input, Transport};
use crate::message::{Body, Receipt};
use crate::time::Timestamp;
use crate::view::{ActivePhase, CallView, Culprit, Received};

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

/// A second in which nothing comes of the other side.
const NOTHING: Receipt = Receipt {
    packets: 0,
    loudness: Receipt::SILENCE,
    played: false,
    frames: 0,
    shown: 0,
    ..GOOD
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
        captured: Receipt::SILENCE,
        filmed: 0,
        ..NOTHING
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

/// So many seconds in which nothing of Alice reaches Bob, who hears nothing since `since`.
fn pass_one_way(duo: &mut Duo, seconds: u32, since: Timestamp) {
    for _ in 0..seconds {
        let (session, silence) = (duo.session(Bob), duo.now.since(since));
        duo.tell_session(Bob, session, Transport::Silent(silence));
        pass(duo, 1, GOOD, NOTHING);
    }
}

#[test]
fn who_still_hears_the_other_is_told_to_the_end_that_nothing_arrives_there() {
    let unreceived = Received {
        heard: Some(false),
        seen: Some(false),
    };
    // Bob's words come through; or the channel is stuck soon, for it hears no answers.
    for stuck in [false, true] {
        let mut duo = Duo::in_a_call();
        pass(&mut duo, 5, GOOD, GOOD);
        duo.path_possible = false;
        duo.unreached = vec![Bob];
        let since = duo.now;
        pass_one_way(&mut duo, 6, since);
        assert_eq!(duo.phase(Bob), Some(ActivePhase::Reconnecting));
        if stuck {
            duo.unreached = vec![Alice, Bob];
        }
        for _ in 0..37 {
            pass_one_way(&mut duo, 1, since);
            assert_eq!(duo.phase(Alice), Some(ActivePhase::Connected));
            assert_eq!(shown(&duo, Alice), (unreceived, Some(Culprit::Network)));
        }
        // The direction comes back.
        duo.unreached = Vec::new();
        let session = duo.session(Bob);
        duo.tell_session(Bob, session, Transport::Silent(Duration::ZERO));
        pass(&mut duo, 2, GOOD, GOOD);
        assert_eq!(shown(&duo, Alice), (BOTH, None));
        assert_eq!(shown(&duo, Bob), (BOTH, None));
    }
}

#[test]
fn who_is_not_sent_is_not_said_to_be_lost() {
    let mut duo = Duo::in_a_call();
    pass(&mut duo, 5, GOOD, GOOD);
    duo.path_possible = false;
    duo.unreached = vec![Bob];
    let since = duo.now;
    pass_one_way(&mut duo, 6, since);
    duo.command(Alice, Command::SetMicrophone(false));
    duo.command(Alice, Command::SetCamera(false));
    duo.unreached = vec![Alice, Bob];
    pass_one_way(&mut duo, 2, since);
    assert_eq!(shown(&duo, Alice), (Received::default(), None));
    duo.command(Alice, Command::SetMicrophone(true));
    pass_one_way(&mut duo, 4, since);
    let unheard = Received {
        heard: Some(false),
        seen: None,
    };
    assert_eq!(shown(&duo, Alice), (unheard, Some(Culprit::Network)));
    // Receipts that said that all is well and stay away say nothing.
    let mut duo = Duo::in_a_call();
    pass(&mut duo, 5, GOOD, GOOD);
    duo.unreached = vec![Alice];
    pass(&mut duo, 20, GOOD, GOOD);
    assert_eq!(shown(&duo, Alice), (Received::default(), None));
}

#[test]
fn receipts_count_only_through_the_session() {
    let mut duo = Duo::in_a_call();
    let call = duo.session(Alice).call;
    duo.word(Bob, Alice, call, Body::Receipt(GOOD));
    duo.run(SECOND);
    assert_eq!(shown(&duo, Alice).0, Received::default());
}
