//! How a run has to end: nothing fails any more and nobody presses anything, so the two agree soon,
//! and when they have hung up nothing is left.

use std::time::Duration;

use call::view::CallView;
use engine::command::Command;

use crate::person::{connected, is_over, is_waiting};
use crate::world::World;

/// What runs came to; sums of many.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Runs in which media flowed.
    pub(crate) connected: u64,
    /// Runs at whose end both were in a call.
    pub(crate) in_a_call: u64,
    /// Runs in which a call went on through another session.
    pub(crate) renewed: u64,
    /// Seconds of simulated time.
    pub(crate) seconds: u64,
}

impl Outcome {
    pub(crate) fn add(&mut self, other: &Self) {
        self.connected += other.connected;
        self.in_a_call += other.in_a_call;
        self.renewed += other.renewed;
        self.seconds += other.seconds;
    }
}

/// Waits until both agree, hangs up, and stops both programs.
pub(crate) fn settle(world: &mut World) -> Outcome {
    let living = living(world);
    agree(world);
    let in_a_call = connected(&world.people[0].call()).is_some();
    let call = world.people[0].call().call().map(str::to_owned);
    assert!(
        living.is_none() || (in_a_call && living == call),
        "a call is lost that nothing keeps from going on"
    );
    if in_a_call {
        world.note("Ada hangs up");
        world.people[0].press(&world.runtime, Command::End);
        within(world, HANG_UP, "a call that was hung up goes on", |world| {
            world.people.iter().all(|it| is_over(&it.call()))
        });
    }
    within(world, LET_GO, "something of a call is held", |world| {
        world
            .people
            .iter()
            .all(|it| it.transport.open_sessions() == 0 && !it.devices.any_is_running())
            && world.executor.len() == SOUND_THREADS
    });
    let outcome = Outcome {
        connected: u64::from(world.was_connected),
        in_a_call: u64::from(in_a_call),
        renewed: u64::from(world.was_renewed),
        seconds: world.passed().as_secs(),
    };
    for side in 0..2 {
        stop(world, side);
    }
    world.executor.step();
    assert!(world.executor.is_empty(), "a pipeline outlives its engine");
    assert_eq!(world.relay.accesses(), 0, "access is not given back");
    outcome
}

/// The call that both are in, if it has time left to find a path and neither seems to have died.
fn living(world: &World) -> Option<String> {
    let both = world.people.each_ref().map(|it| it.call());
    let call = both[0].call()?.to_owned();
    let lives = both.iter().all(|it| {
        matches!(
            it,
            CallView::Active {
                connected_for_ms: Some(_),
                ..
            }
        ) && it.call() == Some(call.as_str())
    });
    (lives && world.has_time() && !world.closed).then_some(call)
}

/// Both have no call, or are in the same one and hear and see each other; for a while.
fn agree(world: &mut World) {
    let begun = world.passed();
    let mut since = None;
    loop {
        world.step();
        let passed = world.passed();
        if is_agreed(world) {
            if passed - *since.get_or_insert(passed) >= STEADY {
                return;
            }
        } else {
            since = None;
        }
        assert!(passed - begun < AGREE, "the two do not agree");
    }
}

fn is_agreed(world: &World) -> bool {
    let [ada, bea] = [world.people[0].call(), world.people[1].call()];
    if is_over(&ada) && is_over(&bea) {
        return !(is_waiting(&ada) && is_waiting(&bea));
    }
    let same = connected(&ada).is_some() && connected(&ada) == connected(&bea);
    same && receives(world, 0, &ada) && receives(world, 1, &bea)
}

/// Whether one side hears and sees whatever the other one says that it sends, and the other way
/// round knows what it sends.
fn receives(world: &World, side: usize, view: &CallView) -> bool {
    let CallView::Active {
        remote, culprit, ..
    } = view
    else {
        return false;
    };
    let (person, now) = (&world.people[side], world.now());
    let CallView::Active { local, .. } = world.people[1 - side].call() else {
        return false;
    };
    local == *remote
        && culprit.is_none()
        && (!remote.microphone || person.hears(now))
        && (!remote.camera || person.sees(now))
}

/// Closes a program, whatever it does.
pub(crate) fn stop(world: &mut World, side: usize) {
    if let Some(engine) = world.people[side].take_engine() {
        let stopping = world.runtime.spawn(engine.stop());
        within(world, STOP, "an engine does not stop", |_| {
            stopping.is_finished()
        });
    }
}

fn within(world: &mut World, limit: Duration, what: &str, holds: impl Fn(&World) -> bool) {
    let until = world.passed() + limit;
    while !holds(world) {
        assert!(world.passed() < until, "{what}");
        world.step();
    }
}

/// A call without a path ends after 45 s; a wish to go on with it, after two minutes.
const AGREE: Duration = Duration::from_secs(150);

/// How long it has to last.
const STEADY: Duration = Duration::from_secs(2);

/// The other side hears of it at once, or at the latest by the relay.
const HANG_UP: Duration = Duration::from_secs(6);

const LET_GO: Duration = Duration::from_secs(4);

const STOP: Duration = Duration::from_secs(3);

/// Microphone and playout, of both engines.
const SOUND_THREADS: usize = 4;
