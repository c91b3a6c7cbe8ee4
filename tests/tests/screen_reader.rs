//! What a screen reader finds in the real window, screen by screen: everything that can be operated
//! says what it does, and who is on the other side is said.

use std::fs;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use scenarios::desktop::{Desktop, NEEDED};
use scenarios::devices::SYNTHETIC;
use scenarios::peer::Peer;
use scenarios::relay::Relay;
use scenarios::screen_reader::{Control, Node, Role, ScreenReader};
use scenarios::turn::{missing, skip, turn};
use scenarios::window::{Options, Window};
use tokio::time::sleep;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn everything_that_can_be_operated_has_a_name_for_a_screen_reader() -> Result<()> {
    let _turn = turn().await;
    let needed = NEEDED.iter().chain(&["Xvfb", "WebKitWebDriver", "xclip"]);
    let needed: Vec<&str> = needed.copied().collect();
    if let Some(program) = missing(&needed) {
        skip("the screen reader", &format!("there is no {program}"));
        return Ok(());
    }
    let desktop = Desktop::start(1280, 800).await?;
    let reader = ScreenReader::start(desktop.bus()).await?;
    let homes = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let options = Options {
        name: "bea",
        home: &homes.path().join("bea"),
        relay: relay.url(),
        args: SYNTHETIC.map(str::to_owned).to_vec(),
        sound: None,
        bus: Some(desktop.bus().to_owned()),
    };
    let bea = Window::open(&desktop.screen, &options).await?;

    let home = reader
        .until(Role::Control(Control::Entry), "Call or paste a link", SOON)
        .await?;
    named(&home, &["Settings", "Copy link"])?;

    bea.page().click("Settings").await?;
    let settings = reader
        .until(Role::Control(Control::PageTab), "Network", SOON)
        .await?;
    named(
        &settings,
        &["You", "Sound", "Camera", "Look", "Close settings"],
    )?;
    for tab in ["Sound", "Camera", "Network", "Look"] {
        bea.page().click(tab).await?;
        sleep(SETTLED).await;
        named(&reader.nodes().await?, &[tab])?;
    }
    bea.page().click("Close settings").await?;

    let link = bea.link().await?;
    let home = homes.path().join("ada");
    fs::create_dir_all(&home)?;
    let settings = serde_json::json!({ "name": "Ada" }).to_string();
    fs::write(home.join("settings.json"), settings)?;
    let words: Vec<&str> = ["call", &link].into_iter().chain(SYNTHETIC).collect();
    let mut ada = Peer::start("ada", &home, relay.url(), &words)?;
    let incoming = reader.until(Role::Heading, "Ada is calling", SOON).await?;
    named(
        &incoming,
        &["Decline", "Accept without video", "Accept with video"],
    )?;

    bea.page().click("Accept with video").await?;
    ada.phase("connected", SOON).await?;
    let call = reader
        .until(Role::Control(Control::PushButton), "End the call", SOON)
        .await?;
    named(
        &call,
        &["More", "Choose camera", "Choose microphone and speaker"],
    )?;

    bea.page().click("End the call").await?;
    let ended = reader
        .until(Role::Heading, "You ended the call.", SOON)
        .await?;
    named(&ended, &["Call again", "Close"])
}

/// Everything that is operated is called something, and among it is what must be there.
fn named(nodes: &[Node], wanted: &[&str]) -> Result<()> {
    let is_control = |node: &&Node| matches!(node.role, Role::Control(_));
    let controls: Vec<&Node> = nodes.iter().filter(is_control).collect();
    if let Some(nameless) = controls.iter().find(|it| it.name.trim().is_empty()) {
        bail!("{nameless:?} has no name, among {controls:?}");
    }
    for name in wanted {
        ensure!(
            controls.iter().any(|it| it.name == *name && it.focusable),
            "nothing that takes the keyboard is called {name:?}, among {controls:?}"
        );
    }
    Ok(())
}

/// What was clicked shows, and the tree knows.
const SETTLED: Duration = Duration::from_millis(300);
