//! The rules of the house: who may know whom, and how sources are kept.

mod files;
mod modules;
mod packages;
mod sources;
