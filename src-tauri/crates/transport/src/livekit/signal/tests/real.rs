//! A join of LiveKit's own server, where it is at hand.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use data_encoding::BASE64URL_NOPAD;
use ring::hmac;

use super::{cause, config, next};
use crate::livekit::signal::{Cause, Connection, Event, Reason, Request, ResumeReason};

#[tokio::test]
#[ignore = "depends on how fast a LiveKit server of its own starts beside all other tests"]
async fn the_real_server_lets_us_in_sends_a_third_away_and_hears_us_leave() {
    let Some(server) = Server::start() else {
        println!("SKIPPED: no LiveKit server in the tools of the target directory");
        return;
    };
    let mut ann = server.join("ann", "room").await;
    assert!(matches!(next(&mut ann).await, Event::Joined(_)));
    let mut bob = server.join("bob", "room").await;
    let Event::Joined(joined) = next(&mut bob).await else {
        panic!("not joined");
    };
    println!(
        "server {}, others {}",
        joined.server_version,
        joined.others.len()
    );
    assert_eq!(joined.others.len(), 1);
    assert!(!joined.sif_trailer.is_empty());
    let eve = server.join("eve", "room").await;
    assert!(matches!(
        cause(eve).await,
        Cause::ServerFault | Cause::NotAdmitted
    ));
    let again = server.join("ann", "room").await;
    assert_eq!(cause(ann).await, Cause::Duplicate);
    drop(again);
    // Without media the server forgets whose socket is lost, and says so to who resumes.
    bob.ask(Request::Resume(ResumeReason::SignalLost)).unwrap();
    assert_eq!(cause(bob).await, Cause::JoinAnew);
    let mut carl = server.join("carl", "other").await;
    assert!(matches!(next(&mut carl).await, Event::Joined(_)));
    carl.ask(Request::Leave(Reason::ClientInitiated)).unwrap();
    assert_eq!(cause(carl).await, Cause::Left);
    let mut stranger = config(&server.url);
    stranger.token = server
        .token("ann", "room", "another secret of at least 32 bytes")
        .into();
    assert_eq!(cause(Connection::open(stranger)).await, Cause::Refused);
}

/// Killed when dropped: a signal to end makes it wait for its rooms.
struct Server {
    url: String,
    child: Child,
    config: PathBuf,
}

impl Server {
    fn start() -> Option<Self> {
        let program = program()?;
        let port = || TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok();
        let (http, tcp, udp) = (port()?.port(), port()?.port(), port()?.port());
        let config = written(&format!(
            "port: {http}\nbind_addresses: [127.0.0.1]\nkeys: {{ devkey: {SECRET} }}\nrtc:\n  \
             udp_port: {udp}\n  tcp_port: {tcp}\n  node_ip: 127.0.0.1\n  use_external_ip: false\n  \
             enable_loopback_candidate: true\n  interfaces: {{ includes: [lo] }}\n  \
             stun_servers: [\"127.0.0.1:3478\"]\nroom:\n  auto_create: true\n  \
             max_participants: 2\n"
        ));
        let child = Command::new(program)
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let url = format!("http://127.0.0.1:{http}");
        Some(Self { url, child, config })
    }

    /// Tries until the server is up.
    async fn join(&self, identity: &str, room: &str) -> Connection {
        for _ in 0..50 {
            let address = self.url.trim_start_matches("http://");
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let mut config = config(&self.url);
        config.token = self.token(identity, room, SECRET).into();
        Connection::open(config)
    }

    /// A JWT with HMAC-SHA256 (RFC 7519).
    fn token(&self, identity: &str, room: &str, secret: &str) -> String {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let claims = serde_json::json!({
            "iss": "devkey",
            "sub": identity,
            "nbf": now - 5,
            "exp": now + 60,
            "video": { "roomJoin": true, "room": room },
        });
        let head = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let body = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
        let signed = format!("{head}.{body}");
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = BASE64URL_NOPAD.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
        format!("{signed}.{tag}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
        let _removed = std::fs::remove_file(&self.config);
    }
}

/// Below the target directory, which is two above the test's program.
fn program() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let target = own.ancestors().nth(3)?;
    let program = target.join("tools/livekit/server");
    program.exists().then_some(program)
}

/// A file with the server's configuration.
fn written(text: &str) -> PathBuf {
    let name = format!("tincan-livekit-{}.yaml", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

const SECRET: &str = "secretsecretsecretsecretsecretsecret";
