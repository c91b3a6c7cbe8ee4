//! What users do and what fails, as chance decides.

use std::time::Duration;

use call::carrier::Carrier;
use call::view::{ActivePhase, CallView};
use engine::command::{Command, Fault};
use media::backend::device::DeviceError;
use media::testing::Conditions;
use media::transport::{NetworkEstimate, Path, TransportError};
use media::units::Bitrate;

use crate::end::stop;
use crate::person::is_over;
use crate::world::World;

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// One side presses what makes sense, or what does not.
    Press,
    /// Nothing.
    Wait,
    /// The path between the two carries nothing for a while.
    Cut,
    /// One side is in another network from now on.
    Roam,
    /// One side's addresses change, and nothing is lost.
    NetworkChanges,
    /// The network gets worse or better.
    Conditions,
    /// The relay restarts after a while.
    Relay,
    /// One side does not reach the relay for a while.
    Line,
    /// One side reaches nothing at all for a while, as a machine that sleeps.
    Offline,
    /// A fault of the debug menu.
    Fault,
    /// A device is unplugged or taken.
    Device,
    /// All devices are there again.
    Devices,
    /// The next session of one side cannot be opened.
    OpenFails,
    /// Sessions of one side take their time to open.
    OpenHangs,
    /// A running session fails.
    SessionFails,
    /// A program dies.
    Dies,
    /// A program is closed by its user.
    Quits,
    /// A program that died is started again.
    Restarts,
    /// The network carries this much, says one side's session.
    Estimate,
}

/// Acts, and how often.
const ACTS: [(u32, Act); 19] = [
    (30, Act::Press),
    (6, Act::Wait),
    (10, Act::Cut),
    (6, Act::Roam),
    (6, Act::NetworkChanges),
    (4, Act::Conditions),
    (6, Act::Relay),
    (4, Act::Line),
    (4, Act::Offline),
    (6, Act::Fault),
    (4, Act::Device),
    (3, Act::Devices),
    (2, Act::OpenFails),
    (2, Act::OpenHangs),
    (2, Act::SessionFails),
    (2, Act::Dies),
    (1, Act::Quits),
    (8, Act::Restarts),
    (2, Act::Estimate),
];

/// What ends by itself after a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mending {
    Path,
    Relay,
    Openings(usize),
}

/// Plays a script to its end, and mends all that is broken then.
pub(crate) fn play(world: &mut World) {
    let mut script = Script {
        mendings: Vec::new(),
    };
    let acts = 4
        + (world
            .draws
            .time(Duration::ZERO, Duration::from_secs(20))
            .as_secs());
    // Most runs are about a call, so they begin with one.
    let caller = world.draws.side();
    let dials = dial(world, caller);
    press(world, caller, dials);
    if world.draws.chance(0.9) {
        script.pass(world, Duration::from_secs(1));
        press(world, 1 - caller, Command::Accept { video: true });
        script.pass(world, Duration::from_secs(2));
    }
    for _ in 0..acts {
        let pause = world.draws.time(Duration::ZERO, LONGEST_PAUSE);
        script.pass(world, pause);
        script.act(world);
    }
    mend(world);
}

struct Script {
    /// When, and what.
    mendings: Vec<(Duration, Mending)>,
}

impl Script {
    /// Lets time pass, and mends what is due meanwhile.
    fn pass(&mut self, world: &mut World, time: Duration) {
        let until = world.passed() + time;
        while world.passed() < until {
            world.step();
            let now = world.passed();
            let (due, rest): (Vec<_>, Vec<_>) = self
                .mendings
                .iter()
                .copied()
                .partition(|(at, _)| *at <= now);
            self.mendings = rest;
            for (_, mending) in due {
                world.note(&format!("mended: {mending:?}"));
                match mending {
                    Mending::Path => world.network.mend(),
                    Mending::Relay => world.relay.start(),
                    Mending::Openings(side) => world.people[side].transport.release_opens(),
                }
            }
        }
    }

    fn later(&mut self, world: &mut World, longest: Duration, mending: Mending) {
        let at = world.passed() + world.draws.time(Duration::from_millis(200), longest);
        self.mendings.retain(|(_, it)| *it != mending);
        self.mendings.push((at, mending));
    }

    fn act(&mut self, world: &mut World) {
        let (act, side) = (world.draws.weighted(&ACTS), world.draws.side());
        world.note(&format!("{act:?} {}", world.people[side].name));
        match act {
            Act::Press => press_something(world, side),
            Act::Wait => self.pass(world, Duration::from_secs(5)),
            Act::Cut => {
                world.network.cut();
                self.later(world, LONGEST_OUTAGE, Mending::Path);
            }
            Act::Roam => {
                world.network.roam();
                world.people[side].uplink.changes_now();
            }
            Act::NetworkChanges => world.people[side].uplink.changes_now(),
            Act::Conditions => {
                let conditions = conditions(world);
                world.network.set_conditions(conditions);
            }
            Act::Relay => {
                world.relay.crash();
                self.later(world, LONGEST_OUTAGE, Mending::Relay);
            }
            Act::Line => cut_line(world, side),
            Act::Offline => {
                cut_line(world, side);
                world.network.cut();
                self.later(world, LONGEST_OUTAGE, Mending::Path);
            }
            Act::Fault => {
                let fault = world.draws.weighted(&[
                    (1, Fault::Relay),
                    (2, Fault::Path),
                    (2, Fault::Decoder),
                    (1, Fault::Camera),
                ]);
                world.closed |= fault == Fault::Relay;
                press(world, side, Command::Fault { fault });
            }
            Act::Device => lose_a_device(world, side),
            Act::Devices => world.people[side].devices.mend(),
            Act::OpenFails => {
                world.broken = true;
                let error = TransportError::Internal("no socket".to_owned());
                world.people[side].transport.fail_open(error);
            }
            Act::OpenHangs => {
                world.broken = true;
                world.people[side].transport.hold_opens();
                self.later(world, Duration::from_secs(15), Mending::Openings(side));
            }
            Act::SessionFails => {
                let error = if world.draws.chance(0.2) {
                    world.insecure = true;
                    TransportError::Security
                } else {
                    TransportError::NoPath
                };
                world.people[side].transport.fail(error);
            }
            Act::Dies => {
                world.closed = true;
                world.people[side].die(&world.runtime);
                world.relay.forget(world.people[side].address);
            }
            Act::Quits => {
                world.closed = true;
                stop(world, side);
            }
            Act::Restarts => start_if_dead(world, side),
            Act::Estimate => world.people[side].transport.estimate(NetworkEstimate {
                bitrate: Bitrate::from_kbps(300),
                loss: 0.05,
                rtt: Some(Duration::from_millis(120)),
            }),
        }
        world.settle();
    }
}

/// Everything works from now on.
fn mend(world: &mut World) {
    world.note("all is mended");
    world.network.mend();
    world.network.set_conditions(Conditions::default());
    world.relay.start();
    for side in 0..2 {
        let person = &world.people[side];
        world.relay.cut(person.address, Duration::ZERO);
        person.transport.release_opens();
        person.devices.mend();
        start_if_dead(world, side);
    }
}

fn start_if_dead(world: &mut World, side: usize) {
    if !world.people[side].lives() {
        world.people[side].start(&world.runtime);
    }
}

fn cut_line(world: &mut World, side: usize) {
    let until = world.passed() + world.draws.time(Duration::ZERO, LONGEST_OUTAGE);
    world.relay.cut(world.people[side].address, until);
}

fn lose_a_device(world: &mut World, side: usize) {
    let failure = if world.draws.chance(0.5) {
        DeviceError::NotFound("unplugged".to_owned())
    } else {
        DeviceError::Lost("taken".to_owned())
    };
    let which = world.draws.weighted(&[(2, 0), (2, 1), (1, 2)]);
    let devices = &world.people[side].devices;
    match which {
        0 => devices.lose_camera(&failure),
        1 => devices.lose_microphone(&failure),
        _ => devices.lose_speaker(&failure),
    }
}

fn conditions(world: &mut World) -> Conditions {
    let path = world
        .draws
        .weighted(&[(2, Path::Local), (2, Path::Direct), (1, Path::Relayed)]);
    Conditions {
        delay: world.draws.time(Duration::ZERO, Duration::from_millis(400)),
        loss: world.draws.weighted(&[(3, 0.0), (2, 0.05), (1, 0.3)]),
        repeats: world.draws.weighted(&[(3, 0.0), (1, 0.1)]),
        path,
        setup: world.draws.time(Duration::ZERO, Duration::from_secs(3)),
        thaw: world.draws.time(Duration::ZERO, Duration::from_secs(8)),
    }
}

/// What a person presses: mostly what the screen offers.
fn press_something(world: &mut World, side: usize) {
    let dial = dial(world, side);
    let video = world.draws.chance(0.7);
    let view = world.people[side].call();
    let senseless = world.draws.chance(0.1);
    let command = if senseless {
        match world
            .draws
            .weighted(&[(1, 0), (1, 1), (1, 2), (1, 3), (1, 4)])
        {
            0 => Command::Accept { video },
            1 => Command::Decline,
            2 => Command::Dismiss,
            3 => Command::Resume { video },
            _ => dial,
        }
    } else {
        match view {
            CallView::Idle => dial,
            CallView::Outgoing { .. } => {
                if world.draws.chance(0.3) {
                    Command::End
                } else {
                    Command::SetCamera { on: video }
                }
            }
            CallView::Incoming { .. } => match world.draws.weighted(&[(6, 0), (1, 1), (1, 2)]) {
                0 => Command::Accept { video },
                1 => Command::Decline,
                _ => dial,
            },
            CallView::Active { phase, .. } => {
                let ends = if phase == ActivePhase::Connected {
                    1
                } else {
                    2
                };
                match world.draws.weighted(&[(ends, 0), (3, 1), (3, 2)]) {
                    0 => Command::End,
                    1 => Command::SetMicrophone { live: video },
                    _ => Command::SetCamera { on: video },
                }
            }
            CallView::Ended { .. } => match world.draws.weighted(&[(3, 0), (2, 1), (1, 2)]) {
                0 => Command::Resume { video },
                1 => dial,
                _ => Command::Dismiss,
            },
        }
    };
    press(world, side, command);
}

fn dial(world: &mut World, side: usize) -> Command {
    let via = world
        .draws
        .weighted(&[(3, None), (1, Some(Carrier::LiveKit))]);
    Command::Dial {
        to: world.people[1 - side].address.to_string(),
        video: true,
        via,
    }
}

fn press(world: &mut World, side: usize, command: Command) {
    let what = match &command {
        Command::Dial { .. } => "Dial".to_owned(),
        other => format!("{other:?}"),
    };
    let ends = command == Command::End;
    let done = world.people[side].press(&world.runtime, command);
    assert!(
        !(ends && done) || is_over(&world.people[side].call()),
        "End does nothing"
    );
    let refused = if done { "" } else { ", in vain" };
    world.note(&format!(
        "{} presses {what}{refused}",
        world.people[side].name
    ));
    world.settle();
}

/// Between two acts. Short pauses are more frequent.
const LONGEST_PAUSE: Duration = Duration::from_secs(6);

/// Longer than a call waits for a path.
const LONGEST_OUTAGE: Duration = Duration::from_secs(60);
