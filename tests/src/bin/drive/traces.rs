//! Records calls over bad networks as the judge of their quality is told of them: the test data of
//! `media::quality`.
//!
//! Two programs on hosts of a lab. Ada's sending and Bea's receiving are written down, second by second,
//! for what is done to the path is done on the way from her to him. Both tell it in their logs.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use media::quality::Facts;
use scenarios::devices::SYNTHETIC;
use scenarios::lab::{Conditions, Host, Lab, Link, Loss};
use scenarios::peer::{Peer, address};
use scenarios::program::built;
use scenarios::relay::Relay;
use serde_json::{Deserializer, Value, json};
use tokio::time::sleep;

/// What to record.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Where the traces go.
    #[arg(long)]
    out: PathBuf,
    /// Only the one of this name.
    #[arg(long)]
    only: Option<String>,
}

/// A call and what happens to its path: it is clean, bad for a while, and clean again.
struct Scenario {
    name: &'static str,
    about: &'static str,
    change: Change,
    /// How long it is bad, and how long it is clean afterwards, seconds.
    bad: u64,
    after: u64,
}

/// What makes a path bad.
enum Change {
    /// Nothing.
    None,
    /// What Ada's uplink does.
    Uplink(Conditions),
    /// What Bea's downlink does.
    Downlink(Conditions),
    /// Nothing passes Ada's link.
    Outage,
}

/// Records them.
pub(crate) async fn run(options: &Options) -> Result<()> {
    std::fs::create_dir_all(&options.out)?;
    let only = options.only.as_deref();
    let scenarios = SCENARIOS.iter();
    for scenario in scenarios.filter(|it| only.is_none_or(|only| only == it.name)) {
        println!("{}: {}", scenario.name, scenario.about);
        let trace = scenario.record().await?;
        let file = options.out.join(format!("{}.json", scenario.name));
        std::fs::write(&file, trace)?;
    }
    Ok(())
}

impl Scenario {
    /// The trace as JSON.
    async fn record(&self) -> Result<String> {
        let mut lab = Lab::start()?;
        let (here, there) = (lab.host()?, lab.host()?);
        let links = [lab.attach(&here, "eth0")?, lab.attach(&there, "eth0")?];
        let homes = tempfile::tempdir()?;
        let listen = format!("{}:4080", Lab::MIDDLE);
        let options = [format!("--host={}", Lab::MIDDLE)];
        let _relay = Relay::start_on(lab.internet(), &listen, &options).await?;
        let to = address(&homes.path().join("bea")).await?;
        let relay = format!("ws://{listen}");
        let start = |name: &str, host: &Host, verb: &[&str]| {
            let log = homes.path().join(format!("{name}.log"));
            let words = [verb, &SYNTHETIC].concat();
            let home = homes.path().join(name);
            Peer::start_plain(logging(host, &log)?, name, &home, &relay, &words)
        };
        let mut bea = start("bea", &there, &["answer", "--auto", "--once"])?;
        bea.online(SOON).await?;
        let mut ada = start("ada", &here, &["call", &to])?;
        for peer in [&mut ada, &mut bea] {
            peer.phase("connected", SOON).await?;
        }
        let happens = async {
            sleep(BEFORE).await;
            self.change.begin(&links);
            sleep(Duration::from_secs(self.bad)).await;
            for link in &links {
                link.mend();
                link.set_both(Conditions::CLEAN);
            }
            sleep(Duration::from_secs(self.after)).await;
        };
        // What they tell is read, or they would block on telling it.
        let ends = BEFORE + Duration::from_secs(self.bad + self.after);
        tokio::join!(happens, ada.listen(ends), bea.listen(ends));
        ada.say("end").await?;
        for peer in [&mut ada, &mut bea] {
            ensure!(peer.ended(SOON).await?.success(), "the call ended badly");
        }
        let log = |name: &str| std::fs::read_to_string(homes.path().join(format!("{name}.log")));
        let send = samples(&log("ada")?, "send")?;
        let receive = samples(&log("bea")?, "receive")?;
        println!("  {} seconds sent, {} received", send.len(), receive.len());
        Ok(written(self.about, &send, &receive))
    }
}

impl Change {
    fn begin(&self, links: &[Link; 2]) {
        match self {
            Self::None => {}
            Self::Uplink(conditions) => links[0].set_up(*conditions),
            Self::Downlink(conditions) => links[1].set_down(*conditions),
            Self::Outage => links[0].cut(),
        }
    }
}

/// The program on a host, telling in a log what it knows of its calls.
fn logging(host: &Host, log: &Path) -> Result<tokio::process::Command> {
    let mut command = host.command(Path::new("sh"));
    command.args(["-c", "exec \"$@\" 2>\"$0\""]).arg(log);
    command.arg(built("tincan")?);
    command.env("RUST_LOG", "engine::quality=trace");
    command.env("NO_COLOR", "1");
    Ok(command)
}

/// What a log says of a direction, in its order.
fn samples(log: &str, direction: &str) -> Result<Vec<Value>> {
    let mut samples = Vec::new();
    for line in log.lines().filter(|it| it.contains("engine::quality: ")) {
        if line.contains("the path is lost") {
            samples.push(json!("pathLost"));
        } else if line.contains("the path is found") {
            samples.push(json!("pathFound"));
        } else if let Some((_, facts)) = line.split_once(&format!("{direction}={{")) {
            let facts = format!("{{{facts}");
            // Behind it stands what else the line says.
            let first = Deserializer::from_str(&facts).into_iter::<Facts>().next();
            samples.push(sparse(&first.context("a line without facts")??)?);
        }
    }
    ensure!(!samples.is_empty(), "the log says nothing");
    Ok(samples)
}

/// Facts without what is perfect, to a ten-thousandth.
fn sparse(facts: &Facts) -> Result<Value> {
    let (mut facts, perfect) = (json!(facts), serde_json::to_value(Facts::PERFECT)?);
    let fields = facts.as_object_mut().context("facts have names")?;
    for value in fields.values_mut() {
        if let Some(number) = value.as_f64() {
            *value = json!((number * 1e4).round() / 1e4);
        }
    }
    fields.retain(|name, value| *value != perfect[name]);
    Ok(facts)
}

/// A line for each second.
fn written(about: &str, send: &[Value], receive: &[Value]) -> String {
    let mut out = format!("{{\n\"about\": {},\n", json!(about));
    for (direction, samples, end) in [("send", send, ","), ("receive", receive, "")] {
        let lines: Vec<String> = samples.iter().map(ToString::to_string).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\"{direction}\": [\n{}\n]{end}", lines.join(",\n"));
    }
    out.push_str("}\n");
    out
}

const SCENARIOS: [Scenario; 6] = [
    Scenario {
        name: "clean",
        about: "nothing happens to packets",
        change: Change::None,
        bad: 0,
        after: 60,
    },
    Scenario {
        name: "loss-5",
        about: "5 % of what is sent is lost from second 12 to 37",
        change: Change::Uplink(Conditions::CLEAN.losing(Loss::Random(0.05))),
        bad: 25,
        after: 35,
    },
    Scenario {
        name: "loss-25",
        about: "25 % of what is sent is lost from second 12 to 37",
        change: Change::Uplink(Conditions::CLEAN.losing(Loss::Random(0.25))),
        bad: 25,
        after: 35,
    },
    Scenario {
        name: "narrow",
        about: "the receiver's downlink carries 300 kbit/s from second 12 to 42, with a queue of 0.3 s",
        change: Change::Downlink(Conditions::CLEAN.at_kbps(300, 300)),
        bad: 30,
        after: 60,
    },
    Scenario {
        name: "jitter",
        about: "packets come 0 to 320 ms late (a deviation of 80 ms around 160) from second 12 to 37",
        change: Change::Downlink(Conditions::CLEAN.late(160, 80)),
        bad: 25,
        after: 35,
    },
    Scenario {
        name: "outage",
        about: "nothing passes from second 12 to 18",
        change: Change::Outage,
        bad: 6,
        after: 35,
    },
];

/// Until rate control knows what the path carries.
const BEFORE: Duration = Duration::from_secs(12);

const SOON: Duration = Duration::from_secs(15);
