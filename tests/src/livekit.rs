//! A real LiveKit server on this machine, and what it says of its rooms.
//!
//! The relay's own tests include this file too, so it stands alone: nothing of ours is named here.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// A running `livekit-server` on free ports of 127.0.0.1. Dropping it kills it without a chance to say
/// goodbye: asked to end it would wait for those who are in its rooms.
#[derive(Debug)]
pub struct LiveKit {
    child: Child,
    home: TempDir,
    api: Api,
}

/// What a server says of its rooms, and does to them for whoever knows its secret.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    place: SocketAddr,
}

impl LiveKit {
    /// The API key that it knows.
    pub const KEY: &str = "devkey";

    /// The secret of that key.
    pub const SECRET: &str = "this-is-the-secret-of-the-tests-and-long";

    /// Starts one and waits until it answers; none where the program is not there, which is said
    /// loudly. In CI that is an error.
    ///
    /// # Errors
    /// When it cannot be started or does not answer in time.
    pub async fn start() -> Result<Option<Self>> {
        if !Self::is_there().await? {
            return Ok(None);
        }
        let program = Self::program()?;
        // A port that was free a moment ago may be taken by now.
        for _ in 0..ATTEMPTS {
            if let Some(running) = Self::start_at(&program, free_port()?).await? {
                return Ok(Some(running));
            }
        }
        bail!("livekit-server did not start in {ATTEMPTS} attempts")
    }

    /// Whether the program is there; where it is not, that is said loudly. In CI that is an error.
    ///
    /// # Errors
    /// When it is not there in CI, or we do not run out of a target directory.
    pub async fn is_there() -> Result<bool> {
        let program = Self::program()?;
        if program.is_file() {
            return Ok(true);
        }
        let missing = format!(
            "there is no {}: cargo xtask test makes it",
            program.display()
        );
        ensure!(std::env::var_os("CI").is_none(), missing);
        let told = format!("\nSKIPPED what needs a LiveKit server: {missing}\n");
        tokio::io::stderr().write_all(told.as_bytes()).await?;
        Ok(false)
    }

    /// Starts one at this port, where another one may have been.
    ///
    /// # Errors
    /// When it cannot be started or does not answer in time.
    pub async fn start_again(port: u16) -> Result<Self> {
        // One of its other ports may be taken, as at a first start.
        for _ in 0..ATTEMPTS {
            if let Some(running) = Self::start_at(&Self::program()?, port).await? {
                return Ok(running);
            }
        }
        bail!("livekit-server does not start at port {port}")
    }

    /// Where `cargo xtask test` puts the program, or what `TINCAN_LIVEKIT_SERVER` names.
    ///
    /// # Errors
    /// When we do not run out of a target directory.
    pub fn program() -> Result<PathBuf> {
        if let Some(named) = std::env::var_os("TINCAN_LIVEKIT_SERVER") {
            return Ok(named.into());
        }
        let us = std::env::current_exe()?;
        let mut dirs = us.ancestors();
        let debug = dirs.find(|dir| dir.ends_with("debug") || dir.ends_with("release"));
        let target = debug.and_then(Path::parent);
        let target = target.context("we run outside a target directory")?;
        Ok(target.join("tools/livekit/server"))
    }

    /// None when it ended before it answered.
    async fn start_at(program: &Path, port: u16) -> Result<Option<Self>> {
        let place = SocketAddr::from(([127, 0, 0, 1], port));
        let mut running = Self::spawn(Command::new(program), place)?;
        let until = Instant::now() + SOON;
        while running.child.try_wait()?.is_none() {
            if matches!(running.get("/").await, Ok((200, _))) {
                return Ok(Some(running));
            }
            ensure!(Instant::now() < until, "livekit-server does not answer");
            sleep(Duration::from_millis(50)).await;
        }
        Ok(None)
    }

    /// Starts one by a command that may run it on another host, at an address of there. Nobody waits
    /// until it answers.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(mut command: Command, place: SocketAddr) -> Result<Self> {
        let home = TempDir::new()?;
        let config = home.path().join("livekit.yaml");
        std::fs::write(&config, configuration(place)?)?;
        // Where the logs of our own programs go, if they are wanted.
        let logs = std::env::var_os("TINCAN_TEST_LOG").map(PathBuf::from);
        let log = logs.unwrap_or_else(|| home.path().to_owned());
        let log = log.join(format!("livekit-{}.log", place.port()));
        let log = std::fs::File::create(log)?;
        let child = command
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start livekit-server")?;
        let api = Api { place };
        Ok(Self { child, home, api })
    }

    /// The URL that clients and relays use.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.api.place)
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.api.place.port()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it says of its rooms, for who asks beside.
    #[must_use]
    pub const fn api(&self) -> Api {
        self.api
    }

    /// The options of a relay that uses it. The secret is in a file of its own.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn relay_options(&self) -> Result<Vec<String>> {
        self.relay_options_for(&self.url(), Self::SECRET)
    }

    /// The same for another URL or another secret.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn relay_options_for(&self, url: &str, known: &str) -> Result<Vec<String>> {
        let secret = self.home.path().join("secret");
        std::fs::write(&secret, format!("{known}\n"))?;
        Ok(vec![
            "--livekit-url".to_owned(),
            url.to_owned(),
            "--livekit-key".to_owned(),
            Self::KEY.to_owned(),
            "--livekit-secret-file".to_owned(),
            secret.display().to_string(),
        ])
    }

    /// Ends it as a crash does.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

impl Deref for LiveKit {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Api {
    /// The rooms that it has, with all that it says of them.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn rooms(&self) -> Result<Vec<Value>> {
        let answer = self.ask("ListRooms", json!({ "roomList": true }), json!({}));
        list(&answer.await?, "rooms")
    }

    /// Who is in a room.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn participants(&self, room: &str) -> Result<Vec<Value>> {
        let grants = json!({ "roomAdmin": true, "room": room });
        let answer = self.ask("ListParticipants", grants, json!({ "room": room }));
        list(&answer.await?, "participants")
    }

    /// Sends somebody out of a room.
    ///
    /// # Errors
    /// When it does not answer, or nobody of this name is there.
    pub async fn remove(&self, room: &str, identity: &str) -> Result<()> {
        let who = json!({ "room": room, "identity": identity });
        let grants = json!({ "roomAdmin": true, "room": room });
        self.ask("RemoveParticipant", grants, who).await.map(drop)
    }

    /// Mutes a track of somebody, as who moderates a room may; the server then has it as muted.
    ///
    /// # Errors
    /// When it does not answer, there is no such track, or it is not muted.
    pub async fn mute(&self, room: &str, identity: &str, track: &str) -> Result<()> {
        let what = json!({ "room": room, "identity": identity, "trackSid": track, "muted": true });
        let grants = json!({ "roomAdmin": true, "room": room });
        let answer = self.ask("MutePublishedTrack", grants, what).await?;
        ensure!(answer["track"]["muted"] == true, "{answer}");
        Ok(())
    }

    /// Closes a room and sends everybody away.
    ///
    /// # Errors
    /// When it does not answer, or there is no such room.
    pub async fn delete(&self, room: &str) -> Result<()> {
        let grants = json!({ "roomCreate": true, "room": room });
        let request = self.ask("DeleteRoom", grants, json!({ "room": room }));
        request.await.map(drop)
    }

    /// Waits until it has so many rooms, and says how long that took.
    ///
    /// # Errors
    /// When it has another number after `limit`.
    pub async fn until_rooms(&self, count: usize, limit: Duration) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            let rooms = self.rooms().await?.len();
            if rooms == count {
                return Ok(begun.elapsed());
            }
            let took = begun.elapsed();
            ensure!(
                took < limit,
                "{rooms} rooms instead of {count} after {took:?}"
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The status with which it answers a client that wants to know whether its token is good.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn validate(&self, token: &str) -> Result<u16> {
        let path = format!("/rtc/validate?access_token={token}&protocol=15&sdk=rust");
        Ok(self.get(&path).await?.0)
    }

    /// Calls a method of its room service (Twirp).
    async fn ask(&self, method: &str, grants: Value, request: Value) -> Result<Value> {
        let token = token(&grants)?;
        let path = format!("/twirp/livekit.RoomService/{method}");
        let body = request.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let (status, answer) = self.exchange(&format!("{head}{body}")).await?;
        ensure!(status == 200, "{method}: {status} {answer}");
        Ok(serde_json::from_str(&answer)?)
    }

    async fn get(&self, path: &str) -> Result<(u16, String)> {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        self.exchange(&request).await
    }

    /// Status and body of an answer.
    async fn exchange(&self, request: &str) -> Result<(u16, String)> {
        let exchange = async {
            let mut stream = TcpStream::connect(self.place).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
            let status = head.split(' ').nth(1).context("no status")?.parse()?;
            Ok((status, body.to_owned()))
        };
        timeout(SOON, exchange).await?
    }
}

/// A token that lets somebody into a room for two, good for a minute.
///
/// # Errors
/// When the clock is wrong.
pub fn token_to_join(identity: &str, room: &str, secret: &str) -> Result<String> {
    token_to_room_of(2, identity, room, secret)
}

/// The same for a room of so many, which is made by who joins first.
///
/// # Errors
/// When the clock is wrong.
pub fn token_to_room_of(most: u32, identity: &str, room: &str, secret: &str) -> Result<String> {
    let grants = json!({ "roomJoin": true, "room": room });
    let claims = json!({ "sub": identity, "roomConfig": { "maxParticipants": most } });
    signed(claims, &grants, secret)
}

/// A token for these grants, good for a minute.
fn token(grants: &Value) -> Result<String> {
    signed(json!({}), grants, LiveKit::SECRET)
}

/// A JWT with HMAC-SHA256 (RFC 7519).
fn signed(mut claims: Value, grants: &Value, secret: &str) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    claims["iss"] = json!(LiveKit::KEY);
    claims["nbf"] = json!(now - 60);
    claims["exp"] = json!(now + 60);
    claims["video"] = grants.clone();
    let header = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
    let signed = format!("{header}.{claims}");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(signed.as_bytes());
    let signature = BASE64URL_NOPAD.encode(&mac.finalize().into_bytes());
    Ok(format!("{signed}.{signature}"))
}

fn list(answer: &Value, name: &str) -> Result<Vec<Value>> {
    match answer.get(name) {
        None => Ok(Vec::new()),
        Some(list) => Ok(list.as_array().context("no list")?.clone()),
    }
}

/// What makes it work offline, at one address that the loopback interface has: of several it would send
/// from any. Its keys are errors where it does not know them.
fn configuration(place: SocketAddr) -> Result<String> {
    let (ip, port) = (place.ip(), place.port());
    let (tcp, udp) = (free_port()?, free_udp_port()?);
    let (key, secret) = (LiveKit::KEY, LiveKit::SECRET);
    Ok(format!(
        "port: {port}
bind_addresses: [{ip}]
keys: {{ {key}: {secret} }}
rtc:
  udp_port: {udp}
  tcp_port: {tcp}
  node_ip: {ip}
  use_external_ip: false
  enable_loopback_candidate: true
  interfaces: {{ includes: [lo] }}
  ips: {{ includes: [{ip}/32] }}
  stun_servers: [\"127.0.0.1:3478\"]
room:
  auto_create: true
  enabled_codecs: [{{ mime: audio/opus }}, {{ mime: video/h264 }}]
"
    ))
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}

fn free_udp_port() -> Result<u16> {
    Ok(std::net::UdpSocket::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}

const ATTEMPTS: u32 = 3;

/// It answers within a second on a machine that has nothing else to do.
const SOON: Duration = Duration::from_secs(20);
