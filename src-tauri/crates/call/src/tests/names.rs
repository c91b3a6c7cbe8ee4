//! Names of strangers, made safe to show.

use proptest::prelude::*;

use crate::id::Peer;

fn clean(name: &str) -> String {
    Peer::clean_name(name)
}

#[test]
fn ordinary_names_stay_as_they_are() {
    let names = [
        "Ann",
        "Ann-Marie O'Neil 3rd",
        "Зоя",
        "李小龙",
        "محمد",
        "नेहा",
        "สมชาย",
        "Nguyễn",
        "שָׁלוֹם",
        "🦀",
        "👩\u{200d}👩\u{200d}👧",
        "می\u{200c}خواهم",
        "e\u{301}\u{323}\u{302}",
        "?",
    ];
    for name in names {
        assert_eq!(clean(name), name);
    }
}

#[test]
fn nothing_hidden_and_nothing_that_turns_the_text_is_left() {
    let hidden = [
        '\0',
        '\n',
        '\t',
        '\u{7f}',
        '\u{85}',
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{17b5}',
        '\u{180b}',
        '\u{180e}',
        '\u{180f}',
        '\u{200b}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{2029}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{206f}',
        '\u{2800}',
        '\u{3164}',
        '\u{fe00}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fff0}',
        '\u{fffb}',
        '\u{1bca0}',
        '\u{1bca3}',
        '\u{1d159}',
        '\u{1d173}',
        '\u{1d17a}',
        '\u{e0000}',
        '\u{e0041}',
        '\u{e01ef}',
        '\u{e0fff}',
    ];
    for c in hidden {
        assert_eq!(clean(&format!("A{c}nn")), "Ann", "{c:?}");
        assert_eq!(clean(&format!("{c}{c}")), "", "{c:?}");
    }
}

#[test]
fn a_name_of_which_nothing_can_be_seen_is_empty() {
    let blank = [
        "",
        "  ",
        "\u{a0}\u{3000}",
        "\u{3164}",
        "\u{2800} \u{2800}",
        "\u{200d}",
        "\u{200c}\u{200d}\u{200c}",
        "\u{301}",
        "\u{20dd}\u{20dd}",
        "\u{301}\u{200d}\u{301}",
    ];
    for name in blank {
        assert_eq!(clean(name), "", "{name:?}");
    }
}

#[test]
fn joiners_stay_only_between_characters_that_join() {
    let cases = [
        ("\u{200d}Ann\u{200d}", "Ann"),
        ("A\u{200d}nn", "Ann"),
        ("é\u{200d}a", "éa"),
        ("é\u{200d} é", "é é"),
        ("é\u{3000}\u{200d}é", "é é"),
        ("क्\u{200d}ष", "क्\u{200d}ष"),
        ("क\u{200d}\u{200d}\u{200d}ष", "कष"),
        ("é\u{202e}\u{200d}é", "é\u{200d}é"),
    ];
    for (name, cleaned) in cases {
        assert_eq!(clean(name), cleaned, "{name:?}");
    }
}

#[test]
fn at_most_three_marks_are_stacked() {
    let scripts = [
        "a\u{301}",
        "ש\u{5bf}",
        "ש\u{5c1}",
        "م\u{670}",
        "م\u{6e4}",
        "ܐ\u{730}",
        "م\u{8e3}",
        "ท\u{e48}",
        "ລ\u{eb4}",
        "ລ\u{ec8}",
    ];
    for letter in scripts {
        let mark = letter.chars().last().unwrap();
        let piled = format!("{letter}{}", mark.to_string().repeat(63));
        assert_eq!(clean(&piled).chars().count(), 1 + 3, "{letter:?}");
    }
    let marks = |count| "\u{301}".repeat(count);
    assert_eq!(clean(&format!("a{}", marks(64))), format!("a{}", marks(3)));
    let two = format!("a{}b{}", marks(5), marks(2));
    assert_eq!(clean(&two), format!("a{}b{}", marks(3), marks(2)));
    // Marks of several scripts, hidden characters and joiners between them make one row.
    let mixed = clean("é\u{301}\u{5b0}\u{e31}\u{fe20}\u{34f}\u{489}\u{200d}\u{36f}");
    assert_eq!(mixed, "é\u{301}\u{5b0}\u{e31}");
}

#[test]
fn white_space_is_folded_and_what_is_too_long_is_cut() {
    assert_eq!(clean(" \u{a0}Ann \u{3000}\u{2003} Lee\u{2009}"), "Ann Lee");
    assert_eq!(clean(&"ü".repeat(100)), "ü".repeat(Peer::MAX_NAME));
    let cut_at_a_space = "x".repeat(63) + " yz";
    assert_eq!(clean(&cut_at_a_space), "x".repeat(63));
    let cut_at_a_joiner = "x".repeat(62) + "👩\u{200d}👩";
    assert_eq!(clean(&cut_at_a_joiner), "x".repeat(62) + "👩");
}

proptest! {
    #[test]
    fn a_clean_name_is_bounded_and_has_no_space_at_its_ends(
        name in "\\PC{0,80}|[a\u{301}\u{200d} é\u{3164}\u{0}]{0,80}",
    ) {
        let once = clean(&name);
        prop_assert!(once.chars().count() <= Peer::MAX_NAME);
        prop_assert_eq!(once.trim(), &once);
        prop_assert_eq!(clean(&once), once.as_str());
        prop_assert!(!once.chars().any(char::is_control));
    }
}
