//! Addresses: one that is read has one text form, which differs from what was read by case and by
//! the scheme only.

#![no_main]

use signal_wire::Address;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(address) = text.parse::<Address>() else {
        return;
    };
    let written = address.to_string();
    assert_eq!(written.len(), Address::TEXT_LENGTH);
    assert!(written.ends_with(&text.to_ascii_lowercase()));
    assert_eq!(written.parse(), Ok(address));
});
