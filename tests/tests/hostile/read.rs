//! The relay reads everything.

use std::net::IpAddr;

use anyhow::{Result, ensure};
use scenarios::hostile_relay::{Envelope, Kind};
use scenarios::turn::turn;
use serde_json::Value;

use super::{NAMES, SOON, World};

#[tokio::test]
async fn of_a_whole_call_the_relay_reads_no_name_no_sdp_and_no_network_address() -> Result<()> {
    let _turn = turn().await;
    let world = World::new().await?;
    let mut pair = world.pair().await?;
    pair.dial().await?;
    pair.connected().await?;
    let words = |line: &Value| line.get("words").cloned();
    let ada = pair.ada.until("words", SOON, words).await?;
    let bea = pair.bea.until("words", SOON, words).await?;
    ensure!(ada == bea && ada.as_array().is_some_and(|it| it.len() == 4));
    pair.end(true).await?;
    pair.check()?;

    let capture = world.relay.capture();
    ensure!(
        capture.count(Kind::Hello) > 0,
        "nothing to read: {capture:?}"
    );
    ensure!(capture.count(Kind::Reply) > 0 && capture.count(Kind::Data) > 5);
    ensure!(capture.count(Kind::Other) == 0, "something is not sealed");
    let addresses: Vec<String> = addresses()?.iter().map(ToString::to_string).collect();
    let secrets = NAMES.iter().copied().chain(SIGNS);
    let secrets: Vec<&str> = secrets
        .chain(addresses.iter().map(String::as_str))
        .collect();
    let read = capture.readable(&secrets);
    ensure!(read.is_empty(), "the relay reads {read:?}");
    let raw = |ip: &IpAddr| match ip {
        IpAddr::V4(_) => Vec::new(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let reads = |it: &Envelope, raw: &[u8]| it.payload.windows(raw.len()).any(|it| it == raw);
    for raw in self::addresses()?
        .iter()
        .map(raw)
        .filter(|it| !it.is_empty())
    {
        ensure!(!capture.envelopes().iter().any(|it| reads(it, &raw)));
    }
    let sizes: Vec<usize> = capture
        .envelopes()
        .iter()
        .map(|it| it.payload.len())
        .collect();
    ensure!(
        sizes.iter().all(|it| CLASSES.contains(it)),
        "sizes tell: {sizes:?}"
    );
    Ok(())
}

/// What SDP, candidates and our own messages are known by.
const SIGNS: [&str; 10] = [
    "candidate",
    "fingerprint",
    "sha-256",
    "v=0\r\n",
    "a=setup",
    "ice-ufrag",
    "typ host",
    "\"do\":",
    "\"call\":",
    "invite",
];

/// The sizes that a sealed frame may have, bytes.
const CLASSES: [usize; 5] = [
    256,
    1024,
    4 * 1024,
    16 * 1024,
    signal_wire::MAX_PAYLOAD_BYTES,
];

/// Those of this machine that a candidate may name.
fn addresses() -> Result<Vec<IpAddr>> {
    let all = if_addrs::get_if_addrs()?.into_iter().map(|it| it.ip());
    Ok(all.filter(|it| it.to_string().len() > SHORTEST).collect())
}

/// A text like `::1` stands in random bytes once in a while.
const SHORTEST: usize = 6;
