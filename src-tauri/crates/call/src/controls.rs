//! Microphone, camera and screen: what the user wishes, what is true, and what the other side was
//! told.
//!
//! A wish goes to the capture gates; only what they answer is shown and told. Reports to the other
//! side are numbered, because they travel two ways, through signaling and through the session: of
//! two reports the higher number counts, whichever arrives last. Each says which number it has heard,
//! so that a change which does not come through one way is told the other way too.

use crate::message::ControlsReport;
use crate::view::{Controls, Lacking};

/// Nothing leaves.
pub(crate) const OFF: Controls = Controls {
    microphone: false,
    camera: false,
};

/// Our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Local {
    /// What the user wants.
    pub(crate) wish: Controls,
    /// What the gates say. Off until they answer for the first time.
    pub(crate) actual: Controls,
    /// Which device the user wants and cannot have.
    pub(crate) lacking: Lacking,
    /// Whether a screen or a window is shared: the user's wish, and what is true.
    pub(crate) screen: Screen,
    sequence: u64,
    /// The number of the first report that tells what is true now.
    news: u64,
    /// The highest number that the other side has heard.
    heard: u64,
}

/// Whether our screen is shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Screen {
    /// The user wants it, and it has not failed.
    pub(crate) wish: bool,
    /// Pictures of it leave.
    pub(crate) actual: bool,
}

impl Local {
    /// The microphone is live unless the user says otherwise.
    pub(crate) fn new(video: bool) -> Self {
        Self {
            wish: Controls {
                microphone: true,
                camera: video,
            },
            actual: OFF,
            lacking: Lacking::default(),
            screen: Screen::default(),
            sequence: 0,
            news: 1,
            heard: 0,
        }
    }

    /// Takes what the gates say. Says whether anything changed.
    #[must_use]
    pub(crate) fn update(&mut self, actual: Controls, lacking: Lacking) -> bool {
        let before = (self.actual, self.lacking);
        (self.actual, self.lacking) = (actual, lacking);
        self.note(before != (actual, lacking))
    }

    /// Takes whether our screen is shared. A share that is over is not wished for any more. Says
    /// whether anything changed.
    #[must_use]
    pub(crate) fn update_screen(&mut self, on: bool) -> bool {
        let before = self.screen.actual;
        self.screen = Screen {
            wish: self.screen.wish && on,
            actual: on,
        };
        self.note(before != on)
    }

    fn note(&mut self, changed: bool) -> bool {
        if changed {
            self.news = self.sequence.saturating_add(1);
        }
        changed
    }

    /// What is true, for the other side, with a number above all before.
    #[must_use]
    pub(crate) fn next_report(&mut self, remote: &Remote) -> ControlsReport {
        self.sequence = self.sequence.saturating_add(1);
        ControlsReport {
            heard: remote.sequence,
            screen: self.screen.actual,
            ..ControlsReport::new(self.sequence, self.actual, self.lacking)
        }
    }

    /// The other side has heard our reports up to this number.
    pub(crate) fn on_heard(&mut self, number: u64) {
        self.heard = self.heard.max(number);
    }

    /// Whether the other side does not know what is true, though it was told more than once.
    pub(crate) fn is_unheard(&self) -> bool {
        self.heard < self.news && self.sequence > self.news.saturating_add(1)
    }
}

/// Their side, as they report it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Remote {
    sequence: u64,
    /// The newest report. Off until the first one.
    pub(crate) controls: Controls,
    /// Which device they want and cannot have, by the newest report.
    pub(crate) lacking: Lacking,
    /// Whether they share a screen or a window, by the newest report.
    pub(crate) screen: bool,
}

impl Remote {
    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        Self {
            sequence: 0,
            controls: OFF,
            lacking: Lacking::default(),
            screen: false,
        }
    }

    /// Takes a report unless a newer one came before.
    pub(crate) fn on_report(&mut self, report: ControlsReport) {
        if report.sequence > self.sequence {
            *self = Self {
                sequence: report.sequence,
                controls: report.controls(),
                lacking: report.lacking(),
                screen: report.screen,
            };
        }
    }
}
