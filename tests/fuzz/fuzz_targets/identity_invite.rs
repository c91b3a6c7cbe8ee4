//! Invite links that a program hands over: what is read fits a link, and is read from it again.

#![no_main]

use identity::Invite;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(invite) = text.parse::<Invite>() else {
        return;
    };
    let link = invite.to_string();
    assert!(link.len() <= Invite::MAX_LENGTH);
    assert_eq!(link.parse(), Ok(invite.clone()));
    assert_eq!(Invite::find(&link), Ok(invite));
});
