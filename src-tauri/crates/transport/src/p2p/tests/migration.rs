//! Sessions whose machines change their addresses, or whose path fails, while they run.

mod roaming;

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::time::MediaTime;
use media::transport::{Role, TransportState};
use tokio::net::UdpSocket;

use self::roaming::Roaming;
use super::duo::{Duo, End, keyframe};

/// The addresses of both sides: the first of each is what ICE selects.
const ADA: [[u8; 4]; 2] = [[127, 0, 0, 11], [127, 0, 0, 12]];
const BEA: [[u8; 4]; 2] = [[127, 0, 0, 21], [127, 0, 0, 22]];

/// Two connected ends and the networks of their machines.
async fn connected() -> (Duo, Arc<Roaming>, Arc<Roaming>) {
    let (ada, bea) = (Roaming::at(ADA[0]), Roaming::at(BEA[0]));
    let caller = End::open_with(ada.setup(), Role::Offerer).await;
    let callee = End::open_with(bea.setup(), Role::Answerer).await;
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    talk(&duo);
    (duo, ada, bea)
}

/// Both sides send pictures until each got one that the other sent after now; how long that took.
fn talk(duo: &Duo) -> Duration {
    let begun = Instant::now();
    for step in 0..1000 {
        let time = MediaTime::from_micros(i64::try_from(begun.elapsed().as_micros()).unwrap());
        for end in [&duo.caller, &duo.callee] {
            end.send_video(time, keyframe(2_000 + step));
        }
        let both = [&duo.caller, &duo.callee].map(|it| it.video_within(Duration::from_millis(10)));
        if both.iter().all(Option::is_some) {
            return begun.elapsed();
        }
    }
    panic!("they do not hear each other: {:?}", begun.elapsed());
}

/// Takes what was received before.
fn forget(duo: &Duo) {
    for end in [&duo.caller, &duo.callee] {
        while end.video_within(Duration::ZERO).is_some() {}
    }
}

/// Nobody ever told of a lost path.
fn undisturbed(duo: &Duo) {
    for end in [&duo.caller, &duo.callee] {
        let lost = |it: &TransportState| *it == TransportState::Disconnected;
        assert!(!end.states.iter().any(lost), "{:?}", end.states);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_changes_its_address_keeps_the_session() {
    let (duo, ada, _bea) = connected().await;
    ada.has(&ADA);
    tokio::time::sleep(Duration::from_millis(200)).await;
    forget(&duo);
    ada.has(&ADA[1..]);
    let took = talk(&duo);
    println!("heard again {took:?} after the address went");
    assert!(took < Duration::from_millis(500), "{took:?}");
    undisturbed(&duo);
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_comes_after_the_old_one_went_is_found() {
    let (duo, ada, _bea) = connected().await;
    ada.has(&[]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    forget(&duo);
    ada.has(&ADA[1..]);
    let took = talk(&duo);
    println!("heard again {took:?} after the new address came");
    assert!(took < Duration::from_millis(500), "{took:?}");
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_machines_change_their_addresses_again_and_again() {
    let (duo, ada, bea) = connected().await;
    for round in 0..4 {
        ada.has(&ADA);
        bea.has(&BEA);
        tokio::time::sleep(Duration::from_millis(200)).await;
        forget(&duo);
        let now = (round + 1) % 2;
        ada.has(&ADA[now..=now]);
        bea.has(&BEA[now..=now]);
        let took = talk(&duo);
        println!("round {round}: heard again after {took:?}");
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    undisturbed(&duo);
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_falls_silent_gives_way_to_another_one() {
    let (duo, ada, bea) = connected().await;
    ada.has(&ADA);
    tokio::time::sleep(Duration::from_millis(200)).await;
    forget(&duo);
    ada.mute(ADA[0]);
    let took = talk(&duo);
    println!("heard again {took:?} after the path fell silent");
    assert!(took < Duration::from_secs(2), "{took:?}");
    drop(bea);
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_reach_the_other_side_after_a_move() {
    let (mut duo, ada, _bea) = connected().await;
    duo.caller.control.send_data("before".into()).unwrap();
    assert_eq!(duo.callee.next_data().await, "before");
    ada.has(&ADA);
    tokio::time::sleep(Duration::from_millis(200)).await;
    ada.has(&ADA[1..]);
    talk(&duo);
    duo.caller.control.send_data("after".into()).unwrap();
    assert_eq!(duo.callee.next_data().await, "after");
    duo.callee.control.send_data("as well".into()).unwrap();
    assert_eq!(duo.caller.next_data().await, "as well");
    // The agent's consent checks travel the same way.
    tokio::time::sleep(Duration::from_secs(6)).await;
    forget(&duo);
    talk(&duo);
    undisturbed(&duo);
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_moved_moves_back_and_again() {
    let (duo, ada, _bea) = connected().await;
    ada.has(&ADA);
    tokio::time::sleep(Duration::from_millis(200)).await;
    ada.has(&ADA[1..]);
    talk(&duo);
    for now in [&ADA[..1], &ADA[1..]] {
        ada.has(&ADA);
        tokio::time::sleep(Duration::from_millis(300)).await;
        ada.has(now);
        tokio::time::sleep(Duration::from_millis(100)).await;
        forget(&duo);
        talk(&duo);
    }
    ada.has(&ADA);
    tokio::time::sleep(Duration::from_millis(300)).await;
    ada.has(&ADA[..1]);
    tokio::time::sleep(Duration::from_millis(100)).await;
    forget(&duo);
    let took = talk(&duo);
    assert!(took < Duration::from_secs(2), "{took:?}");
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_back_to_the_nearer_address_and_no_picture_is_lost_or_late() {
    let (duo, ada, _bea) = connected().await;
    ada.is_near(ADA[0]);
    ada.has(&ADA);
    tokio::time::sleep(Duration::from_millis(200)).await;
    ada.has(&ADA[1..]);
    talk(&duo);
    ada.has(&ADA);
    let received = film(&duo, Duration::from_secs(6));
    for (sent, times) in received {
        assert_eq!(times.len(), sent, "none is lost");
        assert!(times.is_sorted_by_key(|it| it.0), "none overtakes another");
        let gaps = times.windows(2).map(|it| it[1].1 - it[0].1);
        let longest = gaps.max().unwrap();
        println!("{sent} pictures, no pause longer than {longest:?}");
        assert!(longest < Duration::from_millis(300), "{longest:?}");
    }
    // The path that it left is not missed.
    ada.mute(ADA[1]);
    forget(&duo);
    let took = talk(&duo);
    assert!(took < Duration::from_millis(500), "{took:?}");
    undisturbed(&duo);
    duo.close().await;
}

/// Each side sends pictures for so long: how many it sent, and those that the other one got, by
/// their time and when they came.
fn film(duo: &Duo, length: Duration) -> [(usize, Vec<(MediaTime, Instant)>); 2] {
    let ends = [&duo.caller, &duo.callee];
    forget(duo);
    let begun = Instant::now();
    let (mut sent, mut received) = (0, [Vec::new(), Vec::new()]);
    while begun.elapsed() < length {
        let time = MediaTime::from_micros(i64::try_from(begun.elapsed().as_micros()).unwrap());
        for end in ends {
            end.send_video(time, keyframe(2_000 + sent % 100));
        }
        sent += 1;
        let due = Instant::now() + Duration::from_millis(20);
        while Instant::now() < due {
            for (end, received) in ends.iter().zip(&mut received) {
                let pictures = std::iter::from_fn(|| end.video_within(Duration::from_millis(2)));
                received.extend(pictures.map(|it| (it.frame.time, Instant::now())));
            }
        }
    }
    for (end, received) in ends.iter().zip(&mut received) {
        let pictures = std::iter::from_fn(|| end.video_within(Duration::from_millis(200)));
        received.extend(pictures.map(|it| (it.frame.time, Instant::now())));
    }
    received.map(|it| (sent, it))
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_repeats_and_forges_requests_moves_nothing() {
    let (duo, ada, bea) = connected().await;
    ada.has(&ADA);
    tokio::time::sleep(Duration::from_millis(300)).await;
    ada.has(&ADA[1..]);
    talk(&duo);
    let stranger = UdpSocket::bind("127.0.0.99:0").await.unwrap();
    let mut recorded = ada.recorded();
    // Those with our attribute; ICE checks are the agent's to answer.
    recorded.retain(|(_, request)| request.windows(4).any(|it| it == [0xC0, 0x7A, 0, 8]));
    assert!(!recorded.is_empty(), "requests were sent");
    for (to, request) in &recorded {
        let mut forged = request.clone();
        if let Some(byte) = forged.get_mut(40) {
            *byte ^= 1;
        }
        for _ in 0..50 {
            stranger.send_to(request, to).await.unwrap();
            stranger.send_to(&forged, to).await.unwrap();
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut room = [0; 2000];
    let mut answers = 0;
    while stranger.try_recv(&mut room).is_ok() {
        answers += 1;
    }
    assert_eq!(answers, 0, "nothing is sent to a stranger");
    forget(&duo);
    talk(&duo);
    drop(bea);
    duo.close().await;
}
