//! Several texts in one, for the fuzz targets.

/// Pieces, each after its length in two bytes, the higher one first.
pub(super) fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (piece, after) = rest.split_at(length);
        bytes = after;
        Some(piece)
    })
}

/// What [`pieces`] takes apart.
pub(super) fn history(pieces: &[Vec<u8>]) -> Vec<u8> {
    let each = pieces.iter().flat_map(|piece| {
        let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
        [&length.to_be_bytes()[..], piece].concat()
    });
    each.collect()
}
