//! Whatever happens, in whatever order: no panic, few sessions, every session closed, and
//! in the end both sides agree. What a driver relies on is checked by every station at each step.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use super::courier::{Courier, Fate};
use super::duo::Duo;
use super::station::Who::{Alice, Bob, Carol};
use super::station::{EndState, Station, Who};
use crate::carrier::{Carrier, Carriers};
use crate::chat::{self, Text};
use crate::id::{CallId, RecordingId, SessionId};
use crate::input::{Absence, Command, Consent, Input, ServerFault, Standing, Transport};
use crate::message::{
    Allows, Body, Chat, ControlsReport, Message, Over, Parcel, Receipt, Record, RecordOver,
    Recorded, Wants,
};
use crate::view::{CallView, Lacking};

/// What may happen in a test of two phones.
#[derive(Clone, Debug)]
enum Happening {
    Dial(Who, Who),
    Command(Who, Command),
    CutPath,
    MendPath,
    Link(Who, bool),
    ChangeNetwork(Who),
    RenewalNeeded(bool),
    PathPossible(bool),
    Via(Carrier),
    Polite(bool),
    Kill(Who),
    Revive(Who),
}

fn standing() -> impl Strategy<Value = Standing> {
    select(vec![
        Standing::Known,
        Standing::Stranger,
        Standing::Unwelcome,
        Standing::Blocked,
    ])
}

fn absence() -> impl Strategy<Value = Absence> {
    select(vec![
        Absence::Closed,
        Absence::Ended,
        Absence::Silent,
        Absence::Unknown,
    ])
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => any::<bool>().prop_map(|video| Command::Accept { video }),
        1 => Just(Command::Decline),
        2 => Just(Command::End),
        1 => Just(Command::Dismiss),
        2 => (1_u64..5, any::<bool>())
            .prop_map(|(call, video)| Command::Resume { call: CallId(call), video }),
        1 => any::<bool>().prop_map(Command::SetMicrophone),
        1 => any::<bool>().prop_map(Command::SetCamera),
        1 => any::<bool>().prop_map(Command::Share),
        2 => recording_command(),
        6 => text().prop_map(Command::Say),
        1 => Just(Command::Typing),
    ]
}

fn recording_command() -> impl Strategy<Value = Command> {
    let parts = (1_u64..4, select(Who::ALL.to_vec()), 0..4);
    parts.prop_map(|(id, who, what)| {
        let id = RecordingId(id);
        let statement = |agrees| Station::sign(who, id, agrees);
        match what {
            0 => Command::AskToRecord {
                id,
                statement: statement(false),
            },
            1 => Command::AgreeToRecord {
                id,
                statement: statement(true),
            },
            2 => Command::RefuseToRecord { id },
            _ => Command::StopRecording,
        }
    })
}

fn recording_body() -> impl Strategy<Value = Body> {
    let parts = (1_u64..4, 0..7, any::<bool>());
    parts.prop_map(|(id, what, heard)| {
        let id = RecordingId(id);
        let why = RecordOver::Stopped;
        let statement = |agrees| Station::sign(Bob, id, agrees);
        let record = |stance| Body::Record(Record { id, stance });
        let recorded = |stance| Body::Recorded(Recorded { id, stance });
        match what {
            0 | 1 => record(Wants::Asked {
                statement: statement(!heard),
            }),
            2 => record(Wants::Running),
            3 => record(Wants::Over { why, heard }),
            4 => recorded(Allows::Shown),
            5 => recorded(Allows::Agreed {
                statement: statement(heard),
            }),
            _ => recorded(Allows::Over { why, heard }),
        }
    })
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        8 => any::<u16>().prop_map(|it| it.to_string()),
        1 => Just(String::new()),
        1 => (10_000_usize..Text::MAX).prop_map(|it| "x".repeat(it)),
    ]
    .prop_map(|it| Text::new(&it).unwrap())
}

fn fate(chance_of_loss: f64) -> impl Strategy<Value = Fate> {
    let late = prop_oneof![4 => Just(0_u64), 2 => 0_u64..200, 1 => 0_u64..4000];
    (
        prop::bool::weighted(chance_of_loss),
        prop::bool::weighted(0.2),
        late,
    )
        .prop_map(|(lost, repeated, late)| Fate {
            lost,
            repeated,
            late: Duration::from_millis(late),
        })
}

fn happening() -> impl Strategy<Value = Happening> {
    let two = || select(vec![Alice, Bob]);
    prop_oneof![
        6 => two().prop_map(|who| Happening::Dial(who, if who == Alice { Bob } else { Alice })),
        1 => two().prop_map(|whom| Happening::Dial(Carol, whom)),
        12 => (two(), command()).prop_map(|(who, command)| Happening::Command(who, command)),
        2 => Just(Happening::CutPath),
        3 => Just(Happening::MendPath),
        2 => (two(), any::<bool>()).prop_map(|(who, online)| Happening::Link(who, online)),
        2 => two().prop_map(Happening::ChangeNetwork),
        1 => any::<bool>().prop_map(Happening::RenewalNeeded),
        1 => any::<bool>().prop_map(Happening::PathPossible),
        1 => carrier().prop_map(Happening::Via),
        1 => any::<bool>().prop_map(Happening::Polite),
        1 => two().prop_map(Happening::Kill),
        2 => two().prop_map(Happening::Revive),
    ]
}

impl Happening {
    fn happen(self, duo: &mut Duo) {
        match self {
            Self::Dial(who, whom) => {
                duo.dial(who, whom);
            }
            Self::Command(who, command) => duo.command(who, command),
            Self::CutPath => duo.cut_path(),
            Self::MendPath => duo.mend_path(),
            Self::Link(who, online) => {
                if duo.at(who).alive {
                    duo.link(who, online);
                }
            }
            Self::ChangeNetwork(who) => duo.feed(who, Input::NetworkChanged),
            Self::RenewalNeeded(needed) => duo.renewal_needed = needed,
            Self::PathPossible(possible) => duo.path_possible = possible,
            Self::Via(via) => duo.via = via,
            Self::Polite(polite) => duo.polite = polite,
            Self::Kill(who) => duo.kill(who),
            Self::Revive(who) => {
                if !duo.at(who).alive {
                    duo.revive(who);
                }
            }
        }
    }
}

/// Everything works again and nobody touches anything.
fn settle(duo: &mut Duo) {
    duo.courier = Courier::fair();
    duo.path_possible = true;
    duo.polite = true;
    duo.mend_path();
    for who in Who::ALL {
        if duo.at(who).alive {
            duo.link(who, true);
        } else {
            duo.revive(who);
        }
    }
    duo.run(Duration::from_secs(150));
}

fn agree(duo: &Duo) -> Result<(), TestCaseError> {
    let in_call = |who| match duo.view(who) {
        CallView::Active { call, phase, .. } => Some((call, phase)),
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => None,
    };
    let waits = |who| !duo.is_over(who) && in_call(who).is_none();
    for who in Who::ALL {
        prop_assert!(!waits(who), "{:?} waits for ever: {:?}", who, duo.view(who));
    }
    let calls: Vec<_> = Who::ALL.into_iter().filter_map(in_call).collect();
    match calls.as_slice() {
        [] => duo.assert_released(),
        [one, other] => prop_assert_eq!(one, other),
        alone => prop_assert!(false, "nobody is in a call alone: {:?}", alone),
    }
    Ok(())
}

/// Of one's texts in each call the other has a beginning, in order and each once: at least those that
/// were delivered. Each was delivered or failed, and of a call that goes on it was delivered.
fn each_text_arrives_once_and_in_order(duo: &Duo, who: Who) -> Result<(), TestCaseError> {
    let calls = duo.at(who).chat.iter().map(|(call, _)| *call);
    for call in calls.collect::<BTreeSet<_>>() {
        let events = |who: Who| {
            let all = duo.at(who).chat.iter();
            all.filter(move |it| it.0 == call).map(|it| it.1.clone())
        };
        let (mut said, mut heard) = (Vec::new(), Vec::new());
        let (mut delivered, mut failed) = (0, None);
        for event in events(who) {
            match event {
                chat::Event::Said { number, text } => said.push((number, text)),
                chat::Event::Delivered { next } => delivered = next,
                chat::Event::Failed { from } => failed = Some(from),
                chat::Event::Begun { .. }
                | chat::Event::Heard { .. }
                | chat::Event::Typing(_)
                | chat::Event::Takes(_)
                | chat::Event::Over => {}
            }
        }
        let others = Who::ALL.into_iter().filter(|it| *it != who);
        for event in others.flat_map(events) {
            if let chat::Event::Heard { number, text } = event {
                heard.push((number, text));
            }
        }
        let alive = duo.at(who).phone.call() == Some(call);
        let numbers: Vec<_> = said.iter().map(|it| it.0 as usize).collect();
        prop_assert_eq!(&numbers, &(0..said.len()).collect::<Vec<_>>());
        prop_assert!(said.starts_with(&heard), "{:?} of {:?}", heard, said);
        prop_assert!(heard.len() >= delivered as usize);
        let known = failed.map_or(delivered as usize, |from| from.max(delivered) as usize);
        if failed.is_none() && alive {
            prop_assert_eq!(known, said.len(), "a text waits for ever");
        }
    }
    Ok(())
}

/// What may be thrown at one phone that nobody plays fair with.
fn throw() -> impl Strategy<Value = Throw> {
    let call = || (1_u64..5).prop_map(CallId);
    let session = || {
        let parts = (call(), prop_oneof![8 => 0_u32..3, 1 => any::<u32>()]);
        parts.prop_map(|(call, number)| SessionId { call, number })
    };
    let whom = || select(vec![Bob, Carol]);
    prop_oneof![
        3 => (call(), whom(), any::<bool>(), carrier())
            .prop_map(|(call, whom, video, via)| Command::Dial { call, peer: whom.peer(), video, via })
            .prop_map(Input::Command).prop_map(Throw::Input),
        4 => command().prop_map(Input::Command).prop_map(Throw::Input),
        10 => (call(), whom(), standing(), body()).prop_map(|(call, from, standing, body)| {
            let bytes = Message { call, body }.encode();
            Throw::Input(Input::Message { from: from.address().to_owned(), standing, bytes })
        }),
        2 => (session(), body()).prop_map(|(session, body)| {
            let bytes = Message { call: session.call, body }.encode();
            Throw::Input(Input::Data { session, bytes })
        }),
        1 => (session(), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(session, bytes)| Throw::Input(Input::Data { session, bytes })),
        8 => (session(), select(vec![
            Transport::Connected,
            Transport::Disconnected,
            Transport::Silent(Duration::ZERO),
            Transport::Silent(Duration::from_millis(1500)),
            Transport::Silent(Duration::from_secs(3)),
            Transport::Silent(Duration::from_secs(3000)),
            Transport::ClosedByPeer,
            Transport::Failed,
            Transport::Insecure,
            Transport::Server(ServerFault::Unreachable),
            Transport::Server(ServerFault::Ended),
            Transport::Broken,
        ])).prop_map(|(session, state)| Throw::Input(Input::Transport { session, state })),
        3 => (0_usize..3, select(vec![
            Transport::Connected,
            Transport::Connected,
            Transport::Disconnected,
            Transport::Silent(Duration::ZERO),
            Transport::Silent(Duration::from_millis(1500)),
            Transport::Silent(Duration::from_secs(3)),
            Transport::Failed,
            Transport::Insecure,
            Transport::Server(ServerFault::Refused),
            Transport::Broken,
        ])).prop_map(|(which, state)| Throw::Open(which, state)),
        1 => Just(Throw::Input(Input::NetworkChanged)),
        1 => call().prop_map(|call| Throw::Input(Input::Broken { call })),
        1 => call().prop_map(|call| Throw::Input(Input::NoAccess { call })),
        2 => (1_u64..4, any::<bool>()).prop_map(|(id, agrees)| {
            let id = RecordingId(id);
            let theirs = Station::sign(Bob, id, true);
            let consent = if agrees { Consent::Agrees { id, theirs } } else { Consent::Asks { id } };
            Throw::Input(Input::Consent(consent))
        }),
        1 => (1_u64..4).prop_map(|id| Throw::Input(Input::RecordingFailed { id: RecordingId(id) })),
        2 => Just(Throw::Closed),
        1 => (whom(), absence()).prop_map(|(to, why)| {
            Throw::Input(Input::Undeliverable { to: to.address().to_owned(), why })
        }),
        1 => (whom(), call()).prop_map(|(from, call)| {
            Throw::Input(Input::Incompatible { from: from.address().to_owned(), call })
        }),
        2 => any::<bool>().prop_map(|online| Throw::Input(Input::Link { online })),
        1 => (session(), 0_usize..50).prop_map(|(session, size)| {
            Throw::Input(Input::Parcel { session, parcel: vec![0; size] })
        }),
        1 => any::<[bool; 4]>().prop_map(|[microphone, camera, no_microphone, no_camera]| {
            let lacking = Lacking { microphone: no_microphone, camera: no_camera };
            Throw::Input(Input::Capture { microphone, camera, lacking })
        }),
        1 => any::<bool>().prop_map(|on| Throw::Input(Input::Screen { on })),
        4 => (0_u64..60_000).prop_map(Throw::Wait),
    ]
}

#[derive(Clone, Debug)]
enum Throw {
    Input(Input),
    /// News of one of the sessions that are open.
    Open(usize, Transport),
    /// A closing session is closed.
    Closed,
    /// Milliseconds, with every deadline in them.
    Wait(u64),
}

fn carrier() -> impl Strategy<Value = Carrier> {
    select(Carrier::ALL)
}

fn body() -> impl Strategy<Value = Body> {
    let over = select(vec![
        Over::Declined,
        Over::Busy,
        Over::Cancelled,
        Over::HungUp,
        Over::NoPath,
        Over::Lost,
        Over::Gone,
        Over::Incompatible,
        Over::NotSecure,
        Over::NoAccess,
        Over::NoServer,
        Over::ServerRefused,
        Over::ServerEnded,
    ]);
    let lost = prop::option::of((1_u64..5).prop_map(CallId));
    let carriers = prop::collection::vec(carrier(), 0..3);
    let invite = (any::<bool>(), any::<u32>(), lost, carriers);
    let invite = invite.prop_map(|(video, ring_ms, resumes, via)| Body::Invite {
        name: "x".to_owned(),
        video,
        ring_ms,
        resumes,
        via: Carriers::new(via),
    });
    let accept = (prop::option::of(1_u64..5), carrier());
    let accept = accept.prop_map(|(instead_of, via)| Body::Accept {
        name: "x".to_owned(),
        instead_of: instead_of.map(CallId),
        via,
    });
    let controls = any::<(u64, [bool; 5])>().prop_map(|(sequence, flags)| {
        let [microphone, camera, lacks_microphone, lacks_camera, screen] = flags;
        Body::Controls(ControlsReport {
            sequence,
            heard: sequence / 2,
            microphone,
            camera,
            lacks_microphone,
            lacks_camera,
            screen,
            takes_texts: sequence % 8 != 0,
        })
    });
    let chat = prop_oneof![
        4 => (prop_oneof![0_u32..70, any::<u32>()], text())
            .prop_map(|(number, text)| Chat::Text { number, text }),
        1 => prop_oneof![0_u32..9, any::<u32>()].prop_map(|next| Chat::Received { next }),
        1 => Just(Chat::Typing),
    ];
    prop_oneof![
        4 => invite,
        3 => Just(Body::Ringing),
        3 => accept,
        2 => (0_u32..80, 0_usize..2000).prop_map(|(number, size)| {
            let parcel = Parcel(vec![0; size]);
            Body::Parcel { session: 0, number, parcel }
        }),
        1 => (any::<u32>(), 0_u32..3).prop_map(|(session, number)| {
            Body::Parcel { session, number, parcel: Parcel(vec![0; 10]) }
        }),
        1 => (0_u32..3, 0_u32..80)
            .prop_map(|(session, next)| Body::Received { session, next }),
        1 => prop_oneof![0_u32..4, any::<u32>()].prop_map(|session| Body::Renew { session }),
        1 => controls,
        3 => chat.prop_map(Body::Chat),
        1 => any::<(u16, i8, bool)>().prop_map(|(count, loudness, played)| {
            Body::Receipt(Receipt {
                packets: count,
                loudness,
                played,
                frames: count,
                shown: count,
                captured: loudness,
                filmed: count,
            })
        }),
        1 => Just(Body::Still),
        2 => recording_body(),
        2 => over.prop_map(|why| Body::Over { why }),
    ]
}

/// A phone alone with a clock.
struct Lone {
    duo: Duo,
}

impl Lone {
    fn station(&mut self) -> &mut Station {
        self.duo.at_mut(Alice)
    }

    fn feed(&mut self, input: Input) {
        let now = self.duo.now;
        let station = self.station();
        station.phone.handle(now, input);
        station.outputs(now);
    }

    fn throw(&mut self, throw: Throw) {
        match throw {
            Throw::Input(input) => self.feed(input),
            Throw::Open(which, state) => {
                let sessions = self.station().sessions.iter();
                let mut open = sessions.filter(|it| it.state == EndState::Open);
                if let Some(session) = open.nth(which).map(|it| it.id) {
                    self.feed(Input::Transport { session, state });
                }
            }
            Throw::Closed => {
                let mut sessions = self.station().sessions.iter();
                let closing = sessions.find(|it| it.state == EndState::Closing);
                if let Some(session) = closing.map(|it| it.id) {
                    self.station().sessions.retain(|it| it.id != session);
                    let state = Transport::Closed;
                    self.feed(Input::Transport { session, state });
                }
            }
            Throw::Wait(ms) => self.wait(Duration::from_millis(ms)),
        }
    }

    fn wait(&mut self, time: Duration) {
        let until = self.duo.now + time;
        while let Some((at, _)) = self
            .station()
            .phone
            .poll_timeout()
            .filter(|it| it.0 <= until)
        {
            let now = self.duo.now.max(at);
            self.duo.now = now;
            self.feed(Input::Tick);
            let next = self.station().phone.poll_timeout();
            assert!(
                next.is_none_or(|(next, _)| next > now),
                "a deadline that does not pass"
            );
        }
        self.duo.now = until;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases * 6))]

    #[test]
    fn a_phone_survives_everything_and_comes_to_rest(
        throws in prop::collection::vec(throw(), 1..60),
    ) {
        let mut lone = Lone { duo: Duo::new() };
        for throw in throws {
            lone.throw(throw);
        }
        // Everything stops; time runs on, and a session says that it hears nothing.
        lone.wait(Duration::from_secs(120));
        lone.throw(Throw::Open(0, Transport::Silent(Duration::from_secs(60))));
        for _ in 0..8 {
            lone.wait(Duration::from_secs(120));
            lone.throw(Throw::Closed);
        }
        let view = lone.duo.view(Alice);
        prop_assert!(matches!(view, CallView::Idle | CallView::Ended { .. }), "{:?}", view);
        let station = lone.station();
        prop_assert_eq!(&station.sessions, &[]);
        prop_assert_eq!(station.opened, station.closed);
        prop_assert_eq!(station.asked.len(), station.released.len());
        prop_assert_eq!(station.phone.poll_timeout(), None);
    }

    #[test]
    fn both_sides_agree_whatever_the_courier_and_the_users_do(
        fates in prop::collection::vec(fate(0.1), 1..40),
        happenings in prop::collection::vec((0_u64..8000, happening()), 1..25),
        standing in standing(),
        relay_says_why in any::<bool>(),
    ) {
        let mut duo = Duo::with(Courier::with(fates));
        duo.standing = standing;
        duo.relay_says_why = relay_says_why;
        for (ms, happening) in happenings {
            duo.run(Duration::from_millis(ms));
            happening.happen(&mut duo);
        }
        settle(&mut duo);
        agree(&duo)?;
        for who in Who::ALL {
            each_text_arrives_once_and_in_order(&duo, who)?;
        }
    }

    #[test]
    fn without_loss_two_who_want_to_talk_talk(
        fates in prop::collection::vec(fate(0.0), 1..40),
        later in 0_u64..3000,
        both in any::<bool>(),
    ) {
        let mut duo = Duo::with(Courier::with(fates));
        duo.dial(Alice, Bob);
        duo.run(Duration::from_millis(later));
        if both {
            duo.dial(Bob, Alice);
        }
        for _ in 0..60 {
            duo.run(Duration::from_millis(500));
            duo.accept(Alice);
            duo.accept(Bob);
        }
        duo.assert_in_a_call();
    }
}
