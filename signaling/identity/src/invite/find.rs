//! Finding the link in what people paste: mailers wrap it, chat programs escape it, and sentences
//! stand around it.
//!
//! An address has a known length and a checksum, so its letters are picked out whatever white
//! space is between them. What follows it has no known end, see `fields`.

use percent_encoding::percent_decode_str;
use signal_wire::{Address, AddressError};

use super::{Invite, InviteError};
use crate::name::{is_hidden, is_joiner};

mod fields;

use fields::fields;

impl Invite {
    /// How much of a text [`Invite::find`] looks through, in bytes: a long mail.
    pub const MAX_TEXT: usize = 64 * 1024;

    /// Finds the first valid invite in a text that a person pasted: a link or a bare address,
    /// within a sentence, brackets, quotes or Markdown; wrapped over lines, quoted in a reply,
    /// with invisible characters, HTML or quoted-printable escapes inside, in upper case, or
    /// percent-encoded once more.
    ///
    /// What it understood may be less than what was meant, when a name was cut by a line break:
    /// show the invite before dialling it, and dial this value and not the text.
    ///
    /// ```
    /// use identity::{Identity, Invite};
    ///
    /// let invite = Invite::new(Identity::generate()?.address());
    /// let link = invite.to_string();
    /// let (start, end) = link.split_at(40);
    /// assert_eq!(Invite::find(&format!("You can call me ({start}\r\n{end}).")), Ok(invite));
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    ///
    /// # Errors
    /// When there is none: what is wrong with the first thing that looks like one, or
    /// [`AddressError::NotAnAddress`] when nothing does.
    pub fn find(text: &str) -> Result<Self, InviteError> {
        find(head(text, Self::MAX_TEXT), UNWRAPS)
    }
}

/// Looks through a text. `unwraps` says how often a link in it may still be percent-decoded.
fn find(text: &str, unwraps: usize) -> Result<Invite, InviteError> {
    let text = plain(text);
    let mut first_error = None;
    for start in starts(&text).take(MAX_STARTS) {
        let found = match start {
            Start::Link(rest) => read(rest),
            Start::Encoded(link) if unwraps > 0 => {
                find(&percent_decode_str(link).decode_utf8_lossy(), unwraps - 1)
            }
            Start::Encoded(_) => Err(AddressError::Mistyped.into()),
        };
        match found {
            Ok(invite) => return Ok(invite),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.unwrap_or_else(|| AddressError::NotAnAddress.into()))
}

/// The text without what programs on the way put into it: invisible characters, soft line breaks
/// (RFC 2045, section 6.7), marks of quotation at the start of lines, backslashes of Markdown
/// and JSON, and entities of HTML.
fn plain(text: &str) -> String {
    let breaks = text
        .replace("\r\n", "\n")
        .replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let is_seen = |c: &char| matches!(c, '\n' | '\t') || !(is_hidden(*c) || is_joiner(*c));
    let seen: String = breaks.chars().filter(is_seen).collect();
    let mut plain = String::with_capacity(seen.len());
    let mut is_quoted_printable = false;
    for line in seen.lines() {
        let content = line.trim_start_matches([' ', '\t', '>']);
        plain.push_str(if plain.is_empty() { line } else { content });
        // Behind a key the sign belongs to the link, also at the end of a line.
        let is_behind_key = |key: &str| {
            plain
                .strip_suffix(key)
                .is_some_and(|before| before.ends_with(['?', '&']))
        };
        let ends_softly = plain.ends_with('=') && !KEYS.iter().any(|key| is_behind_key(key));
        if ends_softly {
            plain.pop();
            is_quoted_printable = true;
        } else {
            plain.push('\n');
        }
    }
    if is_quoted_printable || plain.contains("relay=3D") {
        plain = plain.replace("=3D", "=");
    }
    for _ in 0..=UNWRAPS {
        plain = ENTITIES
            .iter()
            .fold(plain, |text, (entity, it)| text.replace(entity, it));
    }
    without_backslashes(&plain)
}

/// Without the backslashes that Markdown and JSON put before punctuation; a link has none.
fn without_backslashes(text: &str) -> String {
    let mut rest = text.chars().peekable();
    let mut without = String::with_capacity(text.len());
    while let Some(c) = rest.next() {
        if !(c == '\\' && rest.peek().is_some_and(char::is_ascii_punctuation)) {
            without.push(c);
        }
    }
    without
}

/// Where in a text an invite may begin.
enum Start<'a> {
    /// Here an address should come.
    Link(&'a str),
    /// A link that was percent-encoded as a whole, up to its end.
    Encoded(&'a str),
}

/// Every place that looks like the beginning of an invite, in order: behind the scheme, and
/// before a word that can only be an address.
fn starts(text: &str) -> impl Iterator<Item = Start<'_>> {
    let is_alphanumeric = |c: char| c.is_ascii_alphanumeric();
    let words = text
        .match_indices(is_alphanumeric)
        .filter_map(move |(at, _)| {
            let starts_here = !text[..at].ends_with(is_alphanumeric);
            starts_here.then(|| {
                let rest = &text[at..];
                let end = rest.find(|c| !is_alphanumeric(c)).unwrap_or(rest.len());
                (rest, end)
            })
        });
    words.filter_map(|(rest, end)| {
        let (word, behind) = rest.split_at(end);
        let scheme = Address::SCHEME.trim_end_matches(':');
        let has_scheme = word
            .get(word.len().saturating_sub(scheme.len())..)
            .is_some_and(|end| end.eq_ignore_ascii_case(scheme));
        if let Some(behind) = behind.strip_prefix(':').filter(|_| has_scheme) {
            return Some(Start::Link(behind));
        }
        if has_scheme && (starts_with(behind, "%3a") || behind.starts_with("%25")) {
            let link = head(&rest[end - scheme.len()..], MAX_ENCODED);
            let is_end = |c: char| c.is_whitespace() || "&\"'<>()[]".contains(c);
            return Some(Start::Encoded(
                &link[..link.find(is_end).unwrap_or(link.len())],
            ));
        }
        (word.len() == BODY_LENGTH && word.chars().all(is_letter)).then_some(Start::Link(rest))
    })
}

/// Reads an invite that begins here with its address, whatever comes behind it.
fn read(text: &str) -> Result<Invite, InviteError> {
    let (body, rest) = take_body(text).ok_or(AddressError::Mistyped)?;
    let address: Address = body.parse()?;
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let next_line = rest.trim_start();
    let query = match rest.strip_prefix('?') {
        Some(query) => fields(query),
        None if next_line.strip_prefix('?').is_some_and(starts_with_key) => fields(&next_line[1..]),
        None if starts_with(rest, "%3f") => {
            let word = rest.split_whitespace().next().unwrap_or_default();
            fields(&percent_decode_str(&word[3..]).decode_utf8_lossy())
        }
        None => String::new(),
    };
    format!("{address}?{query}").parse()
}

/// Picks the letters of an address out of the start of a text, and returns them with what
/// follows.
fn take_body(text: &str) -> Option<(String, &str)> {
    let mut body = String::with_capacity(BODY_LENGTH);
    for (at, c) in text.char_indices() {
        if is_letter(c) {
            body.push(c);
        } else if !(c.is_whitespace() || (c == '/' && body.is_empty())) {
            return None;
        }
        if body.len() == BODY_LENGTH {
            let rest = &text[at + c.len_utf8()..];
            // A longer word is another address with a typo, not this one.
            let goes_on = rest.starts_with(|c: char| c.is_alphanumeric());
            return (!goes_on).then_some((body, rest));
        }
    }
    None
}

fn starts_with_key(text: &str) -> bool {
    KEYS.iter().any(|key| starts_with(text, key))
}

/// Whether a text starts like this, in any case of letters.
fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|it| it.eq_ignore_ascii_case(start))
}

/// The start of a text, at most so many bytes.
fn head(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Whether it is a letter of base32 (RFC 4648).
const fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '2'..='7')
}

const BODY_LENGTH: usize = Address::TEXT_LENGTH - Address::SCHEME.len();

/// The keys that a link can have.
const KEYS: [&str; 3] = ["relay=", "name=", "lan="];

/// How HTML, and JSON that is safe within HTML, write the punctuation of a link, and what they put
/// where a long word may be broken.
const ENTITIES: [(&str, &str); 22] = [
    ("&amp;", "&"),
    ("&#38;", "&"),
    ("&#x26;", "&"),
    ("\\u0026", "&"),
    ("&colon;", ":"),
    ("&#58;", ":"),
    ("&#x3a;", ":"),
    ("&#x3A;", ":"),
    ("&quest;", "?"),
    ("&#63;", "?"),
    ("&#x3f;", "?"),
    ("&#x3F;", "?"),
    ("&equals;", "="),
    ("&#61;", "="),
    ("&#x3d;", "="),
    ("&#x3D;", "="),
    ("\\u003d", "="),
    ("&percnt;", "%"),
    ("&#37;", "%"),
    ("&#x25;", "%"),
    ("&shy;", ""),
    ("<wbr>", ""),
];

/// How often a link may have been encoded as a whole: by a page that hands it on, and by a mailer
/// that rewrites the link to that page.
const UNWRAPS: usize = 2;

/// The longest link when every character of it was encoded as often as that.
const MAX_ENCODED: usize = Invite::MAX_LENGTH * 9;

/// How many links with faults are looked at before a valid one: enough for any mail, and a text
/// of nothing but beginnings costs milliseconds.
const MAX_STARTS: usize = 32;

#[cfg(test)]
mod tests;
