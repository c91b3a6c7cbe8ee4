//! A measured call between two windows, as one JSON object.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::duo::{Duo, NAMES, Side};
use scenarios::material::{Material, material};
use scenarios::program::target;
use serde_json::{Map, Value, json};

use crate::sources::{Sources, relay};

/// Prints the figures as the last line; fails when one of them could not be measured.
pub(crate) async fn run(sources: &Sources, seconds: u64) -> Result<()> {
    let material = material().await?;
    let homes = tempfile::tempdir()?;
    let mut args = Duo::args(homes.path(), &material);
    for (at, args) in args.iter_mut().enumerate() {
        replace(args, sources);
        args.extend(sources.ways());
        println!("{}: {}", NAMES[at], args.join(" "));
    }
    let server = sources.server().await?;
    let measured = async {
        let relay = relay(server.as_ref()).await?;
        let duo = Duo::open_at(relay, homes.path(), args, None).await?;
        measure(duo, &material, seconds).await
    };
    let measured = measured.await;
    let connected = measured.is_ok();
    let measured = measured.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        Measured::default()
    });
    let report = report(connected, &measured);
    println!("{report}");
    ensure!(
        report["ok"] == true,
        "not all could be measured, or not all is well"
    );
    let through_server = measured
        .paths
        .iter()
        .all(|it| it.as_deref() == Some("server"));
    ensure!(
        through_server == server.is_some(),
        "the call took another way"
    );
    Ok(())
}

/// What the call was like, at Ada's and at Bea's.
#[derive(Debug, Default)]
struct Measured {
    sides: [Side; 2],
    paths: [Option<String>; 2],
    reasons: [Option<String>; 2],
}

async fn measure(duo: Duo, material: &Material, seconds: u64) -> Result<Measured> {
    duo.call().await?;
    let half = Duration::from_secs_f64(seconds as f64 / 2.0);
    let sides = duo.measure(material, half, half).await?;
    let run = target()?.join("run");
    std::fs::create_dir_all(&run)?;
    for (name, screen) in NAMES.into_iter().zip(&duo.screens) {
        screen.save(&run.join(format!("{name}.png"))).await?;
    }
    let paths = duo.windows.each_ref().map(|window| {
        let figures = window.figures()?;
        figures["path"].as_str().map(ToOwned::to_owned)
    });
    duo.end().await?;
    Ok(Measured {
        sides,
        paths,
        reasons: duo.windows.each_ref().map(|window| window.end_reason()),
    })
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

fn report(connected: bool, measured: &Measured) -> Value {
    let Measured {
        sides,
        paths,
        reasons,
    } = measured;
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
    set("path", json!({ "ada": paths[0], "bea": paths[1] }));
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
