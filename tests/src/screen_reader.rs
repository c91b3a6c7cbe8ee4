//! The accessibility tree of a desktop, as a screen reader gets it: AT-SPI 2, over the
//! accessibility bus that the session bus knows of.
//!
//! A page in WebKitGTK stands in this tree below its window, but speaks for itself from its own
//! process; every object is therefore a name on the bus and a path.

use std::collections::VecDeque;
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
    /// What it is.
    pub role: Role,
    /// What it is called; empty for what has no name.
    pub name: String,
    /// Whether it takes the keyboard.
    pub focusable: bool,
}

/// What an object is (`AtspiRole`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Something that a person operates.
    Control(Control),
    /// Names a part of the page.
    Heading,
    /// Text, pictures, whatever holds others; by its number.
    Other(u32),
}

/// What a person operates, as AT-SPI calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are the names")]
pub enum Control {
    CheckBox,
    CheckMenuItem,
    ComboBox,
    Entry,
    Link,
    MenuItem,
    PageTab,
    PasswordText,
    PushButton,
    RadioButton,
    RadioMenuItem,
    Slider,
    SpinButton,
    ToggleButton,
}

impl From<u32> for Role {
    fn from(number: u32) -> Self {
        Self::Control(match number {
            7 => Control::CheckBox,
            8 => Control::CheckMenuItem,
            11 => Control::ComboBox,
            35 => Control::MenuItem,
            37 => Control::PageTab,
            40 => Control::PasswordText,
            43 => Control::PushButton,
            44 => Control::RadioButton,
            45 => Control::RadioMenuItem,
            51 => Control::Slider,
            52 => Control::SpinButton,
            62 => Control::ToggleButton,
            79 => Control::Entry,
            88 => Control::Link,
            83 => return Self::Heading,
            number => return Self::Other(number),
        })
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
            // The frames around a page do not count as showing, what is in it does.
            open.extend(self.children(&one).await.unwrap_or_default());
            nodes.extend(showing.then_some(node));
            let seen = open.len() + nodes.len();
            ensure!(seen < MANY as usize, "more than {MANY} objects");
        }
        Ok(nodes)
    }

    /// Waits until something of this role has this name, and returns all that shows then.
    ///
    /// # Errors
    /// When it does not in time; says what shows instead.
    pub async fn until(&self, role: Role, name: &str, limit: Duration) -> Result<Vec<Node>> {
        let until = clock::now() + limit;
        loop {
            let nodes = self.nodes().await?;
            if nodes.iter().any(|it| it.role == role && it.name == name) {
                return Ok(nodes);
            }
            if clock::now() > until {
                bail!("no {role:?} {name:?}; instead: {nodes:?}");
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn node(&self, one: &Reference) -> Result<(Node, bool)> {
        let role: u32 = self.ask(one, ACCESSIBLE, "GetRole", &()).await?;
        let name: OwnedValue = self
            .ask(one, PROPERTIES, "Get", &(ACCESSIBLE, "Name"))
            .await?;
        let states: Vec<u32> = self.ask(one, ACCESSIBLE, "GetState", &()).await?;
        let has = |state: u32| states.first().is_some_and(|bits| bits & (1 << state) != 0);
        let node = Node {
            role: role.into(),
            name: String::try_from(name)?,
            focusable: has(FOCUSABLE),
        };
        Ok((node, has(SHOWING)))
    }

    /// One by one: asked for all at once, a widget does not name the page that it shows.
    async fn children(&self, one: &Reference) -> Result<Vec<Reference>> {
        let count: OwnedValue = self
            .ask(one, PROPERTIES, "Get", &(ACCESSIBLE, "ChildCount"))
            .await?;
        let mut children = Vec::new();
        for at in 0..i32::try_from(count)?.min(MANY) {
            children.push(self.ask(one, ACCESSIBLE, "GetChildAtIndex", &at).await?);
        }
        Ok(children)
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

/// A page of ours has about a hundred.
const MANY: i32 = 5_000;

const PATIENCE: Duration = Duration::from_secs(5);
