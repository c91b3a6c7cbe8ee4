//! A phone in each of its states, fed with whatever two others say while the user does as users do.

#![no_main]

use std::time::Duration;

use call::id::{CallId, Peer};
use call::input::{Absence, Command, Input, Standing, Transport};
use call::message::{Body, ControlsReport, Message, Over, Parcel};
use fuzz::{Source, Station};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut source = Source::new(bytes);
    let mut station = Station::new();
    begin(&mut station, source.below(8));
    for _ in 0..MAX_STEPS {
        if source.is_empty() {
            break;
        }
        step(&mut station, &mut source);
    }
});

/// Several calls with all that belongs to them.
const MAX_STEPS: usize = 200;

/// The call that it begins with.
const FIRST: CallId = CallId(7);

/// Brings the phone into a state: idle, calling, ringing there, ringing here, connecting, in a call,
/// looking for a path, ended.
fn begin(station: &mut Station, state: usize) {
    let dial = Command::Dial {
        call: FIRST,
        peer: peer(0),
        video: true,
    };
    let invite = Body::Invite {
        name: "Ann".to_owned(),
        video: true,
        ring_ms: 45_000,
    };
    match state {
        0 => {}
        1 => station.feed(Input::Command(dial)),
        2 => {
            station.feed(Input::Command(dial));
            say(station, Body::Ringing);
        }
        3 => say(station, invite),
        _ => {
            say(station, invite);
            station.feed(Input::Command(Command::Accept { video: true }));
            if state > 4 {
                station.session_says(Transport::Connected);
            }
            match state {
                6 => station.session_says(Transport::Disconnected),
                7 => station.feed(Input::Command(Command::End)),
                _ => {}
            }
        }
    }
}

fn say(station: &mut Station, body: Body) {
    let bytes = Message { call: FIRST, body }.encode();
    station.feed(message(0, Standing::Known, bytes));
}

fn step(station: &mut Station, source: &mut Source<'_>) {
    match source.below(16) {
        0..=3 => {
            let (from, standing) = (source.byte(), standing(source));
            let bytes = said(source);
            station.feed(message(from, standing, bytes));
        }
        4 => {
            let (from, standing) = (source.byte(), standing(source));
            station.feed(message(from, standing, any(source)));
        }
        5 | 6 => {
            let (call, bytes) = (call(source), said(source));
            station.feed(Input::Data { call, bytes });
        }
        7 => {
            let (call, bytes) = (call(source), any(source));
            station.feed(Input::Data { call, bytes });
        }
        8 => station.session_says(transport(source)),
        9 => station.session_closes(),
        10 => station.pass(Duration::from_millis(u64::from(source.short()) * 4)),
        11 | 12 => station.feed(Input::Command(command(source))),
        13 => {
            let (call, state) = (call(source), transport(source));
            station.feed(Input::Transport { call, state });
        }
        14 => {
            let why = source.pick([Absence::Closed, Absence::Silent, Absence::Unknown]);
            let to = peer(source.byte()).address;
            station.feed(Input::Undeliverable { to, why });
        }
        _ => station.feed(Input::Link {
            online: source.flag(),
        }),
    }
}

/// A message as phones make them, perhaps with one byte changed.
fn said(source: &mut Source<'_>) -> Vec<u8> {
    let message = Message {
        call: call(source),
        body: body(source),
    };
    let mut bytes = message.encode();
    let (at, change) = (usize::from(source.byte()), source.byte());
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= change;
    }
    bytes
}

/// Any bytes.
fn any(source: &mut Source<'_>) -> Vec<u8> {
    let length = source.byte();
    source.take(usize::from(length)).to_vec()
}

fn body(source: &mut Source<'_>) -> Body {
    match source.below(8) {
        0 => Body::Invite {
            name: name(source),
            video: source.flag(),
            ring_ms: u32::from(source.short()) << source.below(17),
        },
        1 => Body::Ringing,
        2 => Body::Accept {
            name: name(source),
            instead_of: source.flag().then(|| call(source)),
        },
        3 => Body::Parcel {
            number: u32::from(source.byte()),
            parcel: Parcel(vec![0; usize::from(source.short()) / 2]),
        },
        4 => Body::Controls(ControlsReport {
            sequence: u64::MAX - u64::from(source.byte()),
            heard: u64::from(source.byte()),
            microphone: source.flag(),
            camera: source.flag(),
            lacks_microphone: source.flag(),
            lacks_camera: source.flag(),
        }),
        5 => Body::Still,
        6 => Body::Received {
            next: u32::from(source.byte()),
        },
        _ => Body::Over {
            why: source.pick([
                Over::Declined,
                Over::Busy,
                Over::Cancelled,
                Over::HungUp,
                Over::NoPath,
                Over::Lost,
                Over::Gone,
                Over::Incompatible,
                Over::NotSecure,
                Over::Unknown,
            ]),
        },
    }
}

fn name(source: &mut Source<'_>) -> String {
    let length = source.byte();
    String::from_utf8_lossy(source.take(usize::from(length))).into_owned()
}

fn command(source: &mut Source<'_>) -> Command {
    let video = source.flag();
    match source.below(7) {
        0 => Command::Dial {
            call: call(source),
            peer: peer(source.byte()),
            video,
        },
        1 => Command::Accept { video },
        2 => Command::Decline,
        3 => Command::End,
        4 => Command::Dismiss,
        5 => Command::SetMicrophone(video),
        _ => Command::SetCamera(video),
    }
}

/// What a session may report but that it is closed.
fn transport(source: &mut Source<'_>) -> Transport {
    match source.below(7) {
        0 => Transport::Connected,
        1 => Transport::Disconnected,
        2 => Transport::Silent(Duration::from_millis(u64::from(source.short()))),
        3 => Transport::ClosedByPeer,
        4 => Transport::Failed,
        5 => Transport::Insecure,
        _ => Transport::Broken,
    }
}

fn standing(source: &mut Source<'_>) -> Standing {
    source.pick([
        Standing::Known,
        Standing::Stranger,
        Standing::Unwelcome,
        Standing::Blocked,
    ])
}

fn message(from: u8, standing: Standing, bytes: Vec<u8>) -> Input {
    let from = peer(from).address;
    Input::Message {
        from,
        standing,
        bytes,
    }
}

fn call(source: &mut Source<'_>) -> CallId {
    CallId(FIRST.0 + source.below(4) as u64)
}

/// One of many people; the first one is whom it begins with.
fn peer(who: u8) -> Peer {
    Peer {
        address: format!("tincan:{}", who % 32),
        name: String::new(),
    }
}
