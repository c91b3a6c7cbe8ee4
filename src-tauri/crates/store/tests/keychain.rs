//! The identity key in a real Secret Service: a message bus of its own with `gnome-keyring-daemon`
//! on it, and a program (this one again) that opens a store there.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the helpers of a test panic")]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use store::{Keychain, Store, StoreError};
use tempfile::TempDir;

/// Where the other half opens a store; set for it alone.
const PLACE: &str = "TINCAN_TEST_STORE_IN";

/// The password of the keyring.
const PASSWORD: &str = "open sesame";

/// Well within this a store opens or says why not.
const SOON: Duration = Duration::from_secs(8);

#[test]
fn a_key_in_the_keychain_is_found_there_and_waited_for_when_it_is_gone() {
    let Some(desk) = Desk::start("") else {
        return;
    };
    let keyring = desk.keyring(Some(PASSWORD));
    let data = desk.home.path().join("data");
    let made = desk.open(&data);
    let address = made.strip_prefix("Keychain ").expect(&made).to_owned();
    assert!(!data.join("identity.key").exists());
    assert_eq!(desk.open(&data), made);

    drop(keyring);
    desk.until_gone();
    let gone = desk.open(&data);
    assert!(gone.starts_with("KeychainUnavailable"), "{gone}");
    assert!(!gone.contains(&address), "{gone}");

    let locked = desk.keyring(None);
    let told = desk.open(&data);
    assert!(told.starts_with("KeychainUnavailable"), "{told}");
    drop(locked);
    desk.until_gone();

    let _keyring = desk.keyring(Some(PASSWORD));
    assert_eq!(desk.open(&data), made);
    assert!(!data.join("identity.key").exists(), "another key was made");
}

#[test]
fn without_a_keychain_a_new_key_goes_into_a_file_and_stays_there() {
    let Some(desk) = Desk::start("") else {
        return;
    };
    let data = desk.home.path().join("data");
    let made = desk.open(&data);
    assert!(made.starts_with("File "), "{made}");
    let _keyring = desk.keyring(Some(PASSWORD));
    assert_eq!(desk.open(&data), made);
    let other = desk.home.path().join("other");
    assert!(
        desk.open(&other).starts_with("Keychain "),
        "the keychain works"
    );
}

#[test]
fn a_keychain_that_never_answers_is_not_waited_for() {
    // The bus starts this service when somebody asks for it, and it never says anything.
    let Some(desk) = Desk::start("Exec=/bin/sleep 30") else {
        return;
    };
    let data = desk.home.path().join("data");
    let began = Instant::now();
    let made = desk.open(&data);
    assert!(made.starts_with("File "), "{made}");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[test]
fn without_a_message_bus_a_new_key_goes_into_a_file() {
    let home = tempfile::tempdir().unwrap();
    let made = open(&home, &home.path().join("data"), "unix:path=/nonexistent");
    assert!(made.starts_with("File "), "{made}");
}

/// The other half: opens a store and says where its key is and who it is, or what went wrong.
#[test]
#[ignore = "the others run it in a process of its own"]
fn child() {
    let place = env::var_os(PLACE).unwrap();
    let said = match Store::open_with(Path::new(&place), Keychain::System) {
        Ok(store) => format!("{:?} {}", store.key_place(), store.identity().address()),
        Err(error @ StoreError::KeychainUnavailable { .. }) => {
            format!("KeychainUnavailable {error}")
        }
        Err(error) => format!("Error {error}"),
    };
    println!("\nSAID {said}");
}

/// A user's session: a bus, and directories of its own.
struct Desk {
    home: TempDir,
    bus: String,
    _daemon: Ended,
}

impl Desk {
    /// Starts a bus on which `service`, if anything, is how the Secret Service is started. None when
    /// this machine lacks something, which is said.
    fn start(service: &str) -> Option<Self> {
        for program in ["dbus-daemon", "dbus-send", "gnome-keyring-daemon"] {
            if !installed(program) {
                let mut out = std::io::stderr().lock();
                writeln!(out, "\nSKIPPED the keychain: {program} is not installed").unwrap();
                return None;
            }
        }
        let home = tempfile::tempdir().unwrap();
        let services = home.path().join("services");
        fs::create_dir(&services).unwrap();
        if !service.is_empty() {
            let text = format!("[D-BUS Service]\nName={SECRETS}\n{service}\n");
            fs::write(services.join(format!("{SECRETS}.service")), text).unwrap();
        }
        let config = home.path().join("bus.conf");
        fs::write(&config, bus_config(home.path(), &services)).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut bus = String::new();
        let mut output = BufReader::new(daemon.stdout.take().unwrap());
        output.read_line(&mut bus).unwrap();
        Some(Self {
            home,
            bus: bus.trim().to_owned(),
            _daemon: Ended(daemon),
        })
    }

    /// Starts the keyring, unlocked with its password or as it is after a login without one.
    fn keyring(&self, password: Option<&str>) -> Ended {
        let mut keyring = self.command("gnome-keyring-daemon");
        keyring.args(["--foreground", "--components=secrets"]);
        if password.is_some() {
            keyring.arg("--unlock");
        }
        let mut keyring = keyring
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = keyring.stdin.take().unwrap();
        input
            .write_all(password.unwrap_or_default().as_bytes())
            .unwrap();
        drop(input);
        self.until(true);
        Ended(keyring)
    }

    fn until_gone(&self) {
        self.until(false);
    }

    /// Waits until somebody, or nobody, is the Secret Service.
    fn until(&self, there: bool) {
        let until = Instant::now() + SOON;
        loop {
            let asked = self
                .command("dbus-send")
                .args(["--print-reply", "--dest=org.freedesktop.DBus", "/"])
                .arg("org.freedesktop.DBus.NameHasOwner")
                .arg(format!("string:{SECRETS}"))
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&asked.stdout).into_owned();
            if said.contains(&format!("boolean {there}")) {
                return;
            }
            assert!(Instant::now() < until, "the Secret Service: {said}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn open(&self, data: &Path) -> String {
        open(&self.home, data, &self.bus)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        within(&mut command, &self.home, &self.bus);
        command
    }
}

/// Opens a store in a process of its own; what it said.
fn open(home: &TempDir, data: &Path, bus: &str) -> String {
    let mut program = Command::new(env::current_exe().unwrap());
    within(&mut program, home, bus);
    let output = program
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(PLACE, data)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = told.lines().find_map(|line| line.strip_prefix("SAID "));
    said.unwrap_or_else(|| panic!("{told}")).to_owned()
}

/// Nothing of the session that runs this test is seen.
fn within(command: &mut Command, home: &TempDir, bus: &str) {
    let home = home.path();
    command
        .env("DBUS_SESSION_BUS_ADDRESS", bus)
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env("XDG_DATA_HOME", home.join("share"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("GNOME_KEYRING_CONTROL");
}

/// A bus that starts nothing but what is in `services`.
fn bus_config(home: &Path, services: &Path) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>"#,
        home.join("bus").display(),
        services.display(),
    )
}

const SECRETS: &str = "org.freedesktop.secrets";

/// A process that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn installed(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}
