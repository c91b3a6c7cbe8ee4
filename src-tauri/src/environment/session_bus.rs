//! The message bus of the session, looked at before anything uses it.
//!
//! GTK, notifications and screen readers want the bus. Where its address is nonsense they go on
//! without; where somebody listens there and never answers, GTK waits for it before it shows a
//! window. So a bus that does not answer is taken out of the environment.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::Duration;

/// Why there is no use in the bus at `address`, if so. `address` is what stands in the environment
/// (D-Bus specification, "Server Addresses"): several, of which the first that answers is used.
/// Blocks for a second at most for each.
pub(super) fn fault(address: &str) -> Option<String> {
    let mut fault = "no address".to_owned();
    for one in address.split(';').filter(|it| !it.is_empty()) {
        match try_one(one) {
            Ok(()) => return None,
            Err(why) => fault = why,
        }
    }
    Some(fault)
}

fn try_one(address: &str) -> Result<(), String> {
    let (transport, fields) = address.split_once(':').unwrap_or((address, ""));
    match transport {
        "unix" => {}
        // Rare, and the libraries know better than we do whether it works.
        "tcp" | "nonce-tcp" | "unixexec" | "autolaunch" | "launchd" => return Ok(()),
        _ => return Err(format!("{transport:?} is no way to a bus")),
    }
    let fields = || fields.split(',').filter_map(|it| it.split_once('='));
    let Some((kind, name)) = fields().find(|(key, _)| matches!(*key, "path" | "abstract")) else {
        return Ok(());
    };
    // Escaped: nothing that a usual address holds.
    if name.contains('%') {
        return Ok(());
    }
    let socket = if kind == "path" {
        SocketAddr::from_pathname(name)
    } else {
        SocketAddr::from_abstract_name(name)
    };
    socket
        .and_then(|socket| answers(&socket))
        .map_err(|error| error.to_string())
}

/// Begins to introduce itself, as every client does; a bus answers which ways it takes.
fn answers(socket: &SocketAddr) -> io::Result<()> {
    let mut stream = UnixStream::connect_addr(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"\0AUTH\r\n")?;
    stream.read_exact(&mut [0])?;
    stream.shutdown(Shutdown::Both)
}

/// A bus of this machine answers within a millisecond; a window shall not wait for more than a
/// person takes for a pause.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::thread;

    use super::*;

    fn at(path: &Path) -> String {
        format!("unix:path={},guid=0123", path.display())
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
        assert!(fault(&at(&path)).is_some());
    }

    #[test]
    fn the_first_bus_that_answers_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bus");
        let listener = UnixListener::bind(&path).unwrap();
        let bus = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut hello = [0; 7];
            client.read_exact(&mut hello).unwrap();
            assert_eq!(&hello, b"\0AUTH\r\n");
            client.write_all(b"REJECTED EXTERNAL\r\n").unwrap();
        });
        assert_eq!(fault(&format!("disabled:;{}", at(&path))), None);
        bus.join().unwrap();
    }

    #[test]
    fn what_cannot_be_judged_is_left_to_the_libraries() {
        for address in ["autolaunch:", "tcp:host=a,port=1", "unix:tmpdir=/tmp"] {
            assert_eq!(fault(address), None, "{address}");
        }
    }
}
