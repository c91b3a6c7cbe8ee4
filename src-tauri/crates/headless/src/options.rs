//! Options of the command line that every Tincan program has.

use std::net::IpAddr;
use std::path::PathBuf;

use call::carrier::Carrier;
use clap::Args;
use clap::builder::RangedI64ValueParser;
use devices::{CameraChoice, MicrophoneChoice, SpeakerChoice};
use media::units::Size;
use store::{LanVisibility, Settings, WhoMayRing};
use transport::p2p::IceServer;

/// Who to be, whom to be reached through, and which devices to use.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Keep identity, settings, contacts and history in this directory, the identity key in a file.
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,

    /// Be reached through this relay, for this run, or through none.
    #[arg(long, value_name = "URL|none", value_parser = relay, global = true)]
    pub relay: Option<Relay>,

    /// synthetic, file:CLIP.y4m, device:NAME or none.
    #[arg(long, value_name = "CAMERA", global = true)]
    pub camera: Option<CameraChoice>,

    /// synthetic, file:SPEECH.wav, device:NAME or none.
    #[arg(long, value_name = "MICROPHONE", global = true)]
    pub microphone: Option<MicrophoneChoice>,

    /// device:NAME, file:FILE.wav or none.
    #[arg(long, value_name = "SPEAKER", global = true)]
    pub speaker: Option<SpeakerChoice>,

    /// Whether what the speaker plays is taken out of what the microphone hears, for this run. This
    /// and the next two are off for a synthetic microphone and a file unless they are asked for: a
    /// recording arrives as it is.
    #[arg(long, value_name = "on|off", value_parser = on_off, global = true)]
    pub echo_cancellation: Option<bool>,

    /// Whether what is no voice is taken out of what the microphone hears, for this run.
    #[arg(long, value_name = "on|off", value_parser = on_off, global = true)]
    pub noise_suppression: Option<bool>,

    /// Whether loudness is kept even, for this run.
    #[arg(long, value_name = "on|off", value_parser = on_off, global = true)]
    pub auto_gain: Option<bool>,

    /// Send no more than this, sound and picture together, in kilobits per second.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(64..=100_000), global = true)]
    pub max_kbps: Option<u32>,

    /// Size of the picture to send, like 1280x720.
    #[arg(long, value_name = "WxH", value_parser = size, global = true)]
    pub size: Option<Size>,

    /// Pictures per second to send.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=120), global = true)]
    pub fps: Option<u32>,

    /// A STUN server, like stun:HOST:PORT; may be given several times.
    #[arg(long, value_name = "URL", value_parser = stun_server, global = true)]
    pub stun: Vec<IceServer>,

    /// A TURN server, like turn:USER:PASSWORD@HOST:PORT; may be given several times.
    #[arg(long, value_name = "URL", value_parser = turn_server, global = true)]
    pub turn: Vec<IceServer>,

    /// Keep recordings of calls in this directory.
    #[arg(long, value_name = "DIR", global = true)]
    pub record: Option<PathBuf>,

    /// Use this local address only.
    #[arg(long, value_name = "IP", global = true)]
    pub bind: Option<IpAddr>,

    /// How long a call rings, in seconds, for this run.
    #[arg(long, value_name = "N", value_parser = ring_seconds(), global = true)]
    pub ring_seconds: Option<u32>,

    /// Whose calls ring, for this run: everybody's, those of people who were called or accepted
    /// before (known), or those of contacts.
    #[arg(long, value_name = "everybody|known|contacts", value_parser = who_may_ring, global = true)]
    pub who_may_ring: Option<WhoMayRing>,

    /// Who sees us on local networks, for this run: everyone there by name, people we know, or
    /// nobody (off), and then we see nobody there either.
    #[arg(long, value_name = "everyone|known|off", value_parser = lan, global = true)]
    pub lan: Option<LanVisibility>,

    /// How the calls that we make go, for this run: from computer to computer (direct), or through
    /// the LiveKit server of the relay (livekit). Whoever is called follows.
    #[arg(long, value_name = "direct|livekit", value_parser = via, global = true)]
    pub via: Option<Carrier>,
}

/// The relay of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relay {
    /// None: we are reached on local networks only.
    None,
    /// The one with this URL.
    At(String),
}

impl Relay {
    /// Its URL.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::At(url) => Some(url),
        }
    }
}

fn on_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("it is on or off".to_owned()),
    }
}

fn who_may_ring(text: &str) -> Result<WhoMayRing, String> {
    match text {
        "everybody" => Ok(WhoMayRing::Everybody),
        "known" => Ok(WhoMayRing::Known),
        "contacts" => Ok(WhoMayRing::Contacts),
        _ => Err("it is everybody, known or contacts".to_owned()),
    }
}

fn ring_seconds() -> RangedI64ValueParser<u32> {
    let (least, most) = (Settings::RING_SECONDS.start(), Settings::RING_SECONDS.end());
    clap::value_parser!(u32).range(i64::from(*least)..=i64::from(*most))
}

fn lan(text: &str) -> Result<LanVisibility, String> {
    match text {
        "everyone" => Ok(LanVisibility::Everyone),
        "known" => Ok(LanVisibility::Known),
        "off" => Ok(LanVisibility::Off),
        _ => Err("it is everyone, known or off".to_owned()),
    }
}

fn via(text: &str) -> Result<Carrier, String> {
    match text {
        "direct" => Ok(Carrier::Direct),
        "livekit" => Ok(Carrier::LiveKit),
        _ => Err("it is direct or livekit".to_owned()),
    }
}

fn relay(text: &str) -> Result<Relay, String> {
    if text == "none" {
        return Ok(Relay::None);
    }
    let url = identity::check_relay_url(text).map_err(|error| error.to_string())?;
    Ok(Relay::At(url))
}

fn stun_server(text: &str) -> Result<IceServer, String> {
    let host = text
        .strip_prefix("stun:")
        .filter(|it| !it.is_empty() && !it.contains('@'));
    let url = host
        .map(|_| text.to_owned())
        .ok_or("a STUN server looks like stun:HOST:PORT")?;
    Ok(IceServer {
        url,
        ..IceServer::default()
    })
}

/// User and password stand before the host, as in other URLs; RFC 7065 has no place for them.
fn turn_server(text: &str) -> Result<IceServer, String> {
    let parse = || {
        let (account, host) = text.strip_prefix("turn:")?.rsplit_once('@')?;
        let (username, credential) = account.split_once(':')?;
        (![host, username, credential].contains(&"")).then(|| IceServer {
            url: format!("turn:{host}"),
            username: username.to_owned(),
            credential: credential.to_owned(),
        })
    };
    parse().ok_or_else(|| "a TURN server looks like turn:USER:PASSWORD@HOST:PORT".to_owned())
}

fn size(text: &str) -> Result<Size, String> {
    let sides = text
        .split_once('x')
        .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match sides.map(|(width, height)| Size::new(width, height)) {
        Some(size) if size.is_valid() => Ok(size),
        Some(_) => Err("both sides must be even and at most 3840".to_owned()),
        None => Err("a size looks like 1280x720".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for line in [
            "x --relay http://host/v1",
            "x --size 1281x720",
            "x --size big",
            "x --fps 0",
            "x --ring-seconds 19",
            "x --ring-seconds 91",
            "x --who-may-ring nobody",
            "x --relay nowhere",
            "x --lan friends",
            "x --via pigeon",
            "x --echo-cancellation maybe",
            "x --noise-suppression",
            "x --auto-gain true",
        ] {
            assert!(Line::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }

    #[test]
    fn a_relay_is_a_url_or_none() {
        let relay = |text| {
            let line = Line::try_parse_from(["x", "--relay", text]).unwrap();
            line.options.relay.unwrap()
        };
        assert_eq!(relay("none").url(), None);
        assert_eq!(relay("ws://127.0.0.1:80").url(), Some("ws://127.0.0.1/v2"));
    }

    #[test]
    fn what_carries_our_calls_has_a_name() {
        let direct = Line::try_parse_from(["x", "--via", "direct"]).unwrap();
        assert_eq!(direct.options.via, Some(Carrier::Direct));
        let livekit = Line::try_parse_from(["x", "--via", "livekit"]).unwrap();
        assert_eq!(livekit.options.via, Some(Carrier::LiveKit));
    }

    #[test]
    fn a_turn_server_carries_its_account() {
        let line =
            Line::try_parse_from(["x", "--turn", "turn:ada:a:b@relay.example:3478"]).unwrap();
        let server = &line.options.turn[0];
        assert_eq!(server.url, "turn:relay.example:3478");
        assert_eq!(
            (server.username.as_str(), server.credential.as_str()),
            ("ada", "a:b")
        );
        assert!(Line::try_parse_from(["x", "--turn", "turn:relay.example"]).is_err());
    }

    #[test]
    fn a_size_is_two_numbers() {
        let line = Line::try_parse_from(["x", "--size", "640x360"]).unwrap();
        assert_eq!(line.options.size, Some(Size::new(640, 360)));
    }
}
