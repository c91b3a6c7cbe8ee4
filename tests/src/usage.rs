//! What processes use of the machine, read from `/proc`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::clock;

/// What a process tree holds at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Held {
    /// Memory, each shared page counted by its share (`Pss`), MiB.
    pub pss_mib: f64,
    /// Threads.
    pub threads: u64,
    /// Threads but for those of the async runtime, whose pool grows and shrinks with its work.
    pub own_threads: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Processes.
    pub processes: u64,
}

/// How tokio calls its threads; the kernel cuts names at 15 bytes.
const RUNTIME_THREAD: &str = "tokio-rt-worker";

/// What the processes hold now.
#[must_use]
pub fn held(pids: &[i32]) -> Held {
    let mut held = Held::default();
    for pid in pids {
        let proc = Path::new("/proc").join(pid.to_string());
        // A process that ended in between holds nothing.
        let Ok(entries) = fs::read_dir(proc.join("fd")) else {
            continue;
        };
        held.descriptors += entries.count() as u64;
        for task in fs::read_dir(proc.join("task"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            held.threads += 1;
            held.own_threads += u64::from(name.trim() != RUNTIME_THREAD);
        }
        held.pss_mib += pss_kib(&proc).unwrap_or(0) as f64 / 1024.0;
        held.processes += 1;
    }
    held
}

/// Memory of a process that is in RAM now (`VmRSS`), KiB.
///
/// # Errors
/// When it does not run.
pub fn resident_kib(pid: i32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("a process without memory")?.parse()?)
}

/// The process and all its living descendants.
#[must_use]
pub fn tree(root: i32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for (pid, stat) in stats() {
        children.entry(stat.parent).or_default().push(pid);
    }
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(pid) = tree.get(next) {
        tree.extend(
            children
                .get(pid)
                .into_iter()
                .flatten()
                .copied()
                .collect::<Vec<_>>(),
        );
        next += 1;
    }
    tree
}

/// The first descendant of `root` whose program is called so.
#[must_use]
pub fn descendant(root: i32, name: &str) -> Option<i32> {
    tree(root).into_iter().find(|pid| {
        // The kernel cuts names at 15 bytes.
        fs::read_to_string(format!("/proc/{pid}/comm"))
            .is_ok_and(|comm| comm.trim() == name.get(..15).unwrap_or(name))
    })
}

/// CPU time of process trees from now on.
#[derive(Debug)]
pub struct Meter {
    root: i32,
    begun: Duration,
    ticks: HashMap<i32, u64>,
}

impl Meter {
    /// Begins to count.
    #[must_use]
    pub fn start(root: i32) -> Self {
        Self {
            root,
            begun: clock::now(),
            ticks: ticks(root),
        }
    }

    /// Cores in use since the start, on average.
    #[must_use]
    pub fn cores(&self) -> f64 {
        self.spent().as_secs_f64() / (clock::now() - self.begun).as_secs_f64()
    }

    /// CPU time since the start, to a hundredth of a second.
    #[must_use]
    pub fn spent(&self) -> Duration {
        let now = ticks(self.root);
        let spent: u64 = now
            .iter()
            .map(|(pid, ticks)| ticks.saturating_sub(self.ticks.get(pid).copied().unwrap_or(0)))
            .sum();
        let per_second = rustix::param::clock_ticks_per_second() as f64;
        Duration::from_secs_f64(spent as f64 / per_second)
    }
}

/// CPU time of the whole machine from now on.
#[derive(Debug)]
pub struct Machine {
    busy: u64,
    begun: Duration,
}

impl Machine {
    /// Begins to count.
    ///
    /// # Errors
    /// When `/proc/stat` cannot be read.
    pub fn start() -> Result<Self> {
        Ok(Self {
            busy: busy()?,
            begun: clock::now(),
        })
    }

    /// Cores in use since the start, on average, by everybody.
    ///
    /// # Errors
    /// When `/proc/stat` cannot be read.
    pub fn cores(&self) -> Result<f64> {
        let per_second = rustix::param::clock_ticks_per_second() as f64;
        let spent = busy()?.saturating_sub(self.busy) as f64 / per_second;
        Ok(spent / (clock::now() - self.begun).as_secs_f64())
    }
}

/// Busy ticks of all cores: user, nice, system, irq, softirq, steal.
fn busy() -> Result<u64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("/proc/stat is empty")?;
    let fields: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .flat_map(str::parse)
        .collect();
    Ok([0, 1, 2, 5, 6, 7]
        .iter()
        .filter_map(|&at| fields.get(at))
        .sum())
}

fn ticks(root: i32) -> HashMap<i32, u64> {
    tree(root)
        .into_iter()
        .filter_map(|pid| Some((pid, stat(pid)?.ticks)))
        .collect()
}

struct Stat {
    parent: i32,
    ticks: u64,
}

fn stats() -> impl Iterator<Item = (i32, Stat)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, stat(pid)?)))
}

/// proc(5), `/proc/PID/stat`: 4 is the parent, 14 and 15 are the times in user and kernel mode.
fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name may hold spaces and brackets; what follows its last bracket does not.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at - 3)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        ticks: number(14)? + number(15)?,
    })
}

fn pss_kib(proc: &Path) -> Option<u64> {
    let text = fs::read_to_string(proc.join("smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_thread_costs_its_core() {
        let me = i32::try_from(std::process::id()).unwrap();
        let meter = Meter::start(me);
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(500) {
            std::hint::black_box(0);
        }
        let cores = meter.cores();
        assert!(cores > 0.3, "{cores}");
    }

    #[test]
    fn we_hold_memory_threads_and_descriptors() {
        let held = held(&[i32::try_from(std::process::id()).unwrap()]);
        assert!(
            held.pss_mib > 0.5 && held.threads > 0 && held.descriptors > 2,
            "{held:?}"
        );
    }
}
