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
    drop_piled_marks(&mut shown);
    drop_loose_joiners(&mut shown);
    let words: String = shown.into_iter().collect();
    let spaced = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = spaced.chars().take(MAX_NAME).collect();
    // A joiner at the cut joins nothing any more.
    let short = short.trim_end_matches(|c: char| c.is_whitespace() || is_joiner(c));
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
                | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Zero width non-joiner and zero width joiner.
pub(crate) const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// The combining marks that stack: those of Unicode (categories Mn and Me) that are placed above
/// or below whatever is there already (combining classes 214 to 240), with those of Hebrew, Thai,
/// Lao and Tibetan, which have classes of their own, and the enclosing ones. Vowel signs of Indic scripts
/// are not among them: they stand beside their letter. Of the planes beyond the first only those
/// are here for which systems have fonts.
const fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}'
            | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}'
            | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}'..='\u{6e8}'
            | '\u{6ea}'..='\u{6ed}' | '\u{711}' | '\u{730}'..='\u{74a}' | '\u{7eb}'..='\u{7f3}'
            | '\u{7fd}' | '\u{816}'..='\u{819}' | '\u{81b}'..='\u{823}' | '\u{825}'..='\u{827}'
            | '\u{829}'..='\u{82d}' | '\u{859}'..='\u{85b}' | '\u{897}'..='\u{89f}'
            | '\u{8ca}'..='\u{8e1}' | '\u{8e3}'..='\u{8ff}' | '\u{951}'..='\u{954}' | '\u{9fe}'
            | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}'
            | '\u{eb1}' | '\u{eb4}'..='\u{ebc}' | '\u{ec8}'..='\u{ece}'
            | '\u{f18}'..='\u{f19}' | '\u{f35}' | '\u{f37}' | '\u{f39}' | '\u{f71}'..='\u{f7e}'
            | '\u{f80}'..='\u{f84}' | '\u{f86}'..='\u{f87}' | '\u{f8d}'..='\u{fbc}' | '\u{fc6}'
            | '\u{135d}'..='\u{135f}' | '\u{1a17}'..='\u{1a18}' | '\u{1a75}'..='\u{1a7f}'
            | '\u{1ab0}'..='\u{1aff}' | '\u{1b6b}'..='\u{1b73}' | '\u{1cd0}'..='\u{1cd2}'
            | '\u{1cd4}'..='\u{1ce0}' | '\u{1ce2}'..='\u{1ce8}' | '\u{1ced}' | '\u{1cf4}'
            | '\u{1cf8}'..='\u{1cf9}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
            | '\u{2cef}'..='\u{2cf1}' | '\u{2de0}'..='\u{2dff}' | '\u{302a}'..='\u{302f}'
            | '\u{3099}'..='\u{309a}' | '\u{a66f}'..='\u{a672}' | '\u{a674}'..='\u{a67d}'
            | '\u{a69e}'..='\u{a69f}' | '\u{a6f0}'..='\u{a6f1}' | '\u{a8e0}'..='\u{a8f1}'
            | '\u{a92b}'..='\u{a92d}' | '\u{aab0}' | '\u{aab2}'..='\u{aab4}'
            | '\u{aab7}'..='\u{aab8}' | '\u{aabe}'..='\u{aabf}' | '\u{aac1}'
            | '\u{fe20}'..='\u{fe2f}' | '\u{10a38}'..='\u{10a3a}' | '\u{10d24}'..='\u{10d27}'
            | '\u{11366}'..='\u{1136c}' | '\u{11370}'..='\u{11374}' | '\u{16af0}'..='\u{16af4}'
            | '\u{16b30}'..='\u{16b36}' | '\u{1d165}'..='\u{1d169}' | '\u{1d16d}'..='\u{1d172}'
            | '\u{1d17b}'..='\u{1d182}' | '\u{1d185}'..='\u{1d18b}' | '\u{1d1aa}'..='\u{1d1ad}'
            | '\u{1d242}'..='\u{1d244}' | '\u{1e000}'..='\u{1e02a}' | '\u{1e8d0}'..='\u{1e8d6}'
            | '\u{1e944}'..='\u{1e94a}'
    )
}

fn can_be_seen(c: char) -> bool {
    // Some marks are alphanumeric.
    (c.is_ascii_graphic() || c > '\u{a0}') && !is_mark(c) && !is_joiner(c)
}

/// Pointed Hebrew, Vietnamese and vocalised Arabic need two, and Tibetan three: two letters under
/// the first and a vowel.
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
            "ສົມສັກ",
            "སྒྲོལ་མ",
            "ཧཱུཾ",
            "عَبْدُ الرَّحْمٰن",
            "לִיאֹר בֶּן־שׁוּשָּׁן",
            "မြွှို့",
            "ប្រ៊ុន ស្រ៊ីម",
            "யாழ்ப்பாணன்",
            "ガブ゙",
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
            '\u{fff0}',
            '\u{fff9}',
            '\u{13430}',
            '\u{1bca0}',
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
    fn no_script_has_marks_that_pile_up() {
        for mark in [
            '\u{5c4}',
            '\u{6d6}',
            '\u{6e7}',
            '\u{6ed}',
            '\u{730}',
            '\u{7eb}',
            '\u{816}',
            '\u{859}',
            '\u{8e3}',
            '\u{8ff}',
            '\u{951}',
            '\u{eb1}',
            '\u{ec8}',
            '\u{f7a}',
            '\u{f90}',
            '\u{135f}',
            '\u{1a75}',
            '\u{1cd0}',
            '\u{2de0}',
            '\u{302a}',
            '\u{3099}',
            '\u{a66f}',
            '\u{a8e0}',
            '\u{1d165}',
            '\u{1e000}',
            '\u{1e944}',
        ] {
            let piled: String = std::iter::once('o').chain([mark; 60]).collect();
            assert_eq!(clean_name(&piled).chars().count(), 4, "{mark:?}");
            assert_eq!(clean_name(&piled[1..]), "", "{mark:?} without a letter");
        }
    }

    #[test]
    fn white_space_is_one_space_and_never_at_the_ends() {
        assert_eq!(
            clean_name("\u{3000}Ann \u{a0}\u{2003} Lee\u{2009}"),
            "Ann Lee"
        );
        assert_eq!(clean_name(&format!("{} b", "a".repeat(63))), "a".repeat(63));
        assert_eq!(clean_name(&"ü".repeat(100)), "ü".repeat(64));
        let cut_at_a_joiner = "x".repeat(62) + "👩\u{200d}👩";
        assert_eq!(clean_name(&cut_at_a_joiner), "x".repeat(62) + "👩");
    }

    proptest! {
        #[test]
        fn a_clean_name_is_short_visible_and_on_one_line(
            name in "\\PC{0,80}|[a\u{301}\u{200d} é\u{3164}\u{0}]{0,80}",
        ) {
            let clean = clean_name(&name);
            prop_assert!(clean.chars().count() <= MAX_NAME);
            prop_assert!(clean.is_empty() || clean.chars().any(can_be_seen));
            prop_assert!(!clean.chars().any(|c| is_hidden(c) || (c.is_whitespace() && c != ' ')));
            prop_assert_eq!(clean.trim(), &clean);
            prop_assert_eq!(clean_name(&clean), clean.as_str());
        }
    }
}
