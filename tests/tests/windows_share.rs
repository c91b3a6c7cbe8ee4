//! Two real windows, one of which shares a page of text: chosen by its picture, seen on the other
//! side's screen pixel by pixel, marked and stopped.

use std::time::Duration;

use anyhow::Result;
use scenarios::devices::SYNTHETIC;
use scenarios::duo::{Duo, NAMES};
use scenarios::text_window::{SHARP, TextWindow, ssim};
use scenarios::turn::{missing, note, skip, turn};
use serde_json::Value;
use tokio::time::sleep;

const NEEDED: &[&str] = &["Xvfb", "WebKitWebDriver", "xclip", "convert", "display"];

const SOON: Duration = Duration::from_secs(10);

/// The shared page, in the middle of a window of 1080 by 720.
const PAGE: (u32, u32) = (640, 400);
const MIDDLE: (usize, usize) = (220, 160);

#[tokio::test]
async fn a_window_is_shared_with_native_pictures() -> Result<()> {
    let _turn = turn().await;
    a_window_is_shared("native").await
}

#[tokio::test]
async fn a_window_is_shared_with_pictures_in_the_page() -> Result<()> {
    let _turn = turn().await;
    a_window_is_shared("webview").await
}

async fn a_window_is_shared(picture: &str) -> Result<()> {
    if let Some(program) = missing(NEEDED) {
        let what = format!("a shared window ({picture})");
        skip(&what, &format!("there is no {program}"));
        return Ok(());
    }
    let homes = tempfile::tempdir()?;
    let args: Vec<&str> = SYNTHETIC
        .into_iter()
        .chain(["--picture", picture])
        .collect();
    let args = NAMES.map(|_| args.iter().map(ToString::to_string).collect());
    let duo = Duo::open(homes.path(), args, None).await?;
    let [ada, bea] = &duo.windows;
    let page = TextWindow::show(&duo.screens[0], "notes", PAGE, homes.path()).await?;
    duo.call().await?;

    duo.share("notes", &format!("picker-{picture}")).await?;
    sleep(Duration::from_secs(3)).await;
    duo.screens[1]
        .keep(&format!("shared-fit-{picture}"))
        .await?;
    duo.actual_size().await?;

    let (shown, mut best) = (duo.screens[0].grab()?, 0.0_f64);
    for _ in 0..20 {
        sleep(Duration::from_millis(500)).await;
        let seen = duo.screens[1].grab()?;
        let alike = ssim(
            (PAGE.0 as usize, PAGE.1 as usize),
            |x, y| f64::from(seen.at(MIDDLE.0 + x, MIDDLE.1 + y)),
            |x, y| f64::from(shown.at(page.at.0 + x, page.at.1 + y)),
        );
        best = best.max(alike);
        if best > SHARP {
            break;
        }
    }
    duo.screens[1]
        .keep(&format!("shared-actual-{picture}"))
        .await?;
    note(&format!("{picture}: SSIM {best:.4} on the other screen"));
    assert!(best > SHARP, "the text shows with an SSIM of {best:.4}");

    ada.page().click("Stop sharing your screen").await?;
    let stopped = |line: &Value| line["sharing"]["theirs"] == false;
    bea.until("end of the share", SOON, stopped).await?;
    duo.end().await?;
    Ok(())
}
