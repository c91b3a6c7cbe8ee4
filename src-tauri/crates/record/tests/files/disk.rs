//! Recordings that end otherwise: killed, without space, without a folder.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use media::backend::record::{RecordError, Writing};
use record::{ME, THEM};

use crate::film::{Film, SMALL, Scene};
use crate::probe;

const ALL: Scene = Scene {
    millis: 3_000,
    size: SMALL,
    camera: true,
    microphone: true,
};

/// Where the recording of a process that a test starts goes.
const CHILD: &str = "RECORD_TEST_CHILD";

/// Records until it is killed or the recording ends: the body of the processes that tests start.
#[test]
fn a_process_that_records() {
    let Some(directory) = std::env::var_os(CHILD) else {
        return;
    };
    let mut film = Film::start(Path::new(&directory));
    while film.recording.progress().writing == Writing::Running {
        film.play(Scene { millis: 200, ..ALL });
    }
    let ended = film.wait_for_end();
    assert_eq!(ended, Writing::Failed(RecordError::DiskFull));
}

fn child(directory: &Path, before: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    let run = format!("{before} exec \"$0\" --exact disk::a_process_that_records");
    Command::new("sh")
        .args(["-c", &run])
        .arg(program)
        .env(CHILD, directory)
        .spawn()
        .unwrap()
}

/// Waits for a child that ends by itself.
fn wait(mut child: Child) {
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    panic!("the process goes on though its disk is full");
}

#[test]
fn what_a_killed_process_wrote_plays_up_to_the_last_second() {
    let directory = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let mut child = child(directory.path(), "");
    while std::fs::read_dir(directory.path()).unwrap().count() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing begins");
        thread::sleep(Duration::from_millis(5));
    }
    let recorded = Instant::now();
    thread::sleep(Duration::from_millis(5_600));
    child.kill().unwrap();
    child.wait().unwrap();
    let lasted = recorded
        .elapsed()
        .as_millis()
        .try_into()
        .unwrap_or(i64::MAX);
    for name in [ME, THEM] {
        let file = probe::folder(directory.path()).join(name);
        probe::decode(&file);
        for stream in ["a", "v"] {
            let end = probe::shown(&file, stream).last().unwrap().0;
            let missing = lasted - end;
            assert!(
                missing < 1_600,
                "{missing} ms are missing of {stream} of {name}"
            );
        }
    }
}

#[test]
fn a_limit_of_file_sizes_ends_the_recording_and_leaves_it_whole() {
    let directory = tempfile::tempdir().unwrap();
    // In units of 512 bytes; the signal would end the process before the error is seen.
    wait(child(directory.path(), "trap '' XFSZ; ulimit -f 600;"));
    plays(directory.path());
}

#[test]
fn a_full_disk_ends_the_recording_and_leaves_it_whole() {
    let directory = tempfile::tempdir().unwrap();
    if !rustix::process::geteuid().is_root() {
        let mut out = std::io::stderr().lock();
        writeln!(
            out,
            "\nSKIPPED a full disk: only root can mount a small one"
        )
        .unwrap();
        return;
    }
    let (mount, unmount) = (tmpfs(directory.path()), unmount(directory.path()));
    let _unmount = Defer(Some(unmount));
    run(mount);
    wait(child(directory.path(), ""));
    plays(directory.path());
}

fn plays(directory: &Path) {
    for name in [ME, THEM] {
        let file = probe::folder(directory).join(name);
        probe::decode(&file);
        assert!(probe::frames(&file, "v") > 20, "{name}");
    }
}

#[test]
fn a_folder_that_is_taken_away_ends_the_recording() {
    let directory = tempfile::tempdir().unwrap();
    let mut film = Film::start(directory.path());
    film.play(Scene {
        millis: 1_500,
        ..ALL
    });
    std::fs::remove_dir_all(probe::folder(directory.path())).unwrap();
    film.play(Scene {
        millis: 2_000,
        ..ALL
    });
    let ended = film.wait_for_end();
    assert_eq!(ended, Writing::Failed(RecordError::FolderGone));
}

#[test]
fn a_place_that_is_no_directory_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let film = Film::start(&file.path().join("recordings"));
    let ended = film.wait_for_end();
    assert_eq!(ended, Writing::Failed(RecordError::FolderGone));
    assert_eq!(film.recording.progress().folder, None);
}

/// A disk of 1 MB.
fn tmpfs(at: &Path) -> Command {
    let mut mount = Command::new("mount");
    mount
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(at);
    mount
}

fn unmount(at: &Path) -> Command {
    let mut unmount = Command::new("umount");
    unmount.arg(at);
    unmount
}

fn run(mut command: Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

/// Runs a command at the end of a test.
struct Defer(Option<Command>);

impl Drop for Defer {
    fn drop(&mut self) {
        if let Some(mut command) = self.0.take() {
            let _ = command.status();
        }
    }
}
