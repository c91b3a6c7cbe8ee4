//! What several fuzz targets share: values out of the fuzzer's bytes, and people with fixed keys.
//!
//! A target reads its steps from a [`Source`], so that whatever bytes the fuzzer makes are a history
//! of their own, and a change of one byte is a change of one step.

#![warn(missing_docs)]

mod people;
mod source;
mod station;

pub use people::{Person, person};
pub use source::Source;
pub use station::Station;
