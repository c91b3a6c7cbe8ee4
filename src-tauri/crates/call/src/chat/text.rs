//! What somebody writes to the other side, made safe to show.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::name;

/// A text of a conversation. Letters of all scripts, emoji and line breaks stay as they were typed;
/// control characters, and those that turn the direction of what follows them, are left out. Empty
/// when nothing of it can be seen.
///
/// ```
/// use call::chat::Text;
///
/// let text = Text::new(" one\r\ntwo\u{7} 👩‍🚀 ").unwrap();
/// assert_eq!(text.as_str(), "one\ntwo 👩‍🚀");
/// assert!(Text::new(" \u{200b}\n").unwrap().is_empty());
/// assert!(Text::new(&"x".repeat(Text::MAX + 1)).is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(String);

/// A text has more than [`Text::MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a text of {0} bytes is too long")]
pub struct TextTooLong(pub usize);

impl Text {
    /// The longest, bytes of UTF-8: some pages. With everything in it escaped by JSON it fits a
    /// message through the session's own channel.
    pub const MAX: usize = 16 * 1024;

    /// What may be shown of this.
    ///
    /// # Errors
    /// When that is too long.
    pub fn new(text: &str) -> Result<Self, TextTooLong> {
        let text = clean(text);
        if text.len() > Self::MAX {
            return Err(TextTooLong(text.len()));
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to be seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Text {
    /// What people say stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let lines = text.chars().map(|c| if is_line_end(c) { '\n' } else { c });
    let kept: Vec<char> = lines.filter(|c| !is_left_out(*c)).collect();
    let marked = name::without_stacked_marks(&kept);
    let text: String = marked.into_iter().collect();
    if text.chars().any(name::is_shown) {
        text.trim().to_owned()
    } else {
        String::new()
    }
}

const fn is_line_end(c: char) -> bool {
    matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Controls but for line breaks and tabs, embeddings and overrides of direction, and marks that mean
/// something to programs. Marks and isolates of direction stay: texts of two scripts need them, and
/// they turn nothing beyond their own line.
fn is_left_out(c: char) -> bool {
    let is_control = c.is_control() && !matches!(c, '\n' | '\t');
    let turns = matches!(c, '\u{202a}'..='\u{202e}');
    is_control || turns || matches!(c, '\u{feff}' | '\u{fff0}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(text: &str) -> String {
        Text::new(text).unwrap().as_str().to_owned()
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in [
            "שלום, עולם – hello",
            "مرحبا\u{200f}!\n\nالعالم",
            "👩‍🚀🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}❤\u{fe0f}",
            "می‌خواهم",
            "a\tb\n  indented",
            "\u{2068}קוד\u{2069} 123",
        ] {
            assert_eq!(cleaned(text), text);
        }
    }

    #[test]
    fn what_would_change_the_text_around_it_is_left_out() {
        assert_eq!(cleaned("a\u{202e}b\u{202c}c"), "abc");
        assert_eq!(cleaned("\u{feff}a\0b\u{1b}[31m"), "ab[31m");
        assert_eq!(cleaned("a\rb\u{2028}c\u{85}d"), "a\nb\nc\nd");
        let stacked = format!("e{}", "\u{301}".repeat(200));
        assert_eq!(cleaned(&stacked).chars().count(), 4);
        for nothing in ["", " \n\t", "\u{200d}\u{fe0f}", "\u{301}", "\u{2060}"] {
            assert_eq!(cleaned(nothing), "");
        }
    }

    #[test]
    fn the_longest_text_is_taken_and_one_more_byte_is_not() {
        assert_eq!(
            Text::new(&"x".repeat(Text::MAX)).unwrap().0.len(),
            Text::MAX
        );
        let long = "x".repeat(Text::MAX + 1);
        assert_eq!(Text::new(&long), Err(TextTooLong(Text::MAX + 1)));
        assert!(serde_json::from_str::<Text>(&format!("\"{long}\"")).is_err());
    }

    proptest! {
        #[test]
        fn cleaning_once_is_enough(text in any::<String>()) {
            let once = cleaned(&text);
            prop_assert_eq!(cleaned(&once), once);
        }
    }
}
