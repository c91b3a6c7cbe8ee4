//! The task that keeps the rooms at the LiveKit server: it carries out what [`crate::livekit`]
//! decides, tells it which clients are here, and wakes those who have something to be told.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::livekit::{Done, LiveKit};
use crate::relay::Relay;

/// Works for ever, if there is a server.
pub(crate) async fn keep(relay: Arc<Relay>) {
    let Some(livekit) = &relay.livekit else {
        return;
    };
    // Dropped with this task, which ends what is under way.
    let mut errands: JoinSet<Done> = JoinSet::new();
    errands.spawn(livekit.check().run());
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut attended = Instant::now();
    loop {
        while errands.len() < MOST_ERRANDS
            && let Some(errand) = livekit.next_errand(Instant::now())
        {
            errands.spawn(errand.run());
        }
        wake(&relay, livekit);
        tokio::select! {
            () = livekit.changed() => {}
            Some(done) = errands.join_next() => {
                if let Ok(done) = done {
                    livekit.done(done, &relay.metrics, Instant::now());
                }
            }
            now = tick.tick() => {
                if now.duration_since(attended) >= ATTEND {
                    attended = now;
                    attend(&relay, livekit, now);
                }
                livekit.tick(now);
            }
        }
    }
}

/// Has every room deleted that nobody is in, while [`keep`] still works. Rooms that calls are in stay:
/// calls go on without their relay, and the server closes what everybody has left.
pub(crate) async fn end(relay: &Relay) {
    let Some(livekit) = &relay.livekit else {
        return;
    };
    livekit.end_all(Instant::now());
    let idle = async {
        while !livekit.is_idle(Instant::now()) {
            sleep(POLL).await;
        }
    };
    if timeout(PATIENCE, idle).await.is_err() {
        let rooms = livekit.rooms();
        tracing::warn!(rooms, "some rooms are left to the LiveKit server");
    }
}

fn attend(relay: &Relay, livekit: &LiveKit, now: Instant) {
    let sessions = relay.sessions();
    livekit.attend(&|address, token| sessions.is_here(address, token), now);
}

fn wake(relay: &Relay, livekit: &LiveKit) {
    let told = livekit.take_told();
    if told.is_empty() {
        return;
    }
    let sessions = relay.sessions();
    for address in told {
        sessions.wake(&address);
    }
}

/// A call that one party released is over within 2 s, its room's end included.
const TICK: Duration = Duration::from_millis(250);

/// How often it is asked who is here. It looks at every call.
const ATTEND: Duration = Duration::from_secs(1);

/// Requests to the server at a time.
const MOST_ERRANDS: usize = 16;

/// How long a relay that ends waits for the server: a look and a deletion, at one that answers within a
/// second each. A slower one keeps its rooms until they are empty.
const PATIENCE: Duration = Duration::from_secs(3);

const POLL: Duration = Duration::from_millis(20);
