//! What the panel of statistics costs a window in a call: its page's process with the panel closed,
//! open, open, closed.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use scenarios::duo::Duo;
use scenarios::material::Material;
use scenarios::usage::{Meter, descendant};
use scenarios::watch::percentile;
use scenarios::window::Window;
use tokio::time::sleep;

use super::{Options, shown};

/// Cores of the page's process and of the whole window, one entry a run.
#[derive(Debug, Default)]
struct Cores {
    page: Vec<f64>,
    window: Vec<f64>,
}

/// Measures and returns the table. Ada's panel opens; Bea's stays closed.
pub(super) async fn measure(material: &Material, options: &Options) -> Result<String> {
    let length = options.length();
    let homes = tempfile::tempdir()?;
    let duo = Duo::open(homes.path(), Duo::args(homes.path(), material), None).await?;
    duo.call().await?;
    let ada = &duo.windows[0];
    let page = descendant(ada.pid(), WEB_PROCESS).context("the page has no process")?;
    let (mut closed, mut open) = (Cores::default(), Cores::default());
    for block in 1..=options.blocks {
        for is_open in [false, true, true, false] {
            show(ada, is_open).await?;
            options.wait_for_quiet().await?;
            println!(
                "block {block}: panel {}",
                if is_open { "open" } else { "closed" }
            );
            let meters = [page, ada.pid()].map(Meter::start);
            sleep(length).await;
            let cores = if is_open { &mut open } else { &mut closed };
            cores.page.push(meters[0].cores());
            cores.window.push(meters[1].cores());
        }
    }
    duo.end().await?;
    Ok(table(&closed, &open))
}

/// Opens or closes the panel, and waits until the controls have faded.
async fn show(window: &Window, is_wanted: bool) -> Result<()> {
    let page = window.page();
    if page.has(CLOSE).await? != is_wanted {
        if is_wanted {
            page.client().active_element().await?.send_keys("i").await?;
            page.named(CLOSE, SOON).await?;
        } else {
            page.click(CLOSE).await?;
        }
    }
    sleep(SETTLES).await;
    Ok(())
}

/// The table as Markdown.
fn table(closed: &Cores, open: &Cores) -> String {
    let mut out = String::from("| | closed | open | the panel costs | to reach | |\n");
    out.push_str("|---|---|---|---|---|---|\n");
    let rows = [
        ("page, cores", &closed.page, &open.page),
        ("whole window, cores", &closed.window, &open.window),
    ];
    for (measure, closed, open) in rows {
        let [closed, open] = [closed, open].map(|all| percentile(all.iter().copied(), 0.5));
        let costs = open.zip(closed).map(|(open, closed)| open - closed);
        let verdict = match costs {
            Some(costs) if costs < MOST => "met",
            Some(_) => "**missed**",
            None => "not measured",
        };
        let [closed, open] = [closed, open].map(shown);
        let costs = costs.map_or("–".to_owned(), |costs| format!("{costs:.4}"));
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| {measure} | {closed} | {open} | {costs} | < {MOST} | {verdict} |"
        );
    }
    out
}

/// How WebKitGTK calls the process of a page.
const WEB_PROCESS: &str = "WebKitWebProcess";

const CLOSE: &str = "Close the panel";

/// What the panel may cost, cores.
const MOST: f64 = 0.01;

const SOON: Duration = Duration::from_secs(10);

/// The controls over the picture fade after three seconds.
const SETTLES: Duration = Duration::from_millis(4500);
