//! Drives a page by what a person reads on it: the accessible names of its controls.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::clock;
use crate::program::Program;

/// A page under control, and the driver that controls it.
#[derive(Debug)]
pub struct Page {
    client: Client,
    driver: Program,
}

impl Page {
    /// Starts a driver program that listens on `port`, and a session with these capabilities.
    ///
    /// # Errors
    /// When the driver or what it drives does not start.
    pub async fn open(
        name: &str,
        driver: &mut Command,
        port: u16,
        capabilities: Map<String, Value>,
    ) -> Result<Self> {
        let mut driver = Program::start(name, driver)?;
        driver.drain();
        let url = format!("http://127.0.0.1:{port}");
        wait_for_port(port).await?;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = timeout(Duration::from_secs(30), builder.connect(&url)).await;
        let client = client
            .context("no session within 30 s")?
            .context("no session")?;
        let page = Self { client, driver };
        page.settle().await?;
        Ok(page)
    }

    /// The driver's process; what it drives is among its descendants.
    #[must_use]
    pub fn driver_pid(&self) -> i32 {
        self.driver.pid()
    }

    /// The connection to the driver.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a script in the page and returns what it returns.
    ///
    /// # Errors
    /// When it throws.
    pub async fn run(&self, script: &str, args: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute(script, args).await?)
    }

    /// Runs a script whose last argument is a function that takes its result.
    ///
    /// # Errors
    /// When it throws or does not end in time.
    pub async fn run_async(&self, script: &str, args: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute_async(script, args).await?)
    }

    /// Clicks what is called so, waiting up to ten seconds until it is there, stands still and
    /// takes the pointer.
    ///
    /// # Errors
    /// When it does not show up or cannot be clicked.
    pub async fn click(&self, name: &str) -> Result<()> {
        let until = clock::now() + PATIENCE;
        loop {
            let element = self.named(name, PATIENCE).await?;
            let this = vec![serde_json::to_value(&element)?];
            // An error: the page has changed its screen meanwhile, and the element with it.
            let takes = self.run_async(TAKES_POINTER, this).await;
            if takes.is_ok_and(|it| it == true) {
                return Ok(element.click().await?);
            }
            if clock::now() > until {
                bail!("{name:?} takes no click: it is off, it moves, or something is before it");
            }
            sleep(LOOK).await;
        }
    }

    /// Calls a function of the page, waits for what it promises, and returns that.
    ///
    /// # Errors
    /// When it throws.
    pub async fn call(&self, function: &str, argument: Value) -> Result<Value> {
        let script = "const [name, argument, done] = arguments; \
             (async () => globalThis.eval(name)(argument))().then( \
               (value) => done({ value: value ?? null }), \
               (error) => done({ error: String(error) }))";
        let arguments = vec![json!(function), argument];
        let result = self.run_async(script, arguments).await?;
        if let Some(error) = result.get("error") {
            bail!("{function}: {error}");
        }
        Ok(result["value"].clone())
    }

    /// Types into what is called so.
    ///
    /// # Errors
    /// As [`Self::click`].
    pub async fn type_into(&self, name: &str, text: &str) -> Result<()> {
        let element = self.named(name, PATIENCE).await?;
        element.clear().await?;
        Ok(element.send_keys(text).await?)
    }

    /// Waits until something is called so.
    ///
    /// # Errors
    /// When it does not show up in time.
    pub async fn named(&self, name: &str, limit: Duration) -> Result<Element> {
        let until = clock::now() + limit;
        loop {
            let found = self.client.execute(FIND, vec![json!(name)]).await;
            if let Ok(value) = found
                && !value.is_null()
            {
                return Ok(Element::from_element_id(
                    self.client.clone(),
                    id_of(&value)?,
                ));
            }
            if clock::now() > until {
                bail!(
                    "nothing is called {name:?} on the page; it says: {}",
                    self.text().await?
                );
            }
            sleep(LOOK).await;
        }
    }

    /// Whether something is called so now.
    ///
    /// # Errors
    /// When the page is gone.
    pub async fn has(&self, name: &str) -> Result<bool> {
        Ok(!self.run(FIND, vec![json!(name)]).await?.is_null())
    }

    /// Waits until the page says `text` somewhere.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn says(&self, text: &str, limit: Duration) -> Result<()> {
        let until = clock::now() + limit;
        loop {
            let now = self.text().await?;
            if now.to_lowercase().contains(&text.to_lowercase()) {
                return Ok(());
            }
            if clock::now() > until {
                bail!("the page does not say {text:?}; it says: {now}");
            }
            sleep(LOOK).await;
        }
    }

    /// All that the page says.
    ///
    /// # Errors
    /// When the page is gone.
    pub async fn text(&self) -> Result<String> {
        let text = self
            .run("return document.body.innerText", Vec::new())
            .await?;
        Ok(text.as_str().unwrap_or_default().replace('\n', " · "))
    }

    /// Ends the session, which closes what is driven.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn close(self) -> Result<()> {
        timeout(PATIENCE, self.client.close())
            .await
            .context("the session does not end")??;
        Ok(())
    }

    async fn settle(&self) -> Result<()> {
        let until = clock::now() + PATIENCE;
        while self.run("return document.readyState", Vec::new()).await? != "complete" {
            if clock::now() > until {
                bail!("the page does not load");
            }
            sleep(LOOK).await;
        }
        Ok(())
    }
}

/// The web element's id out of its JSON form (WebDriver, 12.2).
fn id_of(element: &Value) -> Result<fantoccini::elements::ElementRef> {
    let id = element
        .get(ELEMENT)
        .and_then(Value::as_str)
        .context("that is no element")?;
    Ok(id.to_owned().into())
}

async fn wait_for_port(port: u16) -> Result<()> {
    let until = clock::now() + PATIENCE;
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        if clock::now() > until {
            bail!("the driver does not listen on port {port}");
        }
        sleep(LOOK).await;
    }
    Ok(())
}

const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(30);

const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Whether a click on arguments[0] would reach it, now and a moment later.
const TAKES_POINTER: &str = include_str!("webdriver/takes_pointer.js");

/// Finds a control by its accessible name.
const FIND: &str = include_str!("webdriver/find.js");
