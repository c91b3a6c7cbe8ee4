//! Two headless programs in a lab, and what may happen to them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use call::carrier::Carrier;
use tempfile::TempDir;

use super::event::{Act, Event, Relay, Servers};
use super::pictures::Pictures;
use super::voice::{Heard, Voice};
use crate::coturn::Coturn;
use crate::lab::server::Server;
use crate::lab::{Host, Lab, Lateness, Link, Nat, Profile, Router};
use crate::material::write_wav;
use crate::peer::{Peer, address};
use crate::program::built;
use crate::story::{Story, agree};
use crate::world::{carried_by, is_of, path};
use crate::{clock, relay};

/// The lab with both programs, which wait for calls.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The caller and the callee.
    pub(crate) sides: [Side; 2],
    carrier: Carrier,
    relay: Option<relay::Relay>,
    /// What the relay is started with.
    relay_options: Vec<String>,
    /// What carries the call, if a server does.
    server: Option<Server>,
    _coturn: Option<Coturn>,
    lab: Lab,
    _homes: TempDir,
}

/// One of the two.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) peer: Peer,
    pub(crate) pictures: Pictures,
    /// The voice that it hears.
    hears: Voice,
    recording: PathBuf,
    address: String,
    /// `None` while it has no network.
    link: Option<Link>,
    router: Option<Router>,
    host: Host,
}

impl Stage {
    /// Sets up what an event needs that happens to a call over this carrier.
    pub(crate) async fn open(event: &Event, carrier: Carrier, seed: u64) -> Result<Self> {
        let mut lab = Lab::start()?.seeded(seed);
        let homes = tempfile::tempdir()?;
        let options = match event.servers {
            Servers::None => match carrier {
                Carrier::Direct => None,
                Carrier::LiveKit => Some("--via=livekit".to_owned()),
            },
            Servers::Stun => Some(format!("--stun=stun:{}:{}", Lab::MIDDLE, Coturn::PORT)),
            Servers::Turn => Some(format!("--turn=turn:a:b@{}:{}", Lab::MIDDLE, Coturn::PORT)),
        };
        let coturn = match event.servers {
            Servers::Stun | Servers::Turn => {
                let account = ["--lt-cred-mech", "--user=a:b"];
                Some(Coturn::start(&lab, homes.path(), &account).await?)
            }
            Servers::None => None,
        };
        let server = match carrier {
            Carrier::Direct => None,
            Carrier::LiveKit => Some(Server::start(&lab).await?),
        };
        let relay_options = server.as_ref().map(Server::relay_options).transpose()?;
        let relay_options = relay_options.unwrap_or_default();
        let relay = relay::Relay::start_in_with(&lab, &relay_options).await?;
        let mut sides = Vec::new();
        for at in [0, 1] {
            let translated = match event.act {
                Act::Rebind => at == 0,
                Act::Gap { both, .. } => !both && at == 1,
                Act::Replace(_)
                | Act::ReplaceBoth
                | Act::Outage { .. }
                | Act::Kill
                | Act::SetUp
                | Act::Freeze { .. }
                | Act::OnlyTurn
                | Act::Server { .. } => false,
            };
            sides.push(
                Side::open(&mut lab, homes.path(), at, translated, options.as_deref()).await?,
            );
        }
        let Ok(mut sides) = <[Side; 2]>::try_from(sides) else {
            bail!("two sides were opened");
        };
        for side in &mut sides {
            side.peer.online(SOON).await?;
        }
        Ok(Self {
            sides,
            carrier,
            relay: Some(relay),
            relay_options,
            server,
            _coturn: coturn,
            lab,
            _homes: homes,
        })
    }

    /// Calls, and waits until both see and hear each other for a while.
    pub(crate) async fn call(&mut self) -> Result<()> {
        self.dial().await?;
        for side in &mut self.sides {
            side.peer.phase("connected", SOON).await?;
            carried_by(self.carrier, &mut side.peer).await?;
        }
        let until = clock::now() + SOON;
        while self.sides.iter().any(|it| it.pictures.count() < SETTLED) {
            ensure!(clock::now() < until, "the call has no pictures");
            self.listen(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    async fn dial(&mut self) -> Result<()> {
        let to = self.sides[1].address.clone();
        self.sides[0].peer.say(&format!("call {to}")).await
    }

    /// Lets the event happen. Returns when the path was back, or whatever else there is to count
    /// from.
    pub(crate) async fn happen(&mut self, act: Act) -> Result<Duration> {
        match act {
            Act::Replace(relay) => {
                self.relay_is(relay).await;
                self.sides[0].replace(&mut self.lab)?;
            }
            Act::ReplaceBoth => {
                for side in &mut self.sides {
                    side.replace(&mut self.lab)?;
                }
            }
            Act::Gap { seconds, both } => {
                for side in self.affected(both) {
                    side.link = None;
                }
                self.listen(Duration::from_secs(seconds)).await;
                for at in 0..=usize::from(both) {
                    self.sides[at].connect(&mut self.lab, "wlan0")?;
                }
            }
            Act::Outage { seconds, relay } => {
                self.relay_is(relay).await;
                self.sides[0].link()?.cut();
                if relay == Relay::Restarts {
                    self.listen(Duration::from_secs(1)).await;
                    let options = &self.relay_options;
                    self.relay = Some(relay::Relay::start_in_with(&self.lab, options).await?);
                }
                self.listen(Duration::from_secs(seconds)).await;
                self.sides[0].link()?.mend();
            }
            Act::Kill => self.sides[1].peer.program().kill(),
            Act::Rebind => {
                let router = self.sides[0].router.as_mut();
                router
                    .context("there is a router for this event")?
                    .rebind()?;
            }
            Act::SetUp => {
                self.sides[0].link()?.set(profile("loss20")?);
                self.dial().await?;
            }
            Act::Freeze { seconds } => {
                self.sides[1].peer.program().freeze();
                self.listen(Duration::from_secs(seconds)).await;
                self.sides[1].peer.program().thaw();
            }
            Act::OnlyTurn => self.lab.internet().forward(false)?,
            Act::Server { back } => {
                let server = self.server.take().context("no server carries the call")?;
                server.kill().await?;
                if back {
                    self.server = Some(Server::start(&self.lab).await?);
                }
            }
        }
        Ok(clock::now())
    }

    /// Those to whom an event happens.
    fn affected(&mut self, both: bool) -> &mut [Side] {
        &mut self.sides[..=usize::from(both)]
    }

    async fn relay_is(&mut self, relay: Relay) {
        match relay {
            Relay::Alive => {}
            Relay::Dead | Relay::Restarts => {
                self.relay = None;
                self.listen(Duration::from_secs(1)).await;
            }
        }
    }

    /// Reads what both say for so long.
    pub(crate) async fn listen(&mut self, length: Duration) {
        let until = clock::now() + length;
        let [ada, bea] = &mut self.sides;
        tokio::join!(ada.peer.listen(length), bea.peer.listen(length));
        // Whoever has ended says nothing any more.
        tokio::time::sleep(until.saturating_sub(clock::now())).await;
    }

    /// What each side says of the call now: `active connected`, `ended peerGone`.
    pub(crate) fn states(&self) -> [String; 2] {
        [0, 1].map(|at| {
            let story = Story::of(self.sides[at].peer.lines());
            let last = story.steps().last().map(|it| it.state.clone());
            match last.unwrap_or_default() {
                // A program that waits for calls puts the end away at once.
                state if state == "idle" => story
                    .end()
                    .map_or(state, |reason| format!("ended {reason}")),
                state => state,
            }
        })
    }

    /// Whether both have lived a possible life, by no path but the carrier's, and are of one mind.
    pub(crate) fn agree(&self) -> Result<()> {
        let [ada, bea] = &self.sides;
        let lines = ada.peer.lines().iter().chain(bea.peer.lines());
        let other = lines
            .filter_map(path)
            .find(|path| !is_of(self.carrier, path));
        ensure!(other.is_none(), "{:?} has the path {other:?}", self.carrier);
        let [hers, his] = [ada, bea].map(|it| Story::of(it.peer.lines()));
        agree((&hers, &ada.address), (&his, &bea.address))?;
        let states = self.states();
        let same = states[0] == states[1];
        let both_over = states.iter().all(|it| it.starts_with("ended"));
        ensure!(same || both_over, "they disagree: {states:?}");
        Ok(())
    }

    /// How late packets left the emulators.
    pub(crate) fn lateness(&self) -> Lateness {
        let links = self.sides.iter().filter_map(|it| it.link.as_ref());
        let latest = links.map(Link::lateness).max_by_key(|it| it.p99);
        latest.unwrap_or_default()
    }
}

impl Side {
    async fn open(
        lab: &mut Lab,
        homes: &Path,
        at: usize,
        translated: bool,
        options: Option<&str>,
    ) -> Result<Self> {
        let (host, router, link) = place(lab, translated)?;
        link.set(profile(USUAL)?);
        let [home, said, film, recording] =
            ["", ".said.wav", ".y4m", ".wav"].map(|it| homes.join(format!("{}{it}", NAMES[at])));
        write_wav(&said, Voice::new(at as u64).samples())?;
        let pictures = Pictures::start(&film)?;
        let [said, film, heard] = [
            format!("--microphone=file:{}", said.display()),
            format!("--picture-out={}", film.display()),
            format!("--speaker=file:{}", recording.display()),
        ];
        let mut words = vec!["answer", "--size=320x180", "--camera=synthetic"];
        words.extend([said.as_str(), &film, &heard]);
        words.extend(options);
        // The callee accepts what comes.
        words.extend((at == 1).then_some("--auto"));
        let relay = format!("ws://{}", relay::Relay::place_in_a_lab());
        let address = address(&home).await?;
        let command = host.command(&built("tincan")?);
        Ok(Self {
            peer: Peer::start_plain(command, NAMES[at], &home, &relay, &words)?,
            pictures,
            hears: Voice::new(1 - at as u64),
            recording,
            address,
            link: Some(link),
            router,
            host,
        })
    }

    /// The interface goes, and another one comes.
    fn replace(&mut self, lab: &mut Lab) -> Result<()> {
        let interface = if self.link()?.interface() == "eth0" {
            "wlan0"
        } else {
            "eth0"
        };
        // It waits with a worse metric, so nobody uses it before.
        let old = self.link.take();
        self.connect(lab, interface)?;
        drop(old);
        Ok(())
    }

    /// An interface comes.
    fn connect(&mut self, lab: &mut Lab, interface: &str) -> Result<()> {
        let link = lab.attach(&self.host, interface)?;
        link.set(profile(USUAL)?);
        self.link = Some(link);
        Ok(())
    }

    fn link(&self) -> Result<&Link> {
        self.link.as_ref().context("it has no network now")
    }

    /// When the other one was first heard after `from`; see [`Voice::first_heard`].
    pub(crate) fn first_heard(&self, from: Duration, seen: &mut Duration) -> Option<Duration> {
        let heard = Heard::read(&self.recording).ok()?;
        self.hears.first_heard(&heard, from, seen)
    }

    /// How late the other one is heard at this moment.
    pub(crate) fn late(&self, at: Duration) -> Option<Duration> {
        self.hears.late(&Heard::read(&self.recording).ok()?, at)
    }
}

/// A host with an address that everybody reaches, or one behind a router of its own.
fn place(lab: &mut Lab, translated: bool) -> Result<(Host, Option<Router>, Link)> {
    if translated {
        let (host, router, link) = lab.behind(Nat::Restricted)?;
        return Ok((host, Some(router), link));
    }
    let host = lab.host()?;
    let link = lab.attach(&host, "eth0")?;
    Ok((host, None, link))
}

fn profile(name: &str) -> Result<&'static Profile> {
    Profile::named(name).with_context(|| format!("no profile {name}"))
}

const NAMES: [&str; 2] = ["ada", "bea"];

/// What each side's link is like when nothing happens.
const USUAL: &str = "good";

/// Three seconds of pictures: rate control and buffers have settled.
const SETTLED: usize = 90;

const SOON: Duration = Duration::from_secs(20);
