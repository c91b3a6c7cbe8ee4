//! The tables.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use media::testing::room::{erle_db, level_dbfs, part};

use super::cases::{Kind, SECONDS, TALKS_FROM_S};
use super::ear::Ear;
use super::{Cost, Judged, Way};

/// Everything that was found.
pub(crate) fn tables(
    results: &[Judged],
    costs: &BTreeMap<Way, Cost>,
    ear: &Ear,
    real: bool,
) -> String {
    let mut out = String::new();
    if !real {
        out.push_str("\nSynthetic speech: the real one could not be had.\n");
    }
    let mut rows = Vec::new();
    heading(&mut out, "Echo, dB softer (at 1 to 3 s / from 5 s)");
    for result in results {
        if matches!(result.case.kind, Kind::Echo | Kind::NoisyEcho) {
            let erle = |sent: &[f32]| {
                let of = |from, to| erle_db(&result.heard, sent, Duration::ZERO, from, to);
                (of(1.0, 3.0), of(5.0, SECONDS - 0.2))
            };
            row(&mut out, result, |outcome| {
                let (soon, then) = erle(&outcome.sent);
                format!("{soon:.1} / {then:.1}")
            });
            if result.case.kind == Kind::Echo {
                let (soon, then) = erle(&result.outcomes[&Way::All].sent);
                rows.push(goal(result.case.name, soon, ">= 24", soon >= 24.0));
                rows.push(goal(result.case.name, then, ">= 30", then >= 30.0));
            }
        }
    }
    heading(&mut out, "A voice (PESQ wideband / STOI / dB louder)");
    for result in results {
        if result.case.kind == Kind::Voice {
            row(&mut out, result, |outcome| {
                let louder = louder(&result.heard.voice, &outcome.sent, TALKS_FROM_S + 4.0);
                let quality = outcome.quality;
                quality.map_or_else(
                    || format!("{louder:+.1}"),
                    |(pesq, stoi)| format!("{pesq:.2} / {stoi:.3} / {louder:+.1}"),
                )
            });
            rows.extend(no_worse(result));
        }
    }
    heading(&mut out, "Loudness that is sent, dBFS from 8 s on");
    for result in results {
        if matches!(result.case.kind, Kind::Level | Kind::Babble) {
            row(&mut out, result, |outcome| {
                format!("{:.1}", sent_level(&outcome.sent))
            });
        }
    }
    heading(&mut out, "Gain in babble, dB");
    for result in results {
        if result.case.kind == Kind::Babble {
            row(&mut out, result, |outcome| {
                format!(
                    "{:+.1}",
                    louder(&result.heard.microphone, &outcome.sent, 8.0)
                )
            });
        }
    }
    heading(&mut out, "Cost (µs a 10 ms / ms of delay / KiB)");
    let _ = write!(out, "{:<24}", "");
    for way in Way::OURS {
        let cost = &costs[&way];
        let late = cost.delay.as_secs_f64() * 1e3;
        let cell = format!("{:.0} / {late:.0} / {:.0}", cost.micros, cost.kib);
        let _ = write!(out, "{cell:>24}");
    }
    out.push('\n');
    rows.extend(levels(results));
    let all = &costs[&Way::All];
    rows.push(goal(
        "µs a 10 ms",
        all.micros as f32,
        "<= 300",
        all.micros <= 300.0,
    ));
    let late = all.delay.as_secs_f32() * 1e3;
    rows.push(goal("ms of delay", late, "<= 22", late <= 22.0));
    let (off, on) = (ear.unprocessed_ms, ear.processed_ms);
    let _ = writeln!(
        out,
        "\nMouth to ear in a call, ms: {off:.1} unprocessed, {on:.1} processed"
    );
    let more = on - off;
    let most = f64::from(late) + MEASURED_WITHIN_MS;
    let limit = format!("<= {most:.1}");
    rows.push(goal(
        "ms later in the ear",
        more as f32,
        &limit,
        more <= most,
    ));
    let _ = write!(out, "\nGoals, everything on\n{}", rows.concat());
    out
}

fn heading(out: &mut String, text: &str) {
    let _ = write!(out, "\n{text}\n{:<24}", "");
    for way in Way::EVERY {
        let _ = write!(out, "{:>24}", way.name());
    }
    out.push('\n');
}

fn row(out: &mut String, result: &Judged, cell: impl Fn(&super::Outcome) -> String) {
    let _ = write!(out, "{:<24}", result.case.name);
    for way in Way::EVERY {
        let cell = result.outcomes.get(&way).map_or_else(String::new, &cell);
        let _ = write!(out, "{cell:>24}");
    }
    out.push('\n');
}

fn goal(name: &str, value: f32, goal: &str, met: bool) -> String {
    let met = if met { "met" } else { "not met" };
    format!("{name:<40}{value:>8.2}   {goal}: {met}\n")
}

/// A voice is heard no worse than with Chromium's processing, or WebRTC's where there is none.
fn no_worse(result: &Judged) -> Vec<String> {
    let quality = |way| {
        result
            .outcomes
            .get(&way)
            .and_then(|outcome: &super::Outcome| outcome.quality)
    };
    let theirs = quality(Way::Chromium).or_else(|| quality(Way::Webrtc));
    let (Some(ours), Some(theirs)) = (quality(Way::All), theirs) else {
        return Vec::new();
    };
    let row = |what: &str, ours: f64, theirs: f64| {
        let name = format!("{}, {what}", result.case.name);
        goal(
            &name,
            ours as f32,
            &format!(">= {theirs:.2}"),
            ours >= theirs,
        )
    };
    vec![row("PESQ", ours.0, theirs.0), row("STOI", ours.1, theirs.1)]
}

/// All who talk are sent equally loud.
fn levels(results: &[Judged]) -> Option<String> {
    let of_voices = results.iter().filter(|it| it.case.kind == Kind::Level);
    let levels: Vec<f32> = of_voices
        .map(|result| sent_level(&result.outcomes[&Way::All].sent))
        .collect();
    let loudest = levels.iter().copied().reduce(f32::max)?;
    let softest = levels.iter().copied().reduce(f32::min)?;
    let apart = (loudest - softest) / 2.0;
    Some(goal("levels, ± dB", apart, "<= 3", apart <= 3.0))
}

fn sent_level(sent: &[f32]) -> f32 {
    level_dbfs(part(sent, 8.0, SECONDS - 0.2))
}

fn louder(before: &[f32], sent: &[f32], from_s: f64) -> f32 {
    let to_s = SECONDS - 0.2;
    level_dbfs(part(sent, from_s, to_s)) - level_dbfs(part(before, from_s, to_s))
}

/// Calls differ by as much in how their callbacks lie.
const MEASURED_WITHIN_MS: f64 = 3.0;
