//! What flows between two sessions.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use media::time::MediaTime;
use media::transport::{Sent, Stream, TransportState};
use scenarios::livekit::LiveKit;

use super::duo::{Duo, End, frame, keyframe};

#[tokio::test(flavor = "multi_thread")]
async fn frames_and_messages_flow_both_ways() -> Result<()> {
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let mut duo = Duo::connect(&server, "room").await?;
    println!("connected after {:?}", duo.connected);
    for (from, to) in [(&duo.caller, &duo.callee), (&duo.callee, &duo.caller)] {
        let begin = flows(from, to).await?;
        let (mut seen, mut heard, mut off) = (0, 0, Vec::new());
        for number in 0..PICTURES {
            let time = begin + number * 33_333;
            let picture = if number % 30 == 0 {
                keyframe(20_000)
            } else {
                frame(number as u8, 4_000)
            };
            let time = MediaTime::from_micros(time);
            ensure!(from.sends(Stream::Camera, time, picture.clone()) == Sent::Queued);
            let sound = Bytes::from(vec![0x78 | (number as u8 % 4); 80]);
            ensure!(from.sends(Stream::Voice, time, sound.clone()) == Sent::Queued);
            // A packet may be lost, and the next one comes at its place.
            let saw = to.receives_within(Stream::Camera, PATIENCE);
            let hears = to.receives_within(Stream::Voice, PATIENCE);
            seen += i64::from(saw.as_ref().is_some_and(|it| it.frame.payload == picture));
            heard += i64::from(hears.as_ref().is_some_and(|it| it.frame.payload == sound));
            if let (Some(saw), Some(hears)) = (saw, hears)
                && number > 30
            {
                ensure!(saw.synchronised && hears.synchronised, "{number}");
                off.push(hears.frame.time.micros_since(saw.frame.time).abs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        ensure!(seen >= ENOUGH && heard >= ENOUGH, "{seen} {heard}");
        off.sort_unstable();
        let usual = off.get(off.len() / 2);
        ensure!(usual.is_some_and(|it| *it < 1000), "{usual:?}");
    }
    duo.caller.control.send_data(Bytes::from_static(b"hello"))?;
    duo.callee.control.send_data(Bytes::from_static(b"world"))?;
    ensure!(duo.callee.hears().await? == "hello");
    ensure!(duo.caller.hears().await? == "world");
    duo.callee
        .control
        .send_data(Bytes::from_static(b"goodbye"))?;
    duo.callee.control.close().await;
    ensure!(duo.caller.hears().await? == "goodbye");
    ensure!(duo.caller.ended().await? == TransportState::ClosedByPeer);
    duo.close().await;
    Ok(())
}

/// Sends until both streams arrive: a server forwards nothing before somebody takes it. The time that
/// follows what was sent, in microseconds.
async fn flows(from: &End, to: &End) -> Result<i64> {
    let begun = Instant::now();
    let (mut seen, mut heard) = (false, false);
    let mut micros = 0;
    while !(seen && heard) {
        ensure!(begun.elapsed() < Duration::from_secs(5), "{seen} {heard}");
        let time = MediaTime::from_micros(micros);
        from.sends(Stream::Camera, time, keyframe(2_000));
        from.sends(Stream::Voice, time, Bytes::from_static(&[0x78; 80]));
        tokio::time::sleep(Duration::from_millis(20)).await;
        micros += 20_000;
        seen |= to.takes(Stream::Camera);
        heard |= to.takes(Stream::Voice);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    while to.takes(Stream::Camera) || to.takes(Stream::Voice) {}
    Ok(micros)
}

const PICTURES: i64 = 90;
/// Of them, where some packets are lost on a busy machine.
const ENOUGH: i64 = 80;
/// Beyond which something is taken for lost.
const PATIENCE: Duration = Duration::from_millis(500);
