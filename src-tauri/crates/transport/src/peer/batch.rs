//! Batches of datagrams as sockets give them: several of one source in one buffer, all of one size
//! but the last (UDP GRO).

use webrtc::runtime::RecvMeta;

/// Takes out of a batch what is not to be kept; returns whether anything is left.
pub(crate) fn retain(
    batch: &mut [u8],
    meta: &mut RecvMeta,
    mut keep: impl FnMut(&[u8]) -> bool,
) -> bool {
    let length = meta.len.min(batch.len());
    let stride = meta.stride.max(1);
    let mut kept = 0;
    // Those that stay move together, so all but the last are of one size still.
    for start in (0..length).step_by(stride) {
        let datagram = start..(start + stride).min(length);
        if keep(&batch[datagram.clone()]) {
            let size = datagram.len();
            if start != kept {
                batch.copy_within(datagram, kept);
            }
            kept += size;
        }
    }
    meta.len = kept;
    kept > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The datagrams of a batch.
    fn datagrams<'a>(batch: &'a [u8], meta: &RecvMeta) -> impl Iterator<Item = &'a [u8]> {
        batch[..meta.len.min(batch.len())].chunks(meta.stride.max(1))
    }

    fn batch(len: usize, stride: usize) -> RecvMeta {
        let mut meta = RecvMeta::default();
        (meta.len, meta.stride) = (len, stride);
        meta
    }

    #[test]
    fn what_is_kept_stays_in_order_and_apart() {
        let (mut bytes, mut meta) = (*b"aabbccd..", batch(7, 2));
        assert!(retain(&mut bytes, &mut meta, |it| it != b"bb"));
        let left: Vec<_> = datagrams(&bytes, &meta).collect();
        assert_eq!(left, [&b"aa"[..], b"cc", b"d"]);
        assert!(!retain(&mut bytes, &mut meta, |_| false));
        assert_eq!(datagrams(&bytes, &meta).count(), 0);
    }

    #[test]
    fn sizes_that_make_no_sense_are_no_harm() {
        let mut bytes = *b"abc";
        for (len, stride) in [(9, 2), (3, 0), (0, 0), (3, 9)] {
            let mut meta = batch(len, stride);
            assert_eq!(retain(&mut bytes, &mut meta, |_| true), len > 0);
            assert!(meta.len <= bytes.len());
        }
    }
}
