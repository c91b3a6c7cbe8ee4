//! Names of strangers, made safe to show.
//!
//! A name is untrusted text that stands beside buttons and in notifications. It must not turn the
//! direction of the text around it, hide characters, grow over its row or be nothing but blank.

use std::ops::RangeInclusive;

/// The longest name, in characters.
pub(crate) const MAX_CHARS: usize = 64;

/// Pointed Hebrew, Vietnamese and vocalised Arabic need two, and Tibetan three: two letters under
/// the first and a vowel.
const MAX_MARKS: usize = 3;

/// Characters that show nothing or change how others are shown. The joiners are not among them.
const HIDDEN: &[RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',       // soft hyphen
    '\u{34f}'..='\u{34f}',     // combining grapheme joiner
    '\u{61c}'..='\u{61c}',     // Arabic letter mark
    '\u{115f}'..='\u{1160}',   // Hangul fillers
    '\u{17b4}'..='\u{17b5}',   // Khmer inherent vowels
    '\u{180b}'..='\u{180f}',   // Mongolian variation selectors, vowel separator
    '\u{200b}'..='\u{200b}',   // zero width space
    '\u{200e}'..='\u{200f}',   // direction marks
    '\u{2028}'..='\u{202e}',   // line and paragraph separators, direction embeddings
    '\u{2060}'..='\u{206f}',   // word joiner, invisible operators, direction isolates
    '\u{2800}'..='\u{2800}',   // blank Braille pattern
    '\u{3164}'..='\u{3164}',   // Hangul filler
    '\u{fe00}'..='\u{fe0f}',   // variation selectors
    '\u{feff}'..='\u{feff}',   // byte order mark
    '\u{ffa0}'..='\u{ffa0}',   // halfwidth Hangul filler
    '\u{fff0}'..='\u{fffb}',   // set aside to be ignored, annotation marks
    '\u{13430}'..='\u{1345f}', // hieroglyph formatting
    '\u{1bca0}'..='\u{1bca3}', // shorthand formatting
    '\u{1d159}'..='\u{1d159}', // musical null notehead
    '\u{1d173}'..='\u{1d17a}', // musical formatting
    '\u{e0000}'..='\u{e0fff}', // tags, more variation selectors
];

/// The combining marks that stack: those of Unicode (categories Mn and Me) that are placed above
/// or below whatever is there already (combining classes 214 to 240), with those of Hebrew, Thai,
/// Lao and Tibetan, which have classes of their own, and the enclosing ones. Vowel signs of Indic scripts
/// are not among them: they stand beside their letter. Of the planes beyond the first only those
/// are here for which systems have fonts.
const MARKS: &[RangeInclusive<char>] = &[
    '\u{300}'..='\u{36f}',     // Latin, Greek, Cyrillic
    '\u{483}'..='\u{489}',     // Cyrillic
    '\u{591}'..='\u{5bd}',     // Hebrew
    '\u{5bf}'..='\u{5bf}',     // Hebrew
    '\u{5c1}'..='\u{5c2}',     // Hebrew
    '\u{5c4}'..='\u{5c5}',     // Hebrew
    '\u{5c7}'..='\u{5c7}',     // Hebrew
    '\u{610}'..='\u{61a}',     // Arabic
    '\u{64b}'..='\u{65f}',     // Arabic
    '\u{670}'..='\u{670}',     // Arabic
    '\u{6d6}'..='\u{6dc}',     // Arabic
    '\u{6df}'..='\u{6e4}',     // Arabic
    '\u{6e7}'..='\u{6e8}',     // Arabic
    '\u{6ea}'..='\u{6ed}',     // Arabic
    '\u{711}'..='\u{711}',     // Syriac
    '\u{730}'..='\u{74a}',     // Syriac
    '\u{7eb}'..='\u{7f3}',     // Nko
    '\u{7fd}'..='\u{7fd}',     // Nko
    '\u{816}'..='\u{819}',     // Samaritan
    '\u{81b}'..='\u{823}',     // Samaritan
    '\u{825}'..='\u{827}',     // Samaritan
    '\u{829}'..='\u{82d}',     // Samaritan
    '\u{859}'..='\u{85b}',     // Mandaic
    '\u{897}'..='\u{89f}',     // extended
    '\u{8ca}'..='\u{8e1}',     // Arabic
    '\u{8e3}'..='\u{8ff}',     // Arabic
    '\u{951}'..='\u{954}',     // Devanagari
    '\u{9fe}'..='\u{9fe}',     // Bengali
    '\u{e31}'..='\u{e31}',     // Thai
    '\u{e34}'..='\u{e3a}',     // Thai
    '\u{e47}'..='\u{e4e}',     // Thai
    '\u{eb1}'..='\u{eb1}',     // Lao
    '\u{eb4}'..='\u{ebc}',     // Lao
    '\u{ec8}'..='\u{ece}',     // Lao
    '\u{f18}'..='\u{f19}',     // Tibetan
    '\u{f35}'..='\u{f35}',     // Tibetan
    '\u{f37}'..='\u{f37}',     // Tibetan
    '\u{f39}'..='\u{f39}',     // Tibetan
    '\u{f71}'..='\u{f7e}',     // Tibetan
    '\u{f80}'..='\u{f84}',     // Tibetan
    '\u{f86}'..='\u{f87}',     // Tibetan
    '\u{f8d}'..='\u{fbc}',     // Tibetan
    '\u{fc6}'..='\u{fc6}',     // Tibetan
    '\u{135d}'..='\u{135f}',   // Ethiopic
    '\u{1a17}'..='\u{1a18}',   // Buginese
    '\u{1a75}'..='\u{1a7f}',   // Tai
    '\u{1ab0}'..='\u{1aff}',   // extended
    '\u{1b6b}'..='\u{1b73}',   // musical
    '\u{1cd0}'..='\u{1cd2}',   // Vedic
    '\u{1cd4}'..='\u{1ce0}',   // Vedic
    '\u{1ce2}'..='\u{1ce8}',   // Vedic
    '\u{1ced}'..='\u{1ced}',   // Vedic
    '\u{1cf4}'..='\u{1cf4}',   // Vedic
    '\u{1cf8}'..='\u{1cf9}',   // Vedic
    '\u{1dc0}'..='\u{1dff}',   // supplement
    '\u{20d0}'..='\u{20ff}',   // for symbols
    '\u{2cef}'..='\u{2cf1}',   // Coptic
    '\u{2de0}'..='\u{2dff}',   // Cyrillic
    '\u{302a}'..='\u{302f}',   // Ideographic
    '\u{3099}'..='\u{309a}',   // Kana
    '\u{a66f}'..='\u{a672}',   // Cyrillic
    '\u{a674}'..='\u{a67d}',   // Cyrillic
    '\u{a69e}'..='\u{a69f}',   // Cyrillic
    '\u{a6f0}'..='\u{a6f1}',   // Bamum
    '\u{a8e0}'..='\u{a8f1}',   // Devanagari
    '\u{a92b}'..='\u{a92d}',   // Kayah
    '\u{aab0}'..='\u{aab0}',   // Tai
    '\u{aab2}'..='\u{aab4}',   // Tai
    '\u{aab7}'..='\u{aab8}',   // Tai
    '\u{aabe}'..='\u{aabf}',   // Tai
    '\u{aac1}'..='\u{aac1}',   // Tai
    '\u{fe20}'..='\u{fe2f}',   // halves
    '\u{10a38}'..='\u{10a3a}', // Kharoshthi
    '\u{10d24}'..='\u{10d27}', // Hanifi
    '\u{11366}'..='\u{1136c}', // Grantha
    '\u{11370}'..='\u{11374}', // Grantha
    '\u{16af0}'..='\u{16af4}', // Bassa
    '\u{16b30}'..='\u{16b36}', // Pahawh
    '\u{1d165}'..='\u{1d169}', // musical
    '\u{1d16d}'..='\u{1d172}', // musical
    '\u{1d17b}'..='\u{1d182}', // musical
    '\u{1d185}'..='\u{1d18b}', // musical
    '\u{1d1aa}'..='\u{1d1ad}', // musical
    '\u{1d242}'..='\u{1d244}', // musical
    '\u{1e000}'..='\u{1e02a}', // Glagolitic
    '\u{1e8d0}'..='\u{1e8d6}', // Mende
    '\u{1e944}'..='\u{1e94a}', // Adlam
];

/// What may be shown of a name; empty when nothing of it can be seen.
pub(crate) fn clean(name: &str) -> String {
    let shown: Vec<char> = name.chars().filter(|c| !is_hidden(*c)).collect();
    let marked = without_stacked_marks(&shown);
    let joined = without_loose_joiners(&marked);
    let words: Vec<&str> = joined.split_whitespace().collect();
    let short: String = words.join(" ").chars().take(MAX_CHARS).collect();
    // A joiner at the cut joins nothing any more.
    let short = short.trim_end_matches(|c: char| c.is_whitespace() || is_joiner(c));
    if short.chars().any(is_visible) {
        short.to_owned()
    } else {
        String::new()
    }
}

/// Keeps a joiner only where it can do its work, between two letters or emoji that join.
fn without_loose_joiners(name: &[char]) -> String {
    let joins = |c: Option<&char>| c.is_some_and(|c| can_be_joined(*c));
    let keeps = |(place, c): (usize, &char)| {
        let before = place.checked_sub(1).and_then(|place| name.get(place));
        let kept = !is_joiner(*c) || (joins(before) && joins(name.get(place + 1)));
        kept.then_some(*c)
    };
    name.iter().enumerate().filter_map(keeps).collect()
}

/// Keeps the first marks of each row of them. A joiner among marks does not begin a new row.
pub(crate) fn without_stacked_marks(name: &[char]) -> Vec<char> {
    let mut marks = 0;
    let keeps = |c: &char| {
        if is_mark(*c) {
            marks += 1;
        } else if !is_joiner(*c) {
            marks = 0;
        }
        !is_mark(*c) || marks <= MAX_MARKS
    };
    name.iter().copied().filter(keeps).collect()
}

/// Whether somebody sees it.
pub(crate) fn is_shown(c: char) -> bool {
    !c.is_whitespace() && !is_hidden(c) && !is_mark(c) && !is_joiner(c)
}

fn is_hidden(c: char) -> bool {
    c.is_control() || is_in(HIDDEN, c)
}

fn is_mark(c: char) -> bool {
    is_in(MARKS, c)
}

/// Zero width non-joiner and joiner: Persian and Indian scripts and emoji need them.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn can_be_joined(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && !is_joiner(c)
}

fn is_visible(c: char) -> bool {
    // Some marks are alphanumeric.
    (c.is_ascii_graphic() || c > '\u{a0}') && !is_mark(c) && !is_joiner(c)
}

fn is_in(table: &[RangeInclusive<char>], c: char) -> bool {
    table.iter().any(|range| range.contains(&c))
}
