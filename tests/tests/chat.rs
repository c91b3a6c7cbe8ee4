//! What two programs without a window say to each other in text: real processes over real sockets,
//! over everything that can carry a call, while the path is away, without a relay, and to the last
//! word before the end.

use std::time::Duration;

use anyhow::{Result, ensure};
use call::carrier::Carrier;
use scenarios::clock;
use scenarios::peer::Peer;
use scenarios::turn::{note, turn};
use scenarios::world::{SOON, World};
use serde_json::Value;

#[tokio::test]
async fn texts_arrive_once_and_in_order_over_a_direct_call() -> Result<()> {
    over(Carrier::Direct).await
}

#[tokio::test]
async fn texts_arrive_once_and_in_order_over_a_server() -> Result<()> {
    over(Carrier::LiveKit).await
}

async fn over(carrier: Carrier) -> Result<()> {
    let _turn = turn().await;
    let Some(world) = World::new(carrier).await? else {
        return Ok(());
    };
    let (mut ada, mut bea) = world.in_call().await?;

    for text in ["hello", "שלום 👋 \"quoted\" \\ </b>", &"long ".repeat(3000)] {
        let text = text.trim();
        says(&mut ada, text).await?;
        hears(&mut bea, text, SOON).await?;
        becomes(&mut ada, text, "delivered", SOON).await?;
    }
    says(&mut bea, "hi").await?;
    hears(&mut ada, "hi", SOON).await?;

    // The session carries nothing for five seconds; the relay does.
    ada.say("fault path").await?;
    let cut = clock::now();
    says(&mut ada, "are you there?").await?;
    says(&mut bea, "yes").await?;
    hears(&mut bea, "are you there?", SOON).await?;
    hears(&mut ada, "yes", SOON).await?;
    becomes(&mut ada, "are you there?", "delivered", SOON).await?;
    let took = clock::now() - cut;
    note(&format!("without a path texts took {took:?}"));
    ensure!(took < Duration::from_millis(4500), "{took:?}");
    let was_away = ada.lines().iter().any(|it| it["phase"] == "reconnecting");
    ensure!(was_away, "the path was there");
    ada.phase("connected", SOON).await?;

    // Nothing is between them but the session.
    world.relay.kill();
    says(&mut bea, "no relay").await?;
    hears(&mut ada, "no relay", SOON).await?;
    becomes(&mut bea, "no relay", "delivered", SOON).await?;

    says(&mut ada, "bye").await?;
    match carrier {
        Carrier::Direct => {}
        // A server lets go of whoever leaves before it has passed on what they said last, and no relay
        // is there to carry it too.
        Carrier::LiveKit => becomes(&mut ada, "bye", "delivered", SOON).await?,
    }
    ada.say("end").await?;
    bea.ended(SOON).await?;
    ada.ended(SOON).await?;
    let texts = |peer: &Peer, state: &str| -> Vec<String> {
        let lines = peer
            .lines()
            .iter()
            .filter(|it| it["chat"]["state"] == state);
        lines
            .filter_map(|it| Some(it["chat"]["text"].as_str()?.to_owned()))
            .collect()
    };
    assert_eq!(texts(&ada, "received"), ["hi", "yes", "no relay"]);
    assert_eq!(texts(&bea, "received"), texts(&ada, "sent"));
    assert_eq!(texts(&ada, "failed"), [""; 0]);
    Ok(())
}

async fn says(peer: &mut Peer, text: &str) -> Result<()> {
    peer.say(&format!("say {text}")).await
}

async fn hears(peer: &mut Peer, text: &str, limit: Duration) -> Result<()> {
    becomes(peer, text, "received", limit).await
}

async fn becomes(peer: &mut Peer, text: &str, state: &str, limit: Duration) -> Result<()> {
    let is_it = |line: &Value| {
        let chat = &line["chat"];
        (chat["text"] == text && chat["state"] == state).then_some(())
    };
    peer.until(&format!("text that is {state}"), limit, is_it)
        .await
}
