//! Calls through the relay that an invite names.

use std::time::Duration;

use call::reason::EndReason;
use engine::command::Command;
use engine::view::RelayProblem;
use media::transport::IceServer;

use crate::support::{Duo, Setup};

const SECOND: Duration = Duration::from_secs(1);

async fn apart() -> Duo {
    Duo::with(Setup {
        apart: true,
        ..Setup::default()
    })
    .await
}

/// Alice calls Bob by his invite, which names his relay.
async fn dials_by_invite(duo: &Duo) {
    let relay = duo.other_relay.as_ref().unwrap();
    let to = duo.bob.invite(&relay.url);
    duo.alice
        .does(Command::Dial {
            to,
            video: true,
            via: None,
        })
        .await;
}

#[tokio::test]
async fn two_at_different_relays_are_in_a_call_and_stay_at_home_for_others() {
    let duo = apart().await;
    let mut history = duo.alice.engine().ended();
    dials_by_invite(&duo).await;
    duo.bob.is_called().await;
    duo.alice.hears_it_ring().await;
    duo.alice.is_online().await;
    duo.bob.accepts().await;
    duo.alice.is_in_the_call().await;
    duo.hangs_up().await;
    let relay = history.recv().await.unwrap().relay;
    assert_eq!(relay, Some(duo.other_relay.as_ref().unwrap().url.clone()));
    let carol = duo.somebody_else("Carol").await;
    carol.dials(&duo.alice).await;
    duo.alice.is_called().await;
    carol.stops().await;
    duo.stop().await;
}

#[tokio::test]
async fn the_servers_that_ones_relays_name_help_to_find_a_path() {
    let duo = apart().await;
    let (hers, his) = (&duo.relay, duo.other_relay.as_ref().unwrap());
    dials_by_invite(&duo).await;
    duo.bob.is_called().await;
    duo.alice.hears_it_ring().await;
    duo.bob.accepts().await;
    duo.alice.is_in_the_call().await;
    let both = vec![hers.turn_server(), his.turn_server()];
    for (person, named) in [(&duo.alice, both), (&duo.bob, vec![his.turn_server()])] {
        let servers = person.transport.ice_servers();
        let urls: Vec<_> = servers.iter().map(|it| it.url.clone()).collect();
        assert_eq!(urls, named, "{}", person.name);
        let usable = |it: &IceServer| !it.username.is_empty() && !it.credential.is_empty();
        assert!(servers.iter().all(usable), "{} has no account", person.name);
    }
    duo.stop().await;
}

#[tokio::test]
async fn an_invite_whose_relay_is_gone_says_what_is_wrong() {
    let mut duo = apart().await;
    duo.other_relay.as_mut().unwrap().dies().await;
    dials_by_invite(&duo).await;
    duo.alice
        .sees("what is wrong with the relay", |view| {
            let problem = view.summary?.guest_relay?;
            (problem == RelayProblem::Unreachable).then_some(())
        })
        .await;
    duo.pass(6 * SECOND).await;
    duo.alice.ended(EndReason::NoRelay).await;
    duo.alice.is_online().await;
    duo.stop().await;
}
