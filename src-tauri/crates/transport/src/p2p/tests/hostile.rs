//! What the other side sends that it should not.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::transport::{Parcel, Role, TransportError, TransportState};
use webrtc::data_channel::{DataChannel, DataChannelEvent};
use webrtc::peer_connection::PeerConnection;

use super::SOON;
use super::duo::{Duo, End, loopback};
use crate::p2p::{BULK, CONTROL, Negotiation};

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_from_the_other_side_changes_nothing() {
    let caller = End::open(Role::Offerer, None).await;
    let callee = End::open(Role::Answerer, None).await;
    for end in [&caller, &callee] {
        for parcel in [
            Parcel(Bytes::from_static(b"\xff\x00 no json")),
            Negotiation::Answer {
                sdp: "v=0".into(),
                clocks: None,
            }
            .to_parcel(),
            Negotiation::Offer {
                sdp: "v=0\r\nm=video".into(),
                clocks: None,
            }
            .to_parcel(),
            Negotiation::Candidate {
                candidate: "candidate:nonsense".into(),
                sdp_mid: None,
                sdp_mline_index: Some(9),
            }
            .to_parcel(),
        ] {
            end.control.parcel(parcel);
        }
    }
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_not_known_is_closed_and_the_session_goes_on() {
    for role in [Role::Offerer, Role::Answerer] {
        let (mut duo, connection) = talking_to(role).await;
        for label in ["else", CONTROL, BULK] {
            let foreign = connection.create_data_channel(label, None).await.unwrap();
            until_closed(&*foreign).await;
        }
        say_hello(&mut duo).await;
        duo.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_channels_ends_the_session() {
    let (mut duo, connection) = talking_to(Role::Offerer).await;
    let mut channels = Vec::new();
    // As many as it takes, and no more than it may take.
    while channels.len() < 200
        && let Ok(channel) = connection.create_data_channel("more", None).await
    {
        channels.push(channel);
    }
    let failed =
        |it: &TransportState| matches!(it, TransportState::Failed(TransportError::Internal(_)));
    duo.callee.until_state(failed).await;
    assert!(duo.callee.event_stream_ends().await);
    duo.close().await;
}

/// Two ends that are connected, and the connection beneath the one of this role.
async fn talking_to(role: Role) -> (Duo, Arc<dyn PeerConnection>) {
    let (caller, at_caller) = End::open_bare(loopback(None), Role::Offerer).await;
    let (callee, at_callee) = End::open_bare(loopback(None), Role::Answerer).await;
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    // The library loses a channel that is made while SCTP shakes hands.
    say_hello(&mut duo).await;
    let connection = match role {
        Role::Offerer => at_caller,
        Role::Answerer => at_callee,
    };
    (duo, connection)
}

/// A message gets through each way.
async fn say_hello(duo: &mut Duo) {
    let hello = Bytes::from_static(b"hello");
    duo.caller.control.send_data(hello.clone()).unwrap();
    duo.callee.control.send_data(hello).unwrap();
    duo.callee.next_data().await;
    duo.caller.next_data().await;
}

async fn until_closed(channel: &dyn DataChannel) {
    let closed = async {
        while let Some(event) = channel.poll().await {
            if matches!(event, DataChannelEvent::OnClose) {
                return;
            }
        }
    };
    tokio::time::timeout(SOON, closed)
        .await
        .expect("it is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_is_answered_once() {
    let mut caller = End::open(Role::Offerer, None).await;
    let mut callee = End::open(Role::Answerer, None).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let offer = |it: &Parcel| matches!(Negotiation::from_parcel(it), Ok(Negotiation::Offer { .. }));
    let parcels = caller.parcels_so_far().await;
    let first = parcels.into_iter().find(offer).unwrap();
    let Ok(Negotiation::Offer { sdp, clocks, .. }) = Negotiation::from_parcel(&first) else {
        unreachable!("it was found as an offer");
    };
    let more = |it| {
        format!(
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:more{it}\r\n\
            a=rtpmap:111 opus/48000/2\r\na=sendonly\r\n"
        )
    };
    let large = Negotiation::Offer {
        sdp: [sdp, more(1), more(2), more(3), more(4)].concat(),
        clocks,
    };
    for parcel in [&first, &first, &large.to_parcel(), &first] {
        callee.control.parcel(parcel.clone());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let parcels = callee.parcels_so_far().await;
    let answer =
        |it: &&Parcel| matches!(Negotiation::from_parcel(it), Ok(Negotiation::Answer { .. }));
    assert_eq!(parcels.iter().filter(answer).count(), 1);
    tokio::join!(caller.control.close(), callee.control.close());
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_with_ever_new_sections_do_not_add_up() {
    let mut caller = End::open(Role::Offerer, None).await;
    let (mut callee, connection) = End::open_bare(loopback(None), Role::Answerer).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let sdp = caller.parcels_so_far().await.iter().find_map(|it| {
        let Ok(Negotiation::Offer { sdp, .. }) = Negotiation::from_parcel(it) else {
            return None;
        };
        Some(sdp)
    });
    let sdp = sdp.unwrap();
    for number in 0..6 {
        let more = format!(
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:more{number}\r\n\
            a=rtpmap:111 opus/48000/2\r\na=sendonly\r\n"
        );
        let (sdp, clocks) = ([sdp.as_str(), &more].concat(), None);
        let offer = Negotiation::Offer { sdp, clocks };
        callee.control.parcel(offer.to_parcel());
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let transceivers = connection.get_transceivers().await.len();
    assert!(transceivers <= 7, "{transceivers}");
    let answers = callee.parcels_so_far().await;
    let answer =
        |it: &Parcel| matches!(Negotiation::from_parcel(it), Ok(Negotiation::Answer { .. }));
    assert!(answers.iter().any(answer), "the first offer fits");
    tokio::join!(caller.control.close(), callee.control.close());
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_that_come_before_their_offer_are_kept() {
    let mut caller = End::open(Role::Offerer, None).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut parcels = caller.parcels_so_far().await;
    parcels.rotate_left(1);
    let callee = End::open(Role::Answerer, None).await;
    parcels.into_iter().for_each(|it| callee.control.parcel(it));
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_was_not_announced_ends_the_session() {
    for liar in [Role::Offerer, Role::Answerer] {
        let mut duo = Duo::couple_with(open(Role::Offerer).await, open(Role::Answerer).await, {
            move |from, parcel| match liar == from {
                true => with_fingerprint(&parcel, another),
                false => parcel,
            }
        });
        let (honest, other) = match liar {
            Role::Offerer => (&mut duo.callee, &mut duo.caller),
            Role::Answerer => (&mut duo.caller, &mut duo.callee),
        };
        honest.until_state(|it| *it == INSECURE).await;
        // An alert in clear is anybody's, so the other end hears of the refusal from the call above.
        other.control.close().await;
        for end in [honest, other] {
            assert!(end.event_stream_ends().await);
            let ever = |it: &TransportState| matches!(it, TransportState::Connected(_));
            assert!(!end.states.iter().any(ever), "{:?}", end.states);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_without_a_certificate_to_hold_it_to_ends_the_session() {
    let mangled: [fn(&str) -> String; 6] = [
        |_| String::new(),
        |_| "a=fingerprint:\r\n".to_owned(),
        |_| "a=fingerprint:sha-256 \r\n".to_owned(),
        |it| format!("a=fingerprint:sha-256 {}\r\n", &it[..it.len() - 3]),
        |it| format!("a=fingerprint:sha-1 {it}\r\n"),
        |it| {
            let honest = format!("a=fingerprint:sha-256 {it}\r\n");
            [honest, another(it)].concat()
        },
    ];
    for (number, mangle) in mangled.into_iter().enumerate() {
        for liar in [Role::Offerer, Role::Answerer] {
            let mut duo =
                Duo::couple_with(open(Role::Offerer).await, open(Role::Answerer).await, {
                    move |from, parcel| match liar == from {
                        true => with_fingerprint(&parcel, mangle),
                        false => parcel,
                    }
                });
            let honest = match liar {
                Role::Offerer => &mut duo.callee,
                Role::Answerer => &mut duo.caller,
            };
            honest.until_state(|it| *it == INSECURE).await;
            assert!(honest.event_stream_ends().await, "{number}, {liar:?}");
            duo.close().await;
        }
    }
}

async fn open(role: Role) -> End {
    End::open(role, None).await
}

const INSECURE: TransportState = TransportState::Failed(TransportError::Security);

/// The parcel of somebody who writes the lines of fingerprints (RFC 8122, 5) in their descriptions
/// another way.
fn with_fingerprint(parcel: &Parcel, write: fn(&str) -> String) -> Parcel {
    let rewritten = |sdp: &str| -> String {
        let line = |line: &str| match line.strip_prefix("a=fingerprint:sha-256 ") {
            Some(fingerprint) => write(fingerprint),
            None => format!("{line}\r\n"),
        };
        sdp.lines().map(line).collect()
    };
    match Negotiation::from_parcel(parcel) {
        Ok(Negotiation::Offer { sdp, clocks }) => {
            let sdp = rewritten(&sdp);
            Negotiation::Offer { sdp, clocks }.to_parcel()
        }
        Ok(Negotiation::Answer { sdp, clocks }) => {
            let sdp = rewritten(&sdp);
            Negotiation::Answer { sdp, clocks }.to_parcel()
        }
        _ => parcel.clone(),
    }
}

/// That of a certificate whose hash begins with another byte.
fn another(fingerprint: &str) -> String {
    let other = if fingerprint.starts_with("00") {
        "01"
    } else {
        "00"
    };
    format!("a=fingerprint:sha-256 {other}{}\r\n", &fingerprint[2..])
}
