//! A program that is killed while it writes, again and again: whatever it was told to be written is
//! there afterwards.
//!
//! A child process (this program again) works on a store and says before and after each change what
//! it is. The parent ends it with SIGKILL at a random moment, opens the store and compares it with
//! what was said.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "the helpers of a test panic")]

use std::collections::BTreeMap;
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use identity::{Address, Identity};
use store::{HistoryEntry, HistoryPeer, Settings, Store};

/// Where the child works; set for the child alone.
const PLACE: &str = "TINCAN_TEST_KILLED_IN";

/// After which change it goes on.
const DONE: &str = "TINCAN_TEST_KILLED_AFTER";

/// How often a child is killed: often enough to meet every step of a write, in some seconds.
const ROUNDS: u32 = 40;

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let mut done = 0;
    for round in 0..rounds() {
        let said = work_until_killed(dir.path(), done, pause(round));
        let least = last(&said, "done").unwrap_or(done);
        let most = last(&said, "begin").unwrap_or(least);
        let store = Store::open(dir.path()).unwrap();
        let found = State::of(&store);
        let fits = (least..=most).rev().find(|n| State::after(*n) == found);
        assert!(
            fits.is_some(),
            "round {round}: {least} was acknowledged, {most} begun, and there is {found:?}"
        );
        drop(store);
        let aside = dir.path().join("tincan.db.broken");
        assert!(!aside.exists(), "round {round}: the database was damaged");
        done = fits.unwrap_or(least);
    }
    assert!(done > u64::from(rounds()), "only {done} changes were made");
}

#[test]
fn files_of_an_earlier_version_survive_a_kill_while_they_are_taken_over() {
    for round in 0..rounds() {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        let moment = Duration::from_micros(pause(round).as_micros() as u64 / 8);
        work_until_killed(dir.path(), 0, moment);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(
            store.settings().relay,
            "wss://old.example/v1",
            "round {round}"
        );
        let old = store.history().iter().filter(|it| it.reason == "old");
        assert_eq!(old.count(), OLD_CALLS, "round {round}");
    }
}

/// The other half: changes a store until it is killed.
#[test]
#[ignore = "the others run it in a process of its own"]
fn child() {
    let (place, done) = (env::var_os(PLACE).unwrap(), env::var(DONE).unwrap());
    let mut store = Store::open(Path::new(&place)).unwrap();
    let mut out = io::stdout().lock();
    for n in done.parse::<u64>().unwrap() + 1.. {
        writeln!(out, "begin {n}").unwrap();
        out.flush().unwrap();
        match Change::number(n) {
            Change::Settings => store.set_settings(settings(n)).unwrap(),
            Change::Call => store.add(call(n, "new")).unwrap(),
            Change::Save(who) => store.save_contact(&somebody(who), &n.to_string()).unwrap(),
            Change::Forget(who) => store.delete_contact(&somebody(who)).unwrap(),
        }
        writeln!(out, "done {n}").unwrap();
        out.flush().unwrap();
    }
}

/// What the child does, by number: settings, a call, a person in turn. Each of ten people is saved
/// in one round and forgotten in the next.
enum Change {
    Settings,
    Call,
    Save(u64),
    Forget(u64),
}

impl Change {
    fn number(n: u64) -> Self {
        let who = n / 3 % PEOPLE;
        match n % 3 {
            0 => Self::Settings,
            1 => Self::Call,
            _ if (n / 3 / PEOPLE).is_multiple_of(2) => Self::Save(who),
            _ => Self::Forget(who),
        }
    }
}

const PEOPLE: u64 = 10;

/// What a store remembers of the child's changes: the numbers of the last ones.
#[derive(Debug, PartialEq)]
struct State {
    settings: u64,
    call: u64,
    people: BTreeMap<String, u64>,
}

impl State {
    /// After changes 1 to `n`.
    fn after(n: u64) -> Self {
        let mut state = Self {
            settings: 0,
            call: 0,
            people: BTreeMap::new(),
        };
        for n in 1..=n {
            match Change::number(n) {
                Change::Settings => state.settings = n,
                Change::Call => state.call = n,
                Change::Save(who) => _ = state.people.insert(somebody(who).to_string(), n),
                Change::Forget(who) => _ = state.people.remove(&somebody(who).to_string()),
            }
        }
        state
    }

    fn of(store: &Store) -> Self {
        let people = store.people().iter();
        let people = people.map(|it| (it.address.clone(), it.name.parse().unwrap()));
        Self {
            settings: store.settings().name.parse().unwrap(),
            call: store.history().last().map_or(0, |it| it.at),
            people: people.collect(),
        }
    }
}

/// Somebody with the same address in every process.
fn somebody(n: u64) -> Address {
    let mut seed = [0_u8; 32];
    for (at, byte) in seed.iter_mut().enumerate() {
        *byte = (at as u8).wrapping_mul(37).wrapping_add(n as u8) ^ (at as u8).rotate_left(3);
    }
    Identity::from_bytes(&seed).unwrap().address()
}

fn settings(n: u64) -> Settings {
    Settings {
        name: n.to_string(),
        relay: "wss://old.example/v1".to_owned(),
        ..Settings::default()
    }
}

fn call(at: u64, reason: &str) -> HistoryEntry {
    HistoryEntry {
        peer: HistoryPeer {
            address: somebody(at % 10).to_string(),
            name: String::new(),
        },
        relay: None,
        at,
        outgoing: true,
        reason: reason.to_owned(),
        accepted: false,
        lasted_ms: Some(1),
        record: None,
    }
}

const OLD_CALLS: usize = 5;

/// What an earlier version left.
fn prepare(dir: &Path) {
    let calls: Vec<_> = (0..OLD_CALLS).map(|_| call(0, "old")).collect();
    for (name, json) in [
        ("settings.json", serde_json::to_vec(&settings(0))),
        ("history.json", serde_json::to_vec(&calls)),
    ] {
        std::fs::write(dir.join(name), json.unwrap()).unwrap();
    }
}

/// Runs a child that goes on after change `done`, and kills it after some time; what it said.
fn work_until_killed(dir: &Path, done: u64, after: Duration) -> Vec<String> {
    let mut child: Child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(PLACE, dir)
        .env(DONE, done.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    let reader = thread::spawn(move || {
        let lines = BufReader::new(output).lines();
        lines.map_while(Result::ok).collect::<Vec<_>>()
    });
    thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// The last number that was said after a word; a line that was cut off has none.
fn last(said: &[String], word: &str) -> Option<u64> {
    let number = |line: &String| {
        // The test harness writes before the first line.
        let (_, number) = line.rsplit_once(&format!("{word} "))?;
        number.parse().ok()
    };
    said.iter().rev().find_map(number)
}

/// Different moments in every round and every run.
fn pause(round: u32) -> Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let random = now.unwrap().subsec_nanos() ^ round.wrapping_mul(0x9e37_79b9);
    Duration::from_micros(20_000 + u64::from(random % 100_000))
}

/// More in a long run of the tests.
fn rounds() -> u32 {
    let cases = env::var("PROPTEST_CASES").ok();
    let cases = cases.and_then(|it| it.parse::<u32>().ok()).unwrap_or(0);
    ROUNDS.max(cases / 32)
}
