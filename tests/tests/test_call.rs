//! `tincan test-call`: a whole call within one program, which gives back what was said and shown.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use scenarios::devices::SYNTHETIC;
use scenarios::lab::Lab;
use scenarios::peer::SMALL;
use scenarios::program::{Program, built};
use scenarios::turn::{skip, turn};
use serde_json::Value;
use store::Store;
use tempfile::TempDir;
use tokio::process::Command;

/// Runs it with these words for six seconds; its exit status, and all that it said.
async fn test_call(command: Command, home: &TempDir, words: &[&str]) -> Result<(i32, Vec<String>)> {
    let mut command = command;
    command
        .args(["test-call", "--seconds", "6"])
        .args(words)
        .arg("--data")
        .arg(home.path());
    let mut program = Program::start("test-call", &mut command)?;
    let mut lines = Vec::new();
    while let Some(line) = program.line(SOON).await? {
        lines.push(line);
    }
    let status = program.ended(SOON).await?;
    Ok((status.code().context("it was killed")?, lines))
}

/// What the last line of JSON says that was found.
fn found(lines: &[String]) -> Result<Value> {
    let last = lines.last().context("it said nothing")?;
    let mut last: Value = serde_json::from_str(last)?;
    Ok(last["testCall"].take())
}

fn number(found: &Value, name: &str) -> f64 {
    found[name].as_f64().unwrap_or(f64::NAN)
}

/// Whether all came back, and no later than people can talk.
fn assert_good(found: &Value, fps: f64) {
    assert_eq!(found["ok"], true, "{found:#}");
    assert_eq!(found["problems"].as_array().map(Vec::len), Some(0));
    assert_eq!(found["heardYou"], true, "{found:#}");
    for delay in ["voiceDelayMs", "pictureDelayMs"] {
        let late = number(found, delay);
        assert!((1.0..600.0).contains(&late), "{delay} {found:#}");
    }
    assert!(number(found, "roundTripMs") < 50.0, "{found:#}");
    assert!(number(found, "echoGainDb").abs() < 12.0, "{found:#}");
    assert!(number(found, "framesPerSecond") > 0.7 * fps, "{found:#}");
    for loss in ["audioLoss", "videoLoss", "remoteLoss"] {
        assert!(number(found, loss) < 0.02, "{loss} {found:#}");
    }
}

#[tokio::test]
async fn voice_and_picture_come_back_and_nothing_is_remembered() -> Result<()> {
    let _turn = turn().await;
    let home = tempfile::tempdir()?;
    let words = [&SYNTHETIC[..], &SMALL, &["--json"]].concat();
    let (status, lines) = test_call(Command::new(built("tincan")?), &home, &words).await?;
    let found = found(&lines)?;
    assert_good(&found, 15.0);
    assert_eq!(found["frameWidth"], 320, "{found:#}");
    assert_eq!(status, 0);
    let store = Store::open(home.path())?;
    assert_eq!(store.history(), []);
    assert_eq!(store.people(), []);
    Ok(())
}

#[tokio::test]
async fn it_works_beside_the_program_that_holds_the_profile() -> Result<()> {
    let _turn = turn().await;
    let home = tempfile::tempdir()?;
    let _held = Store::open(home.path())?;
    let words = [&SYNTHETIC[..], &SMALL, &["--json"]].concat();
    let (status, lines) = test_call(Command::new(built("tincan")?), &home, &words).await?;
    assert_good(&found(&lines)?, 15.0);
    assert_eq!(status, 0);
    Ok(())
}

#[tokio::test]
async fn a_machine_whose_only_network_is_loopback_can_make_a_test_call() -> Result<()> {
    let _turn = turn().await;
    let lab = match Lab::start() {
        Ok(lab) => lab,
        Err(why) => {
            skip("a test call without a network", &format!("{why:#}"));
            return Ok(());
        }
    };
    let host = lab.host()?;
    let home = tempfile::tempdir()?;
    let words = [&SYNTHETIC[..], &SMALL, &["--json"]].concat();
    let (status, lines) = test_call(host.command(&built("tincan")?), &home, &words).await?;
    assert_good(&found(&lines)?, 15.0);
    assert_eq!(status, 0);
    Ok(())
}

#[tokio::test]
async fn a_microphone_that_is_missing_is_said_and_people_read_sentences() -> Result<()> {
    let _turn = turn().await;
    let home = tempfile::tempdir()?;
    let devices = [
        "--camera",
        "none",
        "--microphone",
        "none",
        "--speaker",
        "none",
    ];
    let (status, lines) = test_call(Command::new(built("tincan")?), &home, &devices).await?;
    assert_eq!(status, 24, "{lines:#?}");
    let told = lines.join("\n");
    ensure!(
        told.contains("Not well: the microphone does not work."),
        "{told}"
    );
    ensure!(told.contains("Round trip"), "{told}");
    ensure!(!told.contains("picture came back"), "{told}");
    Ok(())
}

const SOON: Duration = Duration::from_secs(20);
