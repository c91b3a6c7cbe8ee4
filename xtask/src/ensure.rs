//! System packages: installs what is missing on Debian and its children, else says what to install.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{check, command, has, output};

/// What the packages are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Building and running.
    Build,
    /// Two windows that nobody sees, and what measures them.
    Unseen,
    /// Every test and bench.
    Test,
}

/// Makes sure that the tools for `purpose` are there.
pub(crate) fn ensure(purpose: Purpose) -> Result<()> {
    rust_is_new_enough()?;
    node_is_new_enough()?;
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let wanted: Vec<&str> = match purpose {
        Purpose::Build => BUILD.to_vec(),
        Purpose::Unseen => [BUILD, UNSEEN].concat(),
        Purpose::Test => [BUILD, UNSEEN, TEST, &SERVERS].concat(),
    };
    if !Path::new("/etc/debian_version").exists() {
        println!("This is no Debian or Ubuntu: install what they call");
        println!("  {}", wanted.join(" "));
        return Ok(());
    }
    let missing = missing(&wanted);
    if missing.is_empty() {
        return Ok(());
    }
    println!(
        "Installing {} system packages: {}",
        missing.len(),
        missing.join(" ")
    );
    if install(&missing).is_err() {
        check(&mut apt(&["update", "-q"])?)?;
        install(&missing)?;
    }
    Ok(())
}

/// Which of the packages are not installed.
fn missing<'a>(wanted: &[&'a str]) -> Vec<&'a str> {
    let mut query = command(
        "dpkg-query",
        ["--show", "--showformat=${Package} ${db:Status-Status}\n"],
    );
    // It exits with an error as soon as one name is unknown, and still prints the others.
    let listed = query
        .args(wanted)
        .output()
        .map(|out| out.stdout)
        .unwrap_or_default();
    let listed = String::from_utf8_lossy(&listed);
    let is_there = |name: &str| {
        listed
            .lines()
            .any(|line| line == format!("{name} installed"))
    };
    wanted
        .iter()
        .copied()
        .filter(|name| !is_there(name))
        .collect()
}

fn install(packages: &[&str]) -> Result<()> {
    let mut install = apt(&["install", "-qy", "--no-install-recommends"])?;
    check(install.args(packages))?;
    if Path::new("/run/systemd/system").exists() {
        // Their packages start servers for the whole network, which nobody asked for.
        for server in SERVERS.iter().filter(|it| packages.contains(it)) {
            let unit = server.strip_suffix("-light").unwrap_or(server);
            check(&mut as_root("systemctl", &["disable", "--now", unit])?)?;
        }
    }
    Ok(())
}

fn apt(args: &[&str]) -> Result<Command> {
    let mut apt = as_root("apt-get", args)?;
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(apt)
}

fn as_root(program: &str, args: &[&str]) -> Result<Command> {
    if output(&mut command("id", ["-u"])).is_some_and(|id| id == "0") {
        return Ok(command(program, args));
    }
    if !has("sudo") {
        bail!("system packages are missing; as root run: cargo xtask ensure");
    }
    let mut sudo = command("sudo", [program]);
    sudo.args(args);
    Ok(sudo)
}

fn rust_is_new_enough() -> Result<()> {
    let wanted = env!("CARGO_PKG_RUST_VERSION");
    let version = output(&mut command("rustc", ["--version"])).unwrap_or_default();
    let number = version.split(' ').nth(1).unwrap_or_default();
    if parts(number) < parts(wanted) {
        bail!("Rust {wanted} or newer is needed, there is {version:?}: rustup update stable");
    }
    Ok(())
}

fn node_is_new_enough() -> Result<()> {
    let version = output(&mut command("node", ["--version"])).unwrap_or_default();
    if parts(version.trim_start_matches('v')) < parts(OLDEST_NODE) || !has("npm") {
        bail!(
            "Node {OLDEST_NODE} or newer with npm is needed, there is {version:?}: https://nodejs.org"
        );
    }
    Ok(())
}

/// The numbers of a version, for comparing.
fn parts(version: &str) -> Vec<u32> {
    version
        .split(['.', '-'])
        .map_while(|part| part.parse().ok())
        .collect()
}

/// What the tests run beside our own programs: a TURN server, and reverse proxies before the relay.
const SERVERS: [&str; 4] = ["coturn", "nginx-light", "haproxy", "caddy"];

/// The UI's build tools ask for it.
const OLDEST_NODE: &str = "20.19";

/// What a build and a running app need.
const BUILD: &[&str] = &[
    "build-essential",
    "pkg-config",
    "cmake",
    "nasm",
    "ninja-build",
    "clang",
    "libclang-dev",
    "libasound2-dev",
    "libwebkit2gtk-4.1-dev",
    "librsvg2-dev",
];

/// What windows without a display need besides.
const UNSEEN: &[&str] = &[
    // windows without a screen, and somebody to click
    "webkit2gtk-driver",
    "xvfb",
    "xauth",
    "xfwm4",
    "xclip",
    "xdotool",
    "x11-utils",
    "imagemagick",
    "dbus",
    "dbus-x11",
    "dunst",
    "at-spi2-core",
    "libgl1-mesa-dri",
    "gstreamer1.0-libav",
    "fonts-dejavu-core",
    // sound without a sound card
    "pulseaudio",
    "pulseaudio-utils",
    "libasound2-plugins",
    // the real clip and the real speech
    "ffmpeg",
    "python3-pip",
    "unzip",
];

/// What the tests and the benches need besides.
const TEST: &[&str] = &[
    // networks of our own: links, and routers that translate addresses
    "iproute2",
    "nftables",
    // a keychain (`dbus` comes with the windows)
    "gnome-keyring",
    // the package that servers install
    "lintian",
    // the independent peer, and the page's tests; Ubuntu has no package of it
    "chromium",
    "chromium-driver",
];

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn versions_compare_by_number() {
        assert!(parts("1.100.0") > parts("1.95"));
        assert!(parts("1.95.0-nightly") >= parts("1.95"));
        assert!(parts("") < parts("1.95"));
    }
}
