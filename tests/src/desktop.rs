//! A screen with what a desktop has: a window manager, a session bus and notifications.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::sleep;

use crate::clock;
use crate::program::Program;
use crate::screen::Screen;

/// A running desktop.
#[derive(Debug)]
pub struct Desktop {
    /// Where its windows show.
    pub screen: Screen,
    bus: String,
    // Dropped in this order: whoever uses the bus, the bus, its directory.
    _users: [Program; 2],
    _bus: Program,
    home: TempDir,
}

/// The programs that it is made of, beside those of a screen.
pub const NEEDED: [&str; 6] = [
    "dbus-daemon",
    "xfwm4",
    "dunst",
    "dunstctl",
    "xdotool",
    "xprop",
];

impl Desktop {
    /// Starts one with a screen of this size.
    ///
    /// # Errors
    /// When one of its programs is missing or does not start.
    pub async fn start(width: u32, height: u32) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let screen = Screen::start(width, height).await?;
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--print-address"]);
        let mut daemon = Program::start("dbus-daemon", &mut daemon)?;
        let bus = daemon.line(SOON).await?.context("the bus ended")?;
        let start = |name: &str, args: &[&str]| {
            let mut command = Command::new(name);
            command.args(args).env("DISPLAY", screen.display());
            command.env("DBUS_SESSION_BUS_ADDRESS", &bus);
            for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
                command.env(variable, home.path());
            }
            Program::start(name, &mut command)
        };
        let users = [start("xfwm4", &["--compositor=off"])?, start("dunst", &[])?];
        let desktop = Self {
            screen,
            bus,
            _users: users,
            _bus: daemon,
            home,
        };
        let until = clock::now() + SOON;
        while desktop.notifications().await.is_err() {
            ensure!(clock::now() < until, "nobody shows notifications");
            sleep(Duration::from_millis(50)).await;
        }
        Ok(desktop)
    }

    /// For `DBUS_SESSION_BUS_ADDRESS`.
    #[must_use]
    pub fn bus(&self) -> &str {
        &self.bus
    }

    /// How many notifications show now.
    ///
    /// # Errors
    /// When nobody shows any.
    pub async fn notifications(&self) -> Result<u32> {
        let count = self.ask("dunstctl", &["count", "displayed"]).await?;
        Ok(count.trim().parse()?)
    }

    /// Title and text of the notification that was closed last.
    ///
    /// # Errors
    /// When there was none.
    pub async fn closed_notification(&self) -> Result<[String; 2]> {
        let history = self.ask("dunstctl", &["history"]).await?;
        let history: serde_json::Value = serde_json::from_str(&history)?;
        let last = &history["data"][0][0];
        let part = |name: &str| {
            let text = last[name]["data"].as_str();
            text.map(str::to_owned).context("no notification was shown")
        };
        Ok([part("summary")?, part("body")?])
    }

    /// The visible window with exactly this title, if there is one.
    ///
    /// # Errors
    /// When the screen is gone.
    pub async fn window(&self, title: &str) -> Result<Option<String>> {
        let pattern = format!("^{title}$");
        let search = ["search", "--onlyvisible", "--name", &pattern];
        // It fails when it finds nothing.
        let found = self.ask("xdotool", &search).await.unwrap_or_default();
        Ok(found.lines().next().map(str::to_owned))
    }

    /// A property of a window, as `xprop` prints it.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn property(&self, window: &str, name: &str) -> Result<String> {
        self.ask("xprop", &["-id", window, name]).await
    }

    /// Clicks into a window, at pixels from its upper left corner.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn click(&self, window: &str, x: u32, y: u32) -> Result<()> {
        let (x, y) = (x.to_string(), y.to_string());
        let click = ["mousemove", "--window", window, &x, &y, "click", "1"];
        self.ask("xdotool", &click).await.map(drop)
    }

    async fn ask(&self, program: &str, args: &[&str]) -> Result<String> {
        let mut command = Command::new(program);
        command.args(args).env("DISPLAY", self.screen.display());
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("HOME", self.home.path());
        let out = command.kill_on_drop(true).output().await?;
        ensure!(
            out.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        Ok(String::from_utf8(out.stdout)?)
    }
}

const SOON: Duration = Duration::from_secs(10);
