//! Behind real reverse proxies, set up as `packaging/relay` says.

use std::fs;
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use signal_client::{LinkState, Problem};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::support::authority::{Authority, VERSIONS};
use crate::support::http::{from, knock};
use crate::support::process::Process;
use crate::support::{Person, message, soon};

/// A proxy with a certificate for `localhost` before a relay.
struct Proxied {
    _proxy: Child,
    relay: Process,
    port: u16,
}

/// A program that stands before the relay.
#[derive(Clone, Copy)]
enum Kind {
    Nginx,
    /// With the `Host` field that nginx sends when nobody says otherwise.
    NginxAsItComes,
    Haproxy,
    Caddy,
}

impl Kind {
    const fn program(self) -> &'static str {
        match self {
            Self::Nginx | Self::NginxAsItComes => "nginx",
            Self::Haproxy => "haproxy",
            Self::Caddy => "caddy",
        }
    }

    fn is_there(self) -> bool {
        let places = ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/sbin"];
        let is_there = |place: &str| Path::new(place).join(self.program()).exists();
        let found = places.iter().any(|place| is_there(place));
        if !found {
            skipped(&format!(
                "there is no {}: cargo xtask ensure",
                self.program()
            ));
        }
        found
    }

    /// The snippet of our packaging, for these ports and files.
    fn configuration(self, directory: &Path, port: u16, relay: u16) -> String {
        let file = |name: &str| directory.join(name).display().to_string();
        let snippet = match self {
            Self::Nginx | Self::NginxAsItComes => snippet("nginx.conf")
                .replace(
                    "/etc/letsencrypt/live/relay.example/fullchain.pem",
                    &file("proxy.pem"),
                )
                .replace(
                    "/etc/letsencrypt/live/relay.example/privkey.pem",
                    &file("proxy-key.pem"),
                )
                .replace("listen 443", &format!("listen 127.0.0.1:{port}"))
                .replace("listen [::]:443", &format!("listen [::1]:{port}"))
                .replace("relay.example", "localhost"),
            Self::Haproxy => snippet("haproxy.cfg")
                .replace("/etc/haproxy/relay.example.pem", &file("both.pem"))
                .replace("bind :::443 v4v6", &format!("bind 127.0.0.1:{port}")),
            Self::Caddy => snippet("Caddyfile").replace(
                "relay.example {",
                &format!(
                    "https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {} {}",
                    file("proxy.pem"),
                    file("proxy-key.pem")
                ),
            ),
        };
        let snippet = snippet.replace("127.0.0.1:4080", &format!("127.0.0.1:{relay}"));
        match self {
            Self::Nginx => nginx(directory, &snippet),
            Self::NginxAsItComes => {
                let lines = snippet
                    .lines()
                    .filter(|it| !it.contains("proxy_set_header Host"));
                nginx(directory, &lines.collect::<Vec<_>>().join("\n"))
            }
            Self::Haproxy => snippet,
            Self::Caddy => format!("{{\n\tadmin off\n\tauto_https off\n}}\n{snippet}"),
        }
    }

    fn start(self, directory: &Path, configuration: &Path) -> Child {
        let mut command = Command::new(self.program());
        match self {
            Self::Nginx | Self::NginxAsItComes => command.arg("-c").arg(configuration),
            Self::Haproxy => command.arg("-db").arg("-f").arg(configuration),
            Self::Caddy => command
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(configuration),
        };
        let log = fs::File::create(directory.join("log")).expect("there is room");
        command
            .env(
                "PATH",
                "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin",
            )
            .env("HOME", directory)
            .env("XDG_CONFIG_HOME", directory)
            .env("XDG_DATA_HOME", directory)
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("it is there")
    }
}

/// A test that cannot run says so.
fn skipped(why: &str) {
    let _written: io::Result<()> = writeln!(io::stderr(), "skipped: {why}");
}

/// What is shipped, read where it is kept.
fn snippet(name: &str) -> String {
    let packaging = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../packaging/relay");
    fs::read_to_string(packaging.join(name)).expect("it is shipped")
}

/// What stands around the snippet where nginx is installed, and nothing outside this directory.
fn nginx(directory: &Path, snippet: &str) -> String {
    let at = directory.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|it| format!("{it}_temp_path {at}/{it};\n"))
        .collect();
    format!(
        "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/errors;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}{snippet}\n}}\n"
    )
}

impl Proxied {
    /// Both, when the proxy takes connections.
    async fn start(kind: Kind, authority: &Authority, args: &[&str]) -> Self {
        let port = free_port();
        let host = format!("localhost:{port}");
        let common = ["--host", &host, "--trusted-proxy", "127.0.0.1"];
        let relay = Process::start(&[&common, args].concat()).await;
        let directory = &authority.directory;
        let (cert, key) = (directory.join("proxy.pem"), directory.join("proxy-key.pem"));
        authority.certify(&cert, &key);
        let both = [cert, key].map(|file| fs::read_to_string(file).expect("it was written"));
        fs::write(directory.join("both.pem"), both.concat()).expect("there is room");
        let configuration = directory.join("configuration");
        let text = kind.configuration(directory, port, relay.port());
        fs::write(&configuration, text).expect("there is room");
        let mut proxy = kind.start(directory, &configuration);
        let listening = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                let ended = proxy.try_wait().expect("it can be asked");
                let log = || fs::read_to_string(directory.join("log")).unwrap_or_default();
                assert!(ended.is_none(), "{} ended: {}", kind.program(), log());
                sleep(Duration::from_millis(50)).await;
            }
        };
        soon(listening).await;
        Self {
            _proxy: proxy,
            relay,
            port,
        }
    }

    fn url(&self) -> String {
        format!("wss://localhost:{}", self.port)
    }

    /// What a client from this address is answered, and its connection.
    async fn knock(&self, authority: &Authority, source: &str) -> (Option<u16>, impl Sized) {
        let near = format!("127.0.0.1:{}", self.port);
        let stream = from(source, &near).await.expect("it listens");
        let mut stream = authority
            .encrypt(stream, &VERSIONS)
            .await
            .expect("it is trusted");
        let forged = "X-Forwarded-For: 203.0.113.5\r\n";
        let host = format!("localhost:{}", self.port);
        (knock(&mut stream, &host, forged).await, stream)
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Two people meet, and the relay counts connections by where they come from.
async fn works(kind: Kind, test: &str, args: &[&str]) {
    if !kind.is_there() {
        return;
    }
    let Some(authority) = Authority::trusted_in(test).await else {
        return;
    };
    let proxied = Proxied::start(kind, &authority, &[&["--max-per-ip", "2"], args].concat()).await;
    let (ann, mut bob) = (
        Person::online(&proxied.url()).await,
        Person::online(&proxied.url()).await,
    );
    ann.say(&bob, "hello");
    assert_eq!(bob.hear().await, message(&ann, "hello"));

    let mut held = Vec::new();
    for expected in [Some(101), Some(101), Some(503)] {
        let (status, connection) = proxied.knock(&authority, "127.0.0.6").await;
        assert_eq!(status, expected, "{}", proxied.relay.log());
        held.push(connection);
    }
    let (status, _connection) = proxied.knock(&authority, "127.0.0.7").await;
    assert_eq!(status, Some(101), "somebody else has a share of their own");
}

#[tokio::test]
async fn people_meet_behind_nginx() {
    works(Kind::Nginx, "proxies::people_meet_behind_nginx", &[]).await;
}

#[tokio::test]
async fn people_meet_behind_haproxy() {
    let test = "proxies::people_meet_behind_haproxy";
    works(Kind::Haproxy, test, &["--proxy-protocol"]).await;
}

#[tokio::test]
async fn people_meet_behind_caddy() {
    works(Kind::Caddy, "proxies::people_meet_behind_caddy", &[]).await;
}

#[tokio::test]
async fn a_proxy_that_names_itself_as_the_host_is_told_from_a_wrong_version() {
    let test = "proxies::a_proxy_that_names_itself_as_the_host_is_told_from_a_wrong_version";
    if !Kind::NginxAsItComes.is_there() {
        return;
    }
    let Some(authority) = Authority::trusted_in(test).await else {
        return;
    };
    let proxied = Proxied::start(Kind::NginxAsItComes, &authority, &[]).await;
    let mut ann = Person::new(&proxied.url());
    ann.until(LinkState::Offline(Problem::BadProof)).await;
}

#[tokio::test]
async fn only_a_trusted_proxy_may_say_for_whom_it_speaks() {
    let trusting = ["--host", "127.0.0.1", "--trusted-proxy", "127.0.0.9"];
    let relay = Process::start(&[&trusting[..], &["--max-per-ip", "1"]].concat()).await;
    let here = relay.socket_address();
    let mut held = Vec::new();
    for (source, client, expected) in [
        ("127.0.0.9", "192.0.2.1", 101),
        ("127.0.0.9", "192.0.2.1", 503),
        ("127.0.0.9", "203.0.113.5, 192.0.2.1", 503),
        ("127.0.0.9", "203.0.113.5", 101),
        ("127.0.0.5", "198.51.100.1", 101),
        ("127.0.0.5", "198.51.100.2", 503),
    ] {
        let mut stream = from(source, &here).await.expect("it listens");
        let header = format!("X-Forwarded-For: {client}\r\n");
        let status = knock(&mut stream, &here, &header).await;
        assert_eq!(status, Some(expected), "{client} by {source}");
        held.push(stream);
    }
}

#[tokio::test]
async fn a_host_is_taken_from_a_trusted_proxy_only() {
    let trusting = ["--host", "relay.example", "--trusted-proxy", "127.0.0.9"];
    let relay = Process::start(&trusting).await;
    for (source, expected) in [("127.0.0.9", 101), ("127.0.0.5", 421)] {
        let mut stream = from(source, &relay.socket_address())
            .await
            .expect("it listens");
        let header = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: relay.example\r\n";
        let status = knock(&mut stream, "127.0.0.1:4080", header).await;
        assert_eq!(status, Some(expected), "{source}");
    }
}

#[tokio::test]
async fn the_proxy_protocol_is_taken_from_trusted_proxies_and_owed_by_them() {
    let options = [
        "--host",
        "127.0.0.1",
        "--trusted-proxy",
        "127.0.0.9",
        "--proxy-protocol",
        "--max-per-ip",
        "1",
    ];
    let relay = Process::start(&[&options[..], &["--hello", "500ms"]].concat()).await;
    let here = relay.socket_address();
    let mut held = Vec::new();
    let line = "PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n";
    for (source, begins, expected) in [
        ("127.0.0.9", line, Some(101)),
        ("127.0.0.9", line, Some(503)),
        ("127.0.0.9", "", None),
        ("127.0.0.9", "PROXY NONSENSE\r\n", None),
        ("127.0.0.5", line, Some(400)),
        ("127.0.0.6", "", Some(101)),
    ] {
        let mut stream = from(source, &here).await.expect("it listens");
        stream.write_all(begins.as_bytes()).await.expect("it reads");
        let status = knock(&mut stream, &here, "").await;
        assert_eq!(status, expected, "{begins:?} from {source}");
        held.push(stream);
    }
    let mut silent = from("127.0.0.9", &here).await.expect("it listens");
    silent
        .write_all(b"PROXY TCP4 192.")
        .await
        .expect("it reads");
    let status = soon(knock(&mut silent, &here, "")).await;
    assert_eq!(status, None, "a header has its time");
}
