//! The relay says again what was said before.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::hostile_relay::{Envelope, Kind};
use scenarios::story::Story;
use scenarios::turn::turn;

use super::{Pair, SOON, World};

#[tokio::test]
async fn what_was_said_in_earlier_calls_never_rings_again() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut pair = world.pair().await?;
    // One call that was answered, one that only rang.
    pair.talk().await?;
    pair.bea.say("quit").await?;
    pair.bea.ended(SOON).await?;
    pair.bea = world.peer("bea", &[]).await?;
    pair.dial().await?;
    pair.bea.state("incoming", SOON).await?;
    pair.end(true).await?;
    let said = world.relay.capture().envelopes().to_vec();
    ensure!(said.iter().any(|it| Kind::of(&it.payload) == Kind::Hello));

    for (order, again) in orders(&said) {
        for restart in [false, true] {
            if restart {
                pair.bea.say("quit").await?;
                pair.bea.ended(SOON).await?;
                pair.bea = world.peer("bea", &[]).await?;
            }
            let rings = Story::of(pair.bea.lines()).rang().len();
            for envelope in &again {
                world.relay.inject(envelope.clone()).await;
            }
            pair.bea.listen(LONG_ENOUGH).await;
            let story = Story::of(pair.bea.lines());
            ensure!(
                story.rang().len() == rings,
                "{order}, restarted {restart}: {story:?}"
            );
            ensure!(pair.bea.program().runs(), "{order}");
        }
    }
    // Replayed first frames take the places of their sender for ten seconds, but not for longer
    // than the program runs.
    pair.bea.say("quit").await?;
    pair.bea.ended(SOON).await?;
    pair.bea = world.peer("bea", &[]).await?;
    honest_call(&mut pair).await
}

/// Everything once more, in several orders.
fn orders(said: &[Envelope]) -> [(&'static str, Vec<Envelope>); 4] {
    let of = |kinds: &[Kind]| {
        let are = |it: &&Envelope| kinds.contains(&Kind::of(&it.payload));
        said.iter().filter(are).cloned().collect::<Vec<_>>()
    };
    let mut backwards = said.to_vec();
    backwards.reverse();
    [
        ("all as it was", said.to_vec()),
        ("all backwards", backwards),
        ("the first frames", of(&[Kind::Hello])),
        ("the messages", of(&[Kind::Data])),
    ]
}

/// Somebody who is meant still rings.
async fn honest_call(pair: &mut Pair) -> Result<()> {
    pair.dial().await?;
    pair.bea.state("incoming", SOON).await?;
    pair.bea.say("accept").await?;
    pair.connected().await?;
    pair.end(true).await?;
    pair.check()
}

/// A handshake over the loopback interface takes milliseconds.
const LONG_ENOUGH: Duration = Duration::from_millis(700);
