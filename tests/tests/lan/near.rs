//! Who sees whom, and calls them.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::clock;
use scenarios::lab::Addresses;
use scenarios::lan::{Person, acquaint, call, hang_up, loses, misses, near, sees};
use scenarios::turn::note;
use serde_json::Value;

use crate::{EVERYONE, EVERYONE_AUTO, KNOWN, KNOWN_AUTO, Room, SOON, meet};

#[tokio::test(flavor = "multi_thread")]
async fn two_who_know_each_other_see_and_call_each_other() -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
        return Ok(());
    };
    let (ada, bea) = room.two();
    acquaint(ada, bea).await?;
    let mut a = ada.waits(&KNOWN)?;
    a.listen(Duration::from_secs(1)).await;
    let begun = clock::now();
    let mut b = bea.waits(&KNOWN_AUTO)?;
    sees(&mut a, bea, SOON).await?;
    let seen = clock::now() - begun;
    sees(&mut b, ada, SOON).await?;
    let rang = call(&mut a, &bea.address, &mut b, SOON).await?;
    hang_up(&mut a, &mut b, SOON).await?;
    b.say("quit").await?;
    let begun = clock::now();
    loses(&mut a, bea, SOON).await?;
    let gone = clock::now() - begun;
    note(&format!(
        "start to seen {seen:?}, click to connected {rang:?}, quit to gone {gone:?}"
    ));
    ensure!(gone <= Duration::from_secs(5), "{gone:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_see_and_call_whoever_wants_to_be_seen_and_nobody_else() -> Result<()> {
    let Some(mut room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
        return Ok(());
    };
    // A name belongs to nobody.
    room.enter("other-bea", "bea", Addresses::Both).await?;
    room.enter("cid", "cid", Addresses::Both).await?;
    let [ada, bea, other, looks_around] = &room.people[..] else {
        anyhow::bail!("four people entered");
    };
    let mut a = ada.waits(&KNOWN)?;
    let mut b = bea.waits(&EVERYONE_AUTO)?;
    let mut o = other.waits(&EVERYONE)?;
    for who in [bea, other] {
        ensure!(sees(&mut a, who, SOON).await?["name"] == "bea");
    }
    sees(&mut o, bea, SOON).await?;
    call(&mut a, &bea.address, &mut b, SOON).await?;
    hang_up(&mut a, &mut b, SOON).await?;
    let looks = ["nearby", "--seconds", "1", "--json", "--lan", "known"];
    let listed = looks_around.run(&looks).await?;
    let mut listed = listed.lines().map(serde_json::from_str::<Value>);
    ensure!(listed.clone().count() == 2 && listed.all(|it| it.is_ok_and(|it| it["name"] == "bea")));
    // The one who was called knows the caller now, who is seen by those that know them.
    misses(&mut o, ada, Duration::from_secs(2)).await?;
    ensure!(near(&a).len() == 2 && near(&o).len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_hidden_who_does_not_know_me_is_called_by_their_address() -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea", "cid"], Addresses::Both).await? else {
        return Ok(());
    };
    let [ada, bea, cid] = &room.people[..] else {
        anyhow::bail!("three people entered");
    };
    let (mut b, mut c) = (bea.waits(&KNOWN_AUTO)?, cid.waits(&KNOWN_AUTO)?);
    let mut a = ada.waits(&KNOWN)?;
    misses(&mut a, bea, Duration::from_secs(2)).await?;
    call(&mut a, &bea.address, &mut b, SOON).await?;
    hang_up(&mut a, &mut b, SOON).await?;
    c.listen(Duration::from_millis(1)).await;
    let rang = c.lines().iter().any(|line| line["state"] == "incoming");
    ensure!(!rang, "it rang at somebody else");
    // Two who called each other know each other.
    sees(&mut a, bea, SOON).await?;
    sees(&mut b, ada, SOON).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_crashes_is_gone_within_half_a_minute() -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
        return Ok(());
    };
    let (_, bea) = room.two();
    let (mut a, mut b) = room.meet(&KNOWN, &KNOWN_AUTO).await?;
    call(&mut a, &bea.address, &mut b, SOON).await?;
    hang_up(&mut a, &mut b, SOON).await?;
    b.program().kill();
    let begun = clock::now();
    loses(&mut a, bea, Duration::from_secs(32)).await?;
    let gone = clock::now() - begun;
    note(&format!("crash to gone {gone:?}"));
    ensure!(gone <= Duration::from_secs(30), "{gone:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_profiles_of_one_machine_see_and_call_each_other() -> Result<()> {
    let Some(room) = Room::of(&["ada"], Addresses::Both).await? else {
        return Ok(());
    };
    let ada = &room.people[0];
    let bea = Person::new(room.homes.path(), "bea", "bea", &ada.host).await?;
    let (mut a, mut b) = meet([(ada, &KNOWN), (&bea, &KNOWN_AUTO)]).await?;
    call(&mut a, &bea.address, &mut b, SOON).await?;
    hang_up(&mut a, &mut b, SOON).await
}
