//! Where the sound server is: the places where libpulse looks for it.
//!
//! cpal's client of the PulseAudio protocol knows `unix:` in `PULSE_SERVER` and
//! `XDG_RUNTIME_DIR/pulse/native`, and nothing else. [`prepare`] looks wherever libpulse does
//! (environment, `client.conf`, the directories of the user and of the system) and tells that
//! client through the environment of this process. A server that is not a single Unix socket is
//! reached through a proxy of ours on one.
//!
//! The client also sends the cookie that it finds as it is, and servers hang up on one that is not
//! 256 bytes long; where there is none it gets zeros, as libpulse sends.

#![expect(unsafe_code, reason = "the environment has no other way to be changed")]

mod address;
mod client_conf;
mod environment;
mod proxy;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use self::address::Server;
use self::client_conf::ClientConf;
pub use self::environment::Environment;
use self::proxy::Proxy;

/// What was found out about the sound server. Kept for as long as sound is used: it holds the
/// proxy and the cookie that [`Found::variables`] name.
#[derive(Debug, Default)]
#[must_use]
pub struct Found {
    variables: Vec<(&'static str, OsString)>,
    proxy: Option<Proxy>,
    cookie: Option<File>,
}

/// Finds the sound server and sets the environment of this process so that sound finds it too. To
/// be called first in `main`: the environment must not change while another thread may read it, so
/// on any other thread nothing is changed.
///
/// Threads that libraries start as they are loaded do run by then: in a window, `JavaScriptCore`'s,
/// which gives memory back and reads no environment. To wait for a process without any would be to
/// change nothing there.
pub fn prepare() -> Found {
    if !is_main_thread() {
        return Found::default();
    }
    let found = find(&Environment::of_this_process());
    for (name, value) in &found.variables {
        // SAFETY: `main` calls this first, so no thread of ours runs but the proxy's, which looks at
        // nothing before somebody connects; those of libraries do not read the environment.
        unsafe { std::env::set_var(name, value) };
    }
    found
}

/// Finds the sound server as a process in `environment` would. Errors are told in the log: what
/// cannot be prepared is left as it was.
///
/// ```
/// use std::path::Path;
///
/// use devices::sound_server::{Environment, find};
///
/// // libpulse takes a bare path, cpal's client does not.
/// let named = ("PULSE_SERVER".into(), "/run/sound".into());
/// let found = find(&Environment::new([named], Path::new("/nothing/here")));
/// assert_eq!(found.variables()[0], ("PULSE_SERVER", "unix:/run/sound".into()));
/// ```
pub fn find(environment: &Environment) -> Found {
    let conf = ClientConf::read(environment);
    let mut found = Found::default();
    match servers(environment, &conf).as_slice() {
        [] => {}
        [Server::Unix(path)] => {
            if Some(path) != usual_socket(environment).as_ref() {
                found.lead_to(path);
            }
        }
        several => match Proxy::start(several.to_vec(), &environment.runtime_dir()) {
            Ok(proxy) => {
                found.lead_to(&proxy.socket());
                found.proxy = Some(proxy);
            }
            Err(error) => tracing::warn!(%error, "no proxy to the sound server"),
        },
    }
    let cookie = environment
        .cookies(conf.cookie)
        .into_iter()
        .find(|it| is_cookie(it));
    match cookie {
        Some(cookie) if environment.usual_cookie().as_ref() == Some(&cookie) => {}
        Some(cookie) => found.variables.push((COOKIE, cookie.into_os_string())),
        None => match zeros() {
            Ok((path, file)) => {
                found.variables.push((COOKIE, path.into_os_string()));
                found.cookie = Some(file);
            }
            Err(error) => tracing::warn!(%error, "no cookie for the sound server"),
        },
    }
    found
}

impl Found {
    /// The variables of the environment that lead cpal's client to the server; none where it finds
    /// the way by itself.
    #[must_use]
    pub fn variables(&self) -> &[(&'static str, OsString)] {
        &self.variables
    }

    fn lead_to(&mut self, socket: &Path) {
        let mut server = OsString::from("unix:");
        server.push(socket);
        self.variables.push((SERVER, server));
    }
}

/// The servers to try, in this order: those that the user named, else the user's own and then that
/// of the system.
fn servers(environment: &Environment, conf: &ClientConf) -> Vec<Server> {
    let named = environment.var(SERVER).or(conf.default_server.clone());
    if let Some(named) = named {
        let here = environment.machine_names();
        return named
            .split_ascii_whitespace()
            .filter_map(|it| Server::parse(it, &here))
            .collect();
    }
    let mut sockets = environment.user_sockets();
    // The service for all users starts with the machine: a socket that is not there now will not
    // come, and a second candidate would need a proxy.
    sockets.extend(Some(environment.system_socket()).filter(|it| it.exists()));
    let mut servers: Vec<_> = sockets.into_iter().map(Server::Unix).collect();
    if conf.auto_connect_localhost {
        servers.extend(
            ["tcp4:127.0.0.1", "tcp6:[::1]"]
                .map(|it| Server::parse(it, &[]))
                .into_iter()
                .flatten(),
        );
    }
    servers
}

/// Where cpal's client looks without `PULSE_SERVER`.
fn usual_socket(environment: &Environment) -> Option<PathBuf> {
    if environment.var(SERVER).is_some() || environment.var("PULSE_RUNTIME_PATH").is_some() {
        return None;
    }
    Some(environment.path("XDG_RUNTIME_DIR")?.join("pulse/native"))
}

fn is_cookie(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() == COOKIE_LEN)
}

/// A cookie of zeros, in a file without a name: its path leads through the descriptor, so nothing
/// is left on the disk however this process ends.
fn zeros() -> io::Result<(PathBuf, File)> {
    use std::os::fd::AsRawFd;

    let mut file = tempfile::tempfile()?;
    file.write_all(&[0; COOKIE_LEN as usize])?;
    let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
    Ok((PathBuf::from(path), file))
}

/// The first thread of a process has its number.
fn is_main_thread() -> bool {
    let id = std::process::id().to_string();
    std::fs::read_link("/proc/thread-self").is_ok_and(|it| it.ends_with(id))
}

const SERVER: &str = "PULSE_SERVER";
const COOKIE: &str = "PULSE_COOKIE";

/// `NATIVE_COOKIE_LENGTH` of the protocol.
const COOKIE_LEN: u64 = 256;

#[cfg(test)]
mod tests;
