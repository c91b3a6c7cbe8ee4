//! How the window's program starts where something of the desktop is broken, and how it ends when
//! the desktop goes.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use scenarios::clock;
use scenarios::devices::SYNTHETIC;
use scenarios::peer::{Peer, address};
use scenarios::program::{Program, built};
use scenarios::relay::Relay;
use scenarios::screen::Screen;
use scenarios::sound_server::SoundServer;
use scenarios::turn::{missing, skip, turn};
use scenarios::window::{Options, Window};
use serde_json::Value;
use store::{HistoryEntry, Store, StoreError};
use tokio::process::Command;
use tokio::time::sleep;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_window_opens_without_a_session_bus() -> Result<()> {
    let _turn = turn().await;
    let Some(screen) = screen("starts without a bus").await? else {
        return Ok(());
    };
    let homes = tempfile::tempdir()?;
    let hanging = homes.path().join("bus");
    let _listener = UnixListener::bind(&hanging)?;
    let hanging = format!("unix:path={}", hanging.display());
    let named = ["disabled:", "garbage", "", "unix:path=/no/bus", &hanging].map(Some);
    for (n, bus) in named.into_iter().chain([None]).enumerate() {
        let home = homes.path().join(n.to_string());
        let mut command = app(&home, Some(&screen))?;
        match bus {
            Some(bus) => command.env("DBUS_SESSION_BUS_ADDRESS", bus),
            // Where none is named, the user's own counts: here, the one that hangs.
            None => command.env("XDG_RUNTIME_DIR", homes.path()),
        };
        let mut window = Program::start("app", &mut command)?;
        is_up(&home)
            .await
            .with_context(|| format!("with {bus:?}"))?;
        signal(window.pid(), Signal::TERM)?;
        let status = window.ended(SOON).await?;
        ensure!(status.success(), "with {bus:?} it ended with {status}");
    }
    Ok(())
}

#[tokio::test]
async fn a_start_without_a_display_says_so() -> Result<()> {
    let home = tempfile::tempdir()?;
    let started = app(home.path(), None)?.output().await?;
    ensure!(started.status.code() == Some(1), "{:?}", started.status);
    let said = String::from_utf8_lossy(&started.stderr);
    ensure!(said.contains("no display"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_window_finds_a_sound_server_on_the_network_and_needs_no_cookie() -> Result<()> {
    let _turn = turn().await;
    let Some(screen) = screen("sound by the network").await? else {
        return Ok(());
    };
    if let Some(program) = missing(&["pulseaudio", "pactl"]) {
        skip("sound by the network", &format!("there is no {program}"));
        return Ok(());
    }
    let homes = tempfile::tempdir()?;
    let sound = SoundServer::start(&["ann"]).await?;
    let relay = Relay::start().await?;
    let options = Options {
        name: "ann",
        home: homes.path(),
        relay: relay.url(),
        args: ["--camera", "none"].map(str::to_owned).to_vec(),
        sound: Some(sound.tcp_address()),
        bus: None,
    };
    let ann = Window::open(&screen, &options).await?;
    // It rings there and nobody answers; the microphone is open meanwhile.
    let theirs = homes.path().join("bob");
    let to = address(&theirs).await?;
    let _bob = Peer::start(
        "bob",
        &theirs,
        relay.url(),
        &["answer", "--speaker", "none"],
    )?;
    ann.call(&to).await?;
    let works = |line: &Value| line["devices"]["microphone"]["kind"] == "real";
    ann.until("microphone", SOON, works).await?;
    ann.close().await
}

#[tokio::test]
async fn a_second_start_shows_the_first_and_says_when_that_is_frozen() -> Result<()> {
    let _turn = turn().await;
    let Some(screen) = screen("second starts").await? else {
        return Ok(());
    };
    let home = tempfile::tempdir()?;
    let first = Program::start("app", &mut app(home.path(), Some(&screen))?)?;
    is_up(home.path()).await?;
    // Without a display there is nobody to close the box in which a start that fails explains it.
    let second = async || app(home.path(), None)?.output().await.context("no output");

    let handed_over = second().await?;
    ensure!(handed_over.status.success(), "{handed_over:?}");

    signal(first.pid(), Signal::STOP)?;
    let frozen = second().await?;
    signal(first.pid(), Signal::CONT)?;
    ensure!(frozen.status.code() == Some(1), "{:?}", frozen.status);
    let said = String::from_utf8_lossy(&frozen.stderr);
    ensure!(said.contains("does not answer"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_call_ends_with_a_goodbye_when_the_terminal_or_the_display_goes() -> Result<()> {
    let _turn = turn().await;
    for gone in ["terminal", "display"] {
        let Some(screen) = screen("ends with the desktop").await? else {
            return Ok(());
        };
        let homes = tempfile::tempdir()?;
        let relay = Relay::start().await?;
        let theirs = homes.path().join("bob");
        let to = address(&theirs).await?;
        let words = [
            "answer",
            "--auto",
            "--camera",
            "none",
            "--microphone",
            "none",
        ];
        let mut bob = Peer::start("bob", &theirs, relay.url(), &words)?;
        let ours = homes.path().join("ann");
        let options = Options {
            name: "ann",
            home: &ours,
            relay: relay.url(),
            args: SYNTHETIC.map(str::to_owned).to_vec(),
            sound: None,
            bus: None,
        };
        let ann = Window::open(&screen, &options).await?;
        ann.call(&to).await?;
        bob.phase("connected", SOON).await?;
        ann.shows("call", SOON).await?;
        if gone == "terminal" {
            signal(ann.pid(), Signal::HUP)?;
        } else {
            signal(screen.pid(), Signal::KILL)?;
        }
        let ended = bob.state("ended", Duration::from_secs(3)).await;
        let ended = ended.with_context(|| format!("no goodbye when the {gone} went"))?;
        assert_eq!(ended["reason"], "remoteHangup", "the {gone}");
        let kept = history(&ours.join("data")).await?;
        assert_eq!(kept.reason, "localHangup", "the {gone}");
        assert!(kept.lasted_ms.is_some(), "the {gone}: {kept:?}");
    }
    Ok(())
}

async fn screen(scenario: &str) -> Result<Option<Screen>> {
    if let Some(program) = missing(&["Xvfb", "WebKitWebDriver"]) {
        skip(scenario, &format!("there is no {program}"));
        return Ok(None);
    }
    Ok(Some(Screen::start(1280, 800).await?))
}

/// The window's program, alone on its screen or without any.
fn app(home: &Path, screen: Option<&Screen>) -> Result<Command> {
    std::fs::create_dir_all(home)?;
    let mut command = Command::new(built("tincan-app")?);
    command.arg("--data").arg(home.join("data")).args(SYNTHETIC);
    command.args(["--lan", "off"]);
    command.env("HOME", home).env("XDG_RUNTIME_DIR", home);
    command
        .env("GDK_BACKEND", "x11")
        .env_remove("WAYLAND_DISPLAY");
    command
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env("NO_AT_BRIDGE", "1");
    match screen {
        Some(screen) => command.env("DISPLAY", screen.display()),
        None => command.env_remove("DISPLAY"),
    };
    Ok(command)
}

/// Waits until the window is there: it listens for second starts from then on.
async fn is_up(home: &Path) -> Result<()> {
    let until = clock::now() + SOON;
    while !home.join("data/window.json").exists() {
        ensure!(clock::now() < until, "there is no window");
        sleep(Duration::from_millis(50)).await;
    }
    // Its requests to end are heard a moment later.
    sleep(Duration::from_millis(500)).await;
    Ok(())
}

/// The only past call that is written down, once the program has ended.
async fn history(data: &Path) -> Result<HistoryEntry> {
    let until = clock::now() + SOON;
    loop {
        match Store::open(data) {
            Ok(store) => {
                let [call] = store.history() else {
                    bail!("the history is {:?}", store.history());
                };
                return Ok(call.clone());
            }
            Err(StoreError::InUse(_)) => ensure!(clock::now() < until, "it does not end"),
            Err(error) => return Err(error.into()),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

fn signal(pid: i32, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(pid).context("no process")?;
    Ok(kill_process(pid, signal)?)
}
