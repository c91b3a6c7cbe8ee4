//! A role through its life: every wish, answer and loss in the orders that happen.

use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind, DeviceStream};

use super::{Desk, Step};
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

fn open(desk: &mut Desk, name: &str) -> u64 {
    let turn = turn_of(desk.want(true));
    assert!(matches!(desk.opened(turn, Ok(stream(name))), Step::Rest));
    turn
}

#[test]
fn what_failed_is_opened_again_when_somebody_asks() {
    let mut desk = Desk::new(None);
    let turn = turn_of(desk.want(true));
    let busy = DeviceError::Busy("cam".into());
    assert!(matches!(desk.opened(turn, Err(busy)), Step::Rest));
    assert!(matches!(desk.choose(None), Step::Rest), "the same choice");
    let again = turn_of(desk.try_again());
    assert!(again > turn);
    assert!(matches!(desk.opened(again, Ok(stream("cam"))), Step::Rest));
    assert!(
        matches!(desk.try_again(), Step::Rest),
        "what works goes on working"
    );
    assert!(desk.is_on());
}

#[test]
fn a_wanted_device_is_opened_once_and_let_go_when_unwanted() {
    let mut desk = Desk::new(None);
    let turn = turn_of(desk.want(true));
    assert!(
        matches!(desk.want(true), Step::Rest),
        "an opening is under way"
    );
    assert!(desk.is_opening() && !desk.is_on());
    assert!(matches!(desk.opened(turn, Ok(stream("cam"))), Step::Rest));
    assert!(desk.is_on());
    assert!(matches!(desk.want(false), Step::Close(_)));
    assert!(
        !desk.is_released(),
        "it is not let go of before it is closed"
    );
    assert!(matches!(desk.closed(), Step::Rest));
    assert!(desk.is_released());
}

#[test]
fn a_device_that_came_too_late_is_closed_again() {
    let mut desk = Desk::new(None);
    let turn = turn_of(desk.want(true));
    assert!(matches!(desk.want(false), Step::Rest));
    assert!(matches!(
        desk.opened(turn, Ok(stream("cam"))),
        Step::Close(_)
    ));
    assert!(matches!(desk.closed(), Step::Rest));
    assert!(desk.is_released());
}

#[test]
fn another_choice_opens_only_after_the_first_is_closed() {
    let mut desk = Desk::new(None);
    open(&mut desk, "first");
    assert!(matches!(
        desk.choose(Some(DeviceId("second".to_owned()))),
        Step::Close(_)
    ));
    match desk.closed() {
        Step::Open { id, .. } => assert_eq!(id, Some(DeviceId("second".to_owned()))),
        other => panic!("expected to open the choice, not {other:?}"),
    }
}

#[test]
fn another_choice_while_opening_makes_the_answer_stale() {
    let mut desk = Desk::new(None);
    let turn = turn_of(desk.want(true));
    assert!(matches!(
        desk.choose(Some(DeviceId("second".to_owned()))),
        Step::Rest
    ));
    assert!(matches!(
        desk.opened(turn, Ok(stream("first"))),
        Step::Close(_)
    ));
    assert!(matches!(desk.closed(), Step::Open { .. }));
}

#[test]
fn a_failure_is_shown_and_tried_again_when_the_devices_change() {
    let mut desk = Desk::new(None);
    let turn = turn_of(desk.want(true));
    let busy = Err(DeviceError::Busy("cam".to_owned()));
    assert!(matches!(desk.opened(turn, busy), Step::Rest));
    let DeviceNow::Failed { problem, .. } = desk.view().now else {
        panic!("the failure shows")
    };
    assert_eq!(problem, DeviceProblem::Busy);
    assert!(
        matches!(desk.want(true), Step::Rest),
        "it is not tried in a loop"
    );
    assert!(matches!(desk.list(vec![info("cam")]), Step::Open { .. }));
}

#[test]
fn a_lost_device_is_let_go_and_found_again() {
    let mut desk = Desk::new(None);
    let _ = desk.list(vec![info("cam")]);
    let turn = open(&mut desk, "cam");
    let lost = DeviceError::Lost("unplugged".to_owned());
    assert!(matches!(desk.failed(turn, &lost), Step::Close(_)));
    assert!(matches!(desk.closed(), Step::Rest));
    assert!(
        matches!(desk.list(vec![]), Step::Open { .. }),
        "the default may still be there"
    );
}

#[test]
fn news_of_an_earlier_device_changes_nothing() {
    let mut desk = Desk::new(None);
    let turn = open(&mut desk, "cam");
    let _ = desk.want(false);
    let _ = desk.closed();
    open(&mut desk, "cam");
    assert!(matches!(
        desk.failed(turn, &DeviceError::Lost(String::new())),
        Step::Rest
    ));
    assert!(desk.is_on());
}

#[test]
fn a_loss_that_is_reported_before_the_opening_counts() {
    let mut desk = Desk::new(None);
    let turn = turn_of(desk.want(true));
    let lost = DeviceError::Lost("the clip ends".to_owned());
    assert!(matches!(desk.failed(turn, &lost), Step::Rest));
    assert!(matches!(
        desk.opened(turn, Ok(stream("cam"))),
        Step::Close(_)
    ));
    assert!(matches!(desk.view().now, DeviceNow::Failed { .. }));
    assert!(!desk.is_released(), "it is being closed");
    assert!(matches!(desk.closed(), Step::Rest));
    assert!(matches!(desk.view().now, DeviceNow::Failed { .. }));
    assert!(desk.is_released());
}

#[test]
fn a_failed_device_is_opened_again_only_after_it_is_closed() {
    let mut desk = Desk::new(None);
    let turn = open(&mut desk, "cam");
    let lost = DeviceError::Lost("unplugged".to_owned());
    assert!(matches!(desk.failed(turn, &lost), Step::Close(_)));
    assert!(matches!(desk.list(vec![info("other")]), Step::Rest));
    assert!(matches!(desk.closed(), Step::Open { .. }));
}

#[test]
fn a_device_that_does_not_answer_has_failed() {
    let mut desk = Desk::new(None);
    let turn = turn_of(desk.want(true));
    for _ in 1..super::PATIENCE {
        desk.beat();
    }
    assert!(desk.is_opening());
    desk.beat();
    assert!(matches!(desk.view().now, DeviceNow::Failed { .. }));
    assert!(desk.is_released(), "nothing waits for it");
    assert!(matches!(
        desk.opened(turn, Ok(stream("late"))),
        Step::Close(_)
    ));
    assert!(matches!(desk.closed(), Step::Rest));
}
