//! Real files below a root of our own, and real sockets.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::net::{UnixListener, UnixStream};

use tempfile::TempDir;

use super::*;

/// A machine with an id and a host name, and a user with a home.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.write("etc/machine-id", "0123abcd\n");
        machine.write("proc/sys/kernel/hostname", "desk\n");
        machine.write("home/.config/pulse/cookie", &"c".repeat(256));
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What a process with these variables sees, beside its home.
    fn environment(&self, variables: &[(&str, &str)]) -> Environment {
        let home = self.path("home").into_os_string();
        let own = variables.iter().map(|(name, value)| {
            let value = value.replace('~', &self.path("home").display().to_string());
            (OsString::from(name), OsString::from(value))
        });
        Environment::new(own.chain([(OsString::from("HOME"), home)]), self.0.path())
    }

    fn servers(&self, variables: &[(&str, &str)]) -> Vec<Server> {
        let environment = self.environment(variables);
        servers(&environment, &ClientConf::read(&environment))
    }
}

fn unix(path: impl Into<PathBuf>) -> Server {
    Server::Unix(path.into())
}

#[test]
fn a_named_server_goes_before_all_places() {
    let machine = Machine::new();
    machine.write(
        "home/.config/pulse/client.conf",
        "default-server = unix:/conf",
    );
    let named = [
        ("PULSE_SERVER", "{other}unix:/no {desk}unix:/a /b"),
        ("XDG_RUNTIME_DIR", "/run/x"),
    ];
    assert_eq!(machine.servers(&named), [unix("/a"), unix("/b")]);
}

#[test]
fn a_file_of_settings_names_the_server_and_the_user_s_own_goes_first() {
    let machine = Machine::new();
    machine.write(
        "etc/pulse/client.conf",
        "; a comment\n default-server=unix:/etc # or so\n",
    );
    assert_eq!(machine.servers(&[]), [unix("/etc")]);
    machine.write(
        "etc/pulse/client.conf.d/10.conf",
        "default-server = unix:/ten",
    );
    machine.write(
        "etc/pulse/client.conf.d/20.conf",
        "default-server = unix:/twenty",
    );
    machine.write(
        "etc/pulse/client.conf.d/30.off",
        "default-server = unix:/off",
    );
    assert_eq!(machine.servers(&[]), [unix("/twenty")]);
    machine.write(
        "home/.config/pulse/client.conf",
        "default-server = unix:/home",
    );
    assert_eq!(machine.servers(&[]), [unix("/home")]);
    machine.write("other.conf", "default-server = unix:/other");
    let path = machine.path("other.conf").display().to_string();
    assert_eq!(
        machine.servers(&[("PULSE_CLIENTCONFIG", &path)]),
        [unix("/other")]
    );
}

#[test]
fn without_a_name_the_directories_of_the_user_are_looked_at() {
    let machine = Machine::new();
    let runtime = ("XDG_RUNTIME_DIR", "/run/x");
    assert_eq!(machine.servers(&[runtime]), [unix("/run/x/pulse/native")]);
    assert_eq!(
        machine.servers(&[("PULSE_RUNTIME_PATH", "/run/p"), runtime]),
        [unix("/run/p/native")]
    );
    let own = machine.path("home/.config/pulse/0123abcd-runtime/native");
    let session = machine.path(&format!("run/user/{}/pulse/native", uid()));
    assert_eq!(machine.servers(&[]), [unix(own), unix(session)]);
}

#[test]
fn the_server_of_a_whole_machine_comes_last() {
    let machine = Machine::new();
    machine.write("var/run/pulse/native", "");
    machine.write(
        "home/.config/pulse/client.conf",
        "auto-connect-localhost = yes",
    );
    let servers = machine.servers(&[("XDG_RUNTIME_DIR", "/run/x")]);
    assert_eq!(
        servers[..2],
        [
            unix("/run/x/pulse/native"),
            unix(machine.path("var/run/pulse/native"))
        ]
    );
    assert!(matches!(
        &servers[2..],
        [Server::Tcp { .. }, Server::Tcp { .. }]
    ));
}

#[test]
fn where_the_client_finds_the_way_itself_nothing_is_changed() {
    let machine = Machine::new();
    let found = find(&machine.environment(&[("XDG_RUNTIME_DIR", "/run/x")]));
    assert_eq!(found.variables(), []);
}

#[test]
fn a_single_socket_is_named_without_a_proxy() {
    let machine = Machine::new();
    let found = find(&machine.environment(&[("PULSE_SERVER", "/run/other")]));
    assert_eq!(found.variables(), [(SERVER, "unix:/run/other".into())]);
    assert!(found.proxy.is_none());
}

#[test]
fn the_cookie_is_that_of_the_settings_or_zeros() {
    let machine = Machine::new();
    machine.write("home/.config/pulse/client.conf", "cookie-file = mine");
    let cookie = |machine: &Machine| {
        let found = find(&machine.environment(&[("XDG_RUNTIME_DIR", "/run/x")]));
        let named = found.variables().iter().find(|(name, _)| *name == COOKIE);
        named.map(|(_, path)| fs::read(path).unwrap())
    };
    machine.write("home/.config/pulse/mine", "too short");
    assert_eq!(cookie(&machine), None, "the usual one is good");
    machine.write("home/.config/pulse/mine", &"m".repeat(256));
    assert_eq!(cookie(&machine), Some(vec![b'm'; 256]));
    for cookie in ["mine", "cookie"] {
        fs::remove_file(machine.path("home/.config/pulse").join(cookie)).unwrap();
    }
    assert_eq!(cookie(&machine), Some(vec![0; 256]));
}

#[test]
fn a_proxy_leads_to_the_first_server_that_answers_now() {
    let machine = Machine::new();
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    let first = machine.path("first");
    let named = format!(
        "unix:{} tcp:{}",
        first.display(),
        second.local_addr().unwrap()
    );
    let found = find(&machine.environment(&[("PULSE_SERVER", &named)]));
    let [(SERVER, server)] = found.variables() else {
        panic!("{:?}", found.variables());
    };
    let socket = server
        .to_str()
        .unwrap()
        .strip_prefix("unix:")
        .unwrap()
        .to_owned();

    // The client gets what the server says, and the end of one is the end of the other.
    let client = UnixStream::connect(&socket).unwrap();
    let (mut server, _) = second.accept().unwrap();
    server.write_all(b"hello").unwrap();
    let mut heard = [0; 5];
    (&client).read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"hello");
    drop(client);
    assert_eq!(server.read(&mut heard).unwrap(), 0);

    // The second is gone, and the first has come.
    drop((server, second));
    let first = UnixListener::bind(first).unwrap();
    let mut client = UnixStream::connect(&socket).unwrap();
    let (server, _) = first.accept().unwrap();
    drop(server);
    assert_eq!(client.read(&mut heard).unwrap(), 0);

    // Nobody is left: the client is told at once.
    drop(first);
    let mut client = UnixStream::connect(&socket).unwrap();
    assert_eq!(client.read(&mut heard).unwrap(), 0);
    drop(found);
    assert!(UnixStream::connect(&socket).is_err());
}

fn uid() -> u32 {
    use std::os::unix::fs::MetadataExt;

    fs::metadata("/proc/self").unwrap().uid()
}
