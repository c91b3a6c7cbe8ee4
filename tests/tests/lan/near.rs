//! Who sees whom.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::clock;
use scenarios::lab::Addresses;
use scenarios::lan::{Person, acquaint, call, hang_up, loses, sees};
use scenarios::turn::note;

use crate::lab;

#[tokio::test(flavor = "multi_thread")]
async fn two_who_know_each_other_see_and_call_each_other() -> Result<()> {
    let Some((mut lab, homes)) = lab("a local network") else {
        return Ok(());
    };
    let mut room = lab.segment()?;
    let hosts = [lab.host()?, lab.host()?];
    let _links = [
        room.join(&hosts[0], "eth0", Addresses::Both)?,
        room.join(&hosts[1], "wlan0", Addresses::Both)?,
    ];
    let ada = Person::new(homes.path(), "ada", "Ada", &hosts[0]).await?;
    let bea = Person::new(homes.path(), "bea", "Bea", &hosts[1]).await?;
    acquaint(&ada, &bea).await?;
    let mut a = ada.waits(&["--lan", "known"])?;
    a.listen(Duration::from_secs(2)).await;
    let begun = clock::now();
    let mut b = bea.waits(&["--lan", "known", "--auto"])?;
    sees(&mut a, &bea, SOON).await?;
    let seen = clock::now() - begun;
    sees(&mut b, &ada, SOON).await?;
    let sees_too = clock::now() - begun;
    let took = call(&mut a, &bea.address, &mut b, SOON).await?;
    hang_up(&mut a, &mut b, SOON).await?;
    b.say("quit").await?;
    let begun = clock::now();
    loses(&mut a, &bea, SOON).await?;
    let gone = clock::now() - begun;
    note(&format!(
        "seen {seen:?} sees {sees_too:?} call {took:?} gone {gone:?}"
    ));
    ensure!(gone < Duration::from_secs(5));
    Ok(())
}

const SOON: Duration = Duration::from_secs(10);
