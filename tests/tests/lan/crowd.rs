//! Many on one network: what it costs each of them. Takes two minutes: with `TINCAN_LONG`.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::join_all;
use scenarios::clock;
use scenarios::lab::{Addresses, Link};
use scenarios::lan::near;
use scenarios::turn::{has_time_for, note};
use scenarios::usage::{Meter, resident_kib};

use crate::{EVERYONE, Room};

#[tokio::test(flavor = "multi_thread")]
async fn thirty_on_one_network_see_each_other_and_say_little() -> Result<()> {
    if !has_time_for("thirty on one network") {
        return Ok(());
    }
    let names: Vec<String> = (1..=CROWD).map(|it| format!("person{it}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Some(room) = Room::of(&names, Addresses::Both).await? else {
        return Ok(());
    };
    let begun = clock::now();
    let peers = room.people.iter().map(|it| it.waits(&EVERYONE));
    let mut peers = peers.collect::<Result<Vec<_>>>()?;
    while peers.iter().any(|it| near(it).len() < CROWD - 1) {
        let missing = peers.iter().map(|it| CROWD - 1 - near(it).len());
        let missing: usize = missing.sum();
        ensure!(
            clock::now() < begun + Duration::from_secs(60),
            "{missing} are not seen"
        );
        join_all(peers.iter_mut().map(|it| it.listen(LOOK))).await;
    }
    let all = clock::now() - begun;
    join_all(peers.iter_mut().map(|it| it.listen(SETTLE))).await;
    let pids: Vec<i32> = peers.iter_mut().map(|it| it.program().pid()).collect();
    let meters: Vec<Meter> = pids.iter().copied().map(Meter::start).collect();
    let before = carried(&room.links);
    join_all(peers.iter_mut().map(|it| it.listen(MINUTE))).await;
    let now = carried(&room.links);
    let [sent, received] = [now[0] - before[0], now[1] - before[1]];
    let spent: Duration = meters.iter().map(Meter::spent).sum();
    let most = pids.iter().flat_map(|it| resident_kib(*it));
    let most_mib = most.fold(0.0, f64::max) / 1024.0;
    let each = |all: u64| all as f64 / CROWD as f64;
    let cpu = spent.as_secs_f64() / CROWD as f64;
    note(&format!(
        "{CROWD} people see each other {all:?} after they started together; then each sends {:.0} \
         packets a minute, receives {:.0}, and takes {cpu:.2} s of CPU and at most {most_mib:.0} MiB",
        each(sent),
        each(received)
    ));
    ensure!(peers.iter().all(|it| near(it).len() == CROWD - 1));
    ensure!(each(sent) <= 120.0 && cpu <= 3.0);
    Ok(())
}

/// Packets that hosts sent, and those for them.
fn carried(links: &[Link]) -> [u64; 2] {
    let all = links.iter().map(Link::counts);
    all.fold([0, 0], |[sent, received], [up, down]| {
        [sent + up.sent, received + down.sent]
    })
}

const CROWD: usize = 30;
const LOOK: Duration = Duration::from_millis(500);
const SETTLE: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);
