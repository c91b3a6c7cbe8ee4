//! Recordings of calls, as the command line has them: where they go, and whether the other side may.
//!
//! Not to be taken for [`recorder`](crate::recorder), which writes the other side's pictures down raw,
//! for tests.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use call::view::{CallView, OurRecording, RecordingEnd, TheirRecording};
use engine::command::{Command, RecordWish};
use engine::view::EngineView;
use engine::{Consent, RecordingFile, RecordingFileState};
use media::backend::record::{RecordBackend, RecordError};
use record::Recordings;

use crate::options::Options;
use crate::wall_clock;

/// Writes recordings where the options say, else where this user's videos are.
pub(crate) fn backend(options: &Options) -> Option<Arc<dyn RecordBackend>> {
    let directory = options.record.clone().or_else(usual_place)?;
    Some(Arc::new(Recordings::new(directory, || {
        wall_clock::stamp(wall_clock::now())
    })))
}

/// A folder beside the user's videos; none where the user has no home.
fn usual_place() -> Option<PathBuf> {
    let videos = store::videos_dir()?;
    Some(videos.join("Tincan"))
}

/// Says whose consent is kept beside a recording, and when it was given.
///
/// # Errors
/// When there is none, or it does not prove that both agreed.
pub fn check(folder: &Path, out: &mut impl Write) -> Result<()> {
    let file = folder.join(record::CONSENT);
    let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let Consent { asked, agreed } = Consent::verify(&bytes)?;
    for (what, signed) in [("asked", asked), ("agreed", agreed)] {
        let at = wall_clock::stamp(signed.at.saturating_mul(1000));
        writeln!(out, "{} {what} on {at}.", signed.by)?;
    }
    Ok(())
}

/// What to answer when the other side asks to record the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// Agree at once.
    Yes,
    /// Refuse at once.
    No,
    /// Tell, and wait for a line of standard input.
    #[default]
    Ask,
}

impl Answer {
    /// By its name on the command line.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "yes" => Ok(Self::Yes),
            "no" => Ok(Self::No),
            "ask" => Ok(Self::Ask),
            _ => Err("it is yes, no or ask".to_owned()),
        }
    }

    /// What to do about the call as it is.
    pub(crate) fn to(self, call: &CallView) -> Option<Command> {
        let id = asked(call)?;
        let wish = match self {
            Self::Yes => RecordWish::Agree { id },
            Self::No => RecordWish::Refuse { id },
            Self::Ask => return None,
        };
        Some(Command::Record { wish })
    }
}

/// What a line of standard input that begins with `record` means; none when it means nothing now.
pub(crate) fn command(line: &str, call: &CallView) -> Option<Command> {
    let wish = match (line, asked(call)) {
        ("record start", _) => RecordWish::Start,
        ("record stop", _) => RecordWish::Stop,
        ("record agree", Some(id)) => RecordWish::Agree { id },
        ("record refuse", Some(id)) => RecordWish::Refuse { id },
        _ => return None,
    };
    Some(Command::Record { wish })
}

/// What there is to say of recordings.
pub(crate) fn sentences(view: &EngineView) -> Vec<String> {
    let mut all = Vec::new();
    if let CallView::Active { recording, .. } = &view.call {
        all.extend(ours(recording.ours).map(str::to_owned));
        all.extend(theirs(recording.theirs).map(str::to_owned));
    }
    all.extend(view.recording.as_ref().and_then(file));
    all
}

/// Which recording waits for an answer.
fn asked(call: &CallView) -> Option<call::id::RecordingId> {
    let CallView::Active { recording, .. } = call else {
        return None;
    };
    match recording.theirs {
        TheirRecording::Asked { id } => Some(id),
        TheirRecording::Off | TheirRecording::Running { .. } | TheirRecording::Over { .. } => None,
    }
}

fn ours(recording: OurRecording) -> Option<&'static str> {
    match recording {
        OurRecording::Off => None,
        OurRecording::Asking => Some("The other side is asked whether the call may be recorded."),
        OurRecording::Running { .. } => {
            Some("You are recording this call; say `record stop` to end it.")
        }
        OurRecording::Over { why } => Some(match why {
            RecordingEnd::StoppedByUs => "Nothing is recorded any more.",
            RecordingEnd::StoppedByThem => "The other side stopped the recording.",
            RecordingEnd::Refused => "The other side does not want to be recorded.",
            RecordingEnd::NoAnswer => "The other side did not answer whether it may be recorded.",
            RecordingEnd::NotSupported => {
                "The other side's version of Tincan cannot agree to recordings."
            }
            RecordingEnd::Failed => "The recording ended because it could not be written.",
        }),
    }
}

fn theirs(recording: TheirRecording) -> Option<&'static str> {
    match recording {
        TheirRecording::Off => None,
        TheirRecording::Asked { .. } => {
            Some("The other side asks to record this call; say `record agree` or `record refuse`.")
        }
        TheirRecording::Running { .. } => {
            Some("The other side is recording this call; say `record stop` to end it.")
        }
        TheirRecording::Over { why } => match why {
            RecordingEnd::StoppedByUs | RecordingEnd::StoppedByThem | RecordingEnd::Failed => {
                Some("The other side does not record any more.")
            }
            RecordingEnd::Refused | RecordingEnd::NoAnswer | RecordingEnd::NotSupported => None,
        },
    }
}

fn file(file: &RecordingFile) -> Option<String> {
    let folder = file.folder.as_deref().unwrap_or("nowhere");
    match file.state {
        RecordingFileState::Running if file.is_space_low => {
            Some("There is little space left for the recording.".to_owned())
        }
        RecordingFileState::Running => None,
        RecordingFileState::Finished => Some(format!("The recording is in {folder}.")),
        RecordingFileState::Failed { why } => Some(format!(
            "{} What was recorded until then is in {folder}.",
            problem(why)
        )),
    }
}

const fn problem(why: RecordError) -> &'static str {
    match why {
        RecordError::DiskFull => "The recording ended because the disk is full.",
        RecordError::Refused => "The recording may not be written there.",
        RecordError::FolderGone => "The folder of the recording is gone.",
        RecordError::Disk => "The recording ended because the disk failed.",
    }
}
