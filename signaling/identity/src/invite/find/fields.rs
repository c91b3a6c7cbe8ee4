//! The fields of a link behind its address. Nothing marks their end, and a mailer may have wrapped
//! them: a piece behind white space belongs to the link only if the link is visibly unfinished
//! without it, or the piece can be nothing else.

use percent_encoding::percent_decode_str;
use signal_wire::PATH;

use super::{Invite, head, starts_with, starts_with_key};
use crate::invite::lan;
use crate::relay_url::RelayUrl;

/// The fields of a link that begin here, as the strict parser takes them.
pub(super) fn fields(text: &str) -> String {
    let pieces = pieces(head(text, 4 * Invite::MAX_LENGTH));
    let end = last_piece(&pieces);
    let query = pieces.get(..=end).map(<[_]>::concat).unwrap_or_default();
    let fields = without_punctuation(&query).split('&').map(|field| {
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        let value = value.trim_start_matches('=');
        let key = key.to_ascii_lowercase();
        // Only a name may have been decoded to letters of other scripts.
        let is_end = |c: char| key != "name" && !c.is_ascii();
        let value = value.split(is_end).next().unwrap_or_default();
        format!("{key}={value}")
    });
    fields.collect::<Vec<_>>().join("&")
}

/// What may belong to the fields, cut at white space: words as far as their characters can stand
/// in a link. A word that goes on with others is the last.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for (n, word) in text.split(char::is_whitespace).enumerate() {
        if word.is_empty() && n > 0 {
            continue;
        }
        let is_end = |c: char| !(c.is_alphanumeric() || "-._~%:/?#[]@=&+".contains(c));
        let piece = &word[..word.find(is_end).unwrap_or(word.len())];
        pieces.push(piece);
        if piece.len() < word.len() || pieces.len() == MAX_PIECES {
            break;
        }
    }
    pieces
}

/// Which piece the link ends with.
fn last_piece(pieces: &[&str]) -> usize {
    let whole = |end: usize| pieces[..=end].concat();
    // As few pieces as make the link complete.
    let complete_from = |from: usize| (from..pieces.len()).find(|end| is_complete(&whole(*end)));
    let Some(mut end) = complete_from(0) else {
        return 0;
    };
    // More of them only if they cannot be a word of the text around it.
    while let Some(next) = pieces.get(end + 1)
        && continues(&whole(end), next)
        && let Some(later) = complete_from(end + 1)
    {
        end = later;
    }
    end
}

/// Whether a link could end with these fields: no escape is cut, the last field has a value, the URL
/// of the relay has the path that it has in every link that this program makes, and so have places
/// their ports.
fn is_complete(query: &str) -> bool {
    let query = without_punctuation(query);
    if query.is_empty() {
        return true;
    }
    let cut_escape =
        query.ends_with('%') || query.len() >= 2 && query.as_bytes()[query.len() - 2] == b'%';
    let last = query.rsplit('&').next().unwrap_or_default();
    let has_whole_places = match last.split_once('=') {
        Some((key, places)) if key.eq_ignore_ascii_case("lan") => {
            lan::is_whole(&percent_decode_str(places).decode_utf8_lossy())
        }
        Some(_) => true,
        None => false,
    };
    let relay = query.split('&').find_map(|field| {
        let (key, value) = field.split_once('=')?;
        key.eq_ignore_ascii_case("relay").then_some(value)
    });
    let has_whole_relay = relay.is_none_or(|relay| {
        let relay = percent_decode_str(relay).decode_utf8_lossy();
        let path = relay.trim_end_matches('/').to_ascii_lowercase();
        path.ends_with(PATH) && relay.trim_start_matches('=').parse::<RelayUrl>().is_ok()
    });
    !cut_escape && has_whole_places && has_whole_relay
}

/// Whether this piece behind complete fields can only be more of them.
fn continues(query: &str, piece: &str) -> bool {
    let starts_field = piece.strip_prefix('&').is_some_and(starts_with_key);
    let starts_first = query.is_empty() && starts_with_key(piece);
    let last = query.rsplit('&').next().unwrap_or_default();
    let name_is_last = starts_with(last, "name=");
    let places_are_last = starts_with(last, "lan=");
    let has_escape = piece
        .split('%')
        .skip(1)
        .any(|it| it.len() >= 2 && it.bytes().take(2).all(|b| b.is_ascii_hexdigit()));
    let goes_on = name_is_last && has_escape
        || places_are_last && (has_escape || piece.starts_with(lan::SEPARATOR));
    starts_field || starts_first || query.ends_with('&') || goes_on
}

/// Without the punctuation of the sentence around a link: [`Invite`] ends with none of it.
fn without_punctuation(mut query: &str) -> &str {
    loop {
        let opened = query.matches('[').count();
        let shorter = match query.strip_suffix(']') {
            Some(shorter) if query.matches(']').count() > opened => shorter,
            Some(_) | None => {
                query.trim_end_matches(['-', '.', '_', '~', ':', '/', '?', '#', '=', '&', '+', '@'])
            }
        };
        if shorter.len() == query.len() {
            return query;
        }
        query = shorter;
    }
}

/// The longest link, at 64 characters a line.
const MAX_PIECES: usize = Invite::MAX_LENGTH / 64;
