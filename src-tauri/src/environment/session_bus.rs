//! The message bus of the session, looked at before anything uses it.
//!
//! GTK, notifications and screen readers want the bus. Where its address is nonsense they go on
//! without; where somebody listens there and never answers, GTK waits for it before it shows a
//! window. So a bus that does not answer is taken out of the environment.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{self, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// The address where GTK looks when the environment names none: the user's bus, if there is a
/// socket for it in `runtime_dir`. Blocks for no time.
pub(super) fn usual(runtime_dir: &Path) -> Option<String> {
    let socket = runtime_dir.join("bus");
    let is_socket = socket.metadata().is_ok_and(|it| it.file_type().is_socket());
    let escape = |byte: &u8| match byte {
        b'-' | b'/' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
            char::from(*byte).to_string()
        }
        other => format!("%{other:02x}"),
    };
    let path = || {
        let bytes = socket.as_os_str().as_bytes().iter();
        bytes.map(escape).collect::<String>()
    };
    is_socket.then(|| format!("unix:path={}", path()))
}

/// The part of `address` that there is a use in: the first bus that answers. `address` is what
/// stands in the environment (D-Bus specification, "Server Addresses"): several, of which a library
/// takes the first that lets it connect, and waits there. Blocks for [`PATIENCE`] at most.
///
/// # Errors
/// Why none of them is of use.
pub(super) fn working<'a>(address: &'a str, runtime_dir: Option<&Path>) -> Result<&'a str, String> {
    let until = Instant::now() + PATIENCE;
    let mut fault = "no address".to_owned();
    for one in address.split(';').filter(|it| !it.is_empty()) {
        match try_one(one, runtime_dir, until) {
            Ok(()) => return Ok(one),
            Err(why) => fault = why,
        }
    }
    Err(fault)
}

fn try_one(address: &str, runtime_dir: Option<&Path>, until: Instant) -> Result<(), String> {
    let (transport, fields) = address.split_once(':').unwrap_or((address, ""));
    let field = |name: &str| {
        let mut fields = fields.split(',').filter_map(|it| it.split_once('='));
        fields.find_map(|(key, value)| (key == name).then(|| unescaped(value)))
    };
    let tried = match transport {
        "unix" => {
            let socket = if let Some(path) = field("path") {
                net::SocketAddr::from_pathname(Path::new(OsStr::from_bytes(&path)))
            } else if let Some(name) = field("abstract") {
                net::SocketAddr::from_abstract_name(name)
            } else if let (Some(_), Some(dir)) = (field("runtime"), runtime_dir) {
                net::SocketAddr::from_pathname(dir.join("bus"))
            } else {
                return Ok(());
            };
            socket.and_then(|it| unix_answers(&it, until))
        }
        "tcp" => {
            let host =
                field("host").and_then(|it| str::from_utf8(&it).ok()?.parse::<IpAddr>().ok());
            let port = field("port").and_then(|it| str::from_utf8(&it).ok()?.parse().ok());
            // Names are for the libraries: resolving one may take longer than anything here.
            let (Some(host), Some(port)) = (host, port) else {
                return Ok(());
            };
            tcp_answers((host, port).into(), until)
        }
        // Rare, and the libraries know better than we do whether it works.
        "nonce-tcp" | "unixexec" | "autolaunch" | "launchd" => return Ok(()),
        _ => return Err(format!("{transport:?} is no way to a bus")),
    };
    tried.map_err(|error| error.to_string())
}

/// A value without the escapes of the specification: `%` and two hexadecimal digits.
fn unescaped(value: &str) -> Cow<'_, [u8]> {
    if !value.contains('%') {
        return Cow::Borrowed(value.as_bytes());
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        let escaped = digit(0).zip(digit(1)).filter(|_| *first == b'%');
        let escaped = escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = &after[if escaped.is_some() { 2 } else { 0 }..];
    }
    Cow::Owned(bytes)
}

fn unix_answers(socket: &net::SocketAddr, until: Instant) -> io::Result<()> {
    let stream = UnixStream::connect_addr(socket)?;
    answers(
        &stream,
        |it, left| {
            it.set_read_timeout(Some(left))?;
            it.set_write_timeout(Some(left))
        },
        until,
    )
}

fn tcp_answers(address: SocketAddr, until: Instant) -> io::Result<()> {
    let stream = TcpStream::connect_timeout(&address, left(until)?)?;
    answers(
        &stream,
        |it, left| {
            it.set_read_timeout(Some(left))?;
            it.set_write_timeout(Some(left))
        },
        until,
    )
}

/// Begins to introduce itself, as every client does; a bus answers with a line: which ways it takes.
fn answers<S>(
    mut stream: &S,
    limit: impl Fn(&S, Duration) -> io::Result<()>,
    until: Instant,
) -> io::Result<()>
where
    for<'a> &'a S: Read + Write,
{
    limit(stream, left(until)?)?;
    stream.write_all(b"\0AUTH\r\n")?;
    let mut byte = [0];
    for _ in 0..LONGEST_ANSWER {
        limit(stream, left(until)?)?;
        stream.read_exact(&mut byte)?;
        if byte == *b"\n" {
            return Ok(());
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero())
        .then_some(left)
        .ok_or_else(|| io::ErrorKind::TimedOut.into())
}

/// A bus of this machine answers within a millisecond; a window shall not wait for more than a
/// person takes for a pause.
const PATIENCE: Duration = Duration::from_secs(1);

/// `REJECTED` and the names of a few ways to authenticate.
const LONGEST_ANSWER: usize = 512;

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::thread;

    use super::*;

    fn at(path: &Path) -> String {
        format!("unix:path={},guid=0123", path.display())
    }

    fn fault(address: &str) -> Option<String> {
        working(address, None).err()
    }

    /// A bus at `listener` that answers one client with `answer`, and keeps the connection.
    fn bus(listener: UnixListener, answer: &'static [u8]) -> thread::JoinHandle<UnixStream> {
        thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut hello = [0; 7];
            client.read_exact(&mut hello).unwrap();
            assert_eq!(&hello, b"\0AUTH\r\n");
            client.write_all(answer).unwrap();
            client
        })
    }

    #[test]
    fn what_is_no_bus_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let missing = at(&dir.path().join("bus"));
        for address in ["disabled:", "garbage", "", ";", missing.as_str()] {
            assert!(fault(address).is_some(), "{address}");
        }
    }

    #[test]
    fn a_bus_that_never_answers_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bus");
        let _listener = UnixListener::bind(&path).unwrap();
        let network = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = network.local_addr().unwrap().port();
        for address in [
            at(&path),
            at(&path).replace("bus", "%62us"),
            usual(dir.path()).unwrap(),
            format!("tcp:host=127.0.0.1,port={port}"),
            format!("{0};{0};{0}", at(&path)),
        ] {
            let begun = Instant::now();
            assert!(fault(&address).is_some(), "{address}");
            assert!(begun.elapsed() < PATIENCE * 2, "{address}");
        }
        assert!(working("unix:runtime=yes", Some(dir.path())).is_err());
    }

    #[test]
    fn a_bus_that_stops_within_its_answer_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bus");
        let bus = bus(UnixListener::bind(&path).unwrap(), b"REJ");
        assert!(fault(&at(&path)).is_some());
        bus.join().unwrap();
    }

    #[test]
    fn the_first_bus_that_answers_is_used_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (path, missing) = (dir.path().join("a-bus"), dir.path().join("none"));
        let bus = bus(UnixListener::bind(&path).unwrap(), b"REJECTED EXTERNAL\r\n");
        let good = at(&path);
        let all = format!("disabled:;{};{good};garbage", at(&missing));
        assert_eq!(working(&all, None), Ok(good.as_str()));
        bus.join().unwrap();
    }

    #[test]
    fn without_an_address_the_users_bus_counts_where_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let odd = dir.path().join("a,b;c");
        std::fs::create_dir(&odd).unwrap();
        assert_eq!(usual(&odd), None);
        let bus = bus(
            UnixListener::bind(odd.join("bus")).unwrap(),
            b"REJECTED EXTERNAL\r\n",
        );
        let address = usual(&odd).unwrap();
        assert!(address.ends_with("a%2cb%3bc/bus"), "{address}");
        assert_eq!(fault(&address), None);
        bus.join().unwrap();
    }

    #[test]
    fn what_cannot_be_judged_is_left_to_the_libraries() {
        for address in ["autolaunch:", "tcp:host=a,port=1", "unix:tmpdir=/tmp"] {
            assert_eq!(fault(address), None, "{address}");
        }
    }
}
