//! A shared screen: told to the other side by the reports of the controls, never by a negotiation.

use std::time::Duration;

use super::courier::HOP;
use super::duo::{DIRECT, Duo};
use super::station::Who::{self, Alice, Bob};
use crate::input::{Command, Input};
use crate::view::{CallView, Sharing};

const SECOND: Duration = Duration::from_secs(1);

fn sharing(duo: &Duo, who: Who) -> Sharing {
    match duo.view(who) {
        CallView::Active { sharing, .. } => sharing,
        other => panic!("no call: {other:?}"),
    }
}

#[test]
fn a_share_is_seen_at_once_and_costs_no_negotiation() {
    let mut duo = Duo::in_a_call();
    let sent = duo.at(Alice).said.len();
    for _ in 0..50 {
        duo.command(Alice, Command::Share(true));
        let took = duo.time_until(|duo| sharing(duo, Bob).theirs);
        assert!(took <= DIRECT * 3, "{took:?}");
        assert!(sharing(&duo, Alice).ours && !sharing(&duo, Bob).ours);
        duo.command(Alice, Command::Share(false));
        duo.time_until(|duo| !sharing(duo, Bob).theirs);
    }
    assert_eq!(duo.at(Alice).said.len(), sent, "the relay is not needed");
    assert_eq!(duo.at(Alice).opened, 1, "nor another session");
}

#[test]
fn a_window_that_closes_ends_its_share_on_both_sides() {
    let mut duo = Duo::in_a_call();
    duo.command(Alice, Command::Share(true));
    duo.run(SECOND);
    duo.feed(Alice, Input::Screen { on: false });
    duo.run(HOP);
    assert_eq!(sharing(&duo, Alice), Sharing::default());
    assert_eq!(sharing(&duo, Bob), Sharing::default());
    // What answers a wish that is withdrawn by then shares nothing.
    duo.feed(Alice, Input::Screen { on: true });
    duo.run(HOP);
    assert!(!sharing(&duo, Alice).ours);
}

#[test]
fn nothing_is_shared_before_the_answer_or_after_the_end() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.command(Alice, Command::Share(true));
    duo.accept(Bob);
    duo.run(SECOND);
    assert!(!duo.at(Alice).shares, "it rang when the user pressed");
    duo.command(Alice, Command::Share(true));
    duo.run(SECOND);
    assert!(duo.at(Alice).shares);
    duo.command(Bob, Command::End);
    duo.run(SECOND);
    assert!(!duo.at(Alice).shares, "it ends with the call");
}
