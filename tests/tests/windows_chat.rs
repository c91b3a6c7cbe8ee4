//! Two real windows whose users write to each other: what one types the other reads, sees that
//! somebody writes, and finds on the person's page after the call.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::clock;
use scenarios::duo::{Duo, NAMES};
use scenarios::turn::{missing, skip, turn};
use tokio::time::sleep;

const NEEDED: &[&str] = &["Xvfb", "WebKitWebDriver", "xclip"];

const SOON: Duration = Duration::from_secs(10);

/// The Enter key (WebDriver, 17.4.2).
const ENTER: char = '\u{e007}';

#[tokio::test]
async fn two_people_write_to_each_other() -> Result<()> {
    if let Some(program) = missing(NEEDED) {
        skip("two windows that chat", &format!("there is no {program}"));
        return Ok(());
    }
    let _turn = turn().await;
    let homes = tempfile::tempdir()?;
    let args = NAMES.map(|_| {
        let args = ["--camera", "synthetic", "--microphone", "synthetic"];
        args.map(str::to_owned).to_vec()
    });
    let duo = Duo::open(homes.path(), args, None).await?;
    duo.call().await?;
    let [ada, bea] = &duo.windows;

    ada.page().click("Open the chat").await?;
    let field = ada.page().named("Message to Bea", SOON).await?;
    field.send_keys("Is it ").await?;
    // Bea's panel is closed: she sees a number, and with it open what is written.
    field
        .send_keys(&format!("taut? https://example.org/can {ENTER}"))
        .await?;
    ada.page().says("Delivered", SOON).await?;
    bea.page().click("Open the chat, 1 unread message").await?;
    bea.page().says("Is it taut?", SOON).await?;
    let field = bea.page().named("Message to Ada", SOON).await?;
    field.send_keys("Ye").await?;
    ada.page().says("Bea is writing…", SOON).await?;
    field.send_keys(&format!("s, it is{ENTER}")).await?;
    ada.page().says("Yes, it is", SOON).await?;
    bea.page().says("Delivered", SOON).await?;
    keep(&duo, "chat").await?;

    // A link is opened only after its host was shown.
    let link = "document.querySelector('[role=link]').click()";
    bea.page().run(link, Vec::new()).await?;
    bea.page().says("Open this link?", SOON).await?;
    bea.page().says("example.org", SOON).await?;
    bea.page().click("Cancel").await?;

    duo.end().await?;
    let shown = "document.querySelector('[data-person]:not(.chosen) button')?.click()";
    for (window, text) in [(ada, "Yes, it is"), (bea, "Is it taut?")] {
        let until = clock::now() + SOON;
        // The ended screen goes by itself.
        while !window.page().text().await?.contains(text) {
            ensure!(clock::now() < until, "{}", window.page().text().await?);
            window.page().run(shown, Vec::new()).await?;
            sleep(Duration::from_millis(500)).await;
        }
    }
    keep(&duo, "chat-after").await
}

/// Keeps what the screens show, to be looked at.
async fn keep(duo: &Duo, name: &str) -> Result<()> {
    sleep(Duration::from_millis(500)).await;
    for (who, screen) in NAMES.into_iter().zip(&duo.screens) {
        screen.keep(&format!("{name}-{who}")).await?;
    }
    Ok(())
}
