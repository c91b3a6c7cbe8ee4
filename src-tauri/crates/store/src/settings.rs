//! What the user set.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// All settings. Fields that a file lacks are as at first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, rename_all = "camelCase")]
pub struct Settings {
    /// What the user wants to be called; empty until they say. At most 64 characters.
    pub name: String,
    /// Whether the first start is done.
    pub started: bool,
    /// The chosen camera; null for the system's.
    pub camera: Option<String>,
    /// The chosen microphone; null for the system's.
    pub microphone: Option<String>,
    /// The chosen speaker; null for the system's.
    pub speaker: Option<String>,
    /// Where it rings; null for the speaker of calls.
    pub ring_speaker: Option<String>,
    /// What the speaker plays is taken out of what the microphone hears.
    pub echo_cancellation: bool,
    /// What is no voice is taken down.
    pub noise_suppression: bool,
    /// Our loudness is kept even.
    pub auto_gain_control: bool,
    /// URL of the relay, `ws://…` or `wss://…`; empty for none.
    pub relay: String,
    /// STUN and TURN servers; at most eight.
    pub ice_servers: Vec<IceServer>,
    /// Colours of the windows.
    pub theme: Theme,
    /// Whether we see ourselves in a call.
    pub self_view: SelfView,
    /// How the other side's picture fills the stage.
    pub picture_fit: PictureFit,
    /// Seconds for which a call rings, 20 to 90.
    pub ring_seconds: u32,
    /// The most to send, kilobits per second, 100 to 20 000.
    pub max_send_kbps: u32,
    /// Whose calls ring.
    pub who_may_ring: WhoMayRing,
    /// Whether what is said in text stays with the person after the call.
    pub keep_texts: bool,
    /// Who sees this installation on local networks.
    pub lan: LanVisibility,
    /// What carries the calls that the user makes; those that come go as their caller wants.
    pub carrier: Carrier,
}

/// A STUN or TURN server.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, rename_all = "camelCase")]
pub struct IceServer {
    /// `stun:…`, `turn:…` or `turns:…` (RFC 7064, RFC 7065).
    pub url: String,
    /// Empty for STUN.
    pub username: String,
    /// Empty for STUN.
    pub credential: String,
}

/// Colours of the windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Whose calls ring; never those of blocked people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum WhoMayRing {
    /// Whoever knows the address.
    #[default]
    Everybody,
    /// Contacts, and whom the user called or accepted before.
    Known,
    /// Contacts only.
    Contacts,
}

/// Who sees an installation on the networks that its machine is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum LanVisibility {
    /// Everybody there, by name.
    Everyone,
    /// Contacts, whom the user called or accepted before, and who has the address. To others there
    /// is somebody without a name.
    #[default]
    Known,
    /// Nobody: nothing is announced, and nobody is looked for.
    Off,
}

/// What carries a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename = "CarrierSetting")]
pub enum Carrier {
    /// From computer to computer.
    #[default]
    Direct,
    /// A LiveKit server, to which the relay gives access.
    LiveKit,
}

/// Whether we see ourselves in a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SelfView {
    /// In a corner.
    #[default]
    Shown,
    /// Not at all.
    Hidden,
}

/// How a picture fills the stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum PictureFit {
    /// All of it, with black beside.
    #[default]
    Fit,
    /// No black, cropped.
    Fill,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: String::new(),
            started: false,
            camera: None,
            microphone: None,
            speaker: None,
            ring_speaker: None,
            echo_cancellation: true,
            noise_suppression: true,
            auto_gain_control: true,
            relay: String::new(),
            ice_servers: Vec::new(),
            theme: Theme::default(),
            self_view: SelfView::default(),
            picture_fit: PictureFit::default(),
            ring_seconds: 45,
            max_send_kbps: 4000,
            who_may_ring: WhoMayRing::default(),
            keep_texts: true,
            lan: LanVisibility::default(),
            carrier: Carrier::default(),
        }
    }
}

impl fmt::Debug for IceServer {
    /// Servers and their secrets stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IceServer(…)")
    }
}

/// Longer than any URL, device name or credential that works.
const MAX_TEXT: usize = 512;

/// More servers only slow a call down.
const MAX_ICE_SERVERS: usize = 8;

impl Settings {
    /// For how many seconds a call may ring.
    pub const RING_SECONDS: RangeInclusive<u32> = 20..=90;

    /// The same with everything within its limits, whoever wrote it.
    #[must_use]
    pub fn validated(self) -> Self {
        Self {
            name: identity::clean_name(&self.name),
            camera: device(self.camera),
            microphone: device(self.microphone),
            speaker: device(self.speaker),
            ring_speaker: device(self.ring_speaker),
            relay: clipped(self.relay.trim()),
            ice_servers: self
                .ice_servers
                .into_iter()
                .map(IceServer::validated)
                .filter(IceServer::is_usable)
                .take(MAX_ICE_SERVERS)
                .collect(),
            ring_seconds: self
                .ring_seconds
                .clamp(*Self::RING_SECONDS.start(), *Self::RING_SECONDS.end()),
            max_send_kbps: self.max_send_kbps.clamp(100, 20_000),
            ..self
        }
    }

    /// The same with the devices of the system.
    pub(crate) fn without_devices(self) -> Self {
        Self {
            camera: None,
            microphone: None,
            speaker: None,
            ring_speaker: None,
            ..self
        }
    }

    /// Takes over the fields of a JSON text. What makes no sense stays as it is; the second value
    /// says whether all did.
    pub(crate) fn with_text(self, bytes: &[u8]) -> (Self, bool) {
        match serde_json::from_slice(bytes) {
            Ok(fields) => self.with_fields(fields),
            Err(_) => (self, false),
        }
    }

    /// Takes over these fields. What makes no sense stays as it is; the second value says whether
    /// all did.
    pub(crate) fn with_fields(self, fields: Map<String, Value>) -> (Self, bool) {
        let mut good = self.fields();
        let mut whole = true;
        for (name, value) in fields {
            // Fields that no setting has are of another version.
            let Some(before) = good.get(&name).cloned() else {
                continue;
            };
            good.insert(name.clone(), value);
            if serde_json::from_value::<Self>(Value::Object(good.clone())).is_err() {
                good.insert(name, before);
                whole = false;
            }
        }
        let settings = serde_json::from_value(Value::Object(good)).unwrap_or(self);
        (settings.validated(), whole)
    }

    /// Each setting by its name in JSON.
    pub(crate) fn fields(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) | Err(_) => Map::new(),
        }
    }
}

impl IceServer {
    /// Whether it can be asked for anything: TURN needs an account.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        match self.url.split_once(':') {
            Some(("stun", host)) => !host.is_empty(),
            Some(("turn" | "turns", host)) => {
                !host.is_empty() && !self.username.is_empty() && !self.credential.is_empty()
            }
            Some(_) | None => false,
        }
    }

    fn validated(self) -> Self {
        Self {
            url: clipped(self.url.trim()),
            username: clipped(&self.username),
            credential: clipped(&self.credential),
        }
    }
}

/// An empty choice is none.
fn device(choice: Option<String>) -> Option<String> {
    choice.map(|id| clipped(&id)).filter(|id| !id.is_empty())
}

/// Without control characters, and not too long.
pub(crate) fn clipped(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(MAX_TEXT)
        .collect()
}
