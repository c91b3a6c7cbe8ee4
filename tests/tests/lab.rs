//! The lab itself: routers translate as they say, seen by a program of another project, and links do
//! to packets what their conditions say.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::future::join_all;
use scenarios::coturn::Coturn;
use scenarios::lab::{Conditions, Host, Lab, Loss, Nat};
use scenarios::turn::{missing, skip, turn};

#[tokio::test]
async fn routers_translate_as_their_names_say() -> Result<()> {
    let _turn = turn().await;
    let Some((mut lab, home)) = lab("kinds of NAT", &[Coturn::PROGRAM, DISCOVERY]) else {
        return Ok(());
    };
    // The server answers from another address when it is asked to.
    lab.internet().ip("addr add 198.19.0.2/32 dev lo")?;
    let second = ["--no-auth", "--listening-ip=198.19.0.2"];
    let _server = Coturn::start(&lab, home.path(), &second).await?;
    let (independent, dependent) = ("Endpoint Independent", "Address and Port Dependent");
    let table = [
        (Nat::FullCone, Some([independent, independent])),
        (Nat::Restricted, Some([independent, dependent])),
        (Nat::Symmetric, Some([dependent, dependent])),
        (Nat::UdpBlocked, None),
        (Nat::Hairpin, Some([independent, independent])),
    ];
    let places: Vec<_> = table.map(|(nat, _)| lab.behind(nat)).into_iter().collect();
    let asked = places.into_iter().map(async |place| {
        let (host, _router, _link) = place?;
        run(&host, DISCOVERY, &["-m", "-f", "198.19.0.1"]).await
    });
    for ((nat, expected), told) in table.into_iter().zip(join_all(asked).await) {
        let told = told?;
        let [mapping, filtering] = ["Mapping", "Filtering"].map(|what| {
            let kind = |it: &&str| told.contains(&format!("NAT with {it} {what}!"));
            [independent, dependent].into_iter().find(kind)
        });
        let found = mapping.zip(filtering).map(|(a, b)| [a, b]);
        assert_eq!(found, expected, "{nat:?}: {told}");
    }
    Ok(())
}

#[tokio::test]
async fn a_router_that_reconnects_has_another_address() -> Result<()> {
    let _turn = turn().await;
    let Some((mut lab, home)) = lab("NAT rebinding", &[Coturn::PROGRAM, STUN]) else {
        return Ok(());
    };
    let _server = Coturn::start(&lab, home.path(), &["--no-auth"]).await?;
    let (host, mut router, _link) = lab.behind(Nat::Restricted)?;
    for expected in ["198.18.1.2:", "198.18.1.3:", "198.18.1.2:"] {
        let told = run(&host, STUN, &["198.19.0.1"]).await?;
        let seen = format!("reflexive addr: {expected}");
        assert!(told.contains(&seen), "{expected} {told}");
        router.rebind()?;
    }
    Ok(())
}

#[tokio::test]
async fn a_link_loses_delays_and_cuts_as_it_is_told() -> Result<()> {
    let _turn = turn().await;
    let Some((mut lab, home)) = lab("a link", &[Coturn::PROGRAM]) else {
        return Ok(());
    };
    let _server = Coturn::start(&lab, home.path(), &["--no-auth"]).await?;
    let host = lab.host()?;
    let link = lab.attach(&host, "eth0")?;
    link.set_both(Conditions::CLEAN.late(150, 0));
    // A connection takes a round trip.
    let (begun, connect) = (Instant::now(), "exec 3<>/dev/tcp/198.19.0.1/3478");
    run(&host, "bash", &["-c", connect]).await?;
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(300), "{took:?}");
    link.set_both(Conditions::CLEAN.losing(Loss::Random(0.2)));
    let send = "for i in {1..500}; do echo $i > /dev/udp/198.19.0.1/3478; done";
    let [before, _] = link.counts();
    run(&host, "bash", &["-c", send]).await?;
    let [after, _] = link.counts();
    assert_eq!(after.sent - before.sent, 500);
    let lost = after.lost - before.lost;
    assert!((60..140).contains(&lost), "{lost}");
    link.cut();
    let try_it = format!("timeout 1 bash -c '{connect}' && echo through");
    assert_eq!(run(&host, "bash", &["-c", &try_it]).await?, "");
    link.mend();
    link.set_both(Conditions::CLEAN);
    assert_eq!(run(&host, "bash", &["-c", &try_it]).await?, "through\n");
    Ok(())
}

/// A lab and a directory; says why there is none.
fn lab(scenario: &str, programs: &[&str]) -> Option<(Lab, tempfile::TempDir)> {
    if let Some(program) = missing(programs) {
        skip(scenario, &format!("there is no {program}"));
        return None;
    }
    let start = || -> Result<_> { Ok((Lab::start()?, tempfile::tempdir()?)) };
    start()
        .map_err(|error| skip(scenario, &format!("{error:#}")))
        .ok()
}

/// What a program prints, which may end as it likes.
async fn run(host: &Host, program: &str, args: &[&str]) -> Result<String> {
    let mut command = host.command(Path::new(program));
    let out = command.args(args).kill_on_drop(true).output();
    let out = tokio::time::timeout(SOON, out)
        .await
        .context(program.to_owned())??;
    Ok(String::from_utf8(out.stdout)?)
}

/// coturn's own look at a NAT (RFC 5780).
const DISCOVERY: &str = "turnutils_natdiscovery";

/// What a STUN server sees of us.
const STUN: &str = "turnutils_stunclient";

const SOON: Duration = Duration::from_secs(60);
