//! Names that are safe to show.

/// The longest name, in characters.
pub(crate) const MAX_NAME: usize = 64;

/// What may be shown of a name that somebody else chose: at most 64 characters on one line,
/// nothing that hides, turns the text around it or towers over it, and empty when nothing of it
/// could be seen.
///
/// ```
/// use identity::clean_name;
///
/// assert_eq!(clean_name("  Ann \u{202e} Lee "), "Ann Lee");
/// assert_eq!(clean_name("\u{3164}\u{2800}"), "");
/// ```
#[must_use]
pub fn clean_name(name: &str) -> String {
    let mut shown: Vec<char> = name.chars().filter(|c| !is_hidden(*c)).collect();
    drop_loose_joiners(&mut shown);
    drop_piled_marks(&mut shown);
    let words: String = shown.into_iter().collect();
    let spaced = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = spaced.chars().take(MAX_NAME).collect();
    let short = short.trim_end();
    if short.chars().any(can_be_seen) {
        short.to_owned()
    } else {
        String::new()
    }
}

/// Joiners shape emoji, Arabic and Indic letters; anywhere else they only make two names differ
/// that look the same.
fn drop_loose_joiners(text: &mut Vec<char>) {
    let joins =
        |c: Option<&char>| c.is_some_and(|c| !c.is_ascii() && !c.is_whitespace() && !is_joiner(*c));
    let loose: Vec<bool> = (0..text.len())
        .map(|at| {
            let before = at.checked_sub(1).and_then(|before| text.get(before));
            is_joiner(text[at]) && !(joins(before) && joins(text.get(at + 1)))
        })
        .collect();
    let mut loose = loose.into_iter();
    text.retain(|_| !loose.next().unwrap_or(false));
}

/// Marks stack on the letter before them: without a limit one name covers the lines above it. A
/// joiner between two marks does not begin a new stack.
fn drop_piled_marks(text: &mut Vec<char>) {
    let mut in_a_row = 0;
    text.retain(|c| {
        if is_mark(*c) {
            in_a_row += 1;
        } else if !is_joiner(*c) {
            in_a_row = 0;
        }
        !is_mark(*c) || in_a_row <= MAX_MARKS
    });
}

/// Whether a character shows nothing and only steers how others are shown: control characters,
/// format characters (Unicode categories Cf, Zl and Zp), variation selectors, tags, and fillers,
/// which are letters by category and blank on the screen. The two joiners are not among them.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Zero width non-joiner and zero width joiner.
pub(crate) const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// The combining marks that stack on Latin, Cyrillic, Hebrew, Arabic, Syriac, Thai and Lao letters and
/// on symbols. Vowel signs of Indic scripts are not among them: they stand beside their letter.
const fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'
            | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}'
            | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}'
            | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}' | '\u{711}' | '\u{730}'..='\u{74a}'
            | '\u{8ca}'..='\u{8e1}' | '\u{8e3}'..='\u{8ff}' | '\u{e31}' | '\u{e34}'..='\u{e3a}'
            | '\u{e47}'..='\u{e4e}' | '\u{eb1}' | '\u{eb4}'..='\u{ebc}' | '\u{ec8}'..='\u{ece}'
            | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

fn can_be_seen(c: char) -> bool {
    c.is_alphanumeric() || c.is_ascii_graphic() || (c > '\u{a0}' && !is_mark(c) && !is_joiner(c))
}

/// Vietnamese and pointed Hebrew need two, with a third to spare.
const MAX_MARKS: usize = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_people_have_stay_as_they_are() {
        for name in [
            "Ann",
            "Zoë Müller-Lüdenscheidt",
            "Nguyễn Thị Ánh",
            "עִבְרִית",
            "محمد",
            "ที่รัก",
            "क\u{94d}\u{200d}ष",
            "👩\u{200d}👩\u{200d}👧",
            "李",
            "!!",
            "☎",
        ] {
            assert_eq!(clean_name(name), name, "{name:?}");
        }
    }

    #[test]
    fn what_hides_or_turns_text_is_dropped() {
        assert_eq!(clean_name("  A\u{0}n\u{202e}n\n "), "Ann");
        for hidden in [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{17b4}',
            '\u{180e}',
            '\u{200b}',
            '\u{2028}',
            '\u{2066}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{1bca0}',
            '\u{1d159}',
            '\u{1d173}',
            '\u{e0041}',
            '\u{e01ef}',
        ] {
            assert_eq!(clean_name(&format!("A{hidden}nn")), "Ann", "{hidden:?}");
            assert_eq!(clean_name(&hidden.to_string().repeat(9)), "", "{hidden:?}");
        }
    }

    #[test]
    fn joiners_stay_only_between_characters_that_they_can_join() {
        assert_eq!(clean_name("A\u{200d}nn\u{200c}"), "Ann");
        assert_eq!(clean_name("\u{200d}é\u{200d} é\u{200d}\u{200d}é"), "é éé");
        assert_eq!(clean_name("\u{200d}\u{200c}\u{200d}"), "");
    }

    #[test]
    fn marks_do_not_pile_up() {
        let joined = clean_name(&format!("é{}", "\u{301}\u{200d}".repeat(30)));
        assert_eq!(joined.chars().filter(|c| is_mark(*c)).count(), 3);
        assert_eq!(
            clean_name(&format!("o{}", "\u{301}".repeat(64))),
            "o\u{301}\u{301}\u{301}"
        );
        assert_eq!(
            clean_name(&"\u{301}".repeat(64)),
            "",
            "marks without a letter"
        );
    }

    #[test]
    fn white_space_is_one_space_and_never_at_the_ends() {
        assert_eq!(
            clean_name("\u{3000}Ann \u{a0}\u{2003} Lee\u{2009}"),
            "Ann Lee"
        );
        assert_eq!(clean_name(&format!("{} b", "a".repeat(63))), "a".repeat(63));
        assert_eq!(clean_name(&"ü".repeat(100)), "ü".repeat(64));
    }

    proptest! {
        #[test]
        fn a_clean_name_is_short_visible_and_on_one_line(name in any::<String>()) {
            let clean = clean_name(&name);
            prop_assert!(clean.chars().count() <= MAX_NAME);
            prop_assert!(clean.is_empty() || clean.chars().any(can_be_seen));
            prop_assert!(!clean.chars().any(|c| is_hidden(c) || (c.is_whitespace() && c != ' ')));
            prop_assert_eq!(clean.trim(), &clean);
        }
    }
}
