//! One feature set for the whole workspace.
//!
//! Cargo unifies the features of dependencies over the packages that one command builds, so each
//! selection of packages would compile half of all dependencies anew. This package names what
//! differs, with the union of what our packages ask for, and every package depends on it.
//! cargo-hakari writes its manifest (`cargo xtask features`); a check of `cargo xtask test` holds
//! that each package alone resolves to what the whole workspace does. It has no code.
