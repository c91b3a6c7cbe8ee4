//! A session whose server sends anything.

use std::time::{Duration, Instant};

use prost::Message as _;

use super::session::{Input, Output, Session};
use super::{Config, Event, Token};
use crate::livekit::pieces::{history, pieces};
use crate::livekit::proto::model::{LeaveRequest, ParticipantInfo, TrackInfo};
use crate::livekit::proto::response::{
    Content, JoinResponse, ParticipantUpdate, ReconnectResponse, SignalResponse,
};

/// Messages of a server, one after the other; an empty one cuts the socket.
pub fn messages(bytes: &[u8]) {
    let now = Instant::now();
    let mut session = Session::new(now, config());
    let mut ended = false;
    for (number, frame) in (0..).zip(pieces(bytes)) {
        let input = match frame {
            [] => Input::Dropped,
            frame => Input::Frame(frame),
        };
        session.handle(now + Duration::from_millis(number), input);
        let mut told = 0;
        while let Some(output) = session.poll_output() {
            if let Output::Tell(event) = output {
                assert!(!ended, "told after the end");
                told += 1;
                ended = matches!(event, Event::Closed(_));
            }
        }
        assert!(told <= 32, "one message told {told} events");
        assert_eq!(ended, session.is_closed());
    }
}

/// A session that is joined, resumed and left.
#[must_use]
pub fn message_seeds() -> Vec<Vec<u8>> {
    let bob = ParticipantInfo {
        sid: "PA_b".to_owned(),
        identity: "bob".to_owned(),
        state: 2,
        tracks: vec![TrackInfo {
            sid: "TR_c".to_owned(),
            mime_type: "video/H264".to_owned(),
            source: 1,
            ..TrackInfo::default()
        }],
        ..ParticipantInfo::default()
    };
    let join = Content::Join(Box::new(JoinResponse {
        participant: Some(ParticipantInfo {
            sid: "PA_a".to_owned(),
            ..ParticipantInfo::default()
        }),
        other_participants: vec![bob.clone()],
        ping_interval: 5,
        ping_timeout: 15,
        ..JoinResponse::default()
    }));
    let update = Content::Update(ParticipantUpdate {
        participants: vec![bob],
    });
    let leave = Content::Leave(LeaveRequest {
        reason: 5,
        action: 0,
    });
    let write = |content| {
        let content = Some(content);
        SignalResponse { content }.encode_to_vec()
    };
    let resumed = Content::Reconnect(ReconnectResponse::default());
    vec![history(&[
        write(join),
        write(update),
        Vec::new(),
        write(resumed),
        write(leave),
    ])]
}

fn config() -> Config {
    Config {
        url: "wss://server.test".into(),
        token: Token::shared("token".to_owned()),
        version: "fuzz".to_owned(),
        offer: None,
        tracks: Vec::new(),
        resume_for: Duration::from_secs(10),
    }
}
