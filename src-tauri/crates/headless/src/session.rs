//! One run of the program: feeds lines of standard input to the engine and follows its views.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use call::reason::EndReason;
use call::view::{ActivePhase, CallView};
use engine::Engine;
use engine::command::Command;
use engine::view::RelayView;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};
use tokio::time::{Instant, sleep_until};

use crate::figures::Figures;
use crate::outcome::{BAD_CALL, exit_code};

/// What this run is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Wait for calls.
    Answer {
        /// Accept each at once.
        auto: bool,
        /// Leave after the first, with its exit status.
        once: bool,
    },
    /// Make one call.
    Call {
        /// Whom: an address or a link.
        to: String,
        /// End it after so long with media.
        lasting: Option<Duration>,
    },
}

/// How the run tells what happens.
pub enum Report<W> {
    /// Lines of JSON.
    Json(Figures<W>),
    /// Sentences.
    Plain(W),
}

/// The run.
pub struct Session<W> {
    engine: Engine,
    purpose: Purpose,
    video: bool,
    report: Report<W>,
    said: String,
    phase: Phase,
    deadline: Option<Instant>,
}

/// How far the purpose of the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The call has not been made yet.
    Ready,
    /// Calls may come and go.
    Running,
    /// The run is over.
    Over(u8),
}

impl<W: Write> Session<W> {
    /// A run of `engine`; `video` tells whether our camera is on in calls.
    pub fn new(engine: Engine, purpose: Purpose, video: bool, report: Report<W>) -> Self {
        Self {
            engine,
            purpose,
            video,
            report,
            said: String::new(),
            phase: Phase::Ready,
            deadline: None,
        }
    }

    /// Runs until the purpose is fulfilled, told to quit, or interrupted; then releases all.
    ///
    /// # Errors
    /// When standard output is gone.
    pub async fn run(mut self) -> Result<ExitCode> {
        let code = self.until_over().await;
        self.engine.stop().await;
        Ok(ExitCode::from(code?))
    }

    async fn until_over(&mut self) -> Result<u8> {
        let mut views = self.engine.views();
        let mut input = Some(BufReader::new(tokio::io::stdin()).lines());
        let mut interrupt = std::pin::pin!(interrupted());
        self.begin().await;
        loop {
            let view = views.borrow_and_update().clone();
            self.tell(&view)?;
            self.act(&view.call).await;
            if let Phase::Over(code) = self.phase {
                return Ok(code);
            }
            tokio::select! {
                changed = views.changed() => if changed.is_err() {
                    self.phase = Phase::Over(exit_code(EndReason::InternalError));
                },
                line = next_line(&mut input) => self.on_line(&line).await,
                () = wait(self.deadline) => {
                    self.deadline = None;
                    self.perform(Command::End).await;
                }
                () = &mut interrupt => {
                    self.phase = Phase::Over(0);
                }
            }
        }
    }

    /// Makes the call as soon as the engine runs; the phone waits for the relay by itself.
    async fn begin(&mut self) {
        self.phase = Phase::Running;
        if let Purpose::Call { to, .. } = &self.purpose {
            let dial = Command::Dial {
                to: to.clone(),
                video: self.video,
            };
            if !self.perform(dial).await {
                self.phase = Phase::Over(BAD_CALL);
            }
        }
    }

    async fn act(&mut self, call: &CallView) {
        match (call, &self.purpose) {
            (CallView::Incoming { .. }, Purpose::Answer { auto: true, .. }) => {
                self.perform(Command::Accept { video: self.video }).await;
            }
            (
                CallView::Active {
                    phase: ActivePhase::Connected,
                    ..
                },
                Purpose::Call {
                    lasting: Some(lasting),
                    ..
                },
            ) if self.deadline.is_none() => {
                self.deadline = Some(Instant::now() + *lasting);
            }
            (CallView::Ended { .. }, Purpose::Answer { once: false, .. }) => {
                self.perform(Command::Dismiss).await;
            }
            (
                CallView::Ended { reason, .. },
                Purpose::Answer { once: true, .. } | Purpose::Call { .. },
            ) => self.phase = Phase::Over(exit_code(*reason)),
            _ => {}
        }
    }

    async fn on_line(&mut self, line: &str) {
        let command = match line.trim() {
            "" => return,
            "accept" => Command::Accept { video: self.video },
            "accept without video" => Command::Accept { video: false },
            "decline" => Command::Decline,
            "end" => Command::End,
            "mute" => Command::SetMicrophone { live: false },
            "unmute" => Command::SetMicrophone { live: true },
            "camera on" => Command::SetCamera { on: true },
            "camera off" => Command::SetCamera { on: false },
            "reconnect" => Command::ReconnectRelay,
            "quit" => {
                self.phase = Phase::Over(0);
                return;
            }
            other => match other.strip_prefix("call ") {
                Some(to) => Command::Dial {
                    to: to.to_owned(),
                    video: self.video,
                },
                None => {
                    tracing::warn!("not a command; see --help");
                    return;
                }
            },
        };
        self.perform(command).await;
    }

    async fn perform(&self, command: Command) -> bool {
        match self.engine.command(command).await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!("{error}");
                false
            }
        }
    }

    fn tell(&mut self, view: &engine::view::EngineView) -> Result<()> {
        match &mut self.report {
            Report::Json(figures) => figures.follow(view)?,
            Report::Plain(out) => {
                let sentence = sentence(&view.call, &view.relay);
                if sentence != self.said {
                    writeln!(out, "{sentence}")?;
                    out.flush()?;
                    self.said = sentence;
                }
            }
        }
        Ok(())
    }
}

impl<W> std::fmt::Debug for Session<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

impl<W> std::fmt::Debug for Report<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Report")
    }
}

/// What a person is told.
fn sentence(call: &CallView, relay: &RelayView) -> String {
    match call {
        CallView::Idle => match relay {
            RelayView::None => "No relay is set.".to_owned(),
            RelayView::Connecting => "Connecting to the relay…".to_owned(),
            RelayView::Online => "Ready for calls.".to_owned(),
            RelayView::Offline { .. } => "Not connected to the relay; trying again.".to_owned(),
        },
        CallView::Outgoing { phase, .. } => format!("{phase:?}…"),
        CallView::Incoming { peer, .. } => format!("{} is calling.", or_somebody(&peer.name)),
        CallView::Active { phase, peer, .. } => {
            format!("{phase:?} with {}.", or_somebody(&peer.name))
        }
        CallView::Ended { reason, .. } => format!("Ended: {reason:?}."),
    }
}

fn or_somebody(name: &str) -> &str {
    if name.is_empty() { "somebody" } else { name }
}

/// The next line, or never when there is no more: a program whose input is closed runs on.
async fn next_line(input: &mut Option<Lines<BufReader<Stdin>>>) -> String {
    if let Some(lines) = input {
        if let Ok(Some(line)) = lines.next_line().await {
            return line;
        }
        *input = None;
    }
    std::future::pending().await
}

async fn wait(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Ends when somebody wants the program to go.
async fn interrupted() {
    let terminated = async {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            if let Ok(mut signal) = signal(SignalKind::terminate()) {
                signal.recv().await;
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = tokio::signal::ctrl_c() => if result.is_err() {
            std::future::pending::<()>().await;
        },
        () = terminated => {}
    }
}
