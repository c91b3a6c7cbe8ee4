//! A role through its life: every wish, answer and loss in the orders that happen.

use std::time::{Duration, Instant};

use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind, DeviceStream};

use super::{DeviceSlot, Step};
use crate::view::{DeviceNow, DeviceProblem};

#[derive(Debug)]
struct Stream(DeviceInfo);

impl DeviceStream for Stream {
    fn info(&self) -> DeviceInfo {
        self.0.clone()
    }
}

fn info(name: &str) -> DeviceInfo {
    DeviceInfo {
        id: DeviceId(name.to_owned()),
        name: name.to_owned(),
        kind: DeviceKind::Real,
        is_default: false,
    }
}

fn stream(name: &str) -> Box<dyn DeviceStream> {
    Box::new(Stream(info(name)))
}

fn turn_of(step: Step) -> u64 {
    match step {
        Step::Open { turn, .. } => turn,
        other => panic!("expected to open, not {other:?}"),
    }
}

fn open(slot: &mut DeviceSlot, name: &str) -> u64 {
    let turn = turn_of(slot.want(true));
    assert!(matches!(slot.opened(turn, Ok(stream(name))), Step::Nothing));
    turn
}

#[test]
fn what_failed_is_opened_again_when_somebody_asks() {
    let mut slot = DeviceSlot::new(None);
    let turn = turn_of(slot.want(true));
    let busy = DeviceError::Busy("cam".into());
    assert!(matches!(slot.opened(turn, Err(busy)), Step::Nothing));
    assert!(
        matches!(slot.choose(None), Step::Nothing),
        "the same choice"
    );
    let again = turn_of(slot.try_again());
    assert!(again > turn);
    assert!(matches!(
        slot.opened(again, Ok(stream("cam"))),
        Step::Nothing
    ));
    assert!(
        matches!(slot.try_again(), Step::Nothing),
        "what works goes on working"
    );
    assert!(slot.is_on());
}

#[test]
fn a_wanted_device_is_opened_once_and_let_go_when_unwanted() {
    let mut slot = DeviceSlot::new(None);
    let turn = turn_of(slot.want(true));
    assert!(
        matches!(slot.want(true), Step::Nothing),
        "an opening is under way"
    );
    assert!(slot.is_opening() && !slot.is_on());
    assert!(matches!(
        slot.opened(turn, Ok(stream("cam"))),
        Step::Nothing
    ));
    assert!(slot.is_on());
    assert!(matches!(slot.want(false), Step::Close(_)));
    assert!(
        !slot.is_released(),
        "it is not let go of before it is closed"
    );
    assert!(matches!(slot.closed(), Step::Nothing));
    assert!(slot.is_released());
}

#[test]
fn a_device_that_came_too_late_is_closed_again() {
    let mut slot = DeviceSlot::new(None);
    let turn = turn_of(slot.want(true));
    assert!(matches!(slot.want(false), Step::Nothing));
    assert!(matches!(
        slot.opened(turn, Ok(stream("cam"))),
        Step::Close(_)
    ));
    assert!(matches!(slot.closed(), Step::Nothing));
    assert!(slot.is_released());
}

#[test]
fn another_choice_opens_only_after_the_first_is_closed() {
    let mut slot = DeviceSlot::new(None);
    open(&mut slot, "first");
    assert!(matches!(
        slot.choose(Some(DeviceId("second".to_owned()))),
        Step::Close(_)
    ));
    match slot.closed() {
        Step::Open { id, .. } => assert_eq!(id, Some(DeviceId("second".to_owned()))),
        other => panic!("expected to open the choice, not {other:?}"),
    }
}

#[test]
fn another_choice_while_opening_makes_the_answer_stale() {
    let mut slot = DeviceSlot::new(None);
    let turn = turn_of(slot.want(true));
    assert!(matches!(
        slot.choose(Some(DeviceId("second".to_owned()))),
        Step::Nothing
    ));
    assert!(matches!(
        slot.opened(turn, Ok(stream("first"))),
        Step::Close(_)
    ));
    assert!(matches!(slot.closed(), Step::Open { .. }));
}

#[test]
fn a_failure_is_shown_and_tried_again_when_the_devices_change() {
    let mut slot = DeviceSlot::new(None);
    let turn = turn_of(slot.want(true));
    let busy = Err(DeviceError::Busy("cam".to_owned()));
    assert!(matches!(slot.opened(turn, busy), Step::Nothing));
    let DeviceNow::Failed { problem, .. } = slot.view().now else {
        panic!("the failure shows")
    };
    assert_eq!(problem, DeviceProblem::Busy);
    assert!(
        matches!(slot.want(true), Step::Nothing),
        "it is not tried in a loop"
    );
    assert!(matches!(slot.list(vec![info("cam")]), Step::Open { .. }));
}

#[test]
fn a_lost_device_is_let_go_and_found_again() {
    let mut slot = DeviceSlot::new(None);
    let _ = slot.list(vec![info("cam")]);
    let turn = open(&mut slot, "cam");
    let lost = DeviceError::Lost("unplugged".to_owned());
    assert!(matches!(slot.failed(turn, &lost), Step::Close(_)));
    assert!(matches!(slot.closed(), Step::Nothing));
    assert!(
        matches!(slot.list(vec![]), Step::Open { .. }),
        "the default may still be there"
    );
}

#[test]
fn news_of_an_earlier_device_changes_nothing() {
    let mut slot = DeviceSlot::new(None);
    let turn = open(&mut slot, "cam");
    let _ = slot.want(false);
    let _ = slot.closed();
    open(&mut slot, "cam");
    assert!(matches!(
        slot.failed(turn, &DeviceError::Lost(String::new())),
        Step::Nothing
    ));
    assert!(slot.is_on());
}

#[test]
fn a_loss_that_is_reported_before_the_opening_counts() {
    let mut slot = DeviceSlot::new(None);
    let turn = turn_of(slot.want(true));
    let lost = DeviceError::Lost("the clip ends".to_owned());
    assert!(matches!(slot.failed(turn, &lost), Step::Nothing));
    assert!(matches!(
        slot.opened(turn, Ok(stream("cam"))),
        Step::Close(_)
    ));
    assert!(matches!(slot.view().now, DeviceNow::Failed { .. }));
    assert!(!slot.is_released(), "it is being closed");
    assert!(matches!(slot.closed(), Step::Nothing));
    assert!(matches!(slot.view().now, DeviceNow::Failed { .. }));
    assert!(slot.is_released());
}

#[test]
fn a_failed_device_is_opened_again_only_after_it_is_closed() {
    let mut slot = DeviceSlot::new(None);
    let turn = open(&mut slot, "cam");
    let lost = DeviceError::Lost("unplugged".to_owned());
    assert!(matches!(slot.failed(turn, &lost), Step::Close(_)));
    assert!(matches!(slot.list(vec![info("other")]), Step::Nothing));
    assert!(matches!(slot.closed(), Step::Open { .. }));
}

/// Time as the slot is told of it.
struct Time(Instant);

impl Time {
    fn new() -> Self {
        Self(Instant::now())
    }

    /// Lets this much pass, in which nothing is asked for.
    fn passes(&mut self, slot: &mut DeviceSlot, time: Duration, in_call: bool) {
        let end = self.0 + time;
        while self.0 < end {
            self.0 += BEAT;
            let step = slot.pass(self.0, in_call);
            assert!(matches!(step, Step::Nothing), "{step:?}");
        }
    }

    /// Lets time pass in a call until the slot opens the device again: after how many seconds,
    /// and with which turn.
    fn until_tried_again(&mut self, slot: &mut DeviceSlot) -> (u64, u64) {
        let begun = self.0;
        loop {
            assert!(self.0 - begun < Duration::from_secs(60), "it is given up");
            match slot.pass(self.0, true) {
                Step::Open { turn, .. } => return ((self.0 - begun).as_secs(), turn),
                Step::Nothing => self.0 += BEAT,
                other @ Step::Close(_) => panic!("expected to open, not {other:?}"),
            }
        }
    }
}

const BEAT: Duration = Duration::from_millis(100);

/// Waits in vain for the answer to an opening.
fn leave_unanswered(slot: &mut DeviceSlot) {
    let patience = slot.patience;
    Time::new().passes(slot, patience + BEAT, false);
    assert!(matches!(slot.view().now, DeviceNow::Failed { .. }));
}

fn lost() -> DeviceError {
    DeviceError::Lost("the sound server went away".to_owned())
}

#[test]
fn a_device_that_does_not_answer_has_failed() {
    let mut slot = DeviceSlot::new(None);
    let turn = turn_of(slot.want(true));
    let mut time = Time::new();
    time.passes(&mut slot, super::PATIENCE, false);
    assert!(slot.is_opening());
    time.passes(&mut slot, BEAT, false);
    assert!(matches!(slot.view().now, DeviceNow::Failed { .. }));
    assert!(slot.is_released(), "nothing waits for it");
    assert!(matches!(
        slot.opened(turn, Ok(stream("late"))),
        Step::Close(_)
    ));
    assert!(matches!(slot.closed(), Step::Nothing));
}

#[test]
fn a_second_opening_waits_for_the_answer_to_the_first() {
    let mut slot = DeviceSlot::new(None);
    let first = turn_of(slot.want(true));
    leave_unanswered(&mut slot);
    let second = Some(DeviceId("second".to_owned()));
    for step in [
        slot.try_again(),
        slot.want(false),
        slot.want(true),
        slot.list(vec![info("first"), info("second")]),
        slot.choose(second.clone()),
        slot.pass(Instant::now(), true),
    ] {
        assert!(matches!(step, Step::Nothing), "{step:?}");
    }
    assert!(slot.is_failed(), "and that shows");
    assert!(matches!(
        slot.opened(first, Ok(stream("first"))),
        Step::Close(_)
    ));
    match slot.closed() {
        Step::Open { id, .. } => assert_eq!(id, second),
        other => panic!("expected to open the choice, not {other:?}"),
    }
}

#[test]
fn a_late_error_makes_room_for_the_next_wish() {
    let mut slot = DeviceSlot::new(None);
    let first = turn_of(slot.want(true));
    leave_unanswered(&mut slot);
    assert!(matches!(slot.try_again(), Step::Nothing));
    assert!(matches!(slot.opened(first, Err(lost())), Step::Open { .. }));
}

#[test]
fn what_nobody_wants_any_more_when_it_answers_is_let_go() {
    let mut slot = DeviceSlot::new(None);
    let first = turn_of(slot.want(true));
    leave_unanswered(&mut slot);
    assert!(matches!(slot.want(false), Step::Nothing));
    assert!(matches!(slot.view().now, DeviceNow::Off));
    assert!(matches!(
        slot.opened(first, Ok(stream("late"))),
        Step::Close(_)
    ));
    assert!(!slot.is_released());
    assert!(matches!(slot.closed(), Step::Nothing));
    assert!(slot.is_released());
}

#[test]
fn a_slow_device_gets_more_time_at_the_next_attempt() {
    let mut slot = DeviceSlot::new(None);
    let first = turn_of(slot.want(true));
    leave_unanswered(&mut slot);
    let _ = slot.opened(first, Ok(stream("late")));
    let _ = slot.closed();
    let mut time = Time::new();
    let (_, second) = time.until_tried_again(&mut slot);
    time.passes(&mut slot, 2 * super::PATIENCE, true);
    assert!(matches!(
        slot.opened(second, Ok(stream("slow"))),
        Step::Nothing
    ));
    assert!(slot.is_on());
}

#[test]
fn what_fails_in_a_call_is_tried_again_until_it_works() {
    let mut slot = DeviceSlot::new(None);
    let turn = open(&mut slot, "speaker");
    let _ = slot.failed(turn, &lost());
    let _ = slot.closed();
    let (mut time, mut pauses) = (Time::new(), Vec::new());
    for _ in 0..6 {
        let (pause, turn) = time.until_tried_again(&mut slot);
        pauses.push(pause);
        assert!(slot.is_failed() && !slot.is_opening(), "it goes on to show");
        assert!(matches!(slot.opened(turn, Err(lost())), Step::Nothing));
    }
    assert_eq!(pauses, [1, 2, 4, 8, 10, 10]);
    let (_, turn) = time.until_tried_again(&mut slot);
    assert!(matches!(
        slot.opened(turn, Ok(stream("speaker"))),
        Step::Nothing
    ));
    assert!(slot.is_on() && !slot.is_failed());
}

#[test]
fn outside_a_call_a_failure_stays_until_somebody_acts() {
    let mut slot = DeviceSlot::new(None);
    let turn = turn_of(slot.want(true));
    let _ = slot.opened(turn, Err(lost()));
    Time::new().passes(&mut slot, Duration::from_secs(100), false);
}

#[test]
fn an_attempt_under_way_does_not_disturb_a_device_that_is_chosen_anew() {
    let mut slot = DeviceSlot::new(None);
    let turn = turn_of(slot.want(true));
    let _ = slot.opened(turn, Err(lost()));
    let mut time = Time::new();
    let (_, attempt) = time.until_tried_again(&mut slot);
    let chosen = Some(DeviceId("chosen".to_owned()));
    assert!(matches!(slot.choose(chosen.clone()), Step::Nothing));
    let next = match slot.opened(attempt, Err(lost())) {
        Step::Open { turn, id } => {
            assert_eq!(id, chosen);
            turn
        }
        other => panic!("expected to open the choice, not {other:?}"),
    };
    assert!(matches!(
        slot.opened(next, Ok(stream("chosen"))),
        Step::Nothing
    ));
    for _ in 0..1000 {
        assert!(matches!(slot.pass(Instant::now(), true), Step::Nothing));
    }
    assert!(slot.is_on());
}
