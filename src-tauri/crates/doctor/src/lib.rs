//! The doctor: what keeps two people from a call, and what to do about it.

#![warn(missing_docs)]

mod report;

pub use report::{
    AddressKind, Check, CheckKind, Finding, InterfaceInfo, InterfaceKind, Report, Verdict,
};
