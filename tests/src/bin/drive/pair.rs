//! Two programs without a window in a call on this machine, and what each is measured to do.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use scenarios::clock;
use scenarios::duo::{Duo, NAMES, Side};
use scenarios::material::Material;
use scenarios::peer::{Peer, address};
use scenarios::program::built;
use scenarios::relay::Relay;
use scenarios::sound::{Heard, Recording, compare};
use scenarios::usage::{Meter, held, tree};
use scenarios::watch::percentile;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::sleep;

/// Ada, who calls, and Bea, in a call whose rate control and jitter buffers have settled.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) ada: Peer,
    pub(crate) bea: Peer,
    homes: TempDir,
}

/// What they are started with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup<'a> {
    /// What they show and say.
    pub(crate) material: &'a Material,
    /// Between them.
    pub(crate) relay: &'a Relay,
    /// An X display for whoever shares what is on it.
    pub(crate) display: Option<&'a str>,
    /// Further words of Ada and of Bea.
    pub(crate) words: [&'a [&'a str]; 2],
}

impl Pair {
    /// Ada calls Bea.
    pub(crate) async fn call(setup: &Setup<'_>) -> Result<Self> {
        let homes = tempfile::tempdir()?;
        let args = Duo::args(homes.path(), setup.material);
        let to = address(&homes.path().join("bea")).await?;
        let start = |at: usize, verb: &[&str]| {
            let mut command = Command::new(built("tincan")?);
            if let Some(display) = setup.display {
                command.env("DISPLAY", display);
                command.env_remove("WAYLAND_DISPLAY");
            }
            let devices: Vec<&str> = args[at].iter().map(String::as_str).collect();
            let words = [verb, &devices[..], setup.words[at]].concat();
            let home = homes.path().join(NAMES[at]);
            Peer::start_plain(command, NAMES[at], &home, setup.relay.url(), &words)
        };
        let mut bea = start(1, &["answer", "--auto", "--once"])?;
        bea.online(SOON).await?;
        let mut ada = start(0, &["call", &to])?;
        for peer in [&mut ada, &mut bea] {
            peer.phase("connected", SOON).await?;
            for _ in 0..WARM_UP_SECONDS {
                peer.figures().await?;
            }
        }
        Ok(Self { ada, bea, homes })
    }

    /// Measures both for so long, while nothing new happens.
    pub(crate) async fn measure(
        &mut self,
        material: &Material,
        length: Duration,
    ) -> Result<[Side; 2]> {
        let nothing = async |_: &mut Self| {
            sleep(length).await;
            Ok(())
        };
        self.measure_while(material, length, nothing).await
    }

    /// Measures both while `what` happens, which takes so long.
    pub(crate) async fn measure_while(
        &mut self,
        material: &Material,
        length: Duration,
        what: impl AsyncFnOnce(&mut Self) -> Result<()>,
    ) -> Result<[Side; 2]> {
        for peer in [&mut self.ada, &mut self.bea] {
            // What they said before is of another time.
            peer.listen(Duration::from_millis(20)).await;
        }
        let meters = [&mut self.ada, &mut self.bea].map(|it| Meter::start(it.program().pid()));
        let begun = clock::now();
        what(self).await?;
        let mut sides = [Side::default(), Side::default()];
        let peers = [&mut self.ada, &mut self.bea];
        for ((side, meter), peer) in sides.iter_mut().zip(&meters).zip(peers) {
            side.cores = Some(meter.cores());
            side.pss_mib = Some(held(&tree(peer.program().pid())).pss_mib);
        }
        let peers = [&mut self.ada, &mut self.bea];
        for (at, (side, peer)) in sides.iter_mut().zip(peers).enumerate() {
            told(side, peer, length).await?;
            let file = self.homes.path().join(format!("{}.wav", NAMES[at]));
            let heard = heard(&file, &material.voices[1 - at], begun);
            side.mouth_to_ear_ms = heard.as_ref().ok().map(|heard| heard.lag_ms);
            side.correlation = heard.ok().map(|heard| heard.correlation);
        }
        Ok(sides)
    }

    /// Ada hangs up; both leave.
    pub(crate) async fn end(mut self) -> Result<()> {
        self.ada.say("end").await?;
        for peer in [&mut self.ada, &mut self.bea] {
            let status = peer.ended(SOON).await?;
            ensure!(status.success(), "it left with {status}");
        }
        Ok(())
    }
}

/// What a peer tells of each second, as medians.
async fn told(side: &mut Side, peer: &mut Peer, length: Duration) -> Result<()> {
    let mut seconds = Vec::new();
    for _ in 0..length.as_secs() {
        seconds.push(peer.figures().await?);
    }
    let median = |pointer: &str| {
        let told = seconds.iter();
        percentile(told.filter_map(|line| line.pointer(pointer)?.as_f64()), 0.5)
    };
    side.fps = median("/framesPerSecondReceived");
    side.glass_p50_ms = median("/pictureAgeMs/p50");
    side.glass_p95_ms = median("/pictureAgeMs/p95");
    let freezes = |line: Option<&Value>| line.and_then(|line| line["freezeCount"].as_u64());
    let new = freezes(seconds.last()).zip(freezes(seconds.first()));
    side.freezes = new.map(|(last, first)| (last - first) as usize);
    let last = seconds.last().context("the call has no figures")?;
    side.accept_to_first_frame_ms = last["acceptToFirstFrameMs"].as_f64();
    side.accept_to_first_audio_ms = last["acceptToFirstAudioMs"].as_f64();
    Ok(())
}

fn heard(path: &Path, said: &[f32], from: Duration) -> Result<Heard> {
    let recording = Recording::read(path)?;
    let begun = recording.begun.context("the recording has no clock")?;
    let part = recording.between(from, begun + recording.length());
    compare(said, &part.context("the recording is too short")?).context("nothing was heard")
}

pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Until rate control and jitter buffers have settled.
pub(crate) const WARM_UP_SECONDS: u64 = 5;
