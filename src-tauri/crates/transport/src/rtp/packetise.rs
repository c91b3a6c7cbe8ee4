//! H.264 access units to RTP payloads, packetization-mode 1 (RFC 6184, 5.6-5.8).

use bytes::{BufMut, Bytes, BytesMut};

use super::h264::{FU_A, NAL_AUD, NAL_FILLER, NAL_PPS, NAL_SPS, STAP_A, nal_type};

/// The largest payload of a packet on any path, bytes. With the RTP header, two header extensions, the SRTP
/// tag and a TURN channel header it stays below 1,280 bytes of IPv6, which every path carries.
pub(crate) const MAX_PAYLOAD: usize = 1160;

/// Splits `unit`, an access unit in Annex B form, into payloads of at most `most` bytes in sending
/// order. Parameter sets travel together in one STAP-A; delimiters and filler are dropped. Empty when there is no NAL.
pub(crate) fn packetise(unit: &Bytes, most: usize) -> Vec<Bytes> {
    let most = most.clamp(LEAST, MAX_PAYLOAD);
    let mut payloads = Vec::with_capacity(unit.len() / most + 2);
    let mut parameters = Vec::new();
    for nal in nals(unit) {
        match nal_type(nal[0]) {
            NAL_AUD | NAL_FILLER => {}
            NAL_SPS | NAL_PPS if nal.len() + 3 <= most => parameters.push(nal),
            _ => {
                flush(&mut parameters, &mut payloads, most);
                push(&nal, &mut payloads, most);
            }
        }
    }
    flush(&mut parameters, &mut payloads, most);
    payloads
}

/// Sends the parameter sets that wait: in one STAP-A (RFC 6184, 5.7.1), or each alone when they do
/// not fit into one.
fn flush(parameters: &mut Vec<Bytes>, payloads: &mut Vec<Bytes>, most: usize) {
    let size = 1 + parameters.iter().map(|nal| nal.len() + 2).sum::<usize>();
    if parameters.len() < 2 || size > most {
        payloads.append(parameters);
        return;
    }
    let mut stap = BytesMut::with_capacity(size);
    let importance = parameters
        .iter()
        .map(|nal| nal[0] & 0x60)
        .max()
        .unwrap_or(0);
    stap.put_u8(importance | STAP_A);
    for nal in parameters.drain(..) {
        stap.put_u16(nal.len() as u16);
        stap.put_slice(&nal);
    }
    payloads.push(stap.freeze());
}

/// Sends one NAL: whole when it fits, else as FU-A of even sizes (RFC 6184, 5.8).
fn push(nal: &Bytes, payloads: &mut Vec<Bytes>, most: usize) {
    if nal.len() <= most {
        payloads.push(nal.clone());
        return;
    }
    let header = nal[0];
    let body = &nal[1..];
    let count = body.len().div_ceil(most - 2);
    let size = body.len().div_ceil(count);
    let last = count - 1;
    for (index, chunk) in body.chunks(size).enumerate() {
        let start = if index == 0 { 0x80 } else { 0 };
        let end = if index == last { 0x40 } else { 0 };
        let mut fragment = BytesMut::with_capacity(chunk.len() + 2);
        fragment.put_u8((header & 0xe0) | FU_A);
        fragment.put_u8(start | end | nal_type(header));
        fragment.put_slice(chunk);
        payloads.push(fragment.freeze());
    }
}

/// The NALs of an Annex B stream, without start codes and the zeros before them; none is empty. A zero
/// at the very end stays: it is the index of a key where a picture is encrypted as LiveKit does it.
fn nals(unit: &Bytes) -> impl Iterator<Item = Bytes> {
    let mut at = start_code(unit, 0).map(|(_, body)| body);
    std::iter::from_fn(move || {
        let from = at?;
        let next = start_code(unit, from);
        at = next.map(|(_, body)| body);
        let Some((mut to, _)) = next else {
            return Some(unit.slice(from..));
        };
        while to > from && unit[to - 1] == 0 {
            to -= 1;
        }
        Some(unit.slice(from..to))
    })
    .filter(|nal| !nal.is_empty())
}

/// The next start code at or after `from`: where it begins and where its NAL begins.
fn start_code(unit: &[u8], from: usize) -> Option<(usize, usize)> {
    let found = unit
        .get(from..)?
        .windows(3)
        .position(|it| it == [0, 0, 1])?;
    Some((from + found, from + found + 3))
}

/// Less holds no fragment.
const LEAST: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn packetise(unit: &Bytes) -> Vec<Bytes> {
        super::packetise(unit, MAX_PAYLOAD)
    }

    #[test]
    fn no_payload_is_larger_than_the_path_takes() {
        let (parameters, picture) = (vec![0x67; 300], vec![0x65; 5000]);
        let unit = annex_b(&[&parameters, &vec![0x68; 250], &picture]);
        for most in [500, 552, 800, MAX_PAYLOAD, 5000] {
            let payloads = super::packetise(&unit, most);
            let largest = payloads.iter().map(Bytes::len).max().unwrap();
            assert!(largest <= most.min(MAX_PAYLOAD), "{most}: {largest}");
            assert!(payloads.len() <= 5600 / (most.min(MAX_PAYLOAD) - 40) + 3);
        }
        assert!(!super::packetise(&unit, 0).is_empty());
    }

    fn annex_b(nals: &[&[u8]]) -> Bytes {
        let mut unit = BytesMut::new();
        for nal in nals {
            unit.put_slice(&[0, 0, 0, 1]);
            unit.put_slice(nal);
        }
        unit.freeze()
    }

    #[test]
    fn parameter_sets_share_a_packet_and_delimiters_vanish() {
        let unit = annex_b(&[&[0x09, 0xf0], &[0x67, 1, 2], &[0x68, 3], &[0x65, 4, 5]]);
        let payloads = packetise(&unit);
        assert_eq!(payloads.len(), 2);
        assert_eq!(
            payloads[0],
            Bytes::from_static(&[0x78, 0, 3, 0x67, 1, 2, 0, 2, 0x68, 3])
        );
        assert_eq!(payloads[1], Bytes::from_static(&[0x65, 4, 5]));
    }

    #[test]
    fn a_large_nal_is_cut_evenly_with_start_and_end_marked() {
        let mut nal = vec![0x65];
        nal.extend((0..3000u32).map(|it| (it % 250 + 1) as u8));
        let payloads = packetise(&annex_b(&[&nal]));
        assert_eq!(payloads.len(), 3);
        assert!(
            payloads
                .iter()
                .all(|it| it.len() <= MAX_PAYLOAD && it[0] == 0x7c)
        );
        let marks: Vec<u8> = payloads.iter().map(|it| it[1] & 0xc0).collect();
        assert_eq!(marks, [0x80, 0, 0x40]);
        let body: Vec<u8> = payloads.iter().flat_map(|it| it[2..].to_vec()).collect();
        assert_eq!(body, nal[1..]);
    }

    #[test]
    fn a_nal_just_beyond_the_limit_is_cut_in_two() {
        let mut nal = vec![0x41];
        nal.resize(MAX_PAYLOAD + 1, 7);
        assert_eq!(packetise(&annex_b(&[&nal])).len(), 2);
        nal.pop();
        assert_eq!(packetise(&annex_b(&[&nal])).len(), 1);
    }

    #[test]
    fn zeros_are_dropped_between_units_and_kept_at_the_end() {
        let unit = annex_b(&[&[0x41, 1, 0, 0], &[0x41, 2, 0]]);
        let wanted: [&'static [u8]; 2] = [&[0x41, 1], &[0x41, 2, 0]];
        assert_eq!(packetise(&unit), wanted.map(Bytes::from_static));
    }

    #[test]
    fn bytes_without_a_start_code_make_no_packet() {
        assert!(packetise(&Bytes::from_static(&[1, 2, 3, 4])).is_empty());
        assert!(packetise(&Bytes::from_static(&[0, 0, 1])).is_empty());
        assert!(packetise(&Bytes::new()).is_empty());
    }
}
