//! A phone in each of its states, fed with whatever two others say while the user does as users do.

#![no_main]

use std::time::Duration;

use call::carrier::{Carrier, Carriers};
use call::chat::Text;
use call::id::{CallId, Peer, RecordingId, SessionId};
use call::input::{Absence, Command, Consent, Input, ServerFault, Standing, Transport};
use call::message::{
    Allows, Body, Chat, ControlsReport, Message, Over, Parcel, Receipt, Record, RecordOver,
    Recorded, Statement, Wants,
};
use call::view::{CallView, Lacking, Resume};
use fuzz::{Source, Station};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut source = Source::new(bytes);
    let mut station = Station::new();
    begin(&mut station, source.below(STATES));
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

/// How many states [`begin`] knows.
const STATES: usize = 12;

/// Brings the phone into a state: idle, calling, ringing there, ringing here, connecting, in a call,
/// looking for a path, ended; as callee and as caller with a session that is set up behind the call;
/// as caller and as callee with a call that was lost and may go on.
fn begin(station: &mut Station, state: usize) {
    match state {
        0 => {}
        1 => dial(station),
        2 => {
            dial(station);
            say(station, Body::Ringing);
        }
        3 => say(station, invite()),
        4 => accept(station),
        5 => talk_as_callee(station),
        6 => {
            talk_as_callee(station);
            station.session_says(0, Transport::Disconnected);
        }
        7 => {
            talk_as_callee(station);
            station.feed(Input::Command(Command::End));
        }
        8 => {
            talk_as_callee(station);
            station.pass(SECOND);
            say(station, parcel(1));
            assert_eq!(
                station.open_sessions(),
                2,
                "theirs begins one behind the call"
            );
        }
        9 => {
            talk_as_caller(station);
            station.session_says(0, Transport::Disconnected);
            station.pass(5 * SECOND);
            assert_eq!(
                station.open_sessions(),
                2,
                "ours begins one behind the call"
            );
        }
        10 => {
            talk_as_caller(station);
            lose(station);
        }
        _ => {
            talk_as_callee(station);
            lose(station);
        }
    }
}

fn dial(station: &mut Station) {
    station.feed(Input::Command(Command::Dial {
        call: FIRST,
        peer: peer(0),
        video: true,
        via: Carrier::Direct,
    }));
}

fn accept(station: &mut Station) {
    say(station, invite());
    station.feed(Input::Command(Command::Accept { video: true }));
}

fn talk_as_callee(station: &mut Station) {
    accept(station);
    station.session_says(0, Transport::Connected);
}

fn talk_as_caller(station: &mut Station) {
    dial(station);
    let name = "Ann".to_owned();
    let instead_of = None;
    say(
        station,
        Body::Accept {
            name,
            instead_of,
            via: Carrier::Direct,
        },
    );
    station.session_says(0, Transport::Connected);
}

/// The path stays away until both give the call up.
fn lose(station: &mut Station) {
    station.session_says(0, Transport::Disconnected);
    station.pass(60 * SECOND);
    let offered = Resume::Offered;
    let may_go_on = matches!(station.view(), CallView::Ended { resume, .. } if resume == offered);
    assert!(may_go_on, "a call that was lost may go on");
}

fn invite() -> Body {
    Body::Invite {
        name: "Ann".to_owned(),
        video: true,
        ring_ms: 45_000,
        resumes: None,
        via: Carriers::default(),
    }
}

fn parcel(session: u32) -> Body {
    Body::Parcel {
        session,
        number: 0,
        parcel: Parcel(vec![0; 10]),
    }
}

fn say(station: &mut Station, body: Body) {
    let bytes = Message { call: FIRST, body }.encode();
    station.feed(message(0, Standing::Known, bytes));
}

fn step(station: &mut Station, source: &mut Source<'_>) {
    match source.below(20) {
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
            let (session, bytes) = (session(source), said(source));
            station.feed(Input::Data { session, bytes });
        }
        7 => {
            let (session, bytes) = (session(source), any(source));
            station.feed(Input::Data { session, bytes });
        }
        8 | 9 => {
            let which = source.below(MAX_OPEN);
            station.session_says(which, transport(source));
        }
        10 => station.session_closes(source.below(MAX_OPEN)),
        11 => station.pass(Duration::from_millis(u64::from(source.short()) * 4)),
        12 | 13 => station.feed(Input::Command(command(source))),
        14 => {
            let (session, state) = (session(source), transport(source));
            station.feed(Input::Transport { session, state });
        }
        15 => {
            let why = source.pick([
                Absence::Closed,
                Absence::Silent,
                Absence::Unknown,
                Absence::Ended,
            ]);
            let to = peer(source.byte()).address;
            station.feed(Input::Undeliverable { to, why });
        }
        16 => station.feed(Input::Link {
            online: source.flag(),
        }),
        17 => station.feed(Input::NetworkChanged),
        18 => {
            let (session, size) = (session(source), usize::from(source.short()));
            let parcel = vec![0; size];
            station.feed(Input::Parcel { session, parcel });
        }
        _ => station.feed(machine(source)),
    }
}

/// The sessions of a call that are open at a time.
const MAX_OPEN: usize = 3;

const SECOND: Duration = Duration::from_secs(1);

/// What the machine, or the seal of a message, tells.
fn machine(source: &mut Source<'_>) -> Input {
    match source.below(9) {
        0 => Input::Broken { call: call(source) },
        1 => Input::Incompatible {
            from: peer(source.byte()).address,
            call: call(source),
        },
        2 => Input::Capture {
            microphone: source.flag(),
            camera: source.flag(),
            lacking: Lacking {
                microphone: source.flag(),
                camera: source.flag(),
            },
        },
        3 => Input::NoAccess { call: call(source) },
        4 => Input::Receipt(receipt(source)),
        5 => Input::Consent(Consent::Asks {
            id: recording(source),
        }),
        6 => Input::Consent(Consent::Agrees {
            id: recording(source),
            theirs: statement(),
        }),
        7 => Input::RecordingFailed {
            id: recording(source),
        },
        _ => Input::Screen { on: source.flag() },
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

fn chat(source: &mut Source<'_>) -> Chat {
    let number = u32::from(source.byte());
    match source.below(4) {
        0 => Chat::Received { next: number },
        1 => Chat::Typing,
        _ => {
            let text = "x".repeat(usize::from(source.short()).min(Text::MAX));
            let text = Text::new(&text).expect("it is short enough");
            Chat::Text { number, text }
        }
    }
}

/// What is said. The seeds are written by these numbers, as by those of [`step`], [`machine`] and
/// [`command`]: what is new comes last, and nothing moves.
fn body(source: &mut Source<'_>) -> Body {
    match source.below(13) {
        0 => Body::Invite {
            name: name(source),
            video: source.flag(),
            ring_ms: u32::from(source.short()) << source.below(17),
            resumes: source.flag().then(|| call(source)),
            via: Carriers::new([carrier(source), carrier(source)]),
        },
        1 => Body::Ringing,
        2 => Body::Accept {
            name: name(source),
            instead_of: source.flag().then(|| call(source)),
            via: carrier(source),
        },
        3 => Body::Parcel {
            session: number(source),
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
            takes_texts: source.flag(),
            screen: source.flag(),
        }),
        5 => Body::Still,
        6 => Body::Received {
            session: number(source),
            next: u32::from(source.byte()),
        },
        7 => Body::Renew {
            session: number(source),
        },
        8 => Body::Receipt(receipt(source)),
        9 => Body::Over {
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
                Over::NoAccess,
                Over::NoServer,
                Over::ServerRefused,
                Over::ServerEnded,
            ]),
        },
        10 => Body::Record(Record {
            id: recording(source),
            stance: match source.below(3) {
                0 => Wants::Asked {
                    statement: statement(),
                },
                1 => Wants::Running,
                _ => Wants::Over {
                    why: record_over(source),
                    heard: source.flag(),
                },
            },
        }),
        11 => Body::Recorded(Recorded {
            id: recording(source),
            stance: match source.below(3) {
                0 => Allows::Shown,
                1 => Allows::Agreed {
                    statement: statement(),
                },
                _ => Allows::Over {
                    why: record_over(source),
                    heard: source.flag(),
                },
            },
        }),
        _ => Body::Chat(chat(source)),
    }
}

fn recording(source: &mut Source<'_>) -> RecordingId {
    RecordingId(source.below(3) as u64)
}

fn record_over(source: &mut Source<'_>) -> RecordOver {
    source.pick([
        RecordOver::Stopped,
        RecordOver::Refused,
        RecordOver::NoAnswer,
        RecordOver::Failed,
        RecordOver::Unknown,
    ])
}

fn statement() -> Statement {
    Statement::new("signed".to_owned()).expect("it is short")
}

fn receipt(source: &mut Source<'_>) -> Receipt {
    Receipt {
        packets: u16::from(source.byte()),
        loudness: source.byte().cast_signed(),
        played: source.flag(),
        frames: u16::from(source.byte()),
        shown: u16::from(source.byte()),
        captured: source.byte().cast_signed(),
        filmed: u16::from(source.byte()),
    }
}

fn name(source: &mut Source<'_>) -> String {
    let length = source.byte();
    String::from_utf8_lossy(source.take(usize::from(length))).into_owned()
}

fn command(source: &mut Source<'_>) -> Command {
    let video = source.flag();
    match source.below(15) {
        0 => Command::Dial {
            call: call(source),
            peer: peer(source.byte()),
            video,
            via: carrier(source),
        },
        1 => Command::Accept { video },
        2 => Command::Decline,
        3 => Command::End,
        4 => Command::Dismiss,
        5 => Command::SetMicrophone(video),
        6 => Command::Resume {
            call: call(source),
            video,
        },
        7 => Command::SetCamera(video),
        8 => Command::AskToRecord {
            id: recording(source),
            statement: statement(),
        },
        9 => Command::AgreeToRecord {
            id: recording(source),
            statement: statement(),
        },
        10 => Command::RefuseToRecord {
            id: recording(source),
        },
        11 => Command::StopRecording,
        12 => Command::Typing,
        13 => Command::Say(Text::new("x").expect("it is short enough")),
        _ => Command::Share(video),
    }
}

fn carrier(source: &mut Source<'_>) -> Carrier {
    if source.flag() {
        Carrier::LiveKit
    } else {
        Carrier::Direct
    }
}

/// What a session may report but that it is closed.
fn transport(source: &mut Source<'_>) -> Transport {
    match source.below(8) {
        0 => Transport::Connected,
        1 => Transport::Disconnected,
        2 => Transport::Silent(Duration::from_millis(u64::from(source.short()))),
        3 => Transport::ClosedByPeer,
        4 => Transport::Failed,
        5 => Transport::Insecure,
        6 => Transport::Server(match source.below(3) {
            0 => ServerFault::Unreachable,
            1 => ServerFault::Refused,
            _ => ServerFault::Ended,
        }),
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

fn session(source: &mut Source<'_>) -> SessionId {
    SessionId {
        call: call(source),
        number: number(source),
    }
}

/// The number of a session: one of the first, or a high one.
fn number(source: &mut Source<'_>) -> u32 {
    match source.byte() {
        low @ 0..192 => u32::from(low) % 5,
        high => u32::from_be_bytes([high; 4]),
    }
}

/// One of many people; the first one is whom it begins with.
fn peer(who: u8) -> Peer {
    Peer {
        address: format!("tincan:{}", who % 32),
        name: String::new(),
    }
}
