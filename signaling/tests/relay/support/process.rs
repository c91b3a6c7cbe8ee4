//! The relay as a process of its own.

use std::fs;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{sleep, timeout};

use super::soon;

/// A running relay. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    lines: Lines<BufReader<ChildStdout>>,
    log: Arc<Mutex<String>>,
    /// Where it listens first.
    pub(crate) url: String,
}

impl Process {
    /// Starts one on a free port of this machine, with these options besides, and waits until it
    /// listens.
    pub(crate) async fn start(args: &[&str]) -> Self {
        Self::start_by(program().args(["--listen", "127.0.0.1:0"]).args(args)).await
    }

    /// Starts one as this command says.
    pub(crate) async fn start_by(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it was built");
        let log = Arc::new(Mutex::new(String::new()));
        let mut errors = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let written = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok(Some(line)) = errors.next_line().await {
                let mut log = written.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let url = soon(lines.next_line()).await.expect("it can be read");
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Self {
            pid: pid.expect("it lives"),
            url: url.unwrap_or_else(|| panic!("the relay ended: {}", text(&log))),
            child,
            lines,
            log,
        }
    }

    /// The next URL that it prints, or nothing when it has ended.
    pub(crate) async fn next_url(&mut self) -> Option<String> {
        soon(self.lines.next_line()).await.expect("it can be read")
    }

    /// `IP:PORT` of the URL.
    pub(crate) fn socket_address(&self) -> String {
        let (_, rest) = self.url.split_once("://").expect("a URL");
        rest.split('/').next().expect("something").to_owned()
    }

    pub(crate) fn port(&self) -> u16 {
        let address = self.socket_address();
        let (_, port) = address.rsplit_once(':').expect("a port");
        port.parse().expect("a number")
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        text(&self.log)
    }

    /// Waits until it has logged this so many times.
    pub(crate) async fn logged(&self, words: &str, times: usize) {
        let waiting = async {
            while self.log().matches(words).count() < times {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = timeout(Duration::from_secs(10), waiting).await;
        assert!(waited.is_ok(), "no {words:?} in {}", self.log());
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("it lives");
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        soon(self.child.wait()).await.expect("it can be waited for")
    }

    /// How many files and sockets it has open.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(self.place("fd")).expect("it lives").count()
    }

    /// What the system says of it in this file (proc(5)).
    pub(crate) fn proc_file(&self, file: &str) -> String {
        fs::read_to_string(self.place(file)).expect("it lives")
    }

    fn place(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.pid.as_raw_nonzero())
    }
}

/// What runs a relay, without options and without those of the environment.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tincan-relay"));
    let ours = std::env::vars_os().filter(|(name, _)| {
        name.to_str()
            .is_some_and(|name| name.starts_with("TINCAN_RELAY_"))
    });
    for (name, _) in ours {
        command.env_remove(name);
    }
    command
}

fn text(log: &Mutex<String>) -> String {
    log.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
