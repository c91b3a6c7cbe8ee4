//! What a command that fails tells the page: a code for the words, a text for the details.

use engine::CommandError;
use serde::Serialize;
use store::{StoreError, TransferError};
use ts_rs::TS;

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UiError {
    /// Chooses the sentence that the user reads.
    pub(crate) code: ErrorCode,
    /// For "What happened?"; in English, without secrets.
    pub(crate) message: String,
}

/// The failures that the page has words for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ErrorCode {
    /// The text is neither an address nor an invite link.
    BadAddress,
    /// It is our own address.
    OwnAddress,
    /// Neither the link nor the settings name a relay.
    NoRelay,
    /// There is a call already.
    AlreadyInCall,
    /// There is no call.
    NotInCall,
    /// Nothing can be recorded here.
    CannotRecord,
    /// The folder of a recording could not be shown.
    NotShown,
    /// The camera does not run.
    CameraOff,
    /// The other side's version takes no texts.
    NoChat,
    /// More texts wait to be delivered than are kept.
    TooManyTexts,
    /// The text is no link that may be opened.
    BadLink,
    /// The system opens no links.
    LinkNotOpened,
    /// The user blocked whom they call.
    Blocked,
    /// The call is over, or there are no words of it to compare.
    NoWords,
    /// People could not be written; nothing has changed.
    PeopleNotSaved,
    /// No more people can be saved, or blocked.
    TooManyPeople,
    /// The passphrase of an export is too short.
    WeakPassphrase,
    /// The file of an export could not be written.
    NotExported,
    /// The passphrase is another, or the file is damaged.
    WrongPassphrase,
    /// The file is no export.
    NotAnExport,
    /// A newer version of this program wrote the export.
    NewerExport,
    /// What the file holds could not be written here; nothing has changed.
    NotImported,
    /// The settings could not be written.
    SettingsNotSaved,
    /// This program failed.
    Internal,
}

impl ErrorCode {
    /// The code of a failure that says more than that something could not be written.
    pub(crate) const fn of(error: &StoreError) -> Option<Self> {
        if let StoreError::TooManyPeople { .. } = error {
            return Some(Self::TooManyPeople);
        }
        let StoreError::Transfer(error) = error else {
            return None;
        };
        match error {
            TransferError::WeakPassphrase => Some(Self::WeakPassphrase),
            TransferError::WrongPassphrase => Some(Self::WrongPassphrase),
            TransferError::Newer(_) => Some(Self::NewerExport),
            TransferError::NotAnExport | TransferError::BadContents | TransferError::TooCostly => {
                Some(Self::NotAnExport)
            }
            TransferError::OtherIdentity | TransferError::NoMemory => None,
        }
    }
}

impl UiError {
    /// An error of this kind with `why` as its details.
    pub(crate) fn new(code: ErrorCode, why: &dyn std::fmt::Display) -> Self {
        Self {
            code,
            message: why.to_string(),
        }
    }

    /// This program failed.
    pub(crate) fn internal(why: &dyn std::fmt::Display) -> Self {
        Self::new(ErrorCode::Internal, why)
    }
}

impl From<CommandError> for UiError {
    fn from(error: CommandError) -> Self {
        let code = match &error {
            CommandError::BadAddress(_) => ErrorCode::BadAddress,
            CommandError::OwnAddress => ErrorCode::OwnAddress,
            CommandError::Blocked => ErrorCode::Blocked,
            CommandError::NoRelay => ErrorCode::NoRelay,
            CommandError::AlreadyInCall => ErrorCode::AlreadyInCall,
            CommandError::NotInCall => ErrorCode::NotInCall,
            CommandError::CannotRecord => ErrorCode::CannotRecord,
            CommandError::CameraOff => ErrorCode::CameraOff,
            CommandError::NoChat => ErrorCode::NoChat,
            CommandError::TooManyTexts => ErrorCode::TooManyTexts,
            CommandError::NoCarrier | CommandError::Stopped => ErrorCode::Internal,
        };
        Self::new(code, &error)
    }
}
