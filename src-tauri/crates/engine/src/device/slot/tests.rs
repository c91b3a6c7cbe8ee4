//! A role through its life: every wish, answer and loss in the orders that happen.

use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind, DeviceStream};

use super::{DeviceSlot, Step};
use crate::view::{DeviceNow, DeviceProblem};

#[derive(Debug)]
struct Stream(DeviceInfo);

impl DeviceStream for Stream {
    fn info(&self) -> &DeviceInfo {
        &self.0
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

#[test]
fn a_device_that_does_not_answer_has_failed() {
    let mut slot = DeviceSlot::new(None);
    let turn = turn_of(slot.want(true));
    for _ in 1..super::PATIENCE {
        slot.beat();
    }
    assert!(slot.is_opening());
    slot.beat();
    assert!(matches!(slot.view().now, DeviceNow::Failed { .. }));
    assert!(slot.is_released(), "nothing waits for it");
    assert!(matches!(
        slot.opened(turn, Ok(stream("late"))),
        Step::Close(_)
    ));
    assert!(matches!(slot.closed(), Step::Nothing));
}
