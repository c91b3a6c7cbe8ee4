//! Whatever happens to a call, once each, with generous bars: see `recovery::event::EVENTS`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use call::carrier::Carrier;
use scenarios::coturn::Coturn;
use scenarios::lab::Lab;
use scenarios::livekit::LiveKit;
use scenarios::recovery::event::{EVENTS, Event};
use scenarios::recovery::{Outcome, run};
use scenarios::turn::{has_time, missing, note, skip, turn};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_survives_what_it_can_and_both_sides_agree() -> Result<()> {
    all_survive_over(Carrier::Direct).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_a_server_survives_what_it_can_and_both_sides_agree() -> Result<()> {
    if !LiveKit::is_there().await? {
        return Ok(());
    }
    all_survive_over(Carrier::LiveKit).await
}

async fn all_survive_over(carrier: Carrier) -> Result<()> {
    let _turn = turn().await;
    if let Some(why) = hindrance() {
        skip("what happens to calls", &why);
        return Ok(());
    }
    let long = has_time();
    if !long {
        note("what takes long to happen does so with TINCAN_LONG=1");
    }
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for event in EVENTS.iter().filter(|it| it.is_for(carrier, long)) {
        let places = Arc::clone(&places);
        running.spawn(async move {
            let _place = places.acquire_owned().await;
            judge(
                event,
                &run(event, carrier, SEED, event.bar + SEEN_LATER).await,
            )
        });
    }
    let mut wrong = Vec::new();
    for verdict in running.join_all().await {
        match verdict {
            Ok(told) => note(&told),
            Err(why) => wrong.push(why),
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Why there is no lab here.
fn hindrance() -> Option<String> {
    if let Some(program) = missing(&[Coturn::PROGRAM]) {
        return Some(format!("there is no {program}"));
    }
    Lab::start().err().map(|error| format!("{error:#}"))
}

/// What came of it, where all that is due came about in time.
fn judge(event: &Event, result: &Result<Outcome>) -> Result<String, String> {
    let (passes, told) = match result {
        Ok(outcome) => (outcome.passes(event, event.bar), format!("{outcome:?}")),
        Err(error) => (false, format!("no call: {error:#}")),
    };
    let Event {
        name, what, bar, ..
    } = event;
    if passes {
        Ok(format!("{name}, {what}: passed {told}"))
    } else {
        Err(format!("{name}, {what}: not within {bar:?}: {told}"))
    }
}

/// Two cores carry three small calls.
const AT_ONCE: usize = 3;

/// What happens just before the bar is seen later: speakers write once a second.
const SEEN_LATER: Duration = Duration::from_secs(3);

/// The same packets are lost in every run.
const SEED: u64 = 1;
