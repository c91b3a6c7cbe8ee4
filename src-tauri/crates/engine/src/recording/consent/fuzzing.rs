//! The parsers of what others signed of a recording, as the fuzz target calls them, and what it
//! begins with. Each function reads a stranger's bytes, and asserts what holds of everything that is
//! read.
//!
//! Two people sign whatever there is to sign of one recording, each to the other. A statement of
//! either that counts and is not among those would be a forged signature.

use call::id::{CallId, RecordingId};
use call::message::Statement;
use identity::Identity;

use super::{Consent, Says, Signed, Subject, check, sign};

/// A statement as `them` may have signed it to `us`.
pub fn statement(bytes: &[u8], us: &Identity, them: &Identity) {
    let text = std::str::from_utf8(bytes).ok().map(str::to_owned);
    let Some(statement) = text.and_then(Statement::new) else {
        return;
    };
    let parsed = Signed::parse(&statement);
    if let Ok(signed) = &parsed {
        holds(signed);
    }
    for says in SAYINGS {
        let from = them.address().to_string();
        if let Ok(signed) = check(&statement, &from, &us.address(), SUBJECT, says) {
            assert_eq!(signed.says, says);
            assert_signed(&signed, them, us);
            assert_eq!(parsed.as_ref(), Ok(&signed), "what is checked is read");
        }
    }
    match Consent::of(&statement, &statement) {
        Ok(consent) => {
            assert_eq!(parsed.as_ref(), Ok(&consent.asked));
            assert!(Consent::verify(&consent.file()).is_err(), "to oneself");
        }
        Err(error) => assert_eq!(parsed, Err(error)),
    }
}

/// A file as whoever has a recording may show it.
pub fn file(bytes: &[u8], us: &Identity, them: &Identity) {
    let Ok(consent) = Consent::verify(bytes) else {
        return;
    };
    let Consent { asked, agreed } = &consent;
    assert_eq!((asked.says, agreed.says), (Says::Asks, Says::Agrees));
    let (who, whom) = if asked.by == us.address().to_string() {
        (us, them)
    } else {
        (them, us)
    };
    assert_signed(asked, who, whom);
    assert_signed(agreed, whom, who);
    assert_eq!(Consent::verify(&consent.file()).as_ref(), Ok(&consent));
}

/// All that each of the two signed, and what both together are.
#[must_use]
pub fn seeds(us: &Identity, them: &Identity) -> Vec<Vec<u8>> {
    let statements = [(us, them), (them, us)]
        .into_iter()
        .flat_map(|(who, whom)| SAYINGS.map(|says| signed(who, whom, says)));
    let mut seeds: Vec<_> = statements
        .map(|it| it.as_str().as_bytes().to_vec())
        .collect();
    for (who, whom) in [(us, them), (them, us)] {
        let (asks, agrees) = (
            signed(who, whom, Says::Asks),
            signed(whom, who, Says::Agrees),
        );
        seeds.extend(Consent::of(&asks, &agrees).map(|it| it.file()));
    }
    seeds
}

/// Written again it is read as the same, and no field is longer than what was said.
fn holds(signed: &Signed) {
    let Signed {
        call,
        recording,
        says: _,
        by,
        to,
        at: _,
        signature,
    } = signed;
    let length: usize = [call, recording, by, to, signature]
        .map(String::len)
        .iter()
        .sum();
    assert!(length <= Statement::MAX, "more than was said");
    let written = serde_json::to_string(signed).expect("strings and numbers are written");
    assert_eq!(serde_json::from_str(&written).ok().as_ref(), Some(signed));
    let _ = signed.verify();
}

/// Whether `who` really said this to `whom`.
fn assert_signed(it: &Signed, who: &Identity, whom: &Identity) {
    let really = Signed::parse(&signed(who, whom, it.says)).expect("what is signed is read");
    assert_eq!(it.text(), really.text(), "nobody signed this");
    assert!(it.signature.eq_ignore_ascii_case(&really.signature));
}

fn signed(who: &Identity, whom: &Identity, says: Says) -> Statement {
    sign(who, &whom.address().to_string(), SUBJECT, says, AT).expect("it is short")
}

const SAYINGS: [Says; 2] = [Says::Asks, Says::Agrees];

const SUBJECT: Subject = Subject {
    call: CallId(7),
    recording: RecordingId(9),
};

/// When all of it was signed, seconds since 1970.
const AT: u64 = 1_764_000_000;
