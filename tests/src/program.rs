//! A program that we started, and its output line by line.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// A running program in a process group of its own; dropping it kills the whole group.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    pid: i32,
    input: Option<ChildStdin>,
    output: Option<Lines<BufReader<ChildStdout>>>,
}

impl Program {
    /// Starts a program whose standard output is read by [`Self::line`] and whose errors go
    /// where `TINCAN_TEST_LOG` says: a directory, else nowhere.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        command.process_group(0).kill_on_drop(true);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors_of(name));
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let pid = child.id().context("it ended at once")?;
        let output = child.stdout.take().map(|out| BufReader::new(out).lines());
        let input = child.stdin.take();
        Ok(Self {
            name: name.to_owned(),
            child,
            pid: i32::try_from(pid)?,
            input,
            output,
        })
    }

    /// Its process id, which is also its group's.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The next line that it prints; none when it closed its output.
    ///
    /// # Errors
    /// When nothing came in time.
    pub async fn line(&mut self, limit: Duration) -> Result<Option<String>> {
        let Some(output) = &mut self.output else {
            return Ok(None);
        };
        match timeout(limit, output.next_line()).await {
            Ok(line) => Ok(line?),
            Err(_) => bail!("{} printed nothing for {limit:?}", self.name),
        }
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    /// When it does not read any more.
    pub async fn say(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("its input is closed")?;
        input.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(input.flush().await?)
    }

    /// Lets its output pass unread, so that it never blocks on a full pipe.
    pub fn drain(&mut self) {
        if let Some(mut output) = self.output.take() {
            tokio::spawn(async move { while let Ok(Some(_)) = output.next_line().await {} });
        }
    }

    /// Closes the pipe that its output goes into, as a reader that ends does.
    pub fn close_output(&mut self) {
        self.output = None;
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it still runs after `limit`.
    pub async fn ended(&mut self, limit: Duration) -> Result<ExitStatus> {
        match timeout(limit, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!("{} still runs after {limit:?}", self.name),
        }
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to end, as a system that shuts down would.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Asks it to end, as Ctrl+C does.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Tells it that its terminal has gone.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Ends it and all its children without a chance to say goodbye.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Freezes it, as a machine that sleeps does.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = Pid::from_raw(self.pid) {
            // A group that is gone already is what we want.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A program of this workspace, which `cargo build --workspace` puts beside us.
///
/// # Errors
/// When it was not built.
pub fn built(name: &str) -> Result<PathBuf> {
    let us = std::env::current_exe()?;
    let mut dirs = us.ancestors().skip(1);
    let found = dirs
        .by_ref()
        .take(2)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file());
    found.with_context(|| format!("{name} is missing: cargo build --workspace --bins"))
}

/// `--lan off`, unless `words` say who sees a program on local networks: one that is no matter of them
/// meets neither who happens to be around nor another test.
#[must_use]
pub fn unseen<T: AsRef<str>>(words: &[T]) -> &'static [&'static str] {
    if words.iter().any(|it| it.as_ref() == "--lan") {
        &[]
    } else {
        &["--lan", "off"]
    }
}

/// Where build products and fetched material live.
///
/// # Errors
/// When we do not run out of a target directory.
pub fn target() -> Result<PathBuf> {
    let us = std::env::current_exe()?;
    let debug = us
        .ancestors()
        .find(|dir| dir.ends_with("debug") || dir.ends_with("release"));
    let target = debug
        .and_then(|dir| dir.parent())
        .context("we run outside a target directory")?;
    Ok(target.to_path_buf())
}

/// A TCP port that was free a moment ago.
///
/// # Errors
/// When the system has none left.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}

fn errors_of(name: &str) -> Stdio {
    let Some(dir) = std::env::var_os("TINCAN_TEST_LOG") else {
        return Stdio::null();
    };
    let path = PathBuf::from(dir).join(format!("{name}.log"));
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path);
    file.map_or_else(|_| Stdio::inherit(), Stdio::from)
}
