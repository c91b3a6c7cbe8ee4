//! Which devices a program uses, by the texts of its command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// Where pictures come from.
///
/// ```
/// use devices::CameraChoice;
///
/// let choice: CameraChoice = "file:clip.y4m?stamp".parse()?;
/// let path = "clip.y4m".into();
/// assert_eq!(choice, CameraChoice::File { path, stamp: true });
/// assert!("webcam".parse::<CameraChoice>().is_err());
/// # Ok::<(), devices::UnknownChoice>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CameraChoice {
    /// The machine's cameras.
    #[default]
    System,
    /// `synthetic`: the test picture, with a stamp.
    Synthetic,
    /// `file:CLIP.y4m`: a clip in a loop; `file:CLIP.y4m?stamp` draws the stamp over it.
    File {
        /// The clip.
        path: PathBuf,
        /// Whether the stamp goes over it.
        stamp: bool,
    },
    /// `device:NAME`: one camera of the machine, by id or name.
    Device(String),
    /// `none`: no camera at all.
    None,
}

/// Where sound comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MicrophoneChoice {
    /// The machine's microphones.
    #[default]
    System,
    /// `synthetic`: the test voice.
    Synthetic,
    /// `file:SPEECH.wav`: a recording in a loop.
    File(PathBuf),
    /// `device:NAME`: one microphone of the machine, by id or name.
    Device(String),
    /// `none`: no microphone at all.
    None,
}

/// Where sound goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SpeakerChoice {
    /// The machine's speakers.
    #[default]
    System,
    /// `file:FILE.wav`: what would be heard is written there in real time.
    File(PathBuf),
    /// `device:NAME`: one speaker of the machine, by id or name.
    Device(String),
    /// `none`: sound is played in real time, and nobody hears it.
    None,
}

/// A text that names no device.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{text}` names no {what}: write {forms}")]
pub struct UnknownChoice {
    text: String,
    what: &'static str,
    forms: &'static str,
}

impl FromStr for CameraChoice {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        match Text::read(text) {
            Some(Text::Synthetic) => Ok(Self::Synthetic),
            Some(Text::None) => Ok(Self::None),
            Some(Text::Device(name)) => Ok(Self::Device(name.to_owned())),
            Some(Text::File(path)) => {
                let (path, stamp) = match path.strip_suffix(STAMP_SUFFIX) {
                    Some(plain) => (plain, true),
                    None => (path, false),
                };
                Ok(Self::File {
                    path: PathBuf::from(path),
                    stamp,
                })
            }
            None => Err(UnknownChoice {
                text: text.to_owned(),
                what: "camera",
                forms: "synthetic, file:CLIP.y4m, file:CLIP.y4m?stamp, device:NAME or none",
            }),
        }
    }
}

impl FromStr for MicrophoneChoice {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        match Text::read(text) {
            Some(Text::Synthetic) => Ok(Self::Synthetic),
            Some(Text::None) => Ok(Self::None),
            Some(Text::Device(name)) => Ok(Self::Device(name.to_owned())),
            Some(Text::File(path)) => Ok(Self::File(PathBuf::from(path))),
            None => Err(UnknownChoice {
                text: text.to_owned(),
                what: "microphone",
                forms: "synthetic, file:SPEECH.wav, device:NAME or none",
            }),
        }
    }
}

impl FromStr for SpeakerChoice {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        match Text::read(text) {
            Some(Text::None) => Ok(Self::None),
            Some(Text::Device(name)) => Ok(Self::Device(name.to_owned())),
            Some(Text::File(path)) => Ok(Self::File(PathBuf::from(path))),
            Some(Text::Synthetic) | None => Err(UnknownChoice {
                text: text.to_owned(),
                what: "speaker",
                forms: "file:FILE.wav, device:NAME or none",
            }),
        }
    }
}

impl fmt::Display for CameraChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("the system's cameras"),
            Self::Synthetic => f.write_str("synthetic"),
            Self::File { path, stamp } => {
                write!(
                    f,
                    "file:{}{}",
                    path.display(),
                    if *stamp { STAMP_SUFFIX } else { "" }
                )
            }
            Self::Device(name) => write!(f, "device:{name}"),
            Self::None => f.write_str("none"),
        }
    }
}

/// What the texts of all choices have in common.
enum Text<'a> {
    Synthetic,
    None,
    File(&'a str),
    Device(&'a str),
}

impl<'a> Text<'a> {
    fn read(text: &'a str) -> Option<Self> {
        match text {
            "synthetic" => Some(Self::Synthetic),
            "none" => Some(Self::None),
            other => match other.split_once(':') {
                Some(("file", path)) if !path.is_empty() => Some(Self::File(path)),
                Some(("device", name)) if !name.is_empty() => Some(Self::Device(name)),
                _ => None,
            },
        }
    }
}

const STAMP_SUFFIX: &str = "?stamp";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_are_read_and_written() {
        let clip = PathBuf::from("/clips/a:b.y4m");
        for (text, choice) in [
            ("synthetic", CameraChoice::Synthetic),
            ("none", CameraChoice::None),
            ("device:Lid: 1", CameraChoice::Device("Lid: 1".into())),
            (
                "file:/clips/a:b.y4m",
                CameraChoice::File {
                    path: clip.clone(),
                    stamp: false,
                },
            ),
            (
                "file:/clips/a:b.y4m?stamp",
                CameraChoice::File {
                    path: clip,
                    stamp: true,
                },
            ),
        ] {
            assert_eq!(text.parse(), Ok(choice.clone()));
            assert_eq!(choice.to_string(), text);
        }
    }

    #[test]
    fn sound_devices_are_read() {
        assert_eq!(
            "file:a.wav".parse(),
            Ok(MicrophoneChoice::File("a.wav".into()))
        );
        assert_eq!("synthetic".parse(), Ok(MicrophoneChoice::Synthetic));
        assert_eq!("none".parse(), Ok(SpeakerChoice::None));
        assert_eq!(
            "device:spk".parse(),
            Ok(SpeakerChoice::Device("spk".into()))
        );
    }

    #[test]
    fn other_texts_are_refused_with_the_forms_there_are() {
        for text in ["", "file:", "device:", "webcam", "file"] {
            assert!(text.parse::<CameraChoice>().is_err(), "{text}");
        }
        let refused = "synthetic".parse::<SpeakerChoice>().unwrap_err();
        assert!(refused.to_string().contains("file:FILE.wav"));
    }
}
