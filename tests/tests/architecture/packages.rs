//! The design's table of who may depend on whom, held by reading what cargo knows.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

use crate::files::root;

/// Each package and the packages of ours that it may depend on. `scenarios` may see all.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("call", &[]),
    ("media", &[]),
    ("codec", &["media"]),
    ("devices", &["media"]),
    ("record", &["media"]),
    ("transport", &["media", "interface-kind"]),
    ("signal-wire", &[]),
    ("interface-kind", &[]),
    ("identity", &["signal-wire"]),
    ("seal", &["signal-wire", "identity"]),
    ("signal-client", &["signal-wire", "identity"]),
    ("discovery", &["signal-wire", "identity", "interface-kind"]),
    ("signal-relay", &["signal-wire", "identity"]),
    ("lan", &["signal-relay", "discovery", "identity"]),
    ("store", &["identity"]),
    (
        "engine",
        &[
            "call",
            "media",
            "signal-client",
            "seal",
            "identity",
            "discovery",
        ],
    ),
    (
        "echo",
        &[
            "call",
            "media",
            "engine",
            "devices",
            "identity",
            "signal-relay",
        ],
    ),
    (
        "doctor",
        &[
            "media",
            "engine",
            "transport",
            "identity",
            "discovery",
            "signal-client",
            "signal-wire",
        ],
    ),
    ("headless", COMPOSED),
    ("app", APP),
    ("xtask", &[]),
    ("workspace-hack", &[]),
];

/// What a composition root may put together.
const COMPOSED: &[&str] = &[
    "call",
    "media",
    "engine",
    "echo",
    "codec",
    "devices",
    "transport",
    "record",
    "store",
    "identity",
    "signal-client",
    "lan",
    "doctor",
    "discovery",
];

/// The app shares the options and the figures of the program without a window.
const APP: &[&str] = &[
    "call",
    "media",
    "engine",
    "transport",
    "store",
    "identity",
    "discovery",
    "headless",
    "doctor",
];

/// Each native or far-reaching library, and the one package that may name it.
const OWNED: &[(&str, &str)] = &[
    ("webrtc", "transport"),
    ("rtc", "transport"),
    ("prost", "transport"),
    ("openh264", "codec"),
    ("openh264-sys2", "codec"),
    ("opus", "codec"),
    ("opusic-c", "codec"),
    ("shiguredo_mp4", "record"),
    ("nokhwa", "devices"),
    ("cpal", "devices"),
    ("turbojpeg", "devices"),
    ("x11rb", "devices"),
    ("tauri", "app"),
    ("gtk", "app"),
    ("snow", "seal"),
    ("mdns-sd", "discovery"),
    ("rusqlite", "store"),
    ("keyring-core", "store"),
    ("zbus-secret-service-keyring-store", "store"),
    ("apple-native-keyring-store", "store"),
    ("windows-native-keyring-store", "store"),
];

/// The harness paints windows of its own for others to share: what is captured must not come from the
/// code that captures it.
const PAINTS: (&str, &str) = ("scenarios", "x11rb");

/// What the pure packages must not even be able to name.
const IMPURE: &[&str] = &["tokio", "socket2", "getrandom", "rand", "libc", "rustix"];

#[test]
fn packages_depend_only_on_what_the_design_lets_them() -> Result<()> {
    let metadata = metadata()?;
    let ours = ours(&metadata);
    let allowed: BTreeMap<_, _> = MAY_DEPEND_ON.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in ours
        .values()
        .filter(|package| package.name.as_str() != "scenarios")
    {
        let Some(allowed) = allowed.get(package.name.as_str()) else {
            wrong.push(format!("{} is not in the table", package.name));
            continue;
        };
        for dependency in needed(package) {
            // It has no code: it only evens out the features of dependencies.
            if dependency == "workspace-hack" {
                continue;
            }
            if ours.contains_key(dependency) && !allowed.contains(&dependency) {
                wrong.push(format!("{} → {dependency}", package.name));
            }
        }
    }
    for (name, _) in MAY_DEPEND_ON {
        if !ours.contains_key(name) {
            wrong.push(format!("{name} is in the table and not in the workspace"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[test]
fn each_native_library_has_one_owner() -> Result<()> {
    let metadata = metadata()?;
    let mut wrong = Vec::new();
    for (name, package) in ours(&metadata) {
        for dependency in needed(package) {
            for (library, owner) in OWNED {
                let is_named = dependency == *library && (name, dependency) != PAINTS;
                if is_named && name != *owner {
                    wrong.push(format!("{name} names {library}, which belongs to {owner}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[test]
fn pure_packages_have_no_way_to_the_world() -> Result<()> {
    let metadata = metadata()?;
    let ours = ours(&metadata);
    for pure in ["call", "media"] {
        let package = ours
            .get(pure)
            .with_context(|| format!("{pure} is missing"))?;
        let impure: Vec<_> = needed(package)
            .filter(|name| IMPURE.contains(name))
            .collect();
        assert!(impure.is_empty(), "{pure} names {impure:?}");
        let bans = Path::new(package.manifest_path.as_str()).with_file_name("clippy.toml");
        let bans = std::fs::read_to_string(&bans).context("the package bans nothing by clippy")?;
        for ban in [
            "std::time::Instant::now",
            "std::thread::sleep",
            "std::thread::spawn",
        ] {
            assert!(bans.contains(ban), "{pure}/clippy.toml does not ban {ban}");
        }
    }
    Ok(())
}

#[test]
fn every_package_takes_the_lints_and_the_licence_of_the_workspace() -> Result<()> {
    let metadata = metadata()?;
    for (name, package) in ours(&metadata) {
        let manifest = std::fs::read_to_string(&package.manifest_path)?;
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{name} has lints of its own"
        );
        assert_eq!(
            package.license.as_deref(),
            Some("MIT OR Apache-2.0"),
            "{name}"
        );
        assert_eq!(package.edition.as_str(), "2024", "{name}");
    }
    Ok(())
}

/// What cargo knows of our packages.
pub(crate) fn metadata() -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    command.manifest_path(root()?.join("Cargo.toml")).no_deps();
    Ok(command.exec()?)
}

/// Our packages by name.
pub(crate) fn ours(metadata: &Metadata) -> BTreeMap<&str, &Package> {
    metadata
        .workspace_packages()
        .into_iter()
        .map(|it| (it.name.as_str(), it))
        .collect()
}

/// What a package needs to be built and to run; what only its tests need is free.
fn needed(package: &Package) -> impl Iterator<Item = &str> {
    let normal = |kind| kind != DependencyKind::Development;
    package
        .dependencies
        .iter()
        .filter(move |it| normal(it.kind))
        .map(|it| it.name.as_str())
}
