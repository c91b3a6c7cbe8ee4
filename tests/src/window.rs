//! A real window of the app on a screen of ours, driven through WebDriver.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::clock;
use crate::lab::{Door, Host};
use crate::program::{built, free_port, unseen};
use crate::screen::Screen;
use crate::usage::descendant;
use crate::webdriver::Page;

/// What a window is started with.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// Its profile, and the name that people see.
    pub name: &'a str,
    /// Where everything of it lives.
    pub home: &'a Path,
    /// The relay's URL.
    pub relay: &'a str,
    /// Further options of the app.
    pub args: Vec<String>,
    /// The address of a sound server, if it shall have one.
    pub sound: Option<String>,
    /// The address of a session bus, if it shall have one.
    pub bus: Option<String>,
}

/// An open window.
#[derive(Debug)]
pub struct Window {
    page: Page,
    pid: i32,
    told: Told,
    display: String,
    /// The way to the driver of one that is on a host of a lab.
    _door: Option<Door>,
}

impl Window {
    /// Opens a window and waits until its page is there.
    ///
    /// # Errors
    /// When `WebKitWebDriver` or the app does not start.
    pub async fn open(screen: &Screen, options: &Options<'_>) -> Result<Self> {
        let port = free_port()?;
        let driver = Command::new(DRIVER);
        let mut options = options.clone();
        let unseen = unseen(&options.args);
        options.args.extend(unseen.iter().map(ToString::to_string));
        Self::open_by(driver, port, None, screen, &options).await
    }

    /// The same on a host of a lab. Who sees it on the networks there is up to it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_on(host: &Host, screen: &Screen, options: &Options<'_>) -> Result<Self> {
        let port = free_port()?;
        let door = Door::open(host, port)?;
        let driver = host.command(Path::new(DRIVER));
        Self::open_by(driver, port, Some(door), screen, options).await
    }

    /// `port` is the one that the driver takes.
    async fn open_by(
        mut driver: Command,
        port: u16,
        door: Option<Door>,
        screen: &Screen,
        options: &Options<'_>,
    ) -> Result<Self> {
        let Options { name, home, .. } = *options;
        let data = home.join("data");
        fs::create_dir_all(&data)?;
        let figures = home.join("figures.jsonl");
        let mut args = vec!["--profile".to_owned(), name.to_owned()];
        args.extend(["--data".to_owned(), data.display().to_string()]);
        args.extend(["--relay".to_owned(), options.relay.to_owned()]);
        args.extend(["--figures".to_owned(), figures.display().to_string()]);
        args.extend(options.args.iter().cloned());
        driver.arg(format!("--port={port}")).arg("--host=127.0.0.1");
        surround(&mut driver, screen, options)?;
        let mut capabilities = Map::new();
        let app = json!({ "binary": built("tincan-app")?, "args": args });
        capabilities.insert("webkitgtk:browserOptions".to_owned(), app);
        let page = Page::open(
            &format!("webdriver-{name}"),
            &mut driver,
            door.as_ref().map_or(port, Door::port),
            capabilities,
        )
        .await?;
        let pid = descendant(page.driver_pid(), "tincan-app").context("the app is not there")?;
        let display = screen.display().to_owned();
        let window = Self {
            page,
            pid,
            told: Told::new(figures),
            display,
            _door: door,
        };
        window.first_start(name).await?;
        Ok(window)
    }

    /// Says who we are, when the window does not know us yet.
    async fn first_start(&self, name: &str) -> Result<()> {
        let home_or_start = async {
            loop {
                if self.page.has("Start").await? {
                    return Ok::<_, anyhow::Error>(true);
                }
                if self.page.has(FIELD).await? {
                    return Ok(false);
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        if timeout(SOON, home_or_start)
            .await
            .context("the page shows nothing")??
        {
            let mut letters = name.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            let name: String = first.chain(letters).collect();
            self.page
                .type_into("What should people call you?", &name)
                .await?;
            self.page.click("Start").await?;
            self.page.named(FIELD, SOON).await?;
        }
        Ok(())
    }

    /// What it shows.
    #[must_use]
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// The app's process; its page runs in children of it.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The lines that the app has written about itself so far.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        self.told.lines()
    }

    /// The last figures of the call so far.
    #[must_use]
    pub fn figures(&self) -> Option<Value> {
        self.lines()
            .iter()
            .rev()
            .find_map(|line| line.get("figures").cloned())
    }

    /// The reason with which the last call ended.
    #[must_use]
    pub fn end_reason(&self) -> Option<String> {
        let lines = self.lines();
        let ended = lines.iter().rev().find(|line| line["state"] == "ended")?;
        ended["reason"].as_str().map(ToOwned::to_owned)
    }

    /// The invite link, as a person gets it: copied by the button and taken from the clipboard.
    ///
    /// # Errors
    /// When nothing was copied.
    pub async fn link(&self) -> Result<String> {
        self.page.click("Copy link").await?;
        self.page.says("Copied", SOON).await?;
        let mut clipboard = Command::new("xclip");
        clipboard
            .args(["-o", "-selection", "clipboard"])
            .env("DISPLAY", &self.display);
        let out = timeout(SOON, clipboard.output())
            .await
            .context("the clipboard is mute")??;
        let link = String::from_utf8(out.stdout)?;
        ensure!(link.starts_with("tincan:"), "the clipboard holds {link:?}");
        Ok(link)
    }

    /// Waits until the page shows a screen: home, calling, incoming, connecting, call or ended.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn shows(&self, screen: &str, limit: Duration) -> Result<()> {
        let until = clock::now() + limit;
        loop {
            let now = self.page.run(SCREEN, Vec::new()).await?;
            if now == screen {
                return Ok(());
            }
            ensure!(clock::now() < until, "the page shows {now}, not {screen}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the app itself says that something is true of the call, in a line after the one
    /// that was waited for last: what it said of an earlier call does not count.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn until(
        &self,
        what: &str,
        limit: Duration,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let until = clock::now() + limit;
        loop {
            if let Some(line) = self.told.next(&is_it) {
                return Ok(line);
            }
            ensure!(
                clock::now() < until,
                "no {what}; last: {:?}",
                self.lines().last()
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the app has said so far is not waited for any more.
    pub fn catch_up(&self) {
        self.told.take_all();
    }

    /// Where the call stands, by the last line about it.
    #[must_use]
    pub fn state(&self) -> Option<Value> {
        self.lines()
            .into_iter()
            .rev()
            .find(|line| line["state"].is_string())
    }

    /// Calls somebody by a link or an address, as a person would.
    ///
    /// # Errors
    /// When the page does not offer it.
    pub async fn call(&self, to: &str) -> Result<()> {
        self.page.type_into(FIELD, to).await?;
        self.page.click("Call").await
    }

    /// Closes the window.
    ///
    /// # Errors
    /// When it does not close.
    pub async fn close(self) -> Result<()> {
        self.page.close().await
    }
}

/// The lines that an app writes about itself, and how many of them were waited for already.
#[derive(Debug)]
struct Told {
    path: PathBuf,
    taken: AtomicUsize,
}

impl Told {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            taken: AtomicUsize::new(0),
        }
    }

    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// The first line like this after the last one that was taken; takes it and those before it.
    fn next(&self, is_it: impl Fn(&Value) -> bool) -> Option<Value> {
        let taken = self.taken.load(Ordering::Relaxed);
        let mut rest = self.lines().into_iter().enumerate().skip(taken);
        let (at, line) = rest.find(|(_, line)| is_it(line))?;
        self.taken.store(at + 1, Ordering::Relaxed);
        Some(line)
    }

    /// Takes all lines that there are.
    fn take_all(&self) {
        self.taken.store(self.lines().len(), Ordering::Relaxed);
    }
}

/// Gives a driver, and so what it starts, the world of one person: directories, screen, sound, bus.
fn surround(driver: &mut Command, screen: &Screen, options: &Options<'_>) -> Result<()> {
    driver
        .env("DISPLAY", screen.display())
        .env("TAURI_WEBVIEW_AUTOMATION", "true");
    driver
        .env_remove("WAYLAND_DISPLAY")
        .env("GDK_BACKEND", "x11");
    driver.env("HOME", options.home);
    for (variable, dir) in DIRECTORIES {
        let dir = options.home.join(dir);
        fs::create_dir_all(&dir)?;
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700))?;
        driver.env(variable, dir);
    }
    match &options.sound {
        // Without a cookie, as in a home where sound was never used.
        Some(server) => driver.env("PULSE_SERVER", server),
        None => driver.env_remove("PULSE_SERVER"),
    };
    match &options.bus {
        Some(bus) => driver.env("DBUS_SESSION_BUS_ADDRESS", bus),
        // Without a bus nobody can read the screen aloud either, and GTK need not look for one.
        None => driver
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env("NO_AT_BRIDGE", "1"),
    };
    Ok(())
}

/// WebKit's own (WebDriver, W3C).
const DRIVER: &str = "WebKitWebDriver";

const FIELD: &str = "Call or paste a link";

const SCREEN: &str = "return document.querySelector('[data-screen]')?.dataset.screen ?? null";

/// Each window has its own of all of them, as two people have.
const DIRECTORIES: [(&str, &str); 5] = [
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_DATA_HOME", "share"),
    ("XDG_CACHE_HOME", "cache"),
    ("XDG_STATE_HOME", "state"),
    ("XDG_RUNTIME_DIR", "runtime"),
];

/// How long a window may take for what a person waits for.
pub const SOON: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_an_earlier_call_is_not_taken_for_this_one() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("figures.jsonl");
        let told = Told::new(path.clone());
        let connected = |line: &Value| line["phase"] == "connected";
        let one_call = "{\"phase\":\"connected\"}\n{\"state\":\"ended\"}\n";
        fs::write(&path, one_call)?;
        assert!(told.next(connected).is_some());
        assert!(told.next(connected).is_none());
        fs::write(&path, one_call.repeat(2))?;
        assert!(told.next(connected).is_some());
        fs::write(&path, one_call.repeat(3))?;
        told.take_all();
        assert!(told.next(connected).is_none());
        Ok(())
    }
}
