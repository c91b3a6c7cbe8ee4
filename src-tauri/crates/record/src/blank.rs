//! The black picture that stands where a side shows none: camera off, or not yet on.
//!
//! It is one access unit of H.264 that any decoder takes (constrained baseline, CAVLC), written bit by
//! bit: its first macroblock is given as samples (`I_PCM`), all others repeat their neighbours (intra
//! prediction, no residual), so it costs one byte for each macroblock.

/// A black IDR picture in Annex B form, with its parameter sets. `width` and `height` are even.
/// Consecutive ones need different `number`s (H.264, 7.4.3, `idr_pic_id`).
pub(crate) fn picture(width: u32, height: u32, number: u32) -> Vec<u8> {
    let (columns, rows) = (width.div_ceil(16), height.div_ceil(16));
    let mut stream = Vec::with_capacity(512 + (columns * rows) as usize);
    append(&mut stream, SPS, sequence(width, height, columns, rows));
    append(&mut stream, PPS, parameters());
    append(&mut stream, IDR, slice(columns, rows, number));
    stream
}

/// `seq_parameter_set_rbsp` (H.264, 7.3.2.1).
fn sequence(width: u32, height: u32, columns: u32, rows: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(66, 8); // profile_idc: baseline
    bits.put(0b1100_0000, 8); // constraint_set0_flag and constraint_set1_flag
    bits.put(LEVEL, 8);
    bits.ue(0); // seq_parameter_set_id
    bits.ue(0); // log2_max_frame_num_minus4
    bits.ue(2); // pic_order_cnt_type: output follows decoding
    bits.ue(1); // max_num_ref_frames
    bits.put(0, 1); // gaps_in_frame_num_value_allowed_flag
    bits.ue(columns - 1);
    bits.ue(rows - 1);
    bits.put(1, 1); // frame_mbs_only_flag
    bits.put(1, 1); // direct_8x8_inference_flag
    let (right, bottom) = ((columns * 16 - width) / 2, (rows * 16 - height) / 2);
    let is_cropped = right + bottom > 0;
    bits.put(u32::from(is_cropped), 1);
    if is_cropped {
        for offset in [0, right, 0, bottom] {
            bits.ue(offset);
        }
    }
    bits.put(0, 1); // vui_parameters_present_flag
    bits.end()
}

/// `pic_parameter_set_rbsp` (H.264, 7.3.2.2).
fn parameters() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.ue(0); // pic_parameter_set_id
    bits.ue(0); // seq_parameter_set_id
    bits.put(0, 2); // CAVLC, no bottom field order
    for _ in [
        "num_slice_groups_minus1",
        "references of list 0",
        "of list 1",
    ] {
        bits.ue(0);
    }
    bits.put(0, 3); // weighted_pred_flag, weighted_bipred_idc
    for _ in ["pic_init_qp", "pic_init_qs", "chroma_qp_index_offset"] {
        bits.ue(0);
    }
    bits.put(0b100, 3); // deblocking_filter_control_present_flag alone
    bits.end()
}

/// `slice_layer_without_partitioning_rbsp` of the whole picture (H.264, 7.3.2.8).
fn slice(columns: u32, rows: u32, number: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.ue(0); // first_mb_in_slice
    bits.ue(7); // slice_type: all I
    bits.ue(0); // pic_parameter_set_id
    bits.put(0, 4); // frame_num
    bits.ue(FIRST_NUMBER + number % 2); // idr_pic_id
    bits.put(0, 2); // no_output_of_prior_pics_flag, long_term_reference_flag
    bits.ue(0); // slice_qp_delta
    bits.ue(1); // disable_deblocking_filter_idc
    for row in 0..rows {
        for column in 0..columns {
            match (column, row) {
                (0, 0) => black_samples(&mut bits),
                // What stands for "no coefficients" depends on how many its neighbours have: sixteen
                // in each block of the first macroblock (H.264, 9.2.1).
                (1, 0) | (0, 1) => repeated(&mut bits, 0b11, 6),
                _ => repeated(&mut bits, 1, 1),
            }
        }
    }
    bits.end()
}

/// A macroblock given as samples (`I_PCM`).
fn black_samples(bits: &mut Bits) {
    bits.ue(25);
    bits.align();
    for _ in 0..16 * 16 {
        bits.put(16, 8);
    }
    for _ in 0..2 * 8 * 8 {
        bits.put(128, 8);
    }
}

/// A macroblock that is the mean of its neighbours (`I_16x16_2_0_0`); `coeff_token` says that there is
/// nothing to add.
fn repeated(bits: &mut Bits, coeff_token: u32, length: u32) {
    bits.ue(3);
    bits.ue(0); // intra_chroma_pred_mode: mean
    bits.ue(0); // mb_qp_delta
    bits.put(coeff_token, length);
}

/// Adds a NAL unit, with what keeps start codes out of it (H.264, 7.4.1.1).
fn append(stream: &mut Vec<u8>, header: u8, payload: Vec<u8>) {
    stream.extend([0, 0, 0, 1, header]);
    let mut zeros = 0;
    for byte in payload {
        if zeros >= 2 && byte <= 3 {
            stream.push(3);
            zeros = 0;
        }
        stream.push(byte);
        zeros = if byte == 0 { zeros + 1 } else { 0 };
    }
}

/// Bits, the first one highest.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    /// How many bits of the last byte are taken; 0 for all.
    taken: u32,
}

impl Bits {
    /// The lowest `count` bits of `value`.
    fn put(&mut self, value: u32, count: u32) {
        for at in (0..count).rev() {
            if self.taken == 0 {
                self.bytes.push(0);
            }
            let bit = (value >> at & 1) as u8;
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << (7 - self.taken);
            }
            self.taken = (self.taken + 1) % 8;
        }
    }

    /// An unsigned number in Exp-Golomb code (H.264, 9.1); a signed zero looks the same.
    fn ue(&mut self, value: u32) {
        let coded = value + 1;
        let length = coded.ilog2();
        self.put(0, length);
        self.put(coded, length + 1);
    }

    /// Fills the last byte with zeros.
    fn align(&mut self) {
        self.taken = 0;
    }

    /// Closes a NAL unit's payload.
    fn end(mut self) -> Vec<u8> {
        self.put(1, 1);
        self.bytes
    }
}

/// NAL unit headers (H.264, 7.3.1): what is referred to, and its type.
const SPS: u8 = 0x67;
const PPS: u8 = 0x68;
const IDR: u8 = 0x65;

/// Level 5.1 (H.264, A.3): the largest picture that is decoded here, in one that every decoder knows.
const LEVEL: u32 = 51;

/// Far from the numbers that encoders give to their IDR pictures, which count from 0.
const FIRST_NUMBER: u32 = 40_000;

#[cfg(test)]
mod tests {
    use codec::Codecs;
    use media::backend::codec::CodecBackend;

    use super::*;

    #[test]
    fn it_is_black_in_every_shape() {
        for (width, height) in [
            (2, 2),
            (16, 16),
            (16, 48),
            (640, 360),
            (1280, 720),
            (360, 640),
        ] {
            let mut decoder = Codecs.video_decoder().unwrap();
            for number in 0..3 {
                let coded = picture(width, height, number);
                let shown = decoder.decode(&coded).unwrap().expect("a picture");
                let size = shown.size();
                assert_eq!((size.width, size.height), (width, height));
                for (plane, black) in shown.planes().into_iter().zip([16, 128, 128]) {
                    assert!(plane.iter().all(|it| *it == black), "{width}x{height}");
                }
            }
        }
    }
}
