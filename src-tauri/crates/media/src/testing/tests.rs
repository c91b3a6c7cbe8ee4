//! What a test may rely on: each knob, seen from the sessions.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::executor::block_on;
use futures::{FutureExt, StreamExt};

use super::{Conditions, Loopback, Network, some_instant};
use crate::frame::EncodedFrame;
use crate::time::MediaTime;
use crate::transport::{
    MAX_DATA, MediaTransport, NetworkEstimate, OpenParams, Parcel, Path, Role, Sent, Session,
    Stream, TransportError, TransportEvent, TransportState, VIDEO_IN_CAPACITY,
};
use crate::units::Bitrate;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Two machines and the session of each.
struct Pair {
    network: Network,
    now: Instant,
    alice: Loopback,
    bob: Loopback,
    caller: Session,
    callee: Session,
}

impl Pair {
    fn negotiated() -> Self {
        let now = some_instant();
        let network = Network::new(1, now);
        let (alice, bob) = (Loopback::on(&network), Loopback::on(&network));
        let (caller, callee) = (open(&alice, Role::Offerer), open(&bob, Role::Answerer));
        let mut pair = Self {
            network,
            now,
            alice,
            bob,
            caller,
            callee,
        };
        pair.carry_parcels();
        pair
    }

    fn connected() -> Self {
        let mut pair = Self::negotiated();
        pair.pass(MS);
        assert_eq!(states(&mut pair.caller), [connected(Path::Local)]);
        assert_eq!(states(&mut pair.callee), [connected(Path::Local)]);
        pair
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.network.advance(time, self.now);
    }

    /// Carries parcels until neither has one, and drops what else is told.
    fn carry_parcels(&mut self) {
        loop {
            let (there, back) = (parcels(&mut self.caller), parcels(&mut self.callee));
            if there.is_empty() && back.is_empty() {
                return;
            }
            there
                .into_iter()
                .for_each(|it| self.callee.control.parcel(it));
            back.into_iter()
                .for_each(|it| self.caller.control.parcel(it));
        }
    }

    /// The numbers of the sound packets that `count` sent ones become at the callee.
    fn sound_heard_of(&mut self, count: u8) -> Vec<u64> {
        let mut heard = Vec::new();
        for payload in 0..count {
            assert_eq!(
                self.caller.out[Stream::Voice].send(frame(payload)),
                Sent::Queued
            );
            self.pass(MS);
            while let Some(packet) = self.callee.input[Stream::Voice].try_pop() {
                heard.push(packet.sequence);
            }
        }
        heard
    }
}

fn open(loopback: &Loopback, role: Role) -> Session {
    block_on(loopback.open(params(role))).unwrap()
}

fn params(role: Role) -> OpenParams {
    OpenParams {
        ice_servers: Vec::new(),
        access: None,
        number: 0,
        call: 1,
        role,
        max_send: Bitrate::from_kbps(1000),
    }
}

fn frame(payload: u8) -> EncodedFrame {
    EncodedFrame {
        time: MediaTime::default(),
        keyframe: true,
        payload: Bytes::copy_from_slice(&[payload]),
    }
}

fn told(session: &mut Session) -> Vec<TransportEvent> {
    let mut told = Vec::new();
    while let Some(Some(event)) = session.events.next().now_or_never() {
        told.push(event);
    }
    told
}

fn parcels(session: &mut Session) -> Vec<Parcel> {
    let parcel = |event| match event {
        TransportEvent::Parcel(parcel) => Some(parcel),
        _ => None,
    };
    told(session).into_iter().filter_map(parcel).collect()
}

fn states(session: &mut Session) -> Vec<TransportState> {
    let state = |event| match event {
        TransportEvent::State(state) => Some(state),
        _ => None,
    };
    told(session).into_iter().filter_map(state).collect()
}

fn silences(session: &mut Session) -> Vec<u128> {
    let silence = |event| match event {
        TransportEvent::Silence(silence) => Some(silence.as_millis()),
        _ => None,
    };
    told(session).into_iter().filter_map(silence).collect()
}

fn connected(path: Path) -> TransportState {
    TransportState::Connected(path)
}

#[test]
fn nothing_passes_before_the_parcels_were_carried() {
    let network = Network::new(1, some_instant());
    let (alice, bob) = (Loopback::on(&network), Loopback::on(&network));
    let mut caller = open(&alice, Role::Offerer);
    let mut callee = open(&bob, Role::Answerer);
    network.advance(SECOND, some_instant());
    assert!(states(&mut caller).is_empty() && states(&mut callee).is_empty());
    assert_eq!(caller.out[Stream::Voice].send(frame(1)), Sent::NotConnected);
    let refused = caller.control.send_data(Bytes::from_static(b"early"));
    assert_eq!(refused, Err(TransportError::NotConnected));
    for nonsense in ["", "offer", "offer x", "answer -1", "hello 1", "\u{0}"] {
        callee.control.parcel(Parcel(nonsense.into()));
    }
    assert!(told(&mut callee).is_empty());
}

#[test]
fn frames_and_messages_arrive_in_order_after_the_delay_and_no_earlier() {
    let mut pair = Pair::connected();
    pair.network.set_conditions(Conditions {
        delay: 50 * MS,
        ..Conditions::default()
    });
    for payload in 0..3 {
        pair.caller.out[Stream::Camera].send(frame(payload));
        let message = Bytes::copy_from_slice(&[payload]);
        pair.caller.control.send_data(message).unwrap();
    }
    pair.pass(49 * MS);
    assert!(pair.callee.input[Stream::Camera].is_empty() && told(&mut pair.callee).is_empty());
    assert_eq!(pair.network.in_flight(), 6);
    pair.pass(MS);
    for payload in 0..3 {
        let picture = pair.callee.input[Stream::Camera].try_pop().unwrap();
        assert_eq!(picture.frame, frame(payload));
        assert_eq!((picture.arrived, picture.after_loss), (pair.now, false));
    }
    let messages: Vec<_> = told(&mut pair.callee)
        .into_iter()
        .map(|event| match event {
            TransportEvent::Data(bytes) => bytes[0],
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(messages, [0, 1, 2]);
    let stats = block_on(pair.caller.control.stats());
    assert_eq!(stats.current_round_trip_time, Some(100 * MS));
    let camera = stats.streams[Stream::Camera];
    assert_eq!((camera.packets_sent, camera.bytes_sent), (3, 3));
}

#[test]
fn each_stream_arrives_as_itself() {
    let mut pair = Pair::connected();
    for (number, stream) in Stream::ALL.into_iter().enumerate() {
        pair.caller.out[stream].send(frame(number as u8));
    }
    pair.pass(MS);
    for (number, stream) in Stream::ALL.into_iter().enumerate() {
        let source = &pair.callee.input[stream];
        assert_eq!(source.try_pop().unwrap().frame, frame(number as u8));
        assert!(source.is_empty(), "{stream:?}");
    }
}

#[test]
fn a_message_beyond_the_limit_is_refused() {
    let pair = Pair::connected();
    let send = |len| pair.caller.control.send_data(vec![0; len].into());
    assert_eq!(send(MAX_DATA), Ok(()));
    assert_eq!(
        send(MAX_DATA + 1),
        Err(TransportError::TooLarge(MAX_DATA + 1))
    );
}

#[test]
fn loss_and_repeats_follow_from_the_seed_and_show_in_the_numbers() {
    let lossy = Conditions {
        loss: 0.2,
        repeats: 0.1,
        ..Conditions::default()
    };
    let runs = [1, 2].map(|_| {
        let mut pair = Pair::connected();
        pair.network.set_conditions(lossy);
        let heard = pair.sound_heard_of(200);
        (
            heard,
            block_on(pair.callee.control.stats()).streams[Stream::Voice],
        )
    });
    assert_eq!(runs[0], runs[1]);
    let (heard, stats) = &runs[0];
    let mut once = heard.clone();
    once.dedup();
    let (lost, repeated) = (200 - once.len(), heard.len() - once.len());
    assert!((20..60).contains(&lost), "{lost} of 200 lost");
    assert!((5..35).contains(&repeated), "{repeated} repeated");
    assert_eq!(stats.packets_lost, lost as i64);
    assert_eq!(stats.packets_received, heard.len() as u64);
}

#[test]
fn a_picture_after_a_lost_one_says_so() {
    let mut pair = Pair::connected();
    let all = |loss| Conditions {
        loss,
        ..Conditions::default()
    };
    for (payload, loss) in [(0, 0.0), (1, 1.0), (2, 0.0), (3, 0.0)] {
        pair.network.set_conditions(all(loss));
        pair.caller.out[Stream::Camera].send(frame(payload));
    }
    pair.pass(MS);
    let next = || {
        pair.callee.input[Stream::Camera]
            .try_pop()
            .map(|it| (it.sequence, it.after_loss))
    };
    assert_eq!(
        [next(), next(), next()],
        [0, 2, 3].map(|n| Some((n, n == 2)))
    );
    assert_eq!(next(), None);
}

#[test]
fn pictures_that_nobody_takes_make_room_and_the_next_one_says_so() {
    let mut pair = Pair::connected();
    for payload in 0..=VIDEO_IN_CAPACITY as u8 {
        let keyframe = payload == 0;
        let picture = frame(payload);
        pair.caller.out[Stream::Camera].send(EncodedFrame {
            keyframe,
            ..picture
        });
    }
    pair.pass(MS);
    assert_eq!(
        pair.callee.input[Stream::Camera].len(),
        0,
        "all refer to the first"
    );
    for payload in 0..2 {
        pair.caller.out[Stream::Camera].send(frame(payload));
    }
    pair.pass(MS);
    let next = || {
        pair.callee.input[Stream::Camera]
            .try_pop()
            .map(|it| it.after_loss)
    };
    assert_eq!([next(), next()], [Some(true), Some(false)]);
}

#[test]
fn keyframe_requests_and_estimates_are_told() {
    let mut pair = Pair::connected();
    pair.callee.control.request_keyframe(Stream::Screen);
    pair.pass(MS);
    assert!(matches!(
        told(&mut pair.caller)[..],
        [TransportEvent::KeyframeRequested(Stream::Screen)]
    ));
    let estimate = NetworkEstimate {
        bitrate: Bitrate::from_kbps(300),
        rtt: Some(40 * MS),
        loss: 0.02,
    };
    pair.bob.estimate(estimate);
    assert!(matches!(
        told(&mut pair.callee)[..],
        [TransportEvent::Estimate(told)] if told == estimate
    ));
}

#[test]
fn a_cut_is_told_as_silence_then_as_a_lost_path_and_both_end_when_it_is_mended() {
    let mut pair = Pair::connected();
    pair.network.cut();
    for _ in 0..20 {
        pair.pass(100 * MS);
    }
    assert_eq!(silences(&mut pair.callee), [1000, 1300, 1600, 1900]);
    pair.network.mend();
    pair.pass(MS);
    assert_eq!(silences(&mut pair.callee), [0]);
    pair.pass(SECOND);
    assert!(told(&mut pair.callee).is_empty());

    told(&mut pair.caller);
    pair.network.cut();
    pair.pass(5 * SECOND);
    assert_eq!(states(&mut pair.caller), [TransportState::Disconnected]);
    pair.network.mend();
    pair.pass(MS);
    assert_eq!(states(&mut pair.caller), [connected(Path::Local)]);
}

#[test]
fn a_cut_loses_frames_and_keeps_messages() {
    let mut pair = Pair::connected();
    pair.network.cut();
    assert_eq!(pair.sound_heard_of(3), [0_u64; 0]);
    pair.caller
        .control
        .send_data(Bytes::from_static(b"late"))
        .unwrap();
    pair.pass(MS);
    assert!(told(&mut pair.callee).is_empty());
    pair.network.mend();
    pair.pass(MS);
    assert!(matches!(
        &told(&mut pair.callee)[..],
        [TransportEvent::Data(message)] if &message[..] == b"late"
    ));
    assert_eq!(pair.sound_heard_of(1), [3], "three packets are missing");
}

#[test]
fn after_roaming_only_a_new_session_finds_a_path() {
    let mut pair = Pair::connected();
    pair.network.roam();
    assert_eq!(states(&mut pair.caller), [TransportState::Disconnected]);
    assert_eq!(states(&mut pair.callee), [TransportState::Disconnected]);
    pair.network.mend();
    pair.pass(SECOND);
    assert!(states(&mut pair.caller).is_empty());
    let (caller, callee) = (
        open(&pair.alice, Role::Offerer),
        open(&pair.bob, Role::Answerer),
    );
    let mut old = std::mem::replace(&mut pair.caller, caller);
    let _old_callee = std::mem::replace(&mut pair.callee, callee);
    pair.carry_parcels();
    pair.pass(MS);
    assert_eq!(states(&mut pair.caller), [connected(Path::Local)]);
    assert_eq!(states(&mut pair.callee), [connected(Path::Local)]);
    assert!(states(&mut old).is_empty());
}

#[test]
fn a_failed_session_says_why_and_carries_nothing_any_more() {
    let mut pair = Pair::connected();
    pair.alice.fail(TransportError::Security);
    let failed = TransportState::Failed(TransportError::Security);
    assert_eq!(states(&mut pair.caller), [failed]);
    assert_eq!(
        pair.caller.out[Stream::Voice].send(frame(1)),
        Sent::NotConnected
    );
    pair.alice.fail(TransportError::NoPath);
    assert!(told(&mut pair.caller).is_empty(), "a failure is final");
    pair.carry_parcels();
    pair.pass(SECOND);
    assert!(states(&mut pair.caller).is_empty());
    assert_eq!(pair.alice.open_sessions(), 1, "it still has to be closed");
}

#[test]
fn opening_fails_waits_or_comes_too_late_as_it_was_told() {
    let network = Network::new(1, some_instant());
    let alice = Loopback::on(&network);
    alice.fail_open(TransportError::NoPath);
    let refused = block_on(alice.open(params(Role::Offerer)));
    assert_eq!(refused.unwrap_err(), TransportError::NoPath);

    alice.hold_opens();
    let mut opening = alice.open(params(Role::Offerer));
    assert!((&mut opening).now_or_never().is_none());
    let mut given_up = alice.open(params(Role::Offerer));
    assert!((&mut given_up).now_or_never().is_none());
    assert_eq!((alice.held_opens(), alice.open_sessions()), (2, 0));
    drop(given_up);
    assert_eq!(alice.held_opens(), 1);
    alice.release_opens();
    let late = opening.now_or_never().unwrap().unwrap();
    assert_eq!((alice.open_sessions(), alice.sessions_opened()), (1, 1));
    drop(late);
    assert_eq!(alice.open_sessions(), 0);
}

#[test]
fn a_polite_close_is_told_to_the_other_side_and_a_hard_one_is_not() {
    for polite in [true, false] {
        let mut pair = Pair::connected();
        if polite {
            block_on(pair.caller.control.close());
        }
        let Pair { caller, .. } = pair;
        drop(caller);
        assert_eq!(pair.alice.open_sessions(), 0);
        pair.network.advance(MS, pair.now);
        let expected: &[_] = if polite {
            &[TransportState::ClosedByPeer]
        } else {
            &[]
        };
        assert_eq!(states(&mut pair.callee), expected);
    }
}

#[test]
fn a_session_that_vanished_leaves_the_other_one_in_silence() {
    let mut pair = Pair::connected();
    let Pair { caller, .. } = pair;
    drop(caller);
    for _ in 0..5 {
        pair.network.advance(SECOND, pair.now);
    }
    let events = told(&mut pair.callee);
    assert!(matches!(events[0], TransportEvent::Silence(it) if it == SECOND));
    assert!(
        events
            .iter()
            .any(|it| matches!(it, TransportEvent::State(TransportState::Disconnected)))
    );
}

#[test]
fn what_is_said_before_a_goodbye_arrives_before_it() {
    let mut pair = Pair::connected();
    let word = Bytes::from_static(b"the last word");
    pair.caller.control.send_data(word.clone()).unwrap();
    block_on(pair.caller.control.close());
    pair.pass(MS);
    assert!(matches!(
        &told(&mut pair.callee)[..],
        [
            TransportEvent::Data(said),
            TransportEvent::State(TransportState::ClosedByPeer)
        ] if *said == word
    ));
}

#[test]
fn closing_takes_as_long_as_it_is_held_and_ends_the_events() {
    let pair = Pair::connected();
    pair.bob.hold_closes();
    let mut closing = pair.callee.control.close();
    assert!((&mut closing).now_or_never().is_none());
    assert_eq!(pair.bob.open_sessions(), 0);
    let rest: Vec<_> = block_on(pair.callee.events.collect());
    assert!(rest.is_empty() && pair.callee.input[Stream::Voice].is_closed());
    pair.bob.release_closes();
    assert!(closing.now_or_never().is_some());
}

#[test]
fn a_goodbye_that_nobody_asked_for_reaches_the_other_side() {
    let mut pair = Pair::connected();
    pair.bob.say_goodbye();
    pair.pass(MS);
    assert_eq!(states(&mut pair.caller), [TransportState::ClosedByPeer]);
}

#[test]
fn a_path_that_fails_on_purpose_is_silent_for_both_until_its_time_is_over() {
    let mut pair = Pair::connected();
    pair.caller.control.fail_path(2 * SECOND);
    let message = Bytes::from_static(b"late");
    pair.callee.control.send_data(message.clone()).unwrap();
    assert_eq!(pair.sound_heard_of(3), [0_u64; 0]);
    pair.pass(2 * SECOND - 4 * MS);
    assert_eq!(silences(&mut pair.caller), [1999]);
    assert_eq!(silences(&mut pair.callee), [1999]);
    pair.pass(MS);
    let said = told(&mut pair.caller);
    let is_said = |it: &TransportEvent| matches!(it, TransportEvent::Data(it) if *it == message);
    assert!(said.iter().any(is_said), "{said:?}");
    assert_eq!(silences(&mut pair.callee), [0]);
    assert_eq!(pair.sound_heard_of(1), [3]);
}

#[test]
fn another_session_is_not_touched_by_a_path_that_fails_on_purpose() {
    let mut pair = Pair::connected();
    let caller = open(&pair.alice, Role::Offerer);
    let callee = open(&pair.bob, Role::Answerer);
    let first = (
        std::mem::replace(&mut pair.caller, caller),
        std::mem::replace(&mut pair.callee, callee),
    );
    pair.carry_parcels();
    pair.pass(MS);
    first.0.control.fail_path(SECOND);
    assert_eq!(pair.sound_heard_of(2), [0, 1]);
}
