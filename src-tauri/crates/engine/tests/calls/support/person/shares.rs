//! What a person shares of their screen, and sees of the other side's.

use call::view::{CallView, Sharing};
use engine::command::Command;
use engine::view::{ShareProblem, ShareView};
use media::backend::screen::SourceId;
use media::transport::Stream;

use super::Person;
use super::senses::{SHADES, shade_of};
use crate::support::wait::eventually;

impl Person {
    /// Shares the window of this name, and waits until it is.
    pub(crate) async fn shares(&self, window: &str) {
        self.wants_to_share(window).await;
        self.sees("the share", |view| match &view.share {
            ShareView::On { name, .. } => (name == window).then_some(()),
            ShareView::Off { .. } | ShareView::Starting => None,
        })
        .await;
    }

    pub(crate) async fn wants_to_share(&self, window: &str) {
        let source = Some(SourceId(window.to_owned()));
        self.does(Command::Share { source }).await;
    }

    pub(crate) async fn stops_sharing(&self) {
        self.does(Command::Share { source: None }).await;
        self.shares_nothing(None).await;
    }

    /// Waits until nothing is shared, for this reason.
    pub(crate) async fn shares_nothing(&self, wanted: Option<ShareProblem>) {
        self.sees(&format!("no share: {wanted:?}"), |view| match view.share {
            ShareView::Off { problem } => (problem == wanted).then_some(()),
            ShareView::Starting | ShareView::On { .. } => None,
        })
        .await;
        let released = || (self.screens.captured() == 0).then_some(());
        eventually(&format!("{} captures nothing", self.name), released).await;
    }

    /// Waits until both sides are said to share, or not.
    pub(crate) async fn is_told_of_sharing(&self, ours: bool, theirs: bool) {
        let wanted = Sharing { ours, theirs };
        self.sees(&format!("{wanted:?}"), |view| match view.call {
            CallView::Active { sharing, .. } => (sharing == wanted).then_some(()),
            _ => None,
        })
        .await;
    }

    /// Waits until the other side's screen is of this shade.
    pub(crate) async fn sees_screen(&self, shade: u8) {
        let newest = || {
            let shown = self.engine().screen_picture().latest()?;
            (shade_of(&shown).abs_diff(shade) <= SHADES).then_some(())
        };
        eventually(&format!("{} sees screen {shade}", self.name), newest).await;
    }

    /// Waits until no screen of the other side is shown.
    pub(crate) async fn sees_no_screen(&self) {
        let none = || {
            self.engine()
                .screen_picture()
                .latest()
                .is_none()
                .then_some(())
        };
        eventually(&format!("{} sees no screen", self.name), none).await;
    }

    /// Waits until every open session was told that nothing of a screen is captured, or something is.
    pub(crate) async fn says_that_the_screen_pauses(&self, pauses: bool) {
        let told = || {
            let sessions = self.transport.muted(Stream::Screen);
            let all = !sessions.is_empty() && sessions.iter().all(|it| *it == Some(pauses));
            all.then_some(())
        };
        eventually(&format!("{}: the screen pauses: {pauses}", self.name), told).await;
    }
}
