//! What people sign of a recording, and the file that keeps it.
//!
//! A statement is JSON whose fields, one a line in a fixed order, are what the signature is under.
//! Those of others are remote bytes: no more than [`Statement::MAX`] of them.

#[cfg(fuzzing)]
pub mod fuzzing;

use call::id::{CallId, RecordingId};
use call::message::Statement;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use identity::{Address, Identity, verify_consent};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What somebody says of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Says {
    /// They ask for it.
    Asks,
    /// They agree to be recorded.
    Agrees,
}

/// Which recording a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) call: CallId,
    pub(crate) recording: RecordingId,
}

/// A signed statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signed {
    /// The call, sixteen hexadecimal digits.
    pub call: String,
    /// The recording, sixteen hexadecimal digits drawn by whoever asks.
    pub recording: String,
    /// What is said.
    pub says: Says,
    /// Whose key signed it.
    pub by: String,
    /// Whom it is said to.
    pub to: String,
    /// When, in seconds since 1970 by the signer's clock.
    pub at: u64,
    /// Ed25519, hexadecimal.
    signature: String,
}

/// `consent.json`: why a recording may exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Who asked.
    pub asked: Signed,
    /// Who agreed.
    pub agreed: Signed,
}

/// Why something is no consent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NoConsent {
    /// It does not look like it.
    #[error("this is no statement of consent")]
    Malformed,
    /// It is about something else, or not between these two.
    #[error("the statements do not belong together")]
    OtherSubject,
    /// Somebody else signed it, or something else was signed.
    #[error("the signature of {0} is wrong")]
    BadSignature(String),
}

/// Signs what we say to `to`, at this many seconds since 1970.
pub(crate) fn sign(
    identity: &Identity,
    to: &str,
    subject: Subject,
    says: Says,
    at: u64,
) -> Option<Statement> {
    let mut signed = Signed {
        call: subject.call.to_string(),
        recording: subject.recording.to_string(),
        says,
        by: identity.address().to_string(),
        to: to.to_owned(),
        at,
        signature: String::new(),
    };
    signed.signature = HEXLOWER.encode(&identity.sign_consent(signed.text().as_bytes()));
    Statement::new(serde_json::to_string(&signed).ok()?)
}

/// What `from` signed to us of this recording.
///
/// # Errors
/// When it is something else, or not signed by their key.
pub(crate) fn check(
    statement: &Statement,
    from: &str,
    us: &Address,
    subject: Subject,
    says: Says,
) -> Result<Signed, NoConsent> {
    let signed = Signed::parse(statement)?;
    let is_it = signed.call == subject.call.to_string()
        && signed.recording == subject.recording.to_string()
        && signed.says == says
        && signed.by == from
        && signed.to == us.to_string();
    if !is_it {
        return Err(NoConsent::OtherSubject);
    }
    signed.verify()?;
    Ok(signed)
}

impl Signed {
    fn parse(statement: &Statement) -> Result<Self, NoConsent> {
        serde_json::from_str(statement.as_str()).map_err(|_| NoConsent::Malformed)
    }

    /// What is signed.
    fn text(&self) -> String {
        let says = match self.says {
            Says::Asks => "asks",
            Says::Agrees => "agrees",
        };
        let Self {
            call,
            recording,
            by,
            to,
            at,
            ..
        } = self;
        format!("{call}\n{recording}\n{says}\n{by}\n{to}\n{at}")
    }

    fn verify(&self) -> Result<(), NoConsent> {
        let address: Address = self.by.parse().map_err(|_| NoConsent::Malformed)?;
        let signature = HEXLOWER_PERMISSIVE.decode(self.signature.as_bytes());
        let signature = signature.ok().and_then(|it| <[u8; 64]>::try_from(it).ok());
        let signature = signature.ok_or(NoConsent::Malformed)?;
        verify_consent(&address, self.text().as_bytes(), &signature)
            .map_err(|_| NoConsent::BadSignature(self.by.clone()))
    }
}

impl Consent {
    /// What both statements, checked before, say together.
    ///
    /// # Errors
    /// When they are no statements.
    pub(crate) fn of(ours: &Statement, theirs: &Statement) -> Result<Self, NoConsent> {
        Ok(Self {
            asked: Signed::parse(ours)?,
            agreed: Signed::parse(theirs)?,
        })
    }

    /// The bytes of `consent.json`.
    pub(crate) fn file(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// Reads a `consent.json`, whoever wrote it.
    ///
    /// # Errors
    /// When it does not prove that somebody asked for a recording and that the other side of the same
    /// call agreed to the same recording.
    pub fn verify(file: &[u8]) -> Result<Self, NoConsent> {
        let consent: Self = serde_json::from_slice(file).map_err(|_| NoConsent::Malformed)?;
        let Self { asked, agreed } = &consent;
        let belong = asked.call == agreed.call
            && asked.recording == agreed.recording
            && asked.says == Says::Asks
            && agreed.says == Says::Agrees
            && asked.by == agreed.to
            && asked.to == agreed.by;
        if !belong {
            return Err(NoConsent::OtherSubject);
        }
        asked.verify()?;
        agreed.verify()?;
        Ok(consent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SUBJECT: Subject = Subject {
        call: CallId(7),
        recording: RecordingId(8),
    };

    struct Two {
        ann: Identity,
        bob: Identity,
    }

    impl Two {
        fn new() -> Self {
            Self {
                ann: Identity::generate().unwrap(),
                bob: Identity::generate().unwrap(),
            }
        }

        /// What Ann says to Bob.
        fn says(&self, says: Says) -> Statement {
            let bob = self.bob.address().to_string();
            sign(&self.ann, &bob, SUBJECT, says, 1_700_000_000).unwrap()
        }

        fn check(&self, statement: &Statement, subject: Subject, says: Says) -> Option<Signed> {
            let ann = self.ann.address().to_string();
            check(statement, &ann, &self.bob.address(), subject, says).ok()
        }
    }

    #[test]
    fn a_statement_holds_for_its_call_recording_and_meaning_only() {
        let two = Two::new();
        let statement = two.says(Says::Asks);
        assert!(two.check(&statement, SUBJECT, Says::Asks).is_some());
        assert!(two.check(&statement, SUBJECT, Says::Agrees).is_none());
        let call = CallId(9);
        let recording = RecordingId(9);
        for other in [
            Subject { call, ..SUBJECT },
            Subject {
                recording,
                ..SUBJECT
            },
        ] {
            assert!(two.check(&statement, other, Says::Asks).is_none());
        }
        let back = check(
            &statement,
            &two.bob.address().to_string(),
            &two.ann.address(),
            SUBJECT,
            Says::Asks,
        );
        assert_eq!(back, Err(NoConsent::OtherSubject));
    }

    #[test]
    fn whatever_is_changed_in_it_it_is_refused() {
        let two = Two::new();
        let statement = two.says(Says::Agrees);
        let text = statement.as_str();
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            let changed = Statement::new(changed).unwrap();
            assert!(two.check(&changed, SUBJECT, Says::Agrees).is_none(), "{at}");
        }
    }

    #[test]
    fn the_file_proves_that_one_asked_and_the_other_agreed() {
        let two = Two::new();
        let ann = two.ann.address().to_string();
        let agreed = sign(&two.bob, &ann, SUBJECT, Says::Agrees, 1_700_000_009).unwrap();
        let consent = Consent::of(&two.says(Says::Asks), &agreed).unwrap();
        let read = Consent::verify(&consent.file()).unwrap();
        assert_eq!(read.asked.by, ann);
        assert_eq!(read.agreed.at, 1_700_000_009);

        let twice = Consent::of(&two.says(Says::Asks), &two.says(Says::Asks)).unwrap();
        assert_eq!(Consent::verify(&twice.file()), Err(NoConsent::OtherSubject));
        let mut forged = consent.clone();
        forged.agreed.at += 1;
        let who = two.bob.address().to_string();
        assert_eq!(
            Consent::verify(&forged.file()),
            Err(NoConsent::BadSignature(who))
        );
        assert_eq!(Consent::verify(b"{}"), Err(NoConsent::Malformed));
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at_without_a_panic(text in ".{0,300}") {
            let two = Two::new();
            let statement = Statement::new(text.clone()).unwrap();
            prop_assert!(two.check(&statement, SUBJECT, Says::Asks).is_none());
            prop_assert!(Consent::verify(text.as_bytes()).is_err());
        }
    }
}
