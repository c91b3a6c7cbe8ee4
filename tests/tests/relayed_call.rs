//! A call between two hosts that no packet crosses directly: through a real TURN server.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use scenarios::coturn::Coturn;
use scenarios::devices::SYNTHETIC;
use scenarios::lab::{Host, Lab, Link};
use scenarios::peer::{Peer, address};
use scenarios::relay::Relay;
use scenarios::turn::{missing, skip, turn};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn two_people_behind_firewalls_call_each_other_through_turn() -> Result<()> {
    let _turn = turn().await;
    let Some(network) = Network::start("a call through TURN") else {
        return Ok(());
    };
    let homes = tempfile::tempdir()?;
    let account = ["--lt-cred-mech", "--user=ada:secret"];
    let _server = Coturn::start(&network.lab, homes.path(), &account).await?;
    let turn = format!("turn:ada:secret@{}:{}", Lab::MIDDLE, Coturn::PORT);
    call(&network, homes.path(), &[], &["--turn", &turn]).await
}

#[tokio::test]
async fn a_relay_that_knows_a_turn_server_is_all_that_two_people_behind_firewalls_need()
-> Result<()> {
    let _turn = turn().await;
    let Some(network) = Network::start("a call through the relay's TURN server") else {
        return Ok(());
    };
    let homes = tempfile::tempdir()?;
    let secret = "between-the-relay-and-coturn";
    let secret_option = format!("--static-auth-secret={secret}");
    let shared = ["--use-auth-secret", &secret_option];
    let _server = Coturn::start(&network.lab, homes.path(), &shared).await?;
    let file = homes.path().join("secret");
    std::fs::write(&file, format!("{secret}\n"))?;
    let options = [
        format!("--turn-secret-file={}", file.display()),
        format!("--turn-url=turn:{}:{}", Lab::MIDDLE, Coturn::PORT),
    ];
    call(&network, homes.path(), &options, &[]).await
}

/// Two hosts that reach the middle and not each other, as behind two firewalls.
struct Network {
    lab: Lab,
    hosts: [Host; 2],
    _links: [Link; 2],
}

impl Network {
    /// Says why there is none.
    fn start(scenario: &str) -> Option<Self> {
        if let Some(program) = missing(&[Coturn::PROGRAM]) {
            skip(scenario, &format!("there is no {program}"));
            return None;
        }
        let start = || -> Result<Self> {
            let mut lab = Lab::start()?;
            let hosts = [lab.host()?, lab.host()?];
            let links = [
                lab.attach(&hosts[0], "eth0")?,
                lab.attach(&hosts[1], "eth0")?,
            ];
            lab.internet().forward(false)?;
            Ok(Self {
                lab,
                hosts,
                _links: links,
            })
        };
        match start() {
            Ok(network) => Some(network),
            Err(error) => {
                skip(scenario, &format!("{error:#}"));
                None
            }
        }
    }
}

/// A call from one host to the other, by a relay with these options and programs with those, whose
/// pictures pass through the TURN server.
async fn call(
    network: &Network,
    homes: &Path,
    relay_options: &[String],
    words: &[&str],
) -> Result<()> {
    let known = format!("--host={}", Lab::MIDDLE);
    let options = [known].into_iter().chain(relay_options.iter().cloned());
    let options: Vec<String> = options.collect();
    let listen = format!("{}:4080", Lab::MIDDLE);
    let _relay = Relay::start_on(network.lab.internet(), &listen, &options).await?;
    let start = |name: &str, host: &Host, verb: &[&str]| {
        let relay = format!("ws://{listen}");
        let words: Vec<&str> = verb
            .iter()
            .chain(words)
            .chain(&SYNTHETIC)
            .copied()
            .collect();
        Peer::start_on(host, name, &homes.join(name), &relay, &words)
    };
    let [here, there] = &network.hosts;
    let to = address(&homes.join("bea")).await?;
    let mut bea = start("bea", there, &["answer", "--auto", "--once"])?;
    bea.online(SOON).await?;
    let mut ada = start("ada", here, &["call", &to])?;
    for peer in [&mut ada, &mut bea] {
        peer.phase("connected", SOON).await?;
        let moving = |line: &Value| {
            let figures = line.get("figures")?;
            (figures["framesPerSecondReceived"].as_f64()? > 20.0).then(|| figures.clone())
        };
        let figures = peer.until("pictures", SOON, moving).await?;
        assert_eq!(figures["path"], "relayed", "{figures:#}");
    }
    ada.say("end").await?;
    assert!(ada.ended(SOON).await?.success());
    assert!(bea.ended(SOON).await?.success());
    Ok(())
}
