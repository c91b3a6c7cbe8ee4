//! Invites in whatever people paste: what is found is a link of its own, and is found again in it.

#![no_main]

use identity::Invite;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(invite) = Invite::find(text) else {
        return;
    };
    let link = invite.to_string();
    assert!(link.len() <= Invite::MAX_LENGTH);
    assert_eq!(link.parse(), Ok(invite.clone()));
    assert_eq!(Invite::find(&link), Ok(invite));
});
