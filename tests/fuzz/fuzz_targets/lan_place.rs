//! Places as people type them, by names of hosts or by numbers: what is taken is written as itself.

#![no_main]

use discovery::Place;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(place) = text.parse::<Place>() else {
        return;
    };
    assert_eq!(place.to_string().parse(), Ok(place));
});
