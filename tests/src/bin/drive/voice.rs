//! What is done to a voice, in simulated rooms with real speech: beside nothing, each stage alone,
//! all of it, WebRTC's own processing in C++ (AEC3, noise suppression, gain control; from the Python
//! package `aec-audio-processing`) and Chromium's on the same recordings.
//!
//! Everything but the processor's time, Chromium and the way from mouth to ear is computed and comes
//! out the same each time.

mod cases;
mod chromium;
mod ear;
mod judge;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use devices::voice::VoiceProcessing;
use media::backend::voice::{VoiceBackend, VoiceSettings};
use media::time::TimeDelta;
use rustix::time::{ClockId, clock_gettime};
use scenarios::material::{material, write_wav};
use scenarios::program;
use scenarios::sound::Recording;
use scenarios::speaker_delay;
use scenarios::turn::{missing, skip};
use scenarios::usage::resident_kib;

use self::cases::{Case, cases};
use self::chromium::Chromium;
use self::judge::Judge;

/// How much to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Without WebRTC's processing, PESQ and STOI, for which Python is needed.
    #[arg(long)]
    ours_only: bool,
    /// Without Chromium, which takes as long as it sounds: six minutes.
    #[arg(long)]
    without_chromium: bool,
}

/// What sound went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Nothing,
    Echo,
    Noise,
    Gain,
    All,
    Webrtc,
    Chromium,
}

impl Way {
    const OURS: [Self; 5] = [
        Self::Nothing,
        Self::Echo,
        Self::Noise,
        Self::Gain,
        Self::All,
    ];
    const EVERY: [Self; 7] = [
        Self::Nothing,
        Self::Echo,
        Self::Noise,
        Self::Gain,
        Self::All,
        Self::Webrtc,
        Self::Chromium,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Echo => "echo",
            Self::Noise => "noise",
            Self::Gain => "gain",
            Self::All => "all",
            Self::Webrtc => "webrtc",
            Self::Chromium => "chromium",
        }
    }

    fn settings(self) -> VoiceSettings {
        VoiceSettings {
            echo_cancellation: matches!(self, Self::Echo | Self::All),
            noise_suppression: matches!(self, Self::Noise | Self::All),
            auto_gain_control: matches!(self, Self::Gain | Self::All),
        }
    }
}

/// What became of a case on one way.
struct Outcome {
    /// As late as nothing.
    sent: Vec<f32>,
    /// PESQ (wideband) and STOI of the voice.
    quality: Option<(f64, f64)>,
}

/// A case and what became of it.
struct Judged {
    case: Case,
    heard: media::testing::room::Heard,
    outcomes: BTreeMap<Way, Outcome>,
}

/// What a way costs.
struct Cost {
    micros: f64,
    delay: Duration,
    kib: f64,
}

/// Measures and prints the tables.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let material = material().await?;
    let dir = program::target()?.join("bench/voice");
    fs::create_dir_all(&dir)?;
    let judge = if options.ours_only {
        None
    } else {
        Some(Judge::prepare(&dir).await?)
    };
    let chromium = browser(options, &material.voices[1]).await?;
    let cases = cases(&material.voices);
    let costs = costs(&cases[0])?;
    let mut results = Vec::new();
    for case in cases {
        println!("{} …", case.name);
        results.push(one(case, &dir, judge.as_ref(), chromium.as_ref()).await?);
    }
    if let Some(chromium) = chromium {
        chromium.close().await?;
    }
    println!("mouth to ear …");
    let ear = ear::measure(&material).await?;
    println!("{}", table::tables(&results, &costs, &ear, material.real));
    Ok(())
}

/// Chromium, where it is there and wanted.
async fn browser(options: &Options, voice: &[f32]) -> Result<Option<Chromium>> {
    if options.ours_only || options.without_chromium {
        return Ok(None);
    }
    if let Some(program) = missing(chromium::NEEDED) {
        skip("Chromium's processing", &format!("there is no {program}"));
        return Ok(None);
    }
    Ok(Some(Chromium::open(voice).await?))
}

async fn one(
    case: Case,
    dir: &Path,
    judge: Option<&Judge>,
    chromium: Option<&Chromium>,
) -> Result<Judged> {
    let heard = case.scene.heard();
    let mut outcomes = BTreeMap::new();
    for way in Way::OURS {
        let mut processor = VoiceProcessing.processor(way.settings());
        let sent = match case.overstated_ms.map(TimeDelta::from_millis) {
            None => case.scene.run(&heard, &mut *processor),
            Some(by) => speaker_delay::processed(&case.scene, &heard, &mut *processor, by),
        };
        let late = samples(processor.delay());
        outcomes.insert(way, outcome(sent, late));
    }
    // What the engine tells a processor, WebRTC's program tells its own in another way.
    if let Some(judge) = judge
        && case.overstated_ms.is_none()
    {
        let file = |what: &str| dir.join(format!("{}.{what}.wav", case.name.replace(' ', "-")));
        write_wav(&file("microphone"), &heard.microphone)?;
        write_wav(&file("far"), &case.scene.far)?;
        write_wav(&file("voice"), &heard.voice)?;
        if let Some(chromium) = chromium {
            let far = &case.scene.far;
            let sent = chromium.processed(&heard.microphone, far).await?;
            outcomes.insert(Way::Chromium, outcome(sent, chromium::LATE));
        }
        for (way, outcome) in &outcomes {
            write_wav(&file(way.name()), &outcome.sent)?;
        }
        let ways: Vec<Way> = outcomes.keys().copied().collect();
        let said = judge.judge(&file, &case, &ways).await?;
        let sent = Recording::read(&file("webrtc"))?.samples;
        outcomes.insert(Way::Webrtc, outcome(sent, said.webrtc_late));
        for (way, outcome) in &mut outcomes {
            outcome.quality = said.quality.get(way.name()).copied();
        }
    }
    Ok(Judged {
        case,
        heard,
        outcomes,
    })
}

fn outcome(mut sent: Vec<f32>, late: usize) -> Outcome {
    sent.drain(..late.min(sent.len()));
    Outcome {
        sent,
        quality: None,
    }
}

/// The processor's time, delay and memory of each way.
fn costs(case: &Case) -> Result<BTreeMap<Way, Cost>> {
    let pid = i32::try_from(std::process::id())?;
    let heard = case.scene.heard();
    let frames = heard.microphone.len() as f64 / 480.0;
    let mut costs = BTreeMap::new();
    // Nothing is let go meanwhile: memory that is used again would not show.
    let mut all_kept = Vec::new();
    for way in Way::OURS {
        let before = resident_kib(pid)?;
        let mut micros = Vec::new();
        let mut kept = Vec::new();
        for _ in 0..PROCESSORS {
            let mut processor = VoiceProcessing.processor(way.settings());
            let begun = clock_gettime(ClockId::ThreadCPUTime);
            let sent = case.scene.run(&heard, &mut *processor);
            let ended = clock_gettime(ClockId::ThreadCPUTime);
            drop(sent);
            let spent = (ended.tv_sec - begun.tv_sec) as f64 * 1e6
                + (ended.tv_nsec - begun.tv_nsec) as f64 / 1e3;
            micros.push(spent / frames);
            kept.push(processor);
        }
        let grown = resident_kib(pid)? - before;
        let cost = Cost {
            micros: micros.into_iter().fold(f64::MAX, f64::min),
            delay: kept[0].delay(),
            kib: grown / f64::from(PROCESSORS),
        };
        costs.insert(way, cost);
        all_kept.push(kept);
    }
    Ok(costs)
}

fn samples(time: Duration) -> usize {
    (time.as_secs_f64() * 48_000.0).round() as usize
}

/// As many as make their memory show; the quickest of them counts, since others only disturb.
const PROCESSORS: u32 = 5;
