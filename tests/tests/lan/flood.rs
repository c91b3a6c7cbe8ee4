//! Announcements that lie.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::lab::Addresses;
use scenarios::lan::{acquaint, call, hang_up, loses, misses, near, sees};
use scenarios::program::{Program, built};
use scenarios::turn::note;
use scenarios::usage::{Meter, resident_kib};

use crate::{EVERYONE_AUTO, KNOWN, KNOWN_AUTO, Room, SOON};

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_fills_neither_the_memory_nor_the_list() -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea", "cid", "eve"], Addresses::V4).await? else {
        return Ok(());
    };
    let [ada, bea, cid, _] = &room.people[..] else {
        anyhow::bail!("four people entered");
    };
    acquaint(ada, bea).await?;
    let (mut a, mut b) = (ada.waits(&KNOWN)?, bea.waits(&KNOWN_AUTO)?);
    let mut c = cid.waits(&EVERYONE_AUTO)?;
    for who in [bea, cid] {
        sees(&mut a, who, SOON).await?;
    }
    a.listen(Duration::from_secs(2)).await;
    let pid = a.program().pid();
    let (before, meter) = (resident_kib(pid)?, Meter::start(pid));
    let mut flood = lies(&room, &["--seconds", "10"])?;
    let mut most = before;
    for _ in 0..20 {
        a.listen(Duration::from_millis(500)).await;
        most = most.max(resident_kib(pid)?);
        let shown = near(&a).len();
        ensure!(shown == 2, "{shown} people are shown");
    }
    let grown_mib = (most - before) / 1024.0;
    let cores = meter.cores();
    ensure!(flood.line(SOON).await?.is_some_and(|it| it == "ready"));
    let sent = flood.line(SOON).await?;
    note(&format!(
        "a flood of {} datagrams by each way in 10 s: {grown_mib:+.1} MiB, {cores:.2} cores",
        sent.unwrap_or_default()
    ));
    ensure!(grown_mib <= 20.0, "{grown_mib:.1} MiB");
    call(&mut a, &bea.address, &mut b, SOON).await?;
    hang_up(&mut a, &mut b, SOON).await?;
    call(&mut a, &cid.address, &mut c, SOON).await?;
    hang_up(&mut a, &mut c, SOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_announced_by_another_is_not_shown() -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea", "cid", "eve"], Addresses::V4).await? else {
        return Ok(());
    };
    let [ada, bea, cid, _] = &room.people[..] else {
        anyhow::bail!("four people entered");
    };
    acquaint(ada, bea).await?;
    acquaint(cid, bea).await?;
    // Eve repeats what Bea announced, from when Bea is gone on.
    let mut b = bea.waits(&KNOWN_AUTO)?;
    let mut c = cid.waits(&KNOWN)?;
    sees(&mut c, bea, SOON).await?;
    let place = format!("{}:{}", room.links[1].address(), discovery::DEFAULT_PORT);
    let mut again = [
        "--of",
        &place,
        "--after",
        "2",
        "--seconds",
        "12",
        "--per-second",
        "2",
    ];
    let _again = lies(&room, &again)?;
    b.say("quit").await?;
    b.ended(SOON).await?;
    loses(&mut c, bea, Duration::from_secs(5)).await?;
    let mut a = ada.waits(&KNOWN)?;
    misses(&mut a, bea, Duration::from_secs(6)).await?;
    a.say(&format!("call {}", bea.address)).await?;
    let ended = a.state("ended", SOON).await?;
    ensure!(ended["reason"] == "unreachable", "{ended}");
    misses(&mut a, bea, Duration::from_secs(6)).await?;
    again = [
        "--person",
        &bea.address,
        "--seconds",
        "3",
        "--per-second",
        "5",
        "--after",
        "0",
    ];
    let _forged = lies(&room, &again)?;
    misses(&mut a, bea, Duration::from_secs(4)).await
}

/// Eve, who is the last in the room, begins to lie.
fn lies(room: &Room, words: &[&str]) -> Result<Program> {
    let (eve, link) = (&room.people[3], &room.links[3]);
    let drive: PathBuf = built("drive")?;
    // Without one the system sends no multicast that does not say where.
    eve.host.ip("route replace 224.0.0.0/4 dev eth0\n")?;
    let mut command = eve.host.command(&drive);
    command.args(["forge", "--from", &link.address().to_string()]);
    Program::start("eve", command.args(words))
}
