//! One run of the program: feeds lines of standard input to the engine and follows its views.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use call::chat::Text;
use call::reason::EndReason;
use call::view::{ActivePhase, CallView};
use engine::command::{Command, Fault};
use engine::view::EngineView;
use engine::{Engine, Said};
use identity::{Address, Invite};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader, Split};
use tokio::time::{Instant, sleep_until, timeout};

use crate::figures::{Figures, words_to_compare};
use crate::outcome::{BAD_CALL, exit_code};
use crate::people::People;
use crate::process::EndRequests;
use crate::recordings::{self, Answer};
use crate::sentences::{calling, sentence_of, sentences};
use crate::share;

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
        /// Whom.
        to: Invite,
        /// End it after so long with media.
        lasting: Option<Duration>,
    },
}

/// How the run tells what happens.
pub enum Report<W> {
    /// Lines of JSON.
    Json(Box<Figures<W>>),
    /// Sentences.
    Plain(W),
    /// Nothing any more: nobody reads it.
    Nothing,
}

/// The run.
pub struct Session<W> {
    engine: Engine,
    people: People,
    purpose: Purpose,
    video: bool,
    /// Whether the other side may record.
    consent: Answer,
    report: Report<W>,
    /// The sentences that are true and were told.
    said: Vec<String>,
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
    pub fn new(
        engine: Engine,
        people: People,
        purpose: Purpose,
        video: bool,
        report: Report<W>,
    ) -> Self {
        Self {
            engine,
            people,
            purpose,
            video,
            consent: Answer::Ask,
            report,
            said: Vec::new(),
            phase: Phase::Ready,
            deadline: None,
        }
    }

    /// Answers so when the other side asks to record.
    #[must_use]
    pub fn with_consent(mut self, consent: Answer) -> Self {
        self.consent = consent;
        self
    }

    /// Runs until the purpose is fulfilled, told to quit, or asked to end; then says goodbye and
    /// releases all. Whether anybody reads the report makes no difference to a call.
    pub async fn run(mut self, mut end: EndRequests) -> ExitCode {
        let code = self.until_over(&mut end).await;
        if timeout(PATIENCE, self.engine.stop()).await.is_err() {
            tracing::error!("the engine did not stop in time");
        }
        ExitCode::from(code)
    }

    async fn until_over(&mut self, end: &mut EndRequests) -> u8 {
        let mut views = self.engine.views();
        let mut said = self.engine.said();
        let mut input = Some(BufReader::new(tokio::io::stdin()).split(b'\n'));
        self.begin().await;
        loop {
            let view = views.borrow_and_update().clone();
            self.tell(&view);
            self.act(&view.call).await;
            if let Phase::Over(code) = self.phase {
                return code;
            }
            tokio::select! {
                changed = views.changed() => if changed.is_err() {
                    self.phase = Phase::Over(exit_code(EndReason::InternalError));
                },
                Ok(said) = said.recv() => self.tell_of_text(&said),
                line = next_line(&mut input) => self.on_line(&line).await,
                () = wait(self.deadline) => {
                    self.deadline = None;
                    self.perform(Command::End).await;
                }
                () = end.next() => self.phase = Phase::Over(0),
            }
        }
    }

    /// Makes the call as soon as the engine runs; the phone waits for the relay by itself.
    async fn begin(&mut self) {
        self.phase = Phase::Running;
        if let Purpose::Call { to, .. } = &self.purpose
            && !self.dial(to.clone()).await
        {
            self.phase = Phase::Over(BAD_CALL);
        }
    }

    /// Calls somebody, after telling who was understood to be called.
    async fn dial(&mut self, to: Invite) -> bool {
        let told = match &mut self.report {
            Report::Json(figures) => figures.calling(&to),
            Report::Plain(out) => writeln!(out, "{}", calling(&to)).and_then(|()| out.flush()),
            Report::Nothing => Ok(()),
        };
        self.heard(told);
        let dial = Command::Dial {
            to: to.to_string(),
            video: self.video,
            via: None,
        };
        self.perform(dial).await
    }

    async fn act(&mut self, call: &CallView) {
        if let Some(answer) = self.consent.to(call) {
            self.perform(answer).await;
        }
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
            "fault relay" => Command::Fault {
                fault: Fault::Relay,
            },
            "fault path" => Command::Fault { fault: Fault::Path },
            "fault decoder" => Command::Fault {
                fault: Fault::Decoder,
            },
            "fault camera" => Command::Fault {
                fault: Fault::Camera,
            },
            "match" => return self.pin().await,
            "block" => return self.block().await,
            "quit" => {
                self.phase = Phase::Over(0);
                return;
            }
            other => return self.on_other_line(other).await,
        };
        self.perform(command).await;
    }

    /// A line that is no fixed word: somebody to call, or a mistake.
    async fn on_other_line(&mut self, line: &str) {
        if let Some(what) = line.strip_prefix("share") {
            self.share(what).await;
        } else if let Some(to) = line.strip_prefix("call ") {
            match Invite::find(to) {
                Ok(to) => {
                    self.dial(to).await;
                }
                Err(error) => tracing::error!("nobody to call: {error}"),
            }
        } else if line.starts_with("record ") {
            let view = self.engine.views().borrow().clone();
            match recordings::command(line, &view.call) {
                Some(command) => {
                    self.perform(command).await;
                }
                None => tracing::error!("there is start and stop; agree and refuse when asked"),
            }
        } else if let Some(text) = line.strip_prefix("say ") {
            match Text::new(text) {
                Ok(text) => {
                    self.perform(Command::Say { text }).await;
                }
                Err(error) => tracing::error!("{error}"),
            }
        } else if line.split_whitespace().next() == Some("fault") {
            tracing::error!("no such fault; there are relay, path, decoder and camera");
        } else {
            tracing::warn!("not a command; see --help");
        }
    }

    /// Shares what the line says, or nothing any more.
    async fn share(&self, what: &str) {
        let screens = self.engine.screens();
        let wanted = share::read(what);
        let found = tokio::task::spawn_blocking(move || share::find(wanted?, &*screens)).await;
        match found {
            Ok(Ok(source)) => {
                self.perform(Command::Share { source }).await;
            }
            Ok(Err(error)) => tracing::error!("nothing is shared: {error}"),
            Err(error) => tracing::error!(%error, "nothing is shared"),
        }
    }

    /// The user found the same words on both sides of the call that runs.
    async fn pin(&mut self) {
        let view = self.engine.views().borrow().clone();
        let peer = words_to_compare(&view).and_then(|_| peer(&view.call));
        match peer {
            Some(who) => {
                let pinned = self.people.pin(who).await;
                self.changed("pinned", &who, pinned.map_err(|it| it.to_string()));
            }
            None => tracing::error!("there are no words to compare now"),
        }
    }

    /// Whoever is in the call rings here no more, and the call ends.
    async fn block(&mut self) {
        let view = self.engine.views().borrow().clone();
        let Some(who) = peer(&view.call) else {
            tracing::error!("there is nobody to block now; see `tincan contact block`");
            return;
        };
        let blocked = self.people.block(who).await;
        self.changed("blocked", &who, blocked.map_err(|it| it.to_string()));
        if view.call.is_busy() {
            self.perform(Command::End).await;
        }
    }

    /// Tells what is said in text, and what becomes of it.
    fn tell_of_text(&mut self, said: &Said) {
        let told = match &mut self.report {
            Report::Json(figures) => figures.said(said),
            Report::Plain(out) => match sentence_of(said) {
                Some(sentence) => writeln!(out, "{sentence}").and_then(|()| out.flush()),
                None => Ok(()),
            },
            Report::Nothing => Ok(()),
        };
        self.heard(told);
    }

    /// Tells what became of a change of what somebody is to the user.
    fn changed(&mut self, what: &str, who: &Address, done: Result<(), String>) {
        if let Err(error) = done {
            tracing::error!("{error}");
            return;
        }
        let told = match &mut self.report {
            Report::Json(figures) => figures.changed(what, &who.to_string()),
            Report::Plain(out) => writeln!(out, "{who} is {what} now.").and_then(|()| out.flush()),
            Report::Nothing => Ok(()),
        };
        self.heard(told);
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

    fn tell(&mut self, view: &EngineView) {
        let told = match &mut self.report {
            Report::Json(figures) => figures.follow(view),
            Report::Plain(out) => {
                let sentences = sentences(view);
                let news = sentences.iter().filter(|it| !self.said.contains(it));
                let text: String = news.map(|it| format!("{it}\n")).collect();
                self.said = sentences;
                out.write_all(text.as_bytes()).and_then(|()| out.flush())
            }
            Report::Nothing => Ok(()),
        };
        self.heard(told);
    }

    /// The reader of the report may have gone: the call goes on without.
    fn heard(&mut self, told: io::Result<()>) {
        if let Err(error) = told {
            tracing::warn!(%error, "standard output cannot be written; nothing more is told there");
            self.report = Report::Nothing;
        }
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

/// With whom the call is, or was that ended last.
fn peer(call: &CallView) -> Option<Address> {
    match call {
        CallView::Idle => None,
        CallView::Outgoing { peer, .. }
        | CallView::Incoming { peer, .. }
        | CallView::Active { peer, .. }
        | CallView::Ended { peer, .. } => peer.address.parse().ok(),
    }
}

/// The next line, or never when there is no more: a program whose input is closed runs on. Bytes
/// that are not UTF-8 make a line that is no command, and the lines behind it are read.
async fn next_line(input: &mut Option<Split<impl AsyncBufRead + Unpin>>) -> String {
    if let Some(lines) = input {
        if let Ok(Some(line)) = lines.next_segment().await {
            return String::from_utf8_lossy(&line).into_owned();
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

/// The engine's promise is one second.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commands_are_heard_behind_bytes_that_are_no_text() {
        let mut input = Some(AsyncBufReadExt::split(&b"\xff\xfe\nquit\r\n"[..], b'\n'));
        assert_ne!(next_line(&mut input).await.trim(), "quit");
        assert_eq!(next_line(&mut input).await.trim(), "quit");
    }
}
