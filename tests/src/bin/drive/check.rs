//! A measured call between two windows, as one JSON object.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::duo::{Duo, NAMES, Side};
use scenarios::material::{Material, material};
use scenarios::program::target;
use serde_json::{Map, Value, json};

use crate::Sources;

/// Prints the figures as the last line; fails when one of them could not be measured.
pub(crate) async fn run(sources: &Sources, seconds: u64) -> Result<()> {
    let material = material().await?;
    let homes = tempfile::tempdir()?;
    let mut args = Duo::args(homes.path(), &material);
    for (at, args) in args.iter_mut().enumerate() {
        replace(args, sources);
        args.extend(
            sources
                .picture
                .iter()
                .flat_map(|it| ["--picture".to_owned(), it.clone()]),
        );
        println!("{}: {}", NAMES[at], args.join(" "));
    }
    let measured = measure(homes.path(), args, &material, seconds).await;
    let (connected, sides, reasons) = match measured {
        Ok((sides, reasons)) => (true, sides, reasons),
        Err(error) => {
            eprintln!("{error:#}");
            (false, [Side::default(), Side::default()], [None, None])
        }
    };
    let report = report(connected, &sides, &reasons);
    println!("{report}");
    ensure!(
        report["ok"] == true,
        "not all could be measured, or not all is well"
    );
    Ok(())
}

type Measured = ([Side; 2], [Option<String>; 2]);

async fn measure(
    homes: &std::path::Path,
    args: [Vec<String>; 2],
    material: &Material,
    seconds: u64,
) -> Result<Measured> {
    let duo = Duo::open(homes, args, None).await?;
    duo.call().await?;
    let half = Duration::from_secs_f64(seconds as f64 / 2.0);
    let sides = duo.measure(material, half, half).await?;
    let run = target()?.join("run");
    std::fs::create_dir_all(&run)?;
    for (name, screen) in NAMES.into_iter().zip(&duo.screens) {
        screen.save(&run.join(format!("{name}.png"))).await?;
    }
    duo.end().await?;
    let reasons = duo.windows.each_ref().map(|window| window.end_reason());
    Ok((sides, reasons))
}

/// Devices that were asked for take the place of the material's.
fn replace(args: &mut [String], sources: &Sources) {
    for (name, wanted) in [
        ("--camera", &sources.camera),
        ("--microphone", &sources.microphone),
    ] {
        let at = args.iter().position(|arg| arg == name);
        if let (Some(at), Some(wanted)) = (at, wanted) {
            args[at + 1].clone_from(wanted);
        }
    }
}

fn report(connected: bool, sides: &[Side; 2], reasons: &[Option<String>; 2]) -> Value {
    let each = |value: &dyn Fn(&Side) -> Option<f64>| -> Value {
        let sides = NAMES.into_iter().zip(sides);
        let rounded = |value: f64| (value * 100.0).round() / 100.0;
        sides
            .map(|(name, side)| (name.to_owned(), json!(value(side).map(rounded))))
            .collect()
    };
    let mut report = Map::new();
    let mut set = |name: &str, value: Value| report.insert(name.to_owned(), value);
    set("connected", json!(connected));
    set(
        "accept_to_first_frame_ms",
        each(&|side| side.accept_to_first_frame_ms),
    );
    set(
        "accept_to_first_audio_ms",
        each(&|side| side.accept_to_first_audio_ms),
    );
    set("fps_rendered", each(&|side| side.fps));
    let glass = json!({
        "p50": each(&|side| side.glass_p50_ms),
        "p95": each(&|side| side.glass_p95_ms),
    });
    set("glass_to_glass_ms", glass);
    set("mouth_to_ear_ms", each(&|side| side.mouth_to_ear_ms));
    set("audio_correlation", each(&|side| side.correlation));
    set("lip_sync_ms", each(&Side::lip_sync_ms));
    set("cpu_cores", each(&|side| side.cores));
    set("pss_mib", each(&|side| side.pss_mib));
    set(
        "end_reason",
        json!({ "ada": reasons[0], "bea": reasons[1] }),
    );
    let ended = [
        Some("remoteHangup".to_owned()),
        Some("localHangup".to_owned()),
    ];
    let heard = sides
        .iter()
        .all(|side| side.correlation.is_some_and(|it| it > LIKE));
    let ok = connected && heard && *reasons == ended && !report.values().any(has_null);
    report.insert("ok".to_owned(), json!(ok));
    Value::Object(report)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().any(has_null),
        Value::Array(items) => items.iter().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// From here on it is the same sound: a codec and a resampler leave more, another voice less.
const LIKE: f64 = 0.5;
