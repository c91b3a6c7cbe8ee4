//! NAL unit types (ITU-T H.264, table 7-1) and RTP packet types (RFC 6184, table 1).

pub(crate) const NAL_IDR: u8 = 5;
pub(crate) const NAL_SPS: u8 = 7;
pub(crate) const NAL_PPS: u8 = 8;
pub(crate) const NAL_AUD: u8 = 9;
pub(crate) const NAL_FILLER: u8 = 12;
pub(crate) const STAP_A: u8 = 24;
pub(crate) const FU_A: u8 = 28;

/// The type in the first byte of a NAL or payload.
pub(crate) const fn nal_type(first: u8) -> u8 {
    first & 0x1f
}
