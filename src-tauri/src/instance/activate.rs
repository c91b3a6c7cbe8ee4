//! The second start's half: asks the first for its window. Blocking; no runtime is needed.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use super::endpoint::{Endpoint, SHOWN};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The window is up.
    Shown,
    /// Somebody listens, and does not answer.
    TimedOut,
    /// Nobody listens, or nobody any more.
    NoListener,
}

/// Asks the first start in `data` to show its window, with `link`.
pub(super) fn activate(data: &Path, link: Option<&str>) -> Outcome {
    let Some(endpoint) = Endpoint::read(data) else {
        return Outcome::NoListener;
    };
    let address = (Ipv4Addr::LOCALHOST, endpoint.port).into();
    let Ok(stream) = TcpStream::connect_timeout(&address, PATIENCE) else {
        return Outcome::NoListener;
    };
    let_come_up(endpoint.process);
    match ask(&stream, &endpoint, link) {
        Ok(answer) if answer.trim_end() == SHOWN => Outcome::Shown,
        Ok(_) => Outcome::NoListener,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Outcome::TimedOut
        }
        Err(_) => Outcome::NoListener,
    }
}

fn ask(mut stream: &TcpStream, endpoint: &Endpoint, link: Option<&str>) -> std::io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(&endpoint.request(link))?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream.take(64)).read_line(&mut answer)?;
    Ok(answer)
}

/// Windows brings a window up only for whom the user has just started something with: this
/// process, which passes it on.
#[cfg(windows)]
#[expect(
    unsafe_code,
    reason = "the system's only way to pass on the right to come up"
)]
fn let_come_up(process: u32) {
    #[link(name = "user32")]
    unsafe extern "system" {
        fn AllowSetForegroundWindow(process: u32) -> i32;
    }
    // SAFETY: it takes a number, and fails for one that is no process.
    unsafe { AllowSetForegroundWindow(process) };
}

/// Other systems have no such rule, or none that could be passed on.
#[cfg(not(windows))]
const fn let_come_up(_process: u32) {}

/// A window that has not answered by then is frozen: it answers within a frame, and within a
/// second or two while the machine is busy with our own start.
const PATIENCE: Duration = Duration::from_secs(5);
