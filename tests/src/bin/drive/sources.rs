//! What two windows are started with, and what stands between them.

use anyhow::{Context, Result};
use scenarios::devices;
use scenarios::livekit::LiveKit;
use scenarios::relay::Relay;

/// What both windows are started with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Sources {
    #[arg(long)]
    pub(crate) camera: Option<String>,
    #[arg(long)]
    pub(crate) microphone: Option<String>,
    #[arg(long)]
    picture: Option<String>,
    /// Through a LiveKit server.
    #[arg(long)]
    livekit: bool,
}

impl Sources {
    /// As options of the app. For a role that was not named and for which this machine has no
    /// device there is a synthetic one, said aloud.
    pub(crate) fn args(&self) -> Result<Vec<String>> {
        let mut args = self.named();
        let instead: Vec<_> = devices::missing()?
            .chunks_exact(2)
            .filter(|role| args.iter().all(|it| it != role[0]))
            .flatten()
            .map(|it| (*it).to_owned())
            .collect();
        if !instead.is_empty() {
            println!("for what this machine lacks: {}", instead.join(" "));
        }
        args.extend(instead);
        Ok(args)
    }

    /// What is no device, as options of the app.
    pub(crate) fn ways(&self) -> Vec<String> {
        let via = self.livekit.then(|| "livekit".to_owned());
        options([("--picture", self.picture.clone()), ("--via", via)])
    }

    /// The LiveKit server through which calls shall go.
    pub(crate) async fn server(&self) -> Result<Option<LiveKit>> {
        if !self.livekit {
            return Ok(None);
        }
        let server = LiveKit::start().await?;
        let server = server.context("there is no LiveKit server")?;
        println!("LiveKit server: {}", server.url());
        Ok(Some(server))
    }

    /// What was named, as options of the app.
    fn named(&self) -> Vec<String> {
        let mut named = options([
            ("--camera", self.camera.clone()),
            ("--microphone", self.microphone.clone()),
        ]);
        named.extend(self.ways());
        named
    }
}

/// The relay between the windows, which gives access to this server.
pub(crate) async fn relay(server: Option<&LiveKit>) -> Result<Relay> {
    let options = server.map(LiveKit::relay_options).transpose()?;
    let options = options.unwrap_or_default();
    let relay = Relay::start_with("127.0.0.1:0", &options).await?;
    println!("relay: {}", relay.url());
    Ok(relay)
}

fn options(all: [(&str, Option<String>); 2]) -> Vec<String> {
    let given = all
        .into_iter()
        .filter_map(|(name, value)| Some([name.to_owned(), value?]));
    given.flatten().collect()
}
