//! The accessibility tree of a desktop, as a screen reader gets it: AT-SPI 2, over the
//! accessibility bus that the session bus knows of.
//!
//! A page in WebKitGTK stands in this tree below its window, but speaks for itself from its own
//! process; every object is therefore a name on the bus and a path.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::time::sleep;
use zbus::connection::Builder;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Type};
use zbus::{Address, Connection};

use crate::clock;

/// A screen reader's connection to a desktop.
#[derive(Debug)]
pub struct ScreenReader {
    bus: Connection,
}

/// One object of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is, in AT-SPI's words: `push button`, `entry`, `heading`.
    pub role: String,
    /// What it is called; empty for what has no name.
    pub name: String,
    /// Whether it takes the keyboard.
    pub focusable: bool,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.role, self.name)
    }
}

impl Node {
    /// Whether a person does something with it, so that it must say what it does.
    #[must_use]
    pub fn is_control(&self) -> bool {
        CONTROLS.contains(&self.role.as_str())
    }
}

type Reference = (String, OwnedObjectPath);

impl ScreenReader {
    /// Starts reading on the desktop with this session bus. Programs that start afterwards know
    /// that somebody reads.
    ///
    /// # Errors
    /// When the desktop has no accessibility bus (Debian: at-spi2-core).
    pub async fn start(session_bus: &str) -> Result<Self> {
        let session = connect(session_bus).await?;
        let (service, path) = ("org.a11y.Bus", "/org/a11y/bus");
        let ask = session.call_method(Some(service), path, Some(service), "GetAddress", &());
        let address: String = ask.await?.body().deserialize()?;
        for reads in ["IsEnabled", "ScreenReaderEnabled"] {
            let value = zbus::zvariant::Value::from(true);
            let set = ("org.a11y.Status", reads, value);
            session
                .call_method(Some(service), path, Some(PROPERTIES), "Set", &set)
                .await?;
        }
        let bus = connect(&address).await?;
        Ok(Self { bus })
    }

    /// All objects of the programs with a window, as far as they show.
    ///
    /// # Errors
    /// When the bus is gone, or the tree grows beyond all reason.
    pub async fn nodes(&self) -> Result<Vec<Node>> {
        let root = OwnedObjectPath::try_from("/org/a11y/atspi/accessible/root")?;
        let registry = ("org.a11y.atspi.Registry".to_owned(), root);
        let mut open = VecDeque::from(self.children(&registry).await?);
        let mut nodes = Vec::new();
        while let Some(one) = open.pop_front() {
            // Between two questions objects come and go.
            let Ok((node, showing)) = self.node(&one).await else {
                continue;
            };
            if showing || node.role == "application" {
                open.extend(self.children(&one).await.unwrap_or_default());
                nodes.push(node);
            }
            ensure!(nodes.len() < MANY, "more than {MANY} objects");
        }
        Ok(nodes)
    }

    /// Waits until something of this role has this name, and returns all that shows then.
    ///
    /// # Errors
    /// When it does not in time; says what shows instead.
    pub async fn until(&self, role: &str, name: &str, limit: Duration) -> Result<Vec<Node>> {
        let until = clock::now() + limit;
        loop {
            let nodes = self.nodes().await?;
            if nodes.iter().any(|it| it.role == role && it.name == name) {
                return Ok(nodes);
            }
            if clock::now() > until {
                let shown: Vec<String> = nodes.iter().map(ToString::to_string).collect();
                bail!("no {role} {name:?}; instead: {}", shown.join(", "));
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn node(&self, one: &Reference) -> Result<(Node, bool)> {
        let role: String = self.ask(one, ACCESSIBLE, "GetRoleName", &()).await?;
        let name: OwnedValue = self
            .ask(one, PROPERTIES, "Get", &(ACCESSIBLE, "Name"))
            .await?;
        let states: Vec<u32> = self.ask(one, ACCESSIBLE, "GetState", &()).await?;
        let has = |state: u32| states.first().is_some_and(|bits| bits & (1 << state) != 0);
        let node = Node {
            role,
            name: String::try_from(name)?,
            focusable: has(FOCUSABLE),
        };
        Ok((node, has(SHOWING)))
    }

    async fn children(&self, one: &Reference) -> Result<Vec<Reference>> {
        self.ask(one, ACCESSIBLE, "GetChildren", &()).await
    }

    async fn ask<T>(
        &self,
        (service, path): &Reference,
        interface: &str,
        method: &str,
        body: &(impl serde::Serialize + Type + Sync),
    ) -> Result<T>
    where
        T: serde::de::DeserializeOwned + Type,
    {
        let call = self.bus.call_method(
            Some(service.as_str()),
            path.as_ref(),
            Some(interface),
            method,
            body,
        );
        let reply = tokio::time::timeout(PATIENCE, call)
            .await
            .with_context(|| format!("{service} does not answer {method}"))??;
        Ok(reply.body().deserialize()?)
    }
}

async fn connect(address: &str) -> Result<Connection> {
    let address: Address = address.parse()?;
    Ok(Builder::address(address)?.build().await?)
}

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";

const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// `ATSPI_STATE_FOCUSABLE` and `ATSPI_STATE_SHOWING` (at-spi2-core, `atspi-constants.h`).
const FOCUSABLE: u32 = 11;
const SHOWING: u32 = 25;

/// Roles of what a person operates.
const CONTROLS: &[&str] = &[
    "push button",
    "toggle button",
    "check box",
    "radio button",
    "combo box",
    "entry",
    "password text",
    "link",
    "list item",
    "menu item",
    "check menu item",
    "radio menu item",
    "page tab",
    "slider",
    "spin button",
    "switch",
];

/// A page of ours has about a hundred.
const MANY: usize = 5_000;

const PATIENCE: Duration = Duration::from_secs(5);
