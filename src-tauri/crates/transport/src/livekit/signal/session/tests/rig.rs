//! A session with what it needs of the world, and messages of a server.

use std::io::Read as _;
use std::time::{Duration, Instant};

use data_encoding::BASE64URL;
use flate2::read::GzDecoder;
use prost::Message as _;

use super::super::{Input, Output, SETTLED, Session};
use crate::livekit::proto::model::{LeaveRequest, ParticipantInfo, TrackInfo};
use crate::livekit::proto::request::{
    Content as Asked, JoinRequest, SignalRequest, WrappedJoinRequest,
};
use crate::livekit::proto::response::{
    Content, JoinResponse, ParticipantUpdate, Pong, ReconnectResponse, SignalResponse,
};
use crate::livekit::signal::endpoint::Dial;
use crate::livekit::signal::event::Event;
use crate::livekit::signal::request::{Offer, Request, Sync};
use crate::livekit::signal::{Config, Token};

pub(super) struct Rig {
    pub(super) session: Session,
    now: Instant,
    sent: Vec<Asked>,
    events: Vec<Event>,
    dials: Vec<Dial>,
    token: String,
    hung_up: bool,
    /// The timestamp of the last ping.
    pinged: i64,
}

impl Rig {
    /// Dialled, and not joined.
    pub(super) fn joining() -> Self {
        let now = Instant::now();
        let config = Config {
            url: "wss://server.test/livekit/".into(),
            token: Token::shared("secret".to_owned()),
            version: "0".to_owned(),
            offer: None,
            tracks: Vec::new(),
            resume_for: Duration::from_secs(10),
        };
        let mut rig = Self {
            session: Session::new(now, config),
            now,
            sent: Vec::new(),
            events: Vec::new(),
            dials: Vec::new(),
            token: String::new(),
            hung_up: false,
            pinged: 0,
        };
        rig.drain();
        assert!(!rig.dialled().unwrap().reconnect);
        rig
    }

    /// In an empty room.
    pub(super) fn joined() -> Self {
        let mut rig = Self::joining();
        rig.receive(join(Vec::new()));
        assert!(matches!(rig.events()[..], [Event::Joined(_)]));
        rig
    }

    /// Its socket was lost, and the first attempt is under way.
    pub(super) fn resuming() -> Self {
        let mut rig = Self::joined();
        rig.pass(SETTLED);
        rig.input(Input::Dropped);
        assert_eq!(rig.events(), [Event::Lost]);
        rig
    }

    pub(super) fn input(&mut self, input: Input<'_>) {
        self.session.handle(self.now, input);
        self.drain();
    }

    pub(super) fn ask(&mut self, request: Request) {
        self.input(Input::Asked(request));
    }

    pub(super) fn receive(&mut self, content: Content) {
        let content = Some(content);
        self.input(Input::Frame(&SignalResponse { content }.encode_to_vec()));
    }

    /// Answers the last ping, some time later.
    pub(super) fn pong(&mut self, after: Duration) {
        self.now += after;
        self.receive(Content::Pong(Pong {
            last_ping_timestamp: self.pinged,
        }));
        self.now -= after;
    }

    /// Lets time pass, with each deadline in it.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.input(Input::Tick);
        }
        self.now = end;
    }

    pub(super) fn sent(&mut self) -> Vec<Asked> {
        std::mem::take(&mut self.sent)
    }

    pub(super) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// What the newest dial asks for, if there is one that was not looked at.
    pub(super) fn dialled(&mut self) -> Option<JoinRequest> {
        let dial = self.dials.drain(..).next_back()?;
        assert_eq!(dial.url.0.path(), "/livekit/rtc/v1");
        assert!(!dial.url.0.as_str().contains(&dial.token.0));
        let (_, query) = dial.url.0.query_pairs().next()?;
        let wrapped = BASE64URL.decode(query.as_bytes()).ok()?;
        let wrapped = WrappedJoinRequest::decode(wrapped.as_slice()).ok()?;
        let mut request = Vec::new();
        let mut compressed = GzDecoder::new(wrapped.join_request.as_slice());
        compressed.read_to_end(&mut request).ok()?;
        JoinRequest::decode(request.as_slice()).ok()
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn hung_up(&mut self) -> bool {
        std::mem::take(&mut self.hung_up)
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Dial(dial) => {
                    self.token.clone_from(&dial.token.0);
                    self.dials.push(*dial);
                }
                Output::Send(bytes) => {
                    let request = SignalRequest::decode(bytes.as_slice()).unwrap();
                    let content = request.content.unwrap();
                    if let Asked::Ping(ping) = &content {
                        self.pinged = ping.timestamp;
                    }
                    self.sent.push(content);
                }
                Output::HangUp => self.hung_up = true,
                Output::Tell(event) => self.events.push(event),
            }
        }
    }
}

pub(super) fn join(other_participants: Vec<ParticipantInfo>) -> Content {
    Content::Join(Box::new(JoinResponse {
        participant: Some(other("PA_us", 1)),
        other_participants,
        ping_interval: 5,
        ping_timeout: 15,
        ..JoinResponse::default()
    }))
}

pub(super) fn reconnect(last_sequence: u32) -> Content {
    Content::Reconnect(ReconnectResponse { last_sequence })
}

pub(super) fn leave(action: i32, reason: i32) -> Content {
    Content::Leave(LeaveRequest { reason, action })
}

pub(super) fn others(participants: Vec<ParticipantInfo>) -> Content {
    Content::Update(ParticipantUpdate { participants })
}

pub(super) fn other(sid: &str, version: u32) -> ParticipantInfo {
    ParticipantInfo {
        sid: sid.to_owned(),
        identity: "who-it-is".to_owned(),
        state: 2,
        version,
        ..ParticipantInfo::default()
    }
}

pub(super) fn track(sid: &str) -> TrackInfo {
    TrackInfo {
        sid: sid.to_owned(),
        ..TrackInfo::default()
    }
}

pub(super) fn sync() -> Request {
    let sdp = "offer".into();
    Request::Sync(Box::new(Sync {
        offer: Offer { sdp, id: 1 },
        answer: "answer".into(),
        published: Vec::new(),
        received: Vec::new(),
    }))
}
