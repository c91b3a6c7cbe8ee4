//! No secret and no token where anybody could read it: logs, files, command lines, what a program says.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use call::carrier::Carrier;
use scenarios::livekit::LiveKit;
use scenarios::peer::{Peer, address};
use scenarios::program::built;
use scenarios::relay::Relay;
use scenarios::turn::turn;
use scenarios::usage::tree;
use scenarios::world::{SOON, World, fresh};
use tempfile::TempDir;
use tokio::process::Command;

#[tokio::test]
async fn no_secret_and_no_token_is_logged_kept_or_told() -> Result<()> {
    let _turn = turn().await;
    let Some(mut world) = World::new(Carrier::LiveKit).await? else {
        return Ok(());
    };
    let place = TempDir::new()?;
    let mut options = world.server()?.running.relay_options()?;
    options.extend(["--log", "trace"].map(str::to_owned));
    let logged = |name: &str| logging(name, place.path());
    let relay = Relay::start_by(logged("tincan-relay")?, "127.0.0.1:0", &options).await?;
    let homes = ["bea", "ada"].map(|it| place.path().join(it));
    let bea_is = address(&homes[0]).await?;
    let start = |at: usize, words: &[&str]| {
        let words = [words, &SYNTHETIC].concat();
        let command = logging("tincan", &homes[at])?;
        Peer::start_plain(command, "logging", &homes[at], relay.url(), &words)
    };
    let mut bea = start(0, &["answer", "--auto", "--once"])?;
    bea.online(SOON).await?;
    let mut ada = start(1, &["call", &bea_is, "--via", "livekit"])?;
    for peer in [&mut ada, &mut bea] {
        peer.phase("connected", SOON).await?;
    }
    fresh(&mut ada).await?;
    for pid in [ada.program().pid(), bea.program().pid(), relay.pid()] {
        for process in tree(pid) {
            for file in ["cmdline", "environ"] {
                let read = std::fs::read(format!("/proc/{process}/{file}"));
                let read = read.context("a process that runs")?;
                nothing_secret(&read, &format!("{file} of {process}"))?;
            }
        }
    }
    ada.say("end").await?;
    for peer in [&mut ada, &mut bea] {
        ensure!(peer.ended(SOON).await?.success());
        for line in peer.lines() {
            nothing_secret(line.to_string().as_bytes(), "a line")?;
        }
    }
    world.is_left(1).await?;
    drop(relay);
    let mut read = 0;
    all_files(place.path(), &mut |path, bytes| {
        read += bytes.len();
        nothing_secret(bytes, &path.display().to_string())
    })?;
    // The programs did write.
    for name in ["ada/tincan.log", "bea/tincan.log"] {
        let log = std::fs::read_to_string(place.path().join(name))?;
        ensure!(log.contains("joined"), "{name} tells nothing of a room");
    }
    let log = std::fs::read_to_string(place.path().join("tincan-relay.log"))?;
    ensure!(log.contains("LiveKit"), "the relay tells nothing: {log}");
    ensure!(read > 10_000, "{read} bytes were read");
    Ok(())
}

#[test]
fn what_is_secret_is_found() {
    for planted in [LiveKit::SECRET, "a eyJhbGciOiJIUzI1NiJ9.e30.x", "Bearer x"] {
        let text = format!("12:00 INFO call{{id=1}}: {planted}\n");
        assert!(
            nothing_secret(text.as_bytes(), "a log").is_err(),
            "{planted}"
        );
    }
    assert!(nothing_secret(b"12:00 INFO joined server=1.13.5", "a log").is_ok());
}

/// A program of ours that writes all that it can log into a file there.
fn logging(name: &str, place: &Path) -> Result<Command> {
    std::fs::create_dir_all(place)?;
    let mut command = Command::new("sh");
    // The shell opens the file and is gone: the process is the program's own.
    command
        .args(["-c", r#"exec "$0" "$@" 2>"$LOG_FILE""#])
        .arg(built(name)?)
        .env("LOG_FILE", place.join(format!("{name}.log")))
        .env("RUST_LOG", "trace");
    Ok(command)
}

/// Nothing of it is the API's secret, a JWT (each begins with `{"` in base64url), or stands where a
/// request carries one.
fn nothing_secret(bytes: &[u8], of: &str) -> Result<()> {
    for secret in [LiveKit::SECRET.as_bytes(), b"eyJ", b"Bearer "] {
        let found = bytes.windows(secret.len()).position(|it| it == secret);
        if let Some(at) = found {
            let around = &bytes[at.saturating_sub(80)..(at + 80).min(bytes.len())];
            anyhow::bail!("{of}: {}", String::from_utf8_lossy(around));
        }
    }
    Ok(())
}

fn all_files(directory: &Path, look: &mut impl FnMut(&Path, &[u8]) -> Result<()>) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            all_files(&path, look)?;
        } else {
            look(&path, &std::fs::read(&path)?)?;
        }
    }
    Ok(())
}

const SYNTHETIC: [&str; 6] = scenarios::devices::SYNTHETIC;
