//! Thousands of strangers knock at once.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::clock;
use scenarios::hostile_relay::{Envelope, HostileRelay, Random, hellos};
use scenarios::turn::{note, turn};
use scenarios::usage::held;

use super::{Pair, SOON, World};

/// How many a second.
const RATE: u32 = 2000;

/// How long a flood lasts.
const LASTING: Duration = Duration::from_secs(3);

/// Real first frames; what is sent besides are those with another sender and session each, which
/// cost the receiver as much.
const REAL: usize = 600;

#[tokio::test]
async fn a_flood_of_strangers_ends_no_ring_and_no_call_and_takes_no_memory() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut pair = world.pair().await?;
    pair.bea.say("quit").await?;
    pair.bea.ended(SOON).await?;
    pair.bea = world.peer("bea", &[]).await?;
    // A first call fills what every call needs.
    accepted(&mut pair).await?;
    pair.end(true).await?;
    let before = memory(&mut pair);

    // While it rings.
    pair.dial().await?;
    pair.bea.state("incoming", SOON).await?;
    flood(&world).await?;
    pair.bea.say("accept").await?;
    pair.connected().await?;
    // In the call.
    flood(&world).await?;
    for peer in [&mut pair.ada, &mut pair.bea] {
        peer.listen(Duration::ZERO).await;
        let figures = peer.figures().await?;
        let pictures = figures["framesPerSecondReceived"].as_f64();
        ensure!(pictures.is_some_and(|it| it > 5.0), "{figures:#}");
    }
    pair.end(true).await?;
    // Right after it, before any budget has recovered by much.
    flood(&world).await?;
    let begun = clock::now();
    accepted(&mut pair).await?;
    let took = clock::now() - begun;
    pair.end(true).await?;
    pair.check()?;
    let after = memory(&mut pair);
    note(&format!(
        "after {} first frames: {before:.1} → {after:.1} MiB; a call right behind them connects in {took:?}",
        RATE * 3 * LASTING.as_secs() as u32
    ));
    ensure!(after < before + GROWTH_MIB, "{before} → {after} MiB");
    Ok(())
}

async fn accepted(pair: &mut Pair) -> Result<()> {
    pair.dial().await?;
    pair.bea.state("incoming", SOON).await?;
    pair.bea.say("accept").await?;
    pair.connected().await
}

/// First frames of handshakes with both of them, evenly spread.
async fn flood(world: &World) -> Result<()> {
    let mut random = Random::new(7);
    let strangers = [hellos(world.bea, REAL)?, hellos(world.ada, REAL / 4)?].concat();
    let begun = tokio::time::Instant::now();
    let many = RATE * LASTING.as_secs() as u32;
    for (number, envelope) in strangers.iter().cycle().take(many as usize).enumerate() {
        let envelope = match number < strangers.len() {
            true => envelope.clone(),
            false => another(&mut random, envelope),
        };
        ensure!(said(&world.relay, envelope).await);
        tokio::time::sleep_until(begun + LASTING * number as u32 / many).await;
    }
    Ok(())
}

async fn said(relay: &HostileRelay, envelope: Envelope) -> bool {
    relay.inject(envelope).await
}

/// The same from somebody else, in a session of its own.
fn another(random: &mut Random, envelope: &Envelope) -> Envelope {
    let mut payload = envelope.payload.to_vec();
    let mut sender = *envelope.from.as_bytes();
    for byte in payload[2..18].iter_mut().chain(&mut sender) {
        *byte = random.below(256) as u8;
    }
    Envelope {
        from: identity::Address::from_bytes(sender),
        to: envelope.to,
        payload: payload.into(),
    }
}

/// Bea's, who gets most of it.
fn memory(pair: &mut Pair) -> f64 {
    held(&[pair.bea.program().pid()]).pss_mib
}

/// One byte kept of each frame's 1024 would be as much.
const GROWTH_MIB: f64 = 12.0;
