//! New sessions behind a running call, and calls that go on after a loss.

use std::time::Duration;

use call::reason::EndReason;
use call::view::{ActivePhase, CallView, Resume};
use engine::command::Command;
use engine::view::EngineView;

use crate::support::{Duo, Person};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn another_network_leads_to_another_session_behind_the_same_call() {
    for mover in [0, 1] {
        let duo = Duo::in_a_call().await;
        let people = [&duo.alice, &duo.bob];
        let call = people[0].view().call.call().map(str::to_owned);
        people[mover].uplink.changes_now();
        for person in people {
            person.has_opened_sessions(2).await;
        }
        duo.pass(3 * SECOND).await;
        for person in people {
            person.is_in_the_call().await;
            person.has_sessions(1).await;
            assert_eq!(person.view().call.call().map(str::to_owned), call);
        }
        // Both directions, sound and picture, through the new session.
        duo.alice.devices.sing(1000);
        duo.bob.hears(1000).await;
        duo.bob.devices.sing(700);
        duo.alice.hears(700).await;
        duo.alice.devices.show(180);
        duo.bob.sees_shade(180).await;
        duo.bob.devices.show(90);
        duo.alice.sees_shade(90).await;
        duo.stop().await;
    }
}

#[tokio::test]
async fn each_side_is_told_that_it_is_heard_and_seen() {
    let duo = Duo::in_a_call().await;
    duo.alice.devices.sing(1000);
    duo.bob.devices.sing(700);
    duo.alice.devices.show(180);
    duo.bob.devices.show(90);
    for person in [&duo.alice, &duo.bob] {
        let received = |view: &EngineView| match &view.call {
            CallView::Active {
                received, culprit, ..
            } => (received.heard == Some(true) && received.seen == Some(true) && culprit.is_none())
                .then_some(()),
            CallView::Idle
            | CallView::Outgoing { .. }
            | CallView::Incoming { .. }
            | CallView::Ended { .. } => None,
        };
        person.sees("that it is heard and seen", received).await;
    }
    duo.stop().await;
}

#[tokio::test]
async fn a_lost_call_goes_on_when_both_want_it_and_no_device_opens_before() {
    let duo = Duo::in_a_call().await;
    duo.network.cut();
    duo.pass(47 * SECOND).await;
    for person in [&duo.alice, &duo.bob] {
        person.ended(EndReason::ConnectionLost).await;
        offers(person, Resume::Offered).await;
    }
    duo.network.mend();
    duo.bob.does(Command::Resume { video: true }).await;
    offers(&duo.bob, Resume::Waiting).await;
    duo.alice.has_released_all().await;
    duo.bob.has_released_all().await;
    duo.alice.does(Command::Resume { video: true }).await;
    duo.alice.is(ActivePhase::Connected).await;
    duo.bob.is(ActivePhase::Connected).await;
    duo.alice.devices.sing(1000);
    duo.bob.hears(1000).await;
    duo.stop().await;
}

async fn offers(person: &Person, wanted: Resume) {
    let offered = |view: &EngineView| match &view.call {
        CallView::Ended { resume, .. } => (*resume == wanted).then_some(()),
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Active { .. } => None,
    };
    person.sees("the lost call offered", offered).await;
}
