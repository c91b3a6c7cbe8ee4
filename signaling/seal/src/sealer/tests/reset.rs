//! What happens when one side has lost its state.

use std::time::Instant;

use super::two_sides::{Side, in_conversation, kinds, millis, seconds, settle};

#[test]
fn a_restarted_callee_gets_the_caller_s_last_message_in_a_new_session() {
    let now = Instant::now();
    let (mut ann, mut bob) = in_conversation(now);
    bob.restart();
    ann.say(now, bob.address, 1, b"offer");
    ann.say(now, bob.address, 1, b"still?");
    let carried = settle(now, &mut ann, &mut bob);
    assert_eq!(carried, ["DATA", "DATA", "RESET", "HELLO", "REPLY", "DATA"]);
    assert_eq!(bob.messages(), [b"still?"]);
    bob.say(now, ann.address, 1, b"gone");
    assert_eq!(settle(now, &mut ann, &mut bob), ["DATA"]);
    assert_eq!(ann.messages(), [b"gone"]);
    // The conversation keeps the words that were compared.
    assert_eq!(ann.words.len(), 1);
}

#[test]
fn a_restarted_caller_gets_the_callee_s_last_message_in_a_new_session() {
    let now = Instant::now();
    let (mut ann, mut bob) = in_conversation(now);
    ann.restart();
    bob.say(now, ann.address, 1, b"still?");
    settle(now, &mut ann, &mut bob);
    assert_eq!(ann.messages(), [b"still?"]);
    ann.say(now, bob.address, 1, b"gone");
    assert_eq!(settle(now, &mut ann, &mut bob), ["DATA"]);
    assert_eq!(bob.messages(), [b"gone"]);
}

#[test]
fn both_may_restart_again_and_again() {
    let start = Instant::now();
    let (mut ann, mut bob) = in_conversation(start);
    for round in 1..10 {
        let now = start + seconds(4 * round);
        bob.restart();
        ann.say(now, bob.address, 1, b"still?");
        settle(now, &mut ann, &mut bob);
        assert_eq!(bob.messages(), [b"still?"], "round {round}");
        bob.say(now, ann.address, 1, b"gone");
        settle(now, &mut ann, &mut bob);
        assert_eq!(ann.messages(), [b"gone"], "round {round}");
    }
}

#[test]
fn a_handshake_for_a_reset_is_begun_once_in_three_seconds() {
    let start = Instant::now();
    let (mut ann, mut bob) = in_conversation(start);
    let hellos = |ann: &mut Side, bob: &mut Side, now| {
        bob.restart();
        ann.say(now, bob.address, 1, b"still?");
        let carried = settle(now, ann, bob);
        carried.iter().filter(|it| **it == "HELLO").count()
    };
    assert_eq!(hellos(&mut ann, &mut bob, start), 1);
    assert_eq!(hellos(&mut ann, &mut bob, start + millis(2999)), 0);
    assert_eq!(hellos(&mut ann, &mut bob, start + seconds(3)), 1);
}

#[test]
fn what_is_on_its_way_in_the_old_session_still_arrives() {
    let now = Instant::now();
    let (mut ann, mut bob) = in_conversation(now);
    bob.say(now, ann.address, 1, b"on its way");
    let old = bob.only();
    ann.say(now, bob.address, 1, b"offer");
    let mut forged = ann.only()[..18].to_vec();
    forged[1] = 4;
    ann.take(now, bob.address, &forged);
    settle(now, &mut ann, &mut bob);
    assert_eq!(bob.messages(), [b"offer"]);
    ann.take(now + seconds(9), bob.address, &old);
    assert_eq!(ann.messages(), [b"on its way"]);
    // Nothing is sent through it any more.
    ann.say(now + seconds(9), bob.address, 1, b"more");
    bob.take(now + seconds(9), ann.address, &ann.only());
    assert_eq!(bob.messages(), [b"more"]);
    ann.take(now + seconds(20), bob.address, &old);
    assert!(ann.messages().is_empty());
    assert_eq!(kinds(&ann.out()), ["RESET"]);
}

#[test]
fn a_caller_whose_first_message_was_lost_is_heard_with_the_next_and_with_equal_words() {
    let start = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(start, bob.address, 1, b"invite");
    bob.take(start, ann.address, &ann.only());
    ann.take(start, bob.address, &bob.only());
    let _lost = ann.out();
    let later = start + seconds(11);
    bob.pass_time(later);
    ann.say(later, bob.address, 1, b"invite");
    settle(later, &mut ann, &mut bob);
    assert_eq!(bob.messages(), [b"invite"]);
    bob.say(later, ann.address, 1, b"ringing");
    settle(later, &mut ann, &mut bob);
    assert_eq!(ann.messages(), [b"ringing"]);
    assert_eq!((ann.words.len(), &ann.words), (1, &bob.words));
}

#[test]
fn words_are_the_same_when_the_first_answer_is_held_back_and_a_reset_forged() {
    let now = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"invite");
    bob.take(now, ann.address, &ann.only());
    ann.take(now, bob.address, &bob.only());
    let invite = ann.only();
    bob.take(now, ann.address, &invite);
    bob.say(now, ann.address, 1, b"ringing");
    let held_back = bob.only();
    let mut forged = invite[..18].to_vec();
    forged[1] = 4;
    ann.take(now, bob.address, &forged);
    settle(now, &mut ann, &mut bob);
    assert_eq!(ann.words_of(1), None);
    bob.say(now, ann.address, 1, b"ringing");
    settle(now, &mut ann, &mut bob);
    ann.take(now, bob.address, &held_back);
    assert!(ann.words_of(1).is_some());
    assert_eq!(ann.words_of(1), bob.words_of(1));
    // Those that both have seen stay.
    let later = now + seconds(5);
    ann.say(later, bob.address, 1, b"offer");
    let mut forged = ann.only()[..18].to_vec();
    forged[1] = 4;
    ann.take(later, bob.address, &forged);
    assert_eq!(
        settle(later, &mut ann, &mut bob),
        ["HELLO", "REPLY", "DATA"]
    );
    assert_eq!((ann.words.len(), bob.words.len()), (1, 2));
}

#[test]
fn two_that_renew_their_session_at_once_meet_in_one() {
    let start = Instant::now();
    let (mut ann, mut bob) = in_conversation(start);
    ann.say(start, bob.address, 1, b"a");
    bob.say(start, ann.address, 1, b"b");
    let [mut reset, data] = [ann.only(), bob.only()];
    reset.truncate(18);
    reset[1] = 4;
    ann.take(start, bob.address, &data);
    ann.take(start, bob.address, &reset);
    bob.take(start, ann.address, &reset);
    settle(start, &mut ann, &mut bob);
    for second in 1..60 {
        let now = start + seconds(second);
        ann.pass_time(now);
        bob.pass_time(now);
        let (one, other) = if second % 2 == 0 {
            (&mut ann, &mut bob)
        } else {
            (&mut bob, &mut ann)
        };
        one.say(now, other.address, 1, b"on");
        assert_eq!(settle(now, one, other), ["DATA"], "second {second}");
        assert_eq!(other.messages().last().unwrap(), b"on");
    }
}

#[test]
fn resets_are_few_whatever_comes() {
    let now = Instant::now();
    let (mut ann, bob) = in_conversation(now);
    ann.say(now, bob.address, 1, b"offer");
    let data = ann.only();
    let mut stranger = Side::new();
    for _ in 0..100 {
        stranger.take(now, ann.address, &data);
    }
    assert_eq!(stranger.out().len(), 1);
    for _ in 0..100 {
        stranger.take(now, Side::new().address, &data);
    }
    assert_eq!(stranger.out().len(), 4);
    for tenth in 1..=100 {
        stranger.take(now + millis(100 * tenth), Side::new().address, &data);
    }
    assert!((19..=20).contains(&stranger.out().len()));
    // The one in a call is answered all the same.
    stranger.sealer.set_active(Some((ann.address, 9)));
    stranger.take(now + seconds(10), ann.address, &data);
    assert_eq!(kinds(&stranger.out()), ["RESET"]);
}
