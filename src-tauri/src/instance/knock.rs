//! The second start's half.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use super::note::{Note, SHOWN};

/// What became of a knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The window is up.
    Shown,
    /// Somebody listens, and says nothing for long.
    Silence,
    /// Nobody listens, or nobody any more.
    Nobody,
}

/// Asks the first start in `data` to show its window, with `link`.
pub(super) fn knock(data: &Path, link: Option<&str>) -> Answer {
    let Some(note) = Note::read(data) else {
        return Answer::Nobody;
    };
    let address = (Ipv4Addr::LOCALHOST, note.port).into();
    let Ok(stream) = TcpStream::connect_timeout(&address, PATIENCE) else {
        return Answer::Nobody;
    };
    let_come_up(note.process);
    match ask(&stream, &note, link) {
        Ok(answer) if answer.trim_end() == SHOWN => Answer::Shown,
        Ok(_) => Answer::Nobody,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Answer::Silence
        }
        Err(_) => Answer::Nobody,
    }
}

fn ask(mut stream: &TcpStream, note: &Note, link: Option<&str>) -> std::io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(&note.knock(link))?;
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
