//! Two sides over a network in virtual time, and one side against whatever may come.

mod prefer;
mod world;

use proptest::prelude::*;

use self::world::{World, at, pair};
use super::*;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_side_that_loses_its_address_moves_at_once_to_one_that_was_checked_before() {
    let mut world = World::new();
    world.set_addresses(0, &["a1:1", "a2:2"]);
    world.run(millis(500));
    assert_eq!(
        world.pairs(),
        ["a1:1 b1:1", "b1:1 a1:1"],
        "it only got ready"
    );
    world.set_addresses(0, &["a2:2"]);
    world.run(world.trip() * 2);
    assert_eq!(world.pairs(), ["a2:2 b1:1", "b1:1 a2:2"]);
    world.run(millis(3000));
    assert_eq!(world.hear_each_other(), [true; 2]);
}

#[test]
fn a_side_that_gets_another_address_only_when_its_own_is_gone_moves_within_two_round_trips() {
    let mut world = World::new();
    world.set_addresses(0, &[]);
    world.run(millis(400));
    world.set_addresses(0, &["a2:2"]);
    world.run(world.trip() * 4);
    assert_eq!(world.pairs(), ["a2:2 b1:1", "b1:1 a2:2"]);
    world.run(millis(3000));
    assert_eq!(world.hear_each_other(), [true; 2]);
}

#[test]
fn sends_that_fail_begin_a_search_without_waiting() {
    let mut world = World::new();
    world.set_addresses(0, &["a1:1", "a2:2"]);
    world.run(millis(200));
    world.cut(|a, b| a == at("a1:1") || b == at("a1:1"));
    world.fail(0);
    world.run(world.trip() * 2);
    assert_eq!(world.pairs(), ["a2:2 b1:1", "b1:1 a2:2"]);
}

#[test]
fn both_sides_may_move_one_after_the_other_and_at_once() {
    for together in [false, true] {
        let mut world = World::new();
        world.set_addresses(0, &["a1:1", "a2:2"]);
        world.set_addresses(1, &["b1:1", "b2:2"]);
        world.run(millis(500));
        world.set_addresses(0, &["a2:2"]);
        if !together {
            world.run(millis(300));
        }
        world.set_addresses(1, &["b2:2"]);
        world.run(millis(1500));
        assert_eq!(world.pairs(), ["a2:2 b2:2", "b2:2 a2:2"], "{together}");
        world.run(millis(3000));
        assert_eq!(world.hear_each_other(), [true; 2], "{together}");
    }
}

#[test]
fn a_path_that_comes_back_is_kept_and_asked_for_within_bounds() {
    let mut world = World::new();
    world.run(millis(100));
    world.cut(|_, _| true);
    world.run(Duration::from_secs(8));
    let asked = world.requests();
    assert!((14..60).contains(&asked), "{asked}");
    world.cut(|_, _| false);
    world.run(millis(1100));
    assert_eq!(world.pairs(), ["a1:1 b1:1", "b1:1 a1:1"]);
    assert_eq!(world.hear_each_other(), [true; 2]);
    let asked = world.requests();
    world.run(Duration::from_secs(10));
    assert_eq!(
        world.requests(),
        asked,
        "nothing is asked of a path that does"
    );
}

#[test]
fn a_search_that_finds_nobody_ends() {
    let mut world = World::new();
    world.cut(|_, _| true);
    world.run(LONGEST_SEARCH + Duration::from_secs(2));
    let asked = world.requests();
    assert!(asked < 200, "{asked}");
    world.run(Duration::from_secs(60));
    assert_eq!(world.requests(), asked);
    world.cut(|_, _| false);
    world.set_addresses(0, &["a2:2"]);
    world.run(millis(500));
    assert_eq!(
        world.hear_each_other(),
        [true; 2],
        "a new address is tried again"
    );
}

#[test]
fn when_the_path_dies_another_one_that_is_there_is_taken_after_a_second() {
    let mut world = World::new();
    world.set_addresses(0, &["a1:1", "a2:2"]);
    world.run(millis(500));
    world.cut(|a, b| [a, b].contains(&at("a1:1")));
    world.run(SILENCE + world.trip() * 4);
    assert_eq!(world.pairs(), ["a2:2 b1:1", "b1:1 a2:2"]);
}

#[test]
fn a_nat_that_rebinds_is_followed_when_the_old_address_is_silent() {
    let mut world = World::new();
    world.run(millis(100));
    world.rebind("a1:1", "a9:9");
    world.run(millis(700));
    assert_eq!(world.pairs(), ["a1:1 b1:1", "b1:1 a9:9"]);
    assert_eq!(world.hear_each_other(), [true; 2]);
}

#[test]
fn an_ice_check_from_elsewhere_moves_nothing_while_the_pair_in_use_is_heard() {
    let mut world = World::new();
    for _ in 0..50 {
        world.ice_check(1, "a9:9");
        world.run(millis(100));
    }
    assert_eq!(world.pairs(), ["a1:1 b1:1", "b1:1 a1:1"]);
}

#[test]
fn only_a_pair_that_answers_is_moved_to() {
    let (mut mover, begun) = mover();
    let elsewhere = pair("b1:1", "victim:7");
    mover.on_request(begun, elsewhere, request(1, true));
    for step in 0..50 {
        let now = begun + millis(100 * step);
        mover.handle_timeout(now, now);
        // Answers that were guessed.
        mover.on_answer(now, elsewhere, [step as u8; 12]);
    }
    let outputs = drain(&mut mover);
    assert!(
        !outputs.iter().any(|it| matches!(it, Output::Move(_))),
        "{outputs:?}"
    );
    let sent = |it: &&Output| matches!(it, Output::Request(to, _) | Output::Answer(to, _) if *to == elsewhere);
    let sent = outputs.iter().filter(sent).count();
    assert!(sent <= 7, "an answer and a few checks: {sent}");
}

#[test]
fn a_request_counts_once() {
    let (mut mover, now) = mover();
    for _ in 0..3 {
        mover.on_request(now, pair("b1:1", "a9:9"), request(5, true));
    }
    // A copy that somebody sends from elsewhere, and one of long ago.
    mover.on_request(now, pair("b1:1", "victim:7"), request(5, true));
    mover.on_request(now, pair("b1:1", "a9:9"), request(100, false));
    mover.on_request(now, pair("b1:1", "victim:7"), request(6, true));
    let outputs = drain(&mut mover);
    let answers = outputs.iter().filter(|it| matches!(it, Output::Answer(..)));
    assert_eq!(answers.count(), 2);
}

#[test]
fn an_earlier_nomination_that_comes_late_moves_nothing_back() {
    let (mut mover, now) = mover();
    let (first, second) = (pair("b1:1", "a8:8"), pair("b1:1", "a9:9"));
    for (pair, number) in [(first, 1), (second, 2)] {
        mover.on_request(now, pair, request(number, false));
        validate(&mut mover, now, pair);
    }
    mover.on_request(now, second, request(9, true));
    mover.on_request(now, first, request(8, true));
    let moves = drain(&mut mover).into_iter();
    let moves: Vec<_> = moves.filter(|it| matches!(it, Output::Move(_))).collect();
    assert_eq!(moves, [Output::Move(second)]);
}

#[test]
fn requests_from_ever_new_addresses_do_not_add_up() {
    let (mut mover, now) = mover();
    for number in 1..2000_u64 {
        let from = pair("b1:1", &format!("a{}:{}", number % 200, 1000 + number));
        mover.on_request(now, from, request(number, true));
        mover.handle_timeout(now, now);
    }
    assert!(mover.checks.len() <= MAX_CHECKS);
    assert!(mover.remotes.len() <= MAX_REMOTES);
    drain(&mut mover);
    // The addresses of a stranger keep nobody from coming back.
    mover.set_locals(now, vec![at("b2:2")]);
    let to_peer = |it: &Output| matches!(it, Output::Request(to, _) if to.local == at("b2:2"));
    mover.handle_timeout(now + millis(2000), now);
    mover.handle_timeout(now + millis(2001), now);
    assert!(drain(&mut mover).iter().any(to_peer));
}

fn mover() -> (Mover, Instant) {
    let selected = pair("b1:1", "a1:1");
    let mover = Mover::new(Role::Answerer, selected, &[], Numbers::default());
    (mover, Instant::now())
}

const fn request(number: u64, nominates: bool) -> Request {
    Request {
        transaction: [0; 12],
        number,
        nominates,
    }
}

fn drain(mover: &mut Mover) -> Vec<Output> {
    std::iter::from_fn(|| mover.poll_output()).collect()
}

/// The other side answers over a pair.
fn validate(mover: &mut Mover, now: Instant, pair: Pair) {
    mover.handle_timeout(now, now);
    for output in drain(mover) {
        if let Output::Request(over, request) = output
            && over == pair
        {
            mover.on_answer(now, pair, request.transaction);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Request(u8, u64, bool),
    AnswerLast(u8),
    IceCheck(u8),
    Locals(u8),
    Lose,
    Wait(u64, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u8..6, 0u64..100, any::<bool>()).prop_map(|(a, b, c)| Step::Request(a, b, c)),
        (0u8..6).prop_map(Step::AnswerLast),
        (0u8..6).prop_map(Step::IceCheck),
        (0u8..8).prop_map(Step::Locals),
        Just(Step::Lose),
        (0u64..3000, any::<bool>()).prop_map(|(a, b)| Step::Wait(a, b)),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_a_side_sends_media_only_to_where_it_was_answered_from(
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let (mut mover, mut now) = mover();
        let mut heard = now;
        let mut answered = vec![pair("b1:1", "a1:1")];
        let mut asked = Vec::new();
        for step in steps {
            match step {
                Step::Request(from, number, nominates) => {
                    let over = pair("b1:1", &format!("a{from}:1"));
                    mover.on_request(now, over, request(number, nominates));
                }
                Step::AnswerLast(from) => {
                    let over = pair("b1:1", &format!("a{from}:1"));
                    let last = asked.iter().rev().find(|(it, _)| *it == over);
                    if let Some((_, transaction)) = last {
                        mover.on_answer(now, over, *transaction);
                        answered.push(over);
                    }
                }
                Step::IceCheck(from) => {
                    mover.on_ice_check(now, pair("b1:1", &format!("a{from}:1")));
                }
                Step::Locals(which) => {
                    let all = ["b1:1", "b2:2", "b3:3"].iter().enumerate();
                    let some = all.filter(|(at, _)| which >> at & 1 == 1);
                    mover.set_locals(now, some.map(|(_, it)| at(it)).collect());
                }
                Step::Lose => mover.lose(now),
                Step::Wait(millis, hears) => {
                    now += Duration::from_millis(millis);
                    if hears {
                        heard = now;
                    }
                }
            }
            mover.handle_timeout(now, heard);
            for output in drain(&mut mover) {
                match output {
                    Output::Request(over, request) => asked.push((over, request.transaction)),
                    Output::Move(to) => prop_assert!(answered.contains(&to)),
                    Output::Answer(..) | Output::Accept(_) | Output::LookAround => {}
                }
            }
            prop_assert!(mover.checks.len() <= MAX_CHECKS && mover.remotes.len() <= MAX_REMOTES);
        }
    }
}
