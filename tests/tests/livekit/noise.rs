//! What a server and whoever else it lets in see of a call: noise, unless they have the key.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use ::transport::livekit::e2ee::{Key, Sealer};
use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use media::transport::{Role, Session, Stream, TransportEvent, TransportState};
use scenarios::census::Census;
use scenarios::livekit::LiveKit;
use scenarios::turn::turn;
use tokio::time::{sleep, timeout};

use super::duo::{Duo, End, Seat, transport};
use super::flow::Flow;

/// The server would pass both streams on to Eve as well as to the callee. She has another key, so
/// she opens no greeting: nobody is her other side, and she takes nobody's tracks. (What a client
/// hears that takes them without the key is in `python`.)
#[tokio::test(flavor = "multi_thread")]
async fn a_third_in_the_room_hears_nothing_and_is_with_nobody() -> Result<()> {
    let _turn = turn().await;
    let Some((server, duo)) = call_in_a_room_of_three().await? else {
        return Ok(());
    };
    let url = server.url();
    let eve = seat(&url, Role::Offerer, "eve").take(&transport()).await?;
    let flow = Flow::start(&duo.caller, &duo.callee).await?;
    let census = Census::start(server.api());
    until_three(&census).await?;
    let begun = Instant::now();
    sleep(Duration::from_secs(2)).await;
    for (stream, frames) in eve.input.iter() {
        ensure!(frames.pushed() == 0, "{} of {stream:?}", frames.pushed());
    }
    // Those who have the key hear each other, whoever else is there.
    flow.is_whole_since(begun)?;
    never_connected(eve).await?;
    drop(flow);
    duo.close().await;
    Ok(())
}

/// The same with the key: what the server forwards are frames under it, for what is not sealed by it
/// does not open.
#[tokio::test(flavor = "multi_thread")]
async fn a_third_who_has_the_key_hears_what_is_sealed_under_it() -> Result<()> {
    let _turn = turn().await;
    let Some((server, duo)) = call_in_a_room_of_three().await? else {
        return Ok(());
    };
    let url = server.url();
    let ivy = seat(&url, Role::Answerer, "ivy").take(&transport()).await?;
    let parcels = duo.caller.parcels.lock();
    let parcels = parcels.unwrap_or_else(PoisonError::into_inner).clone();
    ensure!(!parcels.is_empty(), "the key goes in a parcel");
    for parcel in parcels {
        ivy.control.parcel(parcel);
    }
    let nobody = ivy.control.clone();
    let ivy = End::of(ivy, &nobody);
    // She takes one of them for her other side: whoever answers her first.
    let _flows = [
        Flow::start(&duo.caller, &duo.callee).await?,
        Flow::start(&duo.callee, &duo.caller).await?,
    ];
    for _ in 0..50 {
        let heard = ivy.receives(Stream::Voice)?;
        ensure!(heard.frame.payload.len() == Flow::PAYLOAD, "{heard:?}");
    }
    duo.close().await;
    Ok(())
}

/// What the frames above are made of, as it leaves: sound and pictures of which no two runs of eight bytes
/// are the same.
#[test]
fn no_run_of_what_was_made_is_in_what_is_sealed() -> Result<()> {
    let key = Key::of_passphrase("of two people").context("a key")?;
    let mut sealer = Sealer::new(key, 1)?;
    let content: Vec<u8> = (0..1500_u32).flat_map(u32::to_be_bytes).collect();
    let sound = [&[0x78], &content[..]].concat();
    let picture = [&[0, 0, 0, 1, 0x65, 0xb8], &content[..]].concat();
    for (made, sealed) in [
        (&sound, sealer.sound(&sound)?),
        (&picture, sealer.picture(&picture)?),
    ] {
        let runs: BTreeSet<&[u8]> = content.windows(8).collect();
        ensure!(sealed.len() > made.len());
        ensure!(made.windows(8).any(|it| runs.contains(it)));
        ensure!(!sealed.windows(8).any(|it| runs.contains(it)));
    }
    Ok(())
}

async fn call_in_a_room_of_three() -> Result<Option<(LiveKit, Duo)>> {
    let Some(server) = LiveKit::start().await? else {
        return Ok(None);
    };
    let (url, begun) = (server.url(), Instant::now());
    let mut sessions = Vec::new();
    for (role, identity) in [(Role::Offerer, "caller"), (Role::Answerer, "callee")] {
        sessions.push(seat(&url, role, identity).take(&transport()).await?);
    }
    let [caller, callee]: [_; 2] = sessions.try_into().ok().context("two")?;
    let duo = Duo::of(caller, callee, begun).await?;
    Ok(Some((server, duo)))
}

/// A place in a room of three.
const fn seat<'a>(url: &'a str, role: Role, identity: &'a str) -> Seat<'a> {
    Seat {
        identity,
        seats: 3,
        ..Seat::new(url, "room", role)
    }
}

/// Waits until all three are there, with all that they publish.
async fn until_three(census: &Census) -> Result<()> {
    let all = async {
        loop {
            let there = census.present().await?.participants;
            if there.len() == 3 && there.values().all(|it| it.len() == Stream::ALL.len()) {
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, all).await.context("they do not come")?
}

async fn never_connected(who: Session) -> Result<()> {
    who.control.close().await;
    let told: Vec<_> = timeout(SOON, who.events.collect::<Vec<_>>()).await?;
    let is_connected =
        |it: &TransportEvent| matches!(it, TransportEvent::State(TransportState::Connected(_)));
    ensure!(!told.iter().any(is_connected), "{told:?}");
    Ok(())
}

const SOON: Duration = Duration::from_secs(10);
