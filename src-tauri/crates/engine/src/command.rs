//! What the user can want.

use call::carrier::Carrier;
use call::chat::{CannotSay, Text};
use call::id::RecordingId;
use media::backend::device::DeviceId;
use media::backend::screen::SourceId;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

/// One wish of the user. Its result is seen in the next view, or as an error of the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Command {
    /// Call somebody by address or invite link.
    Dial {
        /// An address or an invite link, as typed.
        to: String,
        /// Our camera on from the start.
        video: bool,
        /// What carries the call; nothing for what the settings say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        via: Option<Carrier>,
    },
    /// Answer the incoming call.
    Accept {
        /// Our camera on from the start.
        video: bool,
    },
    /// Do not answer the incoming call.
    Decline,
    /// Cancel, hang up or decline, whichever fits.
    End,
    /// Go on with the call whose loss is shown, as soon as there is a path and the other side wants
    /// it too.
    Resume {
        /// Our camera on from the start.
        video: bool,
    },
    /// Leave the ended screen.
    Dismiss,
    /// Mute or unmute.
    SetMicrophone {
        /// Whether sound may leave.
        live: bool,
    },
    /// Camera on or off.
    SetCamera {
        /// Whether the camera runs.
        on: bool,
    },
    /// Share a screen or a window from now on, in the place of what was shared, or nothing.
    Share {
        /// What; null for nothing.
        source: Option<SourceId>,
    },
    /// Say something to the other side.
    Say {
        /// What.
        #[ts(type = "string")]
        text: Text,
    },
    /// Tell the other side that we write; as often as a key is pressed.
    Typing,
    /// Whether the user sees what the other side says as it comes: nothing is unread then, and
    /// nothing ticks.
    ReadChat {
        /// Whether the conversation is open before the user.
        open: bool,
    },
    /// Use another device from now on, in a call too.
    UseDevice {
        /// Which kind.
        role: DeviceRole,
        /// Which one; null for the system's default.
        id: Option<DeviceId>,
    },
    /// Run devices outside a call, to try them: first start, settings.
    Preview {
        /// Whether we see ourselves.
        camera: bool,
        /// Whether the microphone's meter moves.
        microphone: bool,
    },
    /// Play a short tone on the chosen speaker.
    TestSpeaker,
    /// Connect to our relay again, at once: after another copy of this profile took over the
    /// address nothing else does.
    ReconnectRelay,
    /// Record the call, or answer whether it may be recorded.
    Record {
        /// What is wanted.
        wish: RecordWish,
    },
    /// Let something of the running call fail on purpose, as it does in life, to see what follows.
    Fault {
        /// What fails.
        fault: Fault,
    },
}

/// What the user wants of recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RecordWish {
    /// Ask the other side, and record once it agrees.
    Start,
    /// End recordings, whoever writes them; withdraw the question.
    Stop,
    /// Let the other side record.
    Agree {
        /// The recording that was asked for.
        id: RecordingId,
    },
    /// Do not let it.
    Refuse {
        /// The recording that was asked for.
        id: RecordingId,
    },
}

/// What can be made to fail on purpose, to see that a call outlives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// The links to relays break, and stay away for 10 s.
    Relay,
    /// The session in use carries nothing for 5 s, in both directions.
    Path,
    /// The other side's next picture cannot be decoded.
    Decoder,
    /// The camera is lost as if it was unplugged.
    Camera,
}

/// What a device is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DeviceRole {
    /// Picture in.
    Camera,
    /// Sound in.
    Microphone,
    /// Sound out.
    Speaker,
}

/// Why a command is not carried out.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CommandError {
    /// What was typed is no address and no invite link.
    #[error("not an address or invite link: {0}")]
    BadAddress(String),
    /// That is ourselves.
    #[error("this is your own address")]
    OwnAddress,
    /// The user blocked that person, who could not call back.
    #[error("this person is blocked")]
    Blocked,
    /// There is no relay to call through.
    #[error("no relay is set")]
    NoRelay,
    /// This program has nothing that could carry the call so.
    #[error("calls cannot go that way here")]
    NoCarrier,
    /// A call is already there.
    #[error("already in a call")]
    AlreadyInCall,
    /// No media flows that could fail.
    #[error("not in a call")]
    NotInCall,
    /// This program has nothing that could record.
    #[error("calls cannot be recorded here")]
    CannotRecord,
    /// The other side's phone takes no texts.
    #[error("the other side's version has no chat")]
    NoChat,
    /// More texts wait to be delivered than are kept.
    #[error("too many texts wait to be delivered")]
    TooManyTexts,
    /// The camera does not run.
    #[error("the camera is off")]
    CameraOff,
    /// The engine is stopping.
    #[error("the engine has stopped")]
    Stopped,
}

impl From<CannotSay> for CommandError {
    fn from(why: CannotSay) -> Self {
        match why {
            CannotSay::NotInCall => Self::NotInCall,
            CannotSay::NotTaken => Self::NoChat,
            CannotSay::Full => Self::TooManyTexts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asks_for_the_relay_by_this_name() {
        let command: Command = serde_json::from_str(r#"{"do":"reconnectRelay"}"#).unwrap();
        assert_eq!(command, Command::ReconnectRelay);
    }

    #[test]
    fn a_fault_is_named_by_what_fails() {
        for (name, fault) in [
            ("relay", Fault::Relay),
            ("path", Fault::Path),
            ("decoder", Fault::Decoder),
            ("camera", Fault::Camera),
        ] {
            let text = format!(r#"{{"do":"fault","fault":"{name}"}}"#);
            let command: Command = serde_json::from_str(&text).unwrap();
            assert_eq!(command, Command::Fault { fault });
        }
    }
}
