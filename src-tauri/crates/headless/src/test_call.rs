//! A call with a peer inside the program, which gives back what it receives two seconds later: both
//! programs start that peer here, and `tincan test-call` tells what came of it.

mod findings;

use std::io::Write;
use std::time::{Duration, Instant};

use call::carrier::Carrier;
use call::reason::EndReason;
use call::view::{ActivePhase, CallView};
use engine::Engine;
use engine::command::Command;
use engine::view::EngineView;
use tokio::time::{sleep_until, timeout};

pub use echo::{EchoPeer, Hearing, PictureOutcome, TestReport, VoiceOutcome, Watch};

use self::findings::Findings;
use crate::outcome::{BAD_CALL, BAD_TEST_CALL, exit_code, words};
use crate::picture_ages::PictureAges;
use crate::process::EndRequests;
use crate::session::Report;

/// One test call from its start to its end.
pub struct TestCall<W> {
    engine: Engine,
    peer: EchoPeer,
    watch: Watch,
    ages: PictureAges,
    /// Whether our camera is on.
    video: bool,
    lasting: Duration,
    report: Report<W>,
}

impl<W: Write> TestCall<W> {
    /// A call of `engine`, whose devices are those of `hearing`, to `peer`.
    pub fn new(
        engine: Engine,
        peer: EchoPeer,
        hearing: Hearing,
        video: bool,
        lasting: Duration,
        report: Report<W>,
    ) -> Self {
        Self {
            ages: PictureAges::watch(&engine.remote_picture()),
            engine,
            peer,
            watch: Watch::new(hearing),
            video,
            lasting,
            report,
        }
    }

    /// Calls, talks, ends, and tells what was found; the program's exit status.
    pub async fn run(mut self, mut end: EndRequests) -> u8 {
        let ended = self.call(&mut end).await;
        if timeout(PATIENCE, self.engine.stop()).await.is_err() {
            tracing::error!("the engine did not stop in time");
        }
        if timeout(PATIENCE, self.peer.stop()).await.is_err() {
            tracing::error!("the other side of the test call did not stop in time");
        }
        let findings = Findings(self.watch.report(true));
        let status = match ended {
            Some(EndReason::LocalHangup) if findings.are_good() => 0,
            Some(EndReason::LocalHangup) => BAD_TEST_CALL,
            Some(reason) => exit_code(reason),
            None => BAD_CALL,
        };
        let told = match &mut self.report {
            Report::Json(figures) => figures.tested(&findings.json(status == 0)),
            Report::Plain(out) => match ended {
                Some(EndReason::LocalHangup) | None => write!(out, "{findings}"),
                Some(reason) => writeln!(out, "The test call failed: {}.", words(reason)),
            },
            Report::Nothing => Ok(()),
        };
        if let Err(error) = told {
            tracing::warn!(%error, "standard output cannot be written");
        }
        status
    }

    /// Why the call ended; `None` when it could not begin.
    async fn call(&mut self, end: &mut EndRequests) -> Option<EndReason> {
        let mut views = self.engine.views();
        let (to, video) = (self.peer.link().to_owned(), self.video);
        if let Err(error) = self
            .engine
            .command(Command::Dial {
                to,
                video,
                via: Some(Carrier::Direct),
            })
            .await
        {
            tracing::error!("{error}");
            return None;
        }
        let mut until = None;
        loop {
            let view = views.borrow_and_update().clone();
            self.follow(&view);
            match &view.call {
                CallView::Ended { reason, .. } => return Some(*reason),
                CallView::Active {
                    phase: ActivePhase::Connected,
                    ..
                } if until.is_none() => {
                    until = Some(Instant::now() + self.lasting);
                    self.say("Connected. Say something: you hear it two seconds later.");
                }
                CallView::Idle
                | CallView::Outgoing { .. }
                | CallView::Incoming { .. }
                | CallView::Active { .. } => {}
            }
            tokio::select! {
                changed = views.changed() => if changed.is_err() {
                    return Some(EndReason::InternalError);
                },
                () = wait(until) => {
                    until = Some(Instant::now() + PATIENCE);
                    self.hang_up().await;
                }
                () = end.next() => self.hang_up().await,
            }
        }
    }

    async fn hang_up(&self) {
        if let Err(error) = self.engine.command(Command::End).await {
            tracing::debug!(%error, "the call is over already");
        }
    }

    /// Takes in what the view tells of the call, and what can be heard and seen.
    fn follow(&mut self, view: &EngineView) {
        if let Report::Json(figures) = &mut self.report
            && let Err(error) = figures.follow(view)
        {
            tracing::warn!(%error, "standard output cannot be written; nothing more is told there");
            self.report = Report::Nothing;
        }
        self.watch.follow(view, Instant::now(), || self.ages.take());
    }

    fn say(&mut self, sentence: &str) {
        if let Report::Plain(out) = &mut self.report
            && let Err(error) = writeln!(out, "{sentence}").and_then(|()| out.flush())
        {
            tracing::warn!(%error, "standard output cannot be written; nothing more is told there");
            self.report = Report::Nothing;
        }
    }
}

impl<W> std::fmt::Debug for TestCall<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestCall")
            .field("lasting", &self.lasting)
            .finish_non_exhaustive()
    }
}

async fn wait(until: Option<Instant>) {
    match until {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// The promise of an engine is one second; the peer stays a second after the call.
const PATIENCE: Duration = Duration::from_secs(4);
