//! The relay says things of its own: plain, sealed by others, and hints that a session is lost.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use call::carrier::{Carrier, Carriers};
use call::id::{CallId, Peer};
use call::message::{Body, Message, Over};
use identity::Address;
use scenarios::hostile_relay::{Envelope, Kind};
use scenarios::story::Story;
use scenarios::turn::turn;

use super::{SOON, World};

/// A handshake over the loopback interface takes milliseconds.
const LONG_ENOUGH: Duration = Duration::from_millis(400);

/// Everything that would end, begin or change a call if it were believed.
fn messages(call: u64) -> Vec<(&'static str, Vec<u8>)> {
    let over = |why| Body::Over { why };
    let bodies = [
        ("a hang-up", over(Over::HungUp)),
        ("a refusal", over(Over::Declined)),
        ("an end", over(Over::Gone)),
        ("a lost path", over(Over::Lost)),
        ("an unfit version", over(Over::Incompatible)),
        ("a question", Body::Still),
        (
            "an acceptance",
            Body::Accept {
                name: Peer::clean_name("Mallory"),
                instead_of: None,
                via: Carrier::Direct,
            },
        ),
        (
            "an invitation",
            Body::Invite {
                name: Peer::clean_name("Mallory"),
                video: true,
                ring_ms: 45_000,
                resumes: None,
                via: Carriers::default(),
            },
        ),
    ];
    let call = CallId(call);
    let encoded = |(what, body)| (what, Message { call, body }.encode());
    bodies.into_iter().map(encoded).collect()
}

#[tokio::test]
async fn what_the_relay_says_by_itself_changes_no_running_call_and_rings_nowhere() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut pair = world.pair().await?;
    pair.dial().await?;
    pair.connected().await?;
    let call = pair.call().context("a call runs")?;
    let stranger = identity::Identity::generate()?.address();
    let said = world.relay.capture().envelopes().to_vec();
    let mut tried = 0;
    for call in [call, call ^ 1] {
        for (from, to) in [
            (world.ada, world.bea),
            (world.bea, world.ada),
            (stranger, world.bea),
            (stranger, world.ada),
        ] {
            for payload in plain(call).into_iter().chain(hints(&said)) {
                tried += 1;
                let payload = payload.into();
                ensure!(world.relay.inject(Envelope { from, to, payload }).await);
            }
        }
    }
    ensure!(tried > 100, "only {tried} were tried");
    pair.ada.listen(LONG_ENOUGH).await;
    still_talking(&mut pair).await?;
    pair.end(true).await?;
    pair.check()
}

/// Messages that are not sealed.
fn plain(call: u64) -> Vec<Vec<u8>> {
    let messages = messages(call).into_iter().map(|it| it.1);
    let nonsense = [&b""[..], b"{", b"\x01", b"\x01\x07garbage", &[0xff; 300]];
    messages
        .chain(nonsense.iter().map(|it| it.to_vec()))
        .collect()
}

/// Frames that say that a session is lost or refused, for every session that was seen.
fn hints(said: &[Envelope]) -> Vec<Vec<u8>> {
    let sealed = |it: &&Envelope| Kind::of(&it.payload) == Kind::Data;
    let mut sessions: Vec<&[u8]> = said
        .iter()
        .filter(sealed)
        .filter_map(|it| it.payload.get(2..18))
        .collect();
    sessions.sort_unstable();
    sessions.dedup();
    let frame = |kind: u8, session: &[u8], body: &[u8]| [&[1, kind][..], session, body].concat();
    let of = |session: &&[u8]| {
        [
            frame(RESET, session, &[]),
            frame(RESET, session, &[0; 238]),
            frame(REJECT, session, &[]),
            frame(REJECT, session, &[0; 80]),
            frame(REJECT, session, &[1; 238]),
        ]
    };
    sessions.iter().flat_map(of).collect()
}

const RESET: u8 = 4;
const REJECT: u8 = 5;

#[tokio::test]
async fn what_somebody_else_seals_is_theirs_and_never_a_friends() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut pair = world.pair().await?;
    pair.dial().await?;
    pair.connected().await?;
    let call = pair.call().context("a call runs")?;
    // Sealed by another key, said to be from the friend: no handshake comes about.
    for (label, to) in [(world.ada, world.bea), (world.bea, world.ada)] {
        let mut mallory = world.relay.puppet(Some(label))?;
        let said = seals(&mut mallory, to, call).await?;
        ensure!(!said, "somebody answered Mallory as a friend");
    }
    // Under a name of their own they are heard, and it is not their call.
    for to in [world.bea, world.ada] {
        let mut mallory = world.relay.puppet(None)?;
        let heard = seals(&mut mallory, to, call).await?;
        ensure!(heard, "nobody shook Mallory's hand, so nothing is tested");
    }
    pair.ada.listen(LONG_ENOUGH).await;
    still_talking(&mut pair).await?;
    pair.end(true).await?;
    pair.check()
}

/// Says everything in one conversation.
async fn seals(
    puppet: &mut scenarios::hostile_relay::Puppet,
    to: Address,
    call: u64,
) -> Result<bool> {
    let messages = messages(call);
    let messages: Vec<&[u8]> = messages.iter().map(|it| it.1.as_slice()).collect();
    puppet.say(to, call, &messages, LONG_ENOUGH).await
}

/// Pictures still come on both sides, in the same call, and nothing else has rung.
async fn still_talking(pair: &mut super::Pair) -> Result<()> {
    for peer in [&mut pair.ada, &mut pair.bea] {
        // Those of the second that runs now hold what was before.
        peer.figures().await?;
        let figures = peer.figures().await?;
        let pictures = figures["framesPerSecondReceived"].as_f64();
        ensure!(pictures.is_some_and(|it| it > 5.0), "{figures:#}");
        let story = Story::of(peer.lines());
        let last = story.steps().last().map(|it| it.state.as_str());
        ensure!(last == Some("active connected"), "{story:?}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_that_is_not_sealed_by_its_sender_rings() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut bea = world.peer("bea", &[]).await?;
    let stranger = identity::Identity::generate()?.address();
    for from in [world.ada, stranger] {
        for payload in plain(7) {
            let (to, payload) = (world.bea, payload.into());
            ensure!(world.relay.inject(Envelope { from, to, payload }).await);
        }
    }
    let mut mallory = world.relay.puppet(Some(world.ada))?;
    ensure!(!seals(&mut mallory, world.bea, 8).await?);
    bea.listen(LONG_ENOUGH).await;
    let story = Story::of(bea.lines());
    ensure!(story.rang().is_empty(), "{story:?}");
    // Sealed by its sender it rings, and as theirs alone.
    let mut carl = world.relay.puppet(None)?;
    let (_, invitation) = messages(9).pop().context("the last one invites")?;
    ensure!(carl.say(world.bea, 9, &[&invitation], SOON).await?);
    bea.state("incoming", SOON).await?;
    Story::of(bea.lines()).is_possible_with(&carl.label().to_string())
}
