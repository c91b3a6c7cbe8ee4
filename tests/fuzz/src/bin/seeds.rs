//! Writes what each target begins with, as the encoders make it: `seeds DIRECTORY`.
//!
//! Histories, which no encoder makes, are steps as `seal_sealer` and `call_phone` read them.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use call::carrier::{Carrier, Carriers};
use call::chat::Text;
use call::id::{CallId, RecordingId};
use call::message::{
    Allows, Body, Chat, ControlsReport, Message, Over, Parcel, Receipt, Record, RecordOver,
    Recorded, Statement, Wants,
};
use fuzz::{Person, person};
use identity::{Authority, Invite};
use seal::{Output, Sealer};
use signal_wire::{
    Absence, CallNumber, Capabilities, Challenge, ClientFrame, ErrorCode, IceServer, IceServers,
    LiveKitAccess, LiveKitToken, MessageId, NoAccess, Payload, RelayFrame, Resume, SessionToken,
    VERSION,
};
use transport::livekit::fuzzing as livekit;

type Seeds = Vec<Vec<u8>>;

fn main() -> Result<(), Box<dyn Error>> {
    let home = std::env::args_os().nth(1).ok_or("where to?")?;
    for (target, seeds) in all()? {
        let dir = Path::new(&home).join(target);
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(dir.join(number.to_string()), seed)?;
        }
    }
    Ok(())
}

fn all() -> Result<Vec<(&'static str, Seeds)>, Box<dyn Error>> {
    let (ann, bob) = (person(Person::Ann), person(Person::Bob));
    let invite = invite()?;
    Ok(vec![
        ("seal_frame", frames()?),
        ("seal_hello", vec![seal::fuzzing::seeds::hello()]),
        (
            "seal_reply",
            seal::fuzzing::seeds::reply().into_iter().collect(),
        ),
        ("seal_data", data()),
        ("seal_reject", vec![seal::fuzzing::seeds::statement()]),
        ("seal_sealer", sealer_histories()),
        ("wire_client_frame", texts(client_frames()?)),
        ("wire_relay_frame", texts(relay_frames()?)),
        ("wire_address", texts([ann.address().to_string()])),
        ("wire_ice", texts(ICE.map(str::to_owned))),
        (
            "identity_invite",
            texts([ann.address().to_string(), invite.clone()]),
        ),
        ("identity_find", texts(pasted(&invite))),
        ("identity_relay_url", texts(RELAYS.map(str::to_owned))),
        ("identity_name", texts(NAMES.map(str::to_owned))),
        ("call_message", messages()),
        (
            "lan_announcement",
            discovery::fuzzing::seeds::announcements(&ann, &bob),
        ),
        ("lan_txt", discovery::fuzzing::seeds::txts(&ann, &bob)),
        ("lan_beacon", discovery::fuzzing::seeds::beacons(&ann, &bob)),
        ("lan_answer", discovery::fuzzing::seeds::answers(&ann, &bob)),
        (
            "lan_dial_back_question",
            discovery::fuzzing::seeds::dial_back_questions(&ann, &bob),
        ),
        (
            "lan_dial_back_answer",
            discovery::fuzzing::seeds::dial_back_answers(),
        ),
        ("lan_place", texts(PLACES.map(str::to_owned))),
        ("seal_greeting", vec![vec![0; 4]]),
        (
            "seal_introduction",
            vec![seal::introduce(&ann.address(), &bob.address())?],
        ),
        ("call_phone", phone_histories()),
        ("consent_statement", engine::fuzzing::seeds(&ann, &bob)),
        ("record_keyframe", record::fuzzing::seeds()),
        ("livekit_messages", livekit::message_seeds()),
        ("livekit_packets", livekit::packet_seeds()),
        ("livekit_frames", livekit::frame_seeds()),
    ])
}

fn texts(texts: impl IntoIterator<Item = String>) -> Seeds {
    texts.into_iter().map(String::into_bytes).collect()
}

/// One of each kind but REJECT, between two honest sealers.
fn frames() -> Result<Seeds, Box<dyn Error>> {
    let (ann, bob) = (person(Person::Ann), person(Person::Bob));
    let [mut theirs, mut ours] = [&ann, &bob].map(|it| Sealer::new(it.clone()));
    let now = Instant::now();
    let mut frames = Vec::new();
    let mut next = |of: &mut Sealer| {
        while let Some(output) = of.poll_output() {
            if let Output::Transmit { frame, .. } = output {
                frames.push(frame.clone());
                return frame;
            }
        }
        Vec::new()
    };
    theirs.send(now, bob.address(), 1, b"hello")?;
    let hello = next(&mut theirs);
    ours.receive(now, ann.address(), &hello);
    let reply = next(&mut ours);
    theirs.receive(now, bob.address(), &reply);
    let data = next(&mut theirs);
    let mut forgetful = Sealer::new(bob);
    forgetful.receive(now, ann.address(), &data);
    next(&mut forgetful);
    Ok(frames)
}

fn data() -> Seeds {
    let cases = [
        (&b"hello"[..], true),
        (&b""[..], false),
        (&[7; 300][..], true),
    ];
    cases
        .into_iter()
        .filter_map(|(message, reveals)| seal::fuzzing::seeds::data(message, reveals))
        .collect()
}

/// The state to begin with, then steps.
fn sealer_histories() -> Seeds {
    let history = |steps: &[&[u8]]| steps.concat();
    vec![
        // Nothing begun: they speak, we answer, both go on.
        history(&[
            &[0],
            &[1, 1, 0, 20],
            &[2],
            &[0, 1, 1, 0],
            &[2],
            &[1, 1, 8, 0],
            &[2],
        ]),
        // Pending: time for a HELLO again, then the answer, and a changed copy of it.
        history(&[&[1], &[7, 1, 0], &[2], &[5, 3, 0, 1, 0, 40, 1]]),
        // Half-open: copies of the HELLO, forged DATA of its session.
        history(&[
            &[2],
            &[5, 3, 0, 0, 0, 0, 0],
            &[6, 3, 1, 0, 1, 3],
            &[9; 64],
            &[2],
        ]),
        // Established: they start again, speak anew, RESETs, an old frame once more.
        history(&[
            &[3],
            &[8, 1, 1],
            &[9],
            &[0, 1, 0, 9],
            &[2],
            &[5, 3, 1, 2, 0, 0, 0],
            &[2],
        ]),
        // Eve and nobody send what they can.
        history(&[
            &[3],
            &[6, 0, 0, 2, 0, 4],
            &[6, 2, 1, 3, 1, 1],
            &[1; 64],
            &[4, 0, 0, 0, 5, 1, 2, 3, 4, 5],
        ]),
    ]
}

fn client_frames() -> Result<Vec<String>, Box<dyn Error>> {
    let ann = person(Person::Ann);
    let relay = Authority::new("relay.example", 443);
    let frames = [
        ClientFrame::Hello {
            version: VERSION,
            capabilities: Capabilities::new(["ice"]),
            address: ann.address(),
            proof: ann.prove(&Challenge([3; 32]), &relay),
            resume: Some(Resume {
                session: SessionToken([4; 16]),
                received: 9,
            }),
        },
        ClientFrame::Envelope {
            seq: 1,
            id: MessageId([5; 8]),
            to: ann.address(),
            payload: Payload::new("hello".into())?,
        },
        ClientFrame::Ack { seq: 7 },
        ClientFrame::Ice {},
        ClientFrame::Access {
            call: CallNumber(0x0123_4567_89ab_cdef),
            with: ann.address(),
        },
        ClientFrame::Release {
            call: CallNumber(7),
        },
    ];
    Ok(frames.iter().map(ClientFrame::encode).collect())
}

fn relay_frames() -> Result<Vec<String>, Box<dyn Error>> {
    let address = person(Person::Ann).address();
    let id = MessageId([5; 8]);
    let ice = IceServers {
        servers: vec![IceServer {
            url: ICE[1].to_owned(),
            username: "1764000000:ann".to_owned(),
            credential: "secret".to_owned(),
        }],
        ttl_seconds: 600,
    };
    let frames = [
        RelayFrame::Challenge {
            version: VERSION,
            nonce: Challenge([3; 32]),
        },
        RelayFrame::Welcome {
            capabilities: Capabilities::new(["ice"]),
            session: SessionToken([4; 16]),
            resumed: true,
            received: 9,
            ice: Some(ice.clone()),
        },
        RelayFrame::Envelope {
            seq: 1,
            id,
            from: address,
            payload: Payload::new("hello".into())?,
        },
        RelayFrame::NotHere {
            seq: 2,
            id,
            to: address,
            why: Absence::Silent,
        },
        RelayFrame::Refused {
            seq: 3,
            id,
            to: address,
        },
        RelayFrame::Ice(ice),
        RelayFrame::Access(LiveKitAccess {
            call: CallNumber(7),
            with: address,
            url: "wss://livekit.example".to_owned(),
            token: LiveKitToken::new("a.b.c".to_owned())?,
            expires_seconds: 300,
        }),
        RelayFrame::NoAccess {
            call: CallNumber(7),
            why: NoAccess::Unavailable,
        },
        RelayFrame::TakenOver,
        RelayFrame::Error {
            code: ErrorCode::Busy,
        },
    ];
    Ok(frames.iter().map(RelayFrame::encode).collect())
}

fn invite() -> Result<String, Box<dyn Error>> {
    let invite = Invite::new(person(Person::Ann).address());
    let invite = invite
        .with_relay("wss://relay.example")?
        .with_name("Ann & Zoë")
        .with_lan(["192.168.1.5:4080".parse()?, "[fe80::1]:48267".parse()?]);
    Ok(invite.to_string())
}

/// The link as people paste it: in a sentence, wrapped and quoted, encoded once more.
fn pasted(invite: &str) -> [String; 3] {
    let (start, end) = invite.split_at(70);
    let encoded = invite
        .replace('%', "%25")
        .replace(':', "%3A")
        .replace('?', "%3F");
    [
        format!("Call me: <{invite}>, thanks!"),
        format!("> {start}=\r\n> {}", end.replace('&', "&amp;")),
        format!("https://example.org/go?to={encoded}"),
    ]
}

fn messages() -> Seeds {
    let name = "Ann".to_owned();
    let bodies = [
        Body::Invite {
            name: name.clone(),
            video: true,
            ring_ms: 45_000,
            resumes: Some(CallId(6)),
            via: Carriers::default(),
        },
        Body::Ringing,
        Body::Accept {
            name,
            instead_of: Some(CallId(8)),
            via: Carrier::Direct,
        },
        Body::Parcel {
            session: 1,
            number: 2,
            parcel: Parcel(vec![1, 2, 3]),
        },
        Body::Controls(ControlsReport {
            sequence: 3,
            heard: 2,
            microphone: true,
            camera: false,
            lacks_microphone: false,
            lacks_camera: true,
            screen: true,
            takes_texts: true,
        }),
        Body::Chat(Chat::Text {
            number: 3,
            text: Text::new("two\nlines \u{1f44b}").expect("a short text"),
        }),
        Body::Chat(Chat::Received { next: 4 }),
        Body::Chat(Chat::Typing),
        Body::Still,
        Body::Over { why: Over::HungUp },
        Body::Received {
            session: 1,
            next: 3,
        },
        Body::Renew { session: 2 },
        Body::Receipt(Receipt {
            packets: 50,
            loudness: -30,
            played: true,
            frames: 30,
            shown: 29,
            captured: Receipt::SILENCE,
            filmed: 0,
        }),
    ];
    let call = CallId(7);
    let bodies = bodies.into_iter().chain(recordings());
    bodies.map(|body| Message { call, body }.encode()).collect()
}

/// What two phones say of a recording of each.
fn recordings() -> Vec<Body> {
    let id = RecordingId(9);
    let statement = || Statement::new("signed".to_owned()).expect("it is short");
    let (statement, agreement) = (statement(), statement());
    let wants = [
        Wants::Asked { statement },
        Wants::Running,
        Wants::Over {
            why: RecordOver::Failed,
            heard: true,
        },
    ];
    let allows = [
        Allows::Shown,
        Allows::Agreed {
            statement: agreement,
        },
        Allows::Over {
            why: RecordOver::Stopped,
            heard: false,
        },
    ];
    let wants = wants.map(|stance| Body::Record(Record { id, stance }));
    let allows = allows.map(|stance| Body::Recorded(Recorded { id, stance }));
    wants.into_iter().chain(allows).collect()
}

/// The state to begin with, then steps.
fn phone_histories() -> Seeds {
    let history = |steps: &[&[u8]]| steps.concat();
    vec![
        // They call, the user answers, media flows, the path is lost and found, they hang up.
        history(&[
            &[0],
            &[
                0, 0, 0, 0, 0, 3, b'A', b'n', b'n', 1, 0, 200, 4, 0, 0, 0, 255, 0,
            ],
            &[12, 1, 1, 8, 0, 0, 8, 0, 2, 12, 0, 11, 1, 0, 8, 0, 0],
            &[5, 0, 0, 0, 4, 1, 1, 1, 0, 0, 0, 1, 0, 255, 0],
            &[5, 0, 0, 0, 9, 3, 255, 0, 10, 0],
        ]),
        // We call while they do, and a stranger too.
        history(&[
            &[1],
            &[0, 0, 0, 1, 0, 1, b'A', 1, 0, 200, 4, 0, 0, 0, 255, 0],
            &[0, 3, 1, 2, 0, 1, b'E', 0, 0, 9, 9, 0, 0, 0, 255, 0],
            &[11, 9, 0],
        ]),
        // Parcels before the answer, bytes that are none, a link that comes and goes.
        history(&[
            &[3],
            &[0, 0, 0, 0, 3, 0, 1, 0, 99, 255, 0],
            &[4, 0, 0, 3, b'{', b'}', b' '],
            &[16, 0, 16, 1],
            &[12, 1, 1, 18, 0, 0, 1, 0],
        ]),
        // Several calls after each other.
        history(&[
            &[7],
            &[10, 0, 12, 1, 4],
            &[12, 0, 0, 1, 0, 0],
            &[0, 0, 0, 1, 1, 255, 0],
            &[11, 255, 255],
            &[15, 0, 0],
        ]),
        // As callee: the session behind the call takes over, its parcels are acknowledged, the one
        // before is closed; our network changes, and theirs begins a third.
        history(&[
            &[8],
            &[18, 0, 1, 0, 50, 0, 0, 0, 0, 6, 1, 1, 255, 0],
            &[8, 1, 0, 11, 3, 0, 10, 0],
            &[5, 0, 1, 0, 8, 50, 226, 1, 30, 30, 226, 30, 255, 0],
            &[19, 4, 50, 226, 1, 30, 30, 226, 30],
            &[17, 11, 1, 0, 0, 0, 0, 0, 3, 2, 0, 0, 99, 255, 0],
            &[8, 1, 0, 8, 0, 4, 11, 3, 0, 10, 0],
        ]),
        // As caller: the old path comes back, they ask for a session, ours fails, a third one takes
        // over and we hang up.
        history(&[
            &[9],
            &[8, 0, 0, 0, 0, 0, 0, 7, 2, 255, 0],
            &[8, 1, 4, 11, 1, 0, 0, 0, 0, 0, 7, 3, 255, 0],
            &[8, 1, 0, 11, 2, 88, 10, 0, 12, 0, 3, 10, 0],
        ]),
        // A lost call that we called: the user wants it back, they answer.
        history(&[
            &[10],
            &[10, 0, 10, 0, 10, 0, 10, 0, 12, 1, 6, 1],
            &[11, 2, 0, 17],
            &[0, 0, 0, 1, 2, 1, b'A', 0, 0, 255, 0],
            &[8, 0, 0, 11, 0, 200],
        ]),
        // A lost call that they called: they want it back, then our user does.
        history(&[
            &[11],
            &[
                10, 0, 10, 0, 0, 0, 0, 1, 0, 1, b'A', 1, 0, 200, 4, 1, 0, 0, 0, 255, 0,
            ],
            &[12, 1, 6, 2, 8, 0, 0],
            &[11, 0, 200],
        ]),
        // A lost call that both leave alone until it is too late, and one that is taken back.
        history(&[&[10], &[12, 0, 6, 1, 12, 0, 4]]),
        history(&[&[11], &[12, 0, 6, 1, 11, 255, 255]]),
        // They call by LiveKit and our user answers; in the call the server cannot be reached,
        // twice, and when it is there again it ends what it carried.
        history(&[
            &[0],
            &[
                0, 0, 0, 0, 0, 3, b'A', b'n', b'n', 1, 0, 200, 4, 0, 1, 0, 255, 0,
            ],
            &[12, 1, 1, 8, 0, 0, 8, 0, 6, 0, 11, 1, 0],
            &[10, 0, 8, 0, 6, 0, 11, 0, 250],
            &[8, 0, 0, 8, 0, 6, 2, 10, 0],
        ]),
        // We call by LiveKit, it rings there and they answer; the relay gives us no access.
        history(&[
            &[0],
            &[12, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 255, 0],
            &[0, 0, 0, 0, 2, 1, b'B', 0, 1, 255, 0, 19, 3, 0],
            &[11, 255, 255],
        ]),
        // They ask to record, our user agrees, they write and stop; they ask again, and our user does
        // not want it.
        history(&[
            &[5],
            &[5, 0, 0, 0, 10, 1, 0, 255, 0, 19, 5, 1, 12, 0, 9, 1],
            &[5, 0, 0, 0, 10, 1, 1, 255, 0, 11, 1, 0],
            &[5, 0, 0, 0, 10, 1, 2, 0, 0, 255, 0],
            &[5, 0, 0, 0, 10, 2, 0, 255, 0, 19, 5, 2, 12, 0, 10, 2],
            &[5, 0, 0, 0, 10, 2, 2, 1, 1, 255, 0, 11, 1, 0],
        ]),
        // Our user asks to record, they show it and agree, and our user stops; of the next one the
        // agreement is said twice, and the disk fails; the last one runs when the call ends.
        history(&[
            &[5],
            &[12, 0, 8, 1, 5, 0, 0, 0, 11, 1, 0, 255, 0],
            &[5, 0, 0, 0, 11, 1, 1, 255, 0, 19, 6, 1, 11, 1, 0],
            &[12, 0, 11, 5, 0, 0, 0, 11, 1, 2, 0, 1, 255, 0],
            &[12, 0, 8, 2, 5, 0, 0, 0, 11, 2, 1, 255, 0, 19, 6, 2],
            &[5, 0, 0, 0, 11, 2, 1, 255, 0, 19, 7, 2, 11, 1, 0],
            &[5, 0, 0, 0, 11, 2, 2, 0, 1, 255, 0],
            &[12, 0, 8, 0, 19, 6, 0, 12, 0, 3, 10, 0],
        ]),
        // Both ask at once; the path is lost, both stop what they are told of, and it is found again.
        history(&[
            &[5],
            &[12, 0, 8, 0, 5, 0, 0, 0, 10, 1, 0, 255, 0, 19, 5, 1],
            &[19, 6, 0, 12, 0, 9, 1, 8, 0, 1, 12, 0, 11],
            &[11, 2, 0, 0, 0, 0, 0, 11, 0, 2, 0, 1, 255, 0],
            &[8, 0, 0, 11, 1, 0],
        ]),
        // Both write to each other; texts come twice, before their turn and while there is no path,
        // and some are not acknowledged before the call ends.
        history(&[
            &[5],
            &[5, 0, 0, 0, 4, 1, 1, 1, 1, 0, 0, 1, 0, 255, 0],
            &[12, 0, 12, 12, 0, 13, 5, 0, 0, 0, 12, 1, 0, 255, 0],
            &[5, 0, 0, 0, 12, 0, 1, 255, 0],
            &[5, 0, 0, 0, 12, 0, 2, 0, 5, 255, 0],
            &[5, 0, 0, 0, 12, 0, 2, 0, 5, 255, 0],
            &[5, 0, 0, 0, 12, 2, 2, 0, 9, 255, 0, 11, 1, 0],
            &[5, 0, 0, 0, 12, 1, 2, 1, 9, 255, 0],
            &[8, 0, 1, 12, 0, 13, 0, 0, 0, 0, 12, 3, 2, 0, 2, 255, 0],
            &[8, 0, 0, 11, 1, 0, 12, 0, 13, 12, 0, 3],
            &[0, 0, 0, 0, 12, 2, 0, 255, 0, 11, 255, 255],
        ]),
        // Both share: ours is stopped by our user, then ends by itself, and is on when the call ends.
        history(&[
            &[5],
            &[12, 1, 14, 19, 8, 1, 5, 0, 0, 0, 4, 1, 1, 1, 1, 0, 0, 1],
            &[1, 255, 0, 11, 1, 0, 12, 0, 14, 19, 8, 0],
            &[12, 1, 14, 19, 8, 1, 19, 8, 0, 12, 1, 14, 19, 8, 1],
            &[5, 0, 0, 0, 9, 3, 255, 0, 10, 0],
        ]),
    ]
}

const ICE: [&str; 3] = [
    "stun:stun.example.org",
    "turn:turn.example.org:3478?transport=tcp",
    "turns:[2001:db8::1]:443",
];

const RELAYS: [&str; 3] = [
    "wss://relay.example/v1",
    "ws://[fe80::1%25eth0]:4080",
    "WSS://Relay.Example.:443/tincan/V2/",
];

const PLACES: [&str; 5] = [
    "bea.local",
    "bea_s-laptop:48267",
    "192.168.1.5:4080",
    "fe80::1%eth0",
    "[fe80::1%2]:99",
];

const NAMES: [&str; 3] = [
    "Zoë Müller",
    "👩\u{200d}👧 \u{202e}x\u{301}\u{301}\u{301}\u{301}",
    "\u{3164}",
];
