//! Links as they arrive.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::*;
use crate::relay_url::RelayUrlError;

fn ann() -> Invite {
    Invite::new(Address::from_bytes([9; 32]))
        .with_relay("wss://relay.example:4080/v1")
        .unwrap()
        .with_name("Ann & Bö")
}

fn bare() -> Invite {
    Invite::new(Address::from_bytes([9; 32]))
}

fn encoded_once_more(link: &str) -> String {
    utf8_percent_encode(link, NON_ALPHANUMERIC).to_string()
}

#[test]
fn sentences_and_brackets_around_a_link_are_left_out() {
    let place = "10.0.0.1:80".parse().unwrap();
    let placed = ann().with_lan([place]);
    for invite in [ann(), placed, bare(), bare().with_name("Dr. Ann Lee Jr.")] {
        for (before, after) in [
            ("", ""),
            ("", "."),
            ("", ", thanks"),
            ("", "!"),
            ("", "?"),
            ("", "…"),
            ("", "...\n"),
            ("", "/"),
            ("Call me: ", " thanks"),
            ("Call me:\n", "\nthanks"),
            ("Call me:\n\n", "\n\n-- \nAnn Lee\nhttps://ann.example/v1"),
            ("<", ">"),
            ("(", ")."),
            ("[", "]"),
            ("{", "}"),
            ("\"", "\""),
            ("'", "'"),
            ("“", "”"),
            ("«", "»"),
            ("`", "`"),
            ("**", "**"),
            ("_", "_"),
            ("> > ", "\n> > thanks"),
            ("[call me](", ")"),
            ("<a href=\"", "\">call me</a>"),
            ("&lt;", "&gt;"),
            ("打给我：", "，谢谢"),
            ("see https://example.org/?a=b&c=d or ", " ok?"),
        ] {
            let text = format!("{before}{invite}{after}");
            assert_eq!(Invite::find(&text), Ok(invite.clone()), "{text:?}");
        }
    }
}

#[test]
fn a_link_may_be_wrapped_anywhere_but_within_a_plain_name() {
    let link = ann().with_name("李").to_string();
    for wrap in [
        "\n", "\r\n", "\r", " ", "\n    ", "\n> ", "\r\n> > ", "=\n", "=\r\n",
    ] {
        for at in 0..=link.len() {
            let text = format!("Call me: {}{wrap}{}", &link[..at], &link[at..]);
            assert_eq!(Invite::find(&text), Ok(ann().with_name("李")), "{text:?}");
        }
    }
}

#[test]
fn a_link_may_be_wrapped_at_every_width() {
    let link = ann().with_name("李").to_string();
    for width in 8..=link.len() {
        let lines: Vec<&str> = link
            .as_bytes()
            .chunks(width)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        for wrap in ["\n", "\r\n> "] {
            let text = format!("Hello,\n\n{}\n\nAnn", lines.join(wrap));
            assert_eq!(Invite::find(&text), Ok(ann().with_name("李")), "{text:?}");
        }
    }
}

#[test]
fn a_link_with_places_may_be_wrapped_anywhere_but_within_a_plain_name() {
    let places = ["192.168.1.5:4080", "[fd00::1]:48267"].map(|it| it.parse().unwrap());
    let named = ann().with_name("李").with_lan(places);
    let nameless = bare().with_lan(places);
    for invite in [named, nameless] {
        let link = invite.to_string();
        for wrap in ["\n", "\r\n> ", "=\r\n"] {
            for at in 0..=link.len() {
                let text = format!("Call me: {}{wrap}{}\nthanks, 3", &link[..at], &link[at..]);
                assert_eq!(Invite::find(&text).as_ref(), Ok(&invite), "{text:?}");
            }
        }
    }
}

#[test]
fn words_behind_a_link_do_not_become_part_of_its_name_or_relay() {
    let named = ann().with_name("Ann");
    for word in [
        "thanks",
        "3",
        "50%",
        "or",
        "v1",
        "/v1",
        "https://example.org/v1",
    ] {
        let placed = bare().with_lan(["10.0.0.1:4080".parse().unwrap()]);
        for invite in [&named, &bare().with_name("Ann"), &bare(), &placed] {
            let text = format!("{invite} {word}");
            assert_eq!(Invite::find(&text).as_ref(), Ok(invite), "{text:?}");
        }
    }
    let short = format!(
        "{}?relay=ws://10.0.0.1:4080 at 5:30 or ws://10.0.0.2/v1",
        bare()
    );
    let expected = bare().with_relay("ws://10.0.0.1:4080").unwrap();
    assert_eq!(Invite::find(&short), Ok(expected));
}

#[test]
fn invisible_characters_within_a_link_are_passed_over() {
    let link = ann().to_string();
    for invisible in [
        '\u{ad}', '\u{200b}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{200e}',
    ] {
        let spread: String = link.chars().flat_map(|c| [invisible, c]).collect();
        assert_eq!(Invite::find(&spread), Ok(ann()), "{invisible:?}");
    }
}

#[test]
fn escapes_of_html_and_mail_are_undone() {
    let link = ann().to_string();
    for text in [
        link.replace('&', "&amp;"),
        link.replace('&', "&amp;amp;"),
        link.replace('&', "&#38;"),
        link.replace('=', "=3D"),
        format!(
            "<a href=3D\"{}\">",
            link.replace('&', "&amp;").replace('=', "=3D")
        ),
    ] {
        assert_eq!(Invite::find(&text), Ok(ann()), "{text:?}");
    }
}

#[test]
fn escapes_of_markdown_json_and_entities_are_undone() {
    let link = ann().to_string();
    let (start, end) = link.split_at(40);
    for text in [
        link.replace('=', "\\=")
            .replace('&', "\\&")
            .replace('.', "\\."),
        format!("{{\"url\":\"{}\"}}", link.replace('&', "\\u0026")),
        link.replace(':', "&#58;")
            .replace('?', "&#x3F;")
            .replace('=', "&#61;"),
        link.replace('%', "&percnt;").replace('=', "&equals;"),
        format!("{start}<wbr>{end}"),
        format!("{start}&shy;{end}"),
    ] {
        assert_eq!(Invite::find(&text), Ok(ann()), "{text}");
    }
}

#[test]
fn a_link_that_was_encoded_once_more_is_decoded() {
    let link = ann().to_string();
    let once = encoded_once_more(&link);
    let twice = encoded_once_more(&once);
    for text in [
        once.clone(),
        twice.clone(),
        once.to_lowercase().replace("%c3%b6", "%C3%B6"),
        format!("https://away.example/?url={once}&data=1"),
        format!("https%3A%2F%2Faway.example%2F%3Furl%3D{twice}"),
        link.replacen('?', "%3F", 1),
    ] {
        let found = Invite::find(&text).map(|it| (it.address, it.relay));
        assert_eq!(found, Ok((ann().address, ann().relay)), "{text:?}");
    }
}

#[test]
fn upper_case_means_the_same() {
    let invite = ann().with_name("ANN");
    assert_eq!(Invite::find(&invite.to_string().to_uppercase()), Ok(invite));
}

#[test]
fn links_that_programs_decoded_or_completed_are_read() {
    let address = bare();
    let plain = format!("{address}?relay=wss://relay.example:4080/v1&name=Bö");
    assert_eq!(Invite::find(&plain), Ok(ann().with_name("Bö")));
    let slashes = address.to_string().replace(':', "://");
    assert_eq!(
        Invite::find(&format!("{slashes}/?name=Ann")),
        Ok(bare().with_name("Ann"))
    );
    let body = &address.to_string()[Address::SCHEME.len()..];
    for text in [
        body.to_owned(),
        format!("I am {body}."),
        format!("id={body}"),
    ] {
        assert_eq!(Invite::find(&text), Ok(bare()), "{text:?}");
    }
}

#[test]
fn of_several_links_the_first_valid_one_counts() {
    let other = Invite::new(Address::from_bytes([8; 32]));
    let typo = bare().to_string().replace('q', "r");
    assert_eq!(
        Invite::find(&format!("{typo} {other} {}", ann())),
        Ok(other.clone())
    );
    assert_eq!(
        Invite::find(&format!("{other},{}", ann())),
        Ok(other.clone())
    );
    assert_eq!(Invite::find(&format!("{}\n{other}", ann())), Ok(ann()));
}

#[test]
fn what_is_wrong_with_the_first_link_is_told() {
    let link = bare().to_string();
    let cases = [
        (String::new(), AddressError::NotAnAddress.into()),
        ("Call me!".into(), AddressError::NotAnAddress.into()),
        (
            "https://example.org/tincan".into(),
            AddressError::NotAnAddress.into(),
        ),
        ("tincan:".into(), AddressError::Mistyped.into()),
        (format!("({})", &link[..60]), AddressError::Mistyped.into()),
        (format!("{link}x"), AddressError::Mistyped.into()),
        (
            format!("{link}?relay=http://a.b/v1"),
            RelayUrlError::Scheme.into(),
        ),
        (
            format!("{link}?relay=ws://u@a.b/v1"),
            RelayUrlError::Extras.into(),
        ),
        (
            format!("{link}?relay=ws://a.b/v1?c"),
            RelayUrlError::Extras.into(),
        ),
        (
            format!("{link}?name={}", "x".repeat(Invite::MAX_LENGTH)),
            InviteError::TooLong,
        ),
    ];
    for (text, error) in cases {
        let error: InviteError = error;
        assert_eq!(Invite::find(&text), Err(error), "{text:?}");
    }
}

#[test]
fn a_text_of_beginnings_is_judged_quickly() {
    let link = bare().to_string();
    let start = std::time::Instant::now();
    for beginning in [
        "tincan:",
        "tincan%3A",
        "tincan%253A",
        &format!("{link}?relay=x&"),
        &format!("{link}?relay=x\n"),
        "]",
        "&amp;",
        "=\n",
    ] {
        let text = beginning.repeat(4 * Invite::MAX_TEXT / beginning.len());
        assert!(Invite::find(&text).is_err());
        assert!(
            Invite::find(&format!("{link}?{text}")).is_ok_and(|it| it == bare())
                || beginning.len() > 1
        );
    }
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn every_invite_is_found_in_a_sentence(
        key: [u8; 32],
        relay in proptest::option::of("wss?://[a-z]{1,20}(:[1-9][0-9]{0,3})?(/[a-z._-]{0,9})?"),
        name in "\\PC{0,40}",
        hosts in proptest::collection::vec((0_u16.., 1_u16..), 0..6),
        before in "[A-Za-z ]{0,20}[ (<\"\n]",
        after in "([.,!)>\"…]+|\n)([ \n][a-zA-Z ]{0,20})?",
    ) {
        let places = hosts.into_iter().map(|(host, port)| {
            let [c, d] = host.to_be_bytes();
            std::net::SocketAddr::from(([10, 0, c, d], port))
        });
        let mut invite = Invite::new(Address::from_bytes(key)).with_name(&name).with_lan(places);
        if let Some(relay) = relay {
            invite = invite.with_relay(&relay).unwrap();
        }
        prop_assert_eq!(Invite::find(&format!("{before}{invite}{after}")), Ok(invite));
    }

    #[test]
    fn any_text_is_judged(
        text in any::<String>(),
        near in "(tincan(:|%3A|%253A)|[?&%=]|relay|name|lan|~|\n|&amp;|[a-z2-7]{55}|v1|[\\PC]){0,30}",
    ) {
        let _any: Result<Invite, _> = Invite::find(&text);
        let _near: Result<Invite, _> = Invite::find(&near);
        let _behind: Result<Invite, _> = Invite::find(&format!("{}{near}", bare()));
    }
}
