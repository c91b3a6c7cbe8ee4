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
        let mut off = Vec::new();
        flows(from, to).await?;
        for number in 0..90_i64 {
            let time = MediaTime::from_micros(1_000_000 + number * 33_333);
            let picture = if number % 30 == 0 {
                keyframe(20_000)
            } else {
                frame(number as u8, 4_000)
            };
            ensure!(from.sends(Stream::Camera, time, picture.clone()) == Sent::Queued);
            let sound = Bytes::from(vec![0x78 | (number as u8 % 4); 80]);
            ensure!(from.sends(Stream::Voice, time, sound.clone()) == Sent::Queued);
            let seen = to.receives(Stream::Camera).await?;
            ensure!(seen.frame.payload == picture, "picture {number}");
            let heard = to.receives(Stream::Voice).await?;
            ensure!(heard.frame.payload == sound, "sound {number}");
            if number > 30 {
                ensure!(seen.synchronised && heard.synchronised, "{number}");
                off.push(heard.frame.time.micros_since(seen.frame.time).abs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let worst = off.iter().max();
        ensure!(worst.is_some_and(|it| *it < 1000), "{worst:?}");
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

/// Sends until both streams arrive: a server forwards nothing before somebody takes it.
async fn flows(from: &End, to: &End) -> Result<()> {
    let begun = Instant::now();
    let (mut seen, mut heard) = (false, false);
    while !(seen && heard) {
        ensure!(begun.elapsed() < Duration::from_secs(5), "{seen} {heard}");
        let time = MediaTime::from_micros(begun.elapsed().as_micros() as i64);
        from.sends(Stream::Camera, time, keyframe(2_000));
        from.sends(Stream::Voice, time, Bytes::from_static(&[0x78; 80]));
        tokio::time::sleep(Duration::from_millis(20)).await;
        seen |= to.takes(Stream::Camera);
        heard |= to.takes(Stream::Voice);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    while to.takes(Stream::Camera) || to.takes(Stream::Voice) {}
    Ok(())
}
